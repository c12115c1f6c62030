"""How to generate, as Gemini's ``generationConfig``, and the further members that are Gemini's own.

https://ai.google.dev/api/generate-content#generationconfig (read 2026-11-23). Models that refuse or ignore sampling
parameters (Gemini 3.5 Flash-Lite and later) say so in their facts. The schema of an answer is here; forcing it by a
tool, for a model that takes none, is the work of ``lower_request``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest, ResponseFormat
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.lower_thinking import lower_thinking
from penstock.wire.gemini_generate.lower_tools import is_empty_schema
from penstock.wire.gemini_generate.schema_subset import to_subset
from penstock.wire.gemini_generate.vocabulary import (
    CONFIG_EXTRAS,
    MOST_CANDIDATES,
    MOST_STOP_SEQUENCES,
    MOST_TOP_LOGPROBS,
    THINKING_EXTRAS,
    TOP_LEVEL_EXTRAS,
    callers_name,
)

Object = dict[str, object]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _ExtraBody(msgspec.Struct, forbid_unknown_fields=True):
    google: dict[str, msgspec.Raw]


_extra_body = msgspec.json.Decoder(_ExtraBody)
_SAMPLING = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_NOT_IN_GEMINI = {
    "logit_bias": "Gemini cannot weigh single tokens",
    "user": "Gemini takes no id of an end user",
    "metadata": "Gemini keeps no metadata of a request",
}
_INT32 = 2**31


def lower_config(request: ChatRequest, facts: ModelFacts, losses: Losses) -> Object:
    """Return ``generationConfig``."""
    config = _sampling(request, facts, losses)
    _limits(request, config, losses)
    _logprobs(request, config, losses)
    if request.response_format is not None:
        _answer_format(request, request.response_format, config, facts, losses)
    thinking = lower_thinking(request, facts, losses)
    if thinking is not None:
        config["thinkingConfig"] = thinking
    for name, why in _NOT_IN_GEMINI.items():
        if _says_something(getattr(request, name)):
            losses.field(name, why)
    if request.service_tier not in {None, "auto", "default", "standard"}:
        losses.field("service_tier", "the tier is chosen with the address or a header here")
    return config


def lower_extras(request: ChatRequest, config: Object, losses: Losses) -> Object:
    """Return the extras that are Gemini's own, by Gemini's names; those of ``generationConfig`` go into ``config``."""
    lowered: Object = {}
    for name, value in request.extras.items():
        if name in TOP_LEVEL_EXTRAS and TOP_LEVEL_EXTRAS[name] not in lowered:
            lowered[TOP_LEVEL_EXTRAS[name]] = value
        elif name in {"generationConfig", "generation_config"}:
            _config_extras(name, value, config, losses)
        elif name == "extra_body":
            lowered |= _google_extras(value, config, losses)
        elif bytes(value) != b"null":
            losses.field(name, "not a member that Gemini takes")
    return lowered


def _says_something(value: msgspec.Raw | str | None) -> bool:
    return value is not None and (isinstance(value, str) or bytes(value).strip() not in {b"null", b"{}"})


def _sampling(request: ChatRequest, facts: ModelFacts, losses: Losses) -> Object:
    config: Object = {}
    for name, member in _SAMPLING.items():
        value = getattr(request, name)
        if value is None:
            continue
        if facts.sampling:
            config[member] = value
        elif not (value == 0 and name.endswith("penalty")):
            losses.field(name, "this model takes no sampling parameters")
    return config


def _limits(request: ChatRequest, config: Object, losses: Losses) -> None:
    if request.max_output_tokens is not None:
        config["maxOutputTokens"] = request.max_output_tokens
    if request.stop:
        config["stopSequences"] = list(request.stop[:MOST_STOP_SEQUENCES])
        if len(request.stop) > MOST_STOP_SEQUENCES:
            losses.field("stop", f"Gemini takes {MOST_STOP_SEQUENCES} stop sequences: the first ones", "clamped")
    if request.seed is not None:
        config["seed"] = request.seed if -_INT32 <= request.seed < _INT32 else request.seed % _INT32
        if config["seed"] != request.seed:
            losses.field("seed", "Gemini takes a seed of 32 bits: the lower ones", "approximated")
    if request.choices is not None and request.choices > 1:
        config["candidateCount"] = min(request.choices, MOST_CANDIDATES)
        if request.choices > MOST_CANDIDATES:
            losses.field("choices", f"Gemini gives at most {MOST_CANDIDATES} answers", "clamped")


def _logprobs(request: ChatRequest, config: Object, losses: Losses) -> None:
    if not request.logprobs:
        return
    config["responseLogprobs"] = True
    if request.top_logprobs:
        config["logprobs"] = min(request.top_logprobs, MOST_TOP_LOGPROBS)
        if request.top_logprobs > MOST_TOP_LOGPROBS:
            losses.field("top_logprobs", f"Gemini gives at most {MOST_TOP_LOGPROBS} alternatives", "clamped")


def _answer_format(
    request: ChatRequest, wanted: ResponseFormat, config: Object, facts: ModelFacts, losses: Losses
) -> None:
    if wanted.kind == "text":
        return
    config["responseMimeType"] = "application/json"
    if wanted.kind == "json_object" or is_empty_schema(wanted.schema):
        return
    if wanted.description:
        losses.field("response_format", "Gemini takes no description beside the schema", "approximated")
    if facts.full_json_schema:
        config["responseJsonSchema"] = wanted.schema
    else:
        path = f"{request.path('response_format')}.{callers_name(request.vendor, 'response_schema')}"
        config["responseSchema"] = to_subset(wanted.schema, path, losses)


def _google_extras(value: msgspec.Raw, config: Object, losses: Losses) -> Object:
    """Read ``extra_body.google``, where Google's OpenAI-compatible API has what is Gemini's own.

    https://ai.google.dev/gemini-api/docs/openai#extra-body (read 2026-11-23).
    """
    try:
        members = _extra_body.decode(value)
    except msgspec.DecodeError:
        losses.at("extra_body", "not a member that Gemini takes")
        return {}
    lowered: Object = {}
    for name, member in members.google.items():
        if name in TOP_LEVEL_EXTRAS:
            lowered[TOP_LEVEL_EXTRAS[name]] = member
        elif name in {"thinking_config", "thinkingConfig"}:
            _thinking_extras(f"extra_body.google.{name}", member, config, losses)
        else:
            losses.at(f"extra_body.google.{name}", "not a member that Gemini takes")
    return lowered


def _thinking_extras(path: str, value: msgspec.Raw, config: Object, losses: Losses) -> None:
    said = config.get("thinkingConfig")
    thinking: Object = dict(said) if isinstance(said, dict) else {}
    try:
        members = _members.decode(value)
    except msgspec.DecodeError:
        losses.at(path, "not an object")
        return
    for name, member in members.items():
        own = THINKING_EXTRAS.get(name)
        if own is None or own in thinking:
            losses.at(f"{path}.{name}", "said already, or not a member that Gemini takes")
        else:
            thinking[own] = member
    if thinking:
        config["thinkingConfig"] = thinking


def _config_extras(path: str, value: msgspec.Raw, config: Object, losses: Losses) -> None:
    try:
        members = _members.decode(value)
    except msgspec.DecodeError:
        losses.at(path, "not an object")
        return
    for name, member in members.items():
        if name in CONFIG_EXTRAS:
            config[name] = member
        else:
            losses.at(f"{path}.{name}", "say this with the field that your own format has for it")
