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
from penstock.core.chat_format import Lowered
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.lower_messages import write_conversation
from penstock.wire.bedrock_converse.lower_thinking import plan_thinking, sampling
from penstock.wire.bedrock_converse.lower_tools import write_tools
from penstock.wire.bedrock_converse.vocabulary import PASSED_EXTRAS, SERVICE_TIERS, continues_turns
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
_asked: Callable[[ChatRequest], tuple[object, ...]] = attrgetter(*(name for name, _ in _NO_PLACE))
_NOTHING_ASKED = (None,) * len(_NO_PLACE)

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
    system, messages, contents = write_conversation(
        writing, continues=continues_turns(writing.vendor, facts, thinking=plan.on)
    )
    tooling = write_tools(writing, thinking=plan.on)
    writing.limit_cache_points([tooling.tools, system, *contents])
    body: Json = {"messages": messages}
    if system:
        body["system"] = system
    inference: Json = {} if plan.max_tokens is None else {"maxTokens": plan.max_tokens}
    inference |= sampling(writing, plan)
    stop = _stop(writing)
    if stop:
        inference["stopSequences"] = stop
    if inference:
        body["inferenceConfig"] = inference
    if tooling.tools:
        config: Json = {"tools": tooling.tools}
        body["toolConfig"] = config if tooling.choice is None else config | {"toolChoice": tooling.choice}
    output: Json = {} if tooling.text_format is None else {"textFormat": tooling.text_format}
    if plan.effort is not None:
        output["effort"] = plan.effort
    if output:
        body["outputConfig"] = output
    _write_tier(body, writing)
    _write_metadata(body, writing)
    _write_extras(body, writing)
    writing.losses.one_choice("one answer to a request")
    asked = _asked(request)
    if asked != _NOTHING_ASKED:
        for (name, why), value in zip(_NO_PLACE, asked, strict=True):
            if value is not None and value is not False:
                writing.losses.field(name, why)
    return Lowered(_encoder.encode(body), tuple(writing.losses.found), tooling.json_tool)


def _stop(writing: Writing) -> list[str]:
    """Return the stop sequences; Claude refuses blank ones."""
    stop = [text for text in writing.request.stop if text]
    if writing.vendor == "anthropic" and any(text.isspace() for text in stop):
        writing.losses.field("stop", "this model refuses stop sequences without a visible character")
        stop = [text for text in stop if not text.isspace()]
    return stop


def _write_tier(body: Json, writing: Writing) -> None:
    asked = writing.request.service_tier
    if asked is None:
        return
    if asked not in SERVICE_TIERS:
        writing.losses.field("service_tier", f"the tiers are {', '.join(sorted(SERVICE_TIERS))}")
    elif SERVICE_TIERS[asked] is not None:
        body["serviceTier"] = {"type": SERVICE_TIERS[asked]}


def _write_metadata(body: Json, writing: Writing) -> None:
    """Write ``requestMetadata``, which AWS puts into its logs; what it would refuse is lost."""
    raw = writing.request.metadata
    if raw is None:
        return
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
    tells_stop_sequence = writing.vendor == "anthropic" and writing.request.vendor == "anthropic_messages"
    if tells_stop_sequence and writing.request.stop and _RESPONSE_FIELDS not in body:
        body[_RESPONSE_FIELDS] = [_STOP_SEQUENCE]  # which one it was is told to callers of Anthropic's format only
    if writing.model_fields:
        body[_MODEL_FIELDS] = writing.model_fields
