"""A neutral request as the body of ``POST /v1/messages``.

https://platform.claude.com/docs/en/api/messages (read 2026-11-23), checked against the types of the Python SDK 2.12.
Claude on Vertex AI and on Bedrock takes the same body; what those hosts want otherwise (``anthropic_version``, no
``model``) is done to it by their provider. This module puts the parts together and reports what has no place at all.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses, Lowered
from penstock.core.model_facts import ModelFacts
from penstock.wire.anthropic_messages.lower_thinking import plan_thinking, write_sampling
from penstock.wire.anthropic_messages.lower_tools import write_tools
from penstock.wire.anthropic_messages.lower_turns import write_turns
from penstock.wire.anthropic_messages.vocabulary import ASKED_SERVICE_TIERS, FORMAT
from penstock.wire.anthropic_messages.writing import Writing

_NO_PLACE = "this provider has no such setting"
_RARE = (
    "choices",
    "user",
    "metadata",
    "service_tier",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
)
"""Fields that most requests do not have: these are looked at together."""
_rarely_asked: Callable[[ChatRequest], tuple[object, ...]] = attrgetter(*_RARE)
_NOTHING_ASKED = (None,) * len(_RARE)
_encoder = msgspec.json.Encoder()


def lower_request(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Write the request for a model; what cannot be carried is in the losses.

    Raises:
        InvalidRequest: it has content that cannot be left out and cannot be carried, or no content at all.
    """
    losses = Losses(request)
    writing = Writing(request, losses)
    plan = plan_thinking(request, facts, losses)
    tooling = write_tools(request, facts, writing, thinking=plan.on)
    system, messages = write_turns(request.messages, writing, continues=facts.prefill and not plan.on)
    writing.limit_markers()
    body: dict[str, object] = {"model": model, "max_tokens": plan.max_tokens}
    if system:
        body["system"] = system
    body["messages"] = messages
    if tooling.tools:
        body["tools"] = tooling.tools
    if tooling.choice is not None:
        body["tool_choice"] = tooling.choice
    if plan.thinking is not None:
        body["thinking"] = plan.thinking
    if plan.effort is not None or tooling.output_format is not None:
        output = {"effort": plan.effort, "format": tooling.output_format}
        body["output_config"] = {name: value for name, value in output.items() if value is not None}
    write_sampling(request, facts, plan, body, losses)
    if request.stop:
        _write_stops(request, body, losses)
    if _rarely_asked(request) != _NOTHING_ASKED:
        losses.one_choice("this provider gives one answer")
        _account(request, body, losses)
        _report_no_place(request, losses)
    if request.extras:
        _write_extras(request, body, losses)
    if request.stream:
        body["stream"] = True
    headers = (("anthropic-beta", ",".join(sorted(writing.betas))),) if writing.betas else ()
    return Lowered(_encoder.encode(body), tuple(losses.found), tooling.json_tool, headers)


def _write_stops(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    stops = [text for text in request.stop if text and not text.isspace()]
    if len(stops) != len(request.stop):
        losses.field("stop", "this provider refuses stop sequences of white space alone")
    if stops:
        body["stop_sequences"] = stops


def _account(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    """Write on whose behalf, and in which tier, the request is served."""
    if request.user:
        body["metadata"] = {"user_id": request.user}
    if request.metadata is not None:
        losses.field("metadata", "this provider keeps no metadata but the user's id")
    if request.service_tier is None:
        return
    tier, same = ASKED_SERVICE_TIERS.get(request.service_tier, (None, True))
    if tier is None:
        losses.field("service_tier", "this provider has no such tier")
        return
    body["service_tier"] = tier
    if not same:
        losses.field("service_tier", f"the nearest tier is {tier}", "approximated")


def _report_no_place(request: ChatRequest, losses: Losses) -> None:
    """Report what has no place in this format."""
    if request.seed is not None:
        losses.field("seed", _NO_PLACE)
    if request.frequency_penalty:
        losses.field("frequency_penalty", _NO_PLACE)
    if request.presence_penalty:
        losses.field("presence_penalty", _NO_PLACE)
    if request.logit_bias is not None:
        losses.field("logit_bias", _NO_PLACE)
    if request.logprobs:
        losses.field("logprobs", "this provider gives no log probabilities")
    if request.top_logprobs:
        losses.field("top_logprobs", "this provider gives no log probabilities")


def _write_extras(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    """Write members that callers of the same vendor named; those of others are reported."""
    for name, value in request.extras.items():
        if request.vendor == FORMAT:
            body.setdefault(name, value)
        else:
            losses.extra_member(name, value, _NO_PLACE)
