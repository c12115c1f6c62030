"""Further members of a caller's body that mean something to Gemini.

Three families, which OpenAI clients of Gemini are known to send: Gemini's own members beside OpenAI's
(``safetySettings``, ``cachedContent``, ``labels``, ``generationConfig``); ``extra_body.google``, as Google's
OpenAI-compatible API has it (https://ai.google.dev/gemini-api/docs/openai#extra-body, read 2026-11-23); and vLLM's
``guided_json`` and ``guided_choice`` (https://docs.vllm.ai/en/latest/features/structured_outputs.html, read
2026-11-23). What a field of the caller's own format has said already stands. Every other member is reported as lost.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.schema_subset import to_subset
from penstock.wire.gemini_generate.vocabulary import CONFIG_EXTRAS, THINKING_EXTRAS, TOP_LEVEL_EXTRAS

Object = dict[str, object]
_NOT_TAKEN = "not a member that Gemini takes"


class _ExtraBody(msgspec.Struct, forbid_unknown_fields=True):
    google: dict[str, msgspec.Raw]


_extra_body = msgspec.json.Decoder(_ExtraBody)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_words = msgspec.json.Decoder(list[str])


def lower_extras(request: ChatRequest, config: Object, facts: ModelFacts, losses: Losses) -> Object:
    """Return the members for the top of the body; those of ``generationConfig`` go into ``config``."""
    lowered: Object = {}
    for name, value in request.extras.items():
        if bytes(value) == b"null":
            continue
        if name in TOP_LEVEL_EXTRAS and TOP_LEVEL_EXTRAS[name] not in lowered:
            lowered[TOP_LEVEL_EXTRAS[name]] = value
        elif name in {"generationConfig", "generation_config"}:
            _add_config(name, value, config, losses)
        elif name == "extra_body":
            _add_google(value, lowered, config, losses)
        elif name in {"guided_json", "guided_choice"} and "responseMimeType" not in config:
            _add_guide(name, value, config, facts, losses)
        else:
            losses.field(name, _NOT_TAKEN)
    return lowered


def _add_config(path: str, value: msgspec.Raw, config: Object, losses: Losses) -> None:
    for name, member in _read_members(path, value, losses).items():
        if name in CONFIG_EXTRAS:
            config[name] = member
        else:
            losses.at(f"{path}.{name}", "say this with the field that your own format has for it")


def _add_google(value: msgspec.Raw, lowered: Object, config: Object, losses: Losses) -> None:
    try:
        members = _extra_body.decode(value).google
    except msgspec.DecodeError:
        losses.field("extra_body", _NOT_TAKEN)
        return
    for name, member in members.items():
        path = f"extra_body.google.{name}"
        if name in TOP_LEVEL_EXTRAS and TOP_LEVEL_EXTRAS[name] not in lowered:
            lowered[TOP_LEVEL_EXTRAS[name]] = member
        elif name in {"thinking_config", "thinkingConfig"}:
            _add_thinking(path, member, config, losses)
        else:
            losses.at(path, _NOT_TAKEN)


def _add_thinking(path: str, value: msgspec.Raw, config: Object, losses: Losses) -> None:
    said = config.get("thinkingConfig")
    thinking: Object = dict(said) if isinstance(said, dict) else {}
    for name, member in _read_members(path, value, losses).items():
        own = THINKING_EXTRAS.get(name)
        if own is None or own in thinking:
            losses.at(f"{path}.{name}", "said already, or not a member that Gemini takes")
        else:
            thinking[own] = member
    if thinking:
        config["thinkingConfig"] = thinking


def _add_guide(name: str, value: msgspec.Raw, config: Object, facts: ModelFacts, losses: Losses) -> None:
    """Ask for one of some words, or for JSON of a schema.

    Raises:
        InvalidRequest: the schema is none, or one that an older model cannot be given.
    """
    if name == "guided_json":
        config["responseMimeType"] = "application/json"
        if facts.full_json_schema:
            config["responseJsonSchema"] = value
        else:
            config["responseSchema"] = to_subset(value, name, losses)
        return
    try:
        words = _words.decode(value)
    except msgspec.DecodeError:
        losses.field(name, "not a list of words")
        return
    config["responseMimeType"] = "text/x.enum"
    config["responseSchema"] = {"type": "STRING", "enum": words}


def _read_members(path: str, value: msgspec.Raw, losses: Losses) -> dict[str, msgspec.Raw]:
    try:
        return _members.decode(value)
    except msgspec.DecodeError:
        losses.at(path, "not an object")
        return {}
