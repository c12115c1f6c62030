"""How to generate, as Gemini's ``generationConfig``.

https://ai.google.dev/api/generate-content#generationconfig (read 2026-11-23). Models that refuse or ignore sampling
parameters (Gemini 3.5 Flash-Lite and later) say so in their facts. The schema of an answer is here; forcing it by a
tool, for a model that takes none, is the work of ``lower_request``, and members that no field of the caller's format
says are that of ``lower_extras``.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from penstock.core.chat import ChatRequest, ResponseFormat
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.lower_thinking import lower_thinking
from penstock.wire.gemini_generate.lower_tools import is_empty_schema
from penstock.wire.gemini_generate.schema_subset import to_subset
from penstock.wire.gemini_generate.vocabulary import (
    MOST_CANDIDATES,
    MOST_STOP_SEQUENCES,
    MOST_TOP_LOGPROBS,
    callers_name,
)

Object = dict[str, object]

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
_sampling_of: Callable[[ChatRequest], tuple[float | None, ...]] = attrgetter(*_SAMPLING)
_rarely_asked: Callable[[ChatRequest], tuple[object, ...]] = attrgetter(*_NOT_IN_GEMINI, "service_tier")
_NOTHING_ASKED = (None,) * (len(_NOT_IN_GEMINI) + 1)
_INT32 = 2**31


def lower_config(request: ChatRequest, facts: ModelFacts, losses: Losses) -> Object:
    """Return ``generationConfig``."""
    config = _sampling(request, facts, losses)
    _limits(request, config, losses)
    if request.logprobs:
        _logprobs(request, config, losses)
    if request.response_format is not None:
        _answer_format(request, request.response_format, config, facts, losses)
    thinking = lower_thinking(request, facts, losses)
    if thinking is not None:
        config["thinkingConfig"] = thinking
    if _rarely_asked(request) != _NOTHING_ASKED:
        _report_no_place(request, losses)
    return config


def _report_no_place(request: ChatRequest, losses: Losses) -> None:
    for name, why in _NOT_IN_GEMINI.items():
        if getattr(request, name) is not None:
            losses.field(name, why)
    if request.service_tier not in {None, "auto", "default", "standard"}:
        losses.field("service_tier", "the tier is chosen with the address or a header here")


def _sampling(request: ChatRequest, facts: ModelFacts, losses: Losses) -> Object:
    config: Object = {}
    for (name, member), value in zip(_SAMPLING.items(), _sampling_of(request), strict=True):
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
