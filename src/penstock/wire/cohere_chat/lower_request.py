"""A neutral request as the body of ``POST /v2/chat``.

https://docs.cohere.com/reference/chat (read 2026-11-23), checked against Cohere's Python SDK 7.3. Messages are written
by ``lower_messages``, tools and the form of the answer by ``lower_tools``; this module puts them together, keeps
numbers within the bounds that the page states, and reports what has no place at all.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses, Lowered
from penstock.core.model_facts import ModelFacts
from penstock.wire.cohere_chat.lower_messages import Turns
from penstock.wire.cohere_chat.lower_tools import write_tools
from penstock.wire.cohere_chat.vocabulary import (
    FORMAT,
    LEAST_P,
    MOST_K,
    MOST_P,
    MOST_PENALTY,
    MOST_STOPS,
    MOST_TEMPERATURE,
    OWN_MEMBERS,
)

_NO_PLACE = "Cohere has no such setting"
_DEFAULT_TIERS = frozenset({None, "auto", "default", "standard"})
_documents = msgspec.json.Decoder(list[msgspec.Raw])


def lower_request(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Write the request for a model; what cannot be carried is in the losses.

    Raises:
        InvalidRequest: it has content that cannot be left out and cannot be carried, or no content at all.
    """
    losses = Losses(request)
    turns = Turns(facts, losses)
    turns.add(request.messages)
    body: dict[str, object] = {"model": model, "messages": turns.turns}
    _own_members(request, body, losses)
    if turns.documents:
        body["documents"] = [*_given_documents(request, losses), *turns.documents]
    tooling = write_tools(request, facts, losses, documents="documents" in body)
    body.update(tooling.members)
    _limits(request, body, losses)
    _sampling(request, body, losses)
    _thinking(request, facts, body, losses)
    _report_the_rest(request, losses)
    if request.stream:
        body["stream"] = True
    return Lowered(msgspec.json.encode(body), tuple(losses.found), tooling.json_tool)


def _own_members(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    """Send on what only Cohere has, and report other members that only the caller's vendor has."""
    for name, value in request.extras.items():
        if name in OWN_MEMBERS or request.vendor == FORMAT:
            body.setdefault(name, value)
        else:
            losses.extra_member(name, value, _NO_PLACE)


def _given_documents(request: ChatRequest, losses: Losses) -> list[msgspec.Raw]:
    """Return the documents that the caller itself put beside the conversation."""
    try:
        return _documents.decode(request.extras.get("documents", msgspec.Raw(b"[]")))
    except msgspec.DecodeError:
        losses.at("documents", "not a list of documents")
        return []


def _limits(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    if request.max_output_tokens is not None:
        body["max_tokens"] = request.max_output_tokens
    stops = [text for text in request.stop if text]
    if len(stops) > MOST_STOPS:
        losses.field("stop", f"at most {MOST_STOPS} stop sequences: the first ones", "clamped")
    if stops:
        body["stop_sequences"] = stops[:MOST_STOPS]
    losses.one_choice("Cohere gives one answer")


def _sampling(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    if request.temperature is not None:
        body["temperature"] = _within("temperature", request.temperature, 0, MOST_TEMPERATURE, losses)
    if request.top_p is not None:
        body["p"] = _within("top_p", request.top_p, LEAST_P, MOST_P, losses)
    if request.top_k is not None:
        body["k"] = _within("top_k", request.top_k, 0, MOST_K, losses)
    if request.seed is not None:
        body["seed"] = request.seed
    if request.frequency_penalty:
        body["frequency_penalty"] = _within("frequency_penalty", request.frequency_penalty, 0, MOST_PENALTY, losses)
    if request.presence_penalty:
        if "frequency_penalty" in body:
            losses.field("presence_penalty", "Cohere takes one of the two penalties")
        else:
            body["presence_penalty"] = _within("presence_penalty", request.presence_penalty, 0, MOST_PENALTY, losses)
    if request.logprobs:
        body["logprobs"] = True
    if request.top_logprobs:
        losses.field("top_logprobs", "Cohere tells the probabilities of the tokens it chose only")


def _within(field: str, value: float, least: float, most: float, losses: Losses) -> float:
    """Return the nearest value that the API takes."""
    kept = min(max(value, least), most)
    if kept != value:
        losses.field(field, f"between {least} and {most} at Cohere", "clamped")
    return kept


def _thinking(request: ChatRequest, facts: ModelFacts, body: dict[str, object], losses: Losses) -> None:
    asked = request.reasoning
    if asked is None:
        return
    off = asked.mode == "disabled" or asked.effort == "none"
    if facts.thinking == "none":
        if not off:
            losses.field("reasoning", "this model does not think")
        return
    if off:
        body["thinking"] = {"type": "disabled"}
        return
    body["thinking"] = {"type": "enabled"}
    if asked.budget_tokens is not None:
        body["thinking"] = {"type": "enabled", "token_budget": asked.budget_tokens}
    elif asked.effort is not None:
        losses.field("reasoning", "Cohere knows no levels of effort: thinking is on", "approximated")
    if asked.show is False:
        losses.field("reasoning", "Cohere always shows the thinking", "approximated")


def _report_the_rest(request: ChatRequest, losses: Losses) -> None:
    if request.logit_bias is not None:
        losses.field("logit_bias", _NO_PLACE)
    if request.service_tier not in _DEFAULT_TIERS:
        losses.field("service_tier", _NO_PLACE)
    if request.user:
        losses.field("user", _NO_PLACE)
    if request.metadata is not None:
        losses.field("metadata", _NO_PLACE)
