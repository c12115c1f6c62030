"""A neutral request in the body of Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (read 2026-11-23). The model and
whether it streams stand in the path, not in the body. The parts are written by ``lower_messages``, ``lower_media``,
``lower_tools`` and ``lower_thinking``; here is what else a caller can ask for, and what has no place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses, Lowered
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.lower_messages import write_conversation
from penstock.wire.bedrock_converse.lower_thinking import plan_thinking, write_sampling
from penstock.wire.bedrock_converse.lower_tools import write_tools
from penstock.wire.bedrock_converse.vocabulary import PASSED_EXTRAS, SERVICE_TIERS
from penstock.wire.bedrock_converse.writing import Json, Writing

_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MOST_METADATA = 16
_MODEL_FIELDS = "additionalModelRequestFields"
_RESPONSE_FIELDS = "additionalModelResponseFieldPaths"
_STOP_SEQUENCE = "/stop_sequence"
_NO_PLACE = (
    ("seed", "this provider takes no seed"),
    ("frequency_penalty", "this provider takes no penalties"),
    ("presence_penalty", "this provider takes no penalties"),
    ("logit_bias", "this provider takes no token biases"),
    ("logprobs", "this provider gives no probabilities"),
    ("top_logprobs", "this provider gives no probabilities"),
    ("user", "this provider takes no end user"),
)
"""Fields that Converse has no place for."""
_rarely_asked: Callable[[ChatRequest], tuple[object, ...]] = attrgetter("choices", *(name for name, _ in _NO_PLACE))
_NOTHING_ASKED = (None,) * (1 + len(_NO_PLACE))

_encoder = msgspec.json.Encoder()
_object_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text_map_decoder = msgspec.json.Decoder(dict[str, str | int | float | bool | None])


def lower_request(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Return the body for ``model``, and what of the request it does not carry.

    Raises:
        InvalidRequest: content or names that the API cannot carry; ``param`` is the caller's path.
    """
    writing = Writing(request, model, facts)
    plan = plan_thinking(writing)
    said = write_conversation(writing, thinking=plan.on)
    tooling = write_tools(writing, thinking=plan.on)
    writing.limit_cache_points(tooling.tools, said.system, said.contents)
    body: Json = {"messages": said.messages}
    if said.system:
        body["system"] = said.system
    inference: Json = {} if plan.max_tokens is None else {"maxTokens": plan.max_tokens}
    write_sampling(inference, writing, plan)
    if request.stop:
        _write_stop(inference, writing)
    if inference:
        body["inferenceConfig"] = inference
    if tooling.tools:
        config: Json = {"tools": tooling.tools}
        body["toolConfig"] = config if tooling.choice is None else config | {"toolChoice": tooling.choice}
    if tooling.text_format is not None or plan.effort is not None:
        body["outputConfig"] = _output(tooling.text_format, plan.effort)
    if request.service_tier is not None:
        _write_tier(body, request.service_tier, writing.losses)
    if request.metadata is not None:
        _write_metadata(body, request.metadata, writing)
    if request.extras:
        _write_extras(body, writing)
    if request.stop and request.vendor == "anthropic_messages" and writing.vendor == "anthropic":
        # which one it was is told to callers of Anthropic's format only
        body.setdefault(_RESPONSE_FIELDS, [_STOP_SEQUENCE])
    if writing.model_fields:
        body[_MODEL_FIELDS] = writing.model_fields
    if _rarely_asked(request) != _NOTHING_ASKED:
        _report_no_place(request, writing.losses)
    return Lowered(_encoder.encode(body), tuple(writing.losses.found), tooling.json_tool)


def _write_stop(inference: Json, writing: Writing) -> None:
    """Write the stop sequences; Claude refuses blank ones."""
    stop = [text for text in writing.request.stop if text]
    if writing.vendor == "anthropic" and any(text.isspace() for text in stop):
        writing.losses.field("stop", "this model refuses stop sequences without a visible character")
        stop = [text for text in stop if not text.isspace()]
    if stop:
        inference["stopSequences"] = stop


def _output(text_format: Json | None, effort: str | None) -> Json:
    output: Json = {} if text_format is None else {"textFormat": text_format}
    if effort is not None:
        output["effort"] = effort
    return output


def _report_no_place(request: ChatRequest, losses: Losses) -> None:
    losses.one_choice("one answer to a request")
    for name, why in _NO_PLACE:
        value = getattr(request, name)
        if value is not None and value is not False:
            losses.field(name, why)


def _write_tier(body: Json, asked: str, losses: Losses) -> None:
    if asked not in SERVICE_TIERS:
        losses.field("service_tier", f"the tiers are {', '.join(sorted(SERVICE_TIERS))}")
    elif SERVICE_TIERS[asked] is not None:
        body["serviceTier"] = {"type": SERVICE_TIERS[asked]}


def _write_metadata(body: Json, raw: msgspec.Raw, writing: Writing) -> None:
    """Write ``requestMetadata``, which AWS puts into its logs; what it would refuse is lost."""
    path = writing.request.path("metadata")
    try:
        given = _text_map_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        writing.losses.field("metadata", "values must be texts")
        return
    kept: dict[str, str] = {}
    for name, value in given.items():
        if len(kept) == _MOST_METADATA:
            writing.losses.at(f"{path}.{name}", f"at most {_MOST_METADATA} entries")
        elif isinstance(value, str) and _METADATA_KEY.fullmatch(name) and _METADATA_VALUE.fullmatch(value):
            kept[name] = value
        else:
            writing.losses.at(f"{path}.{name}", "entries are texts of at most 256 letters, digits and simple signs")
    if kept:
        body["requestMetadata"] = kept


def _write_extras(body: Json, writing: Writing) -> None:
    """Write the members of Converse that the caller named itself; the caller's own fields for the model win."""
    for name, raw in writing.request.extras.items():
        if name not in PASSED_EXTRAS:
            writing.losses.at(name, "this provider has no such field")
        elif name == _MODEL_FIELDS:
            try:
                writing.model_fields |= _object_decoder.decode(raw)
            except (msgspec.DecodeError, UnicodeError) as error:
                msg = f"{_MODEL_FIELDS} must be a JSON object."
                raise InvalidRequest(msg, param=_MODEL_FIELDS) from error
        else:
            body[name] = raw
