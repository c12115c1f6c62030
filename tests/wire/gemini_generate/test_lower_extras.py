from __future__ import annotations

from typing import Any

import msgspec
import pytest

from penstock.core.chat import ChatRequest, Reasoning, ResponseFormat
from penstock.core.chat_format import Losses
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.gemini_generate.lower_config import lower_config
from penstock.wire.gemini_generate.lower_extras import lower_extras


def request(**fields: Any) -> ChatRequest:
    return ChatRequest("openai_chat", {}, [], **fields)


def lower(asked: ChatRequest, facts: ModelFacts = UNKNOWN_MODEL) -> tuple[Any, Any, list[tuple[str, str]]]:
    losses = Losses(asked)
    config = lower_config(asked, facts, losses)
    extras = lower_extras(asked, config, facts, losses)
    found = msgspec.json.decode(msgspec.json.encode([config, extras]))
    return found[0], found[1], [(loss.path, loss.kind) for loss in losses.found]


def test_extras_of_another_vendor_are_told() -> None:
    extras = {"store": msgspec.Raw(b"true"), "nothing": msgspec.Raw(b"null"), "generation_config": msgspec.Raw(b"5")}
    assert lower(request(extras=extras)) == ({}, {}, [("$.store", "dropped"), ("$.generation_config", "dropped")])


def test_the_same_extra_under_two_names_is_sent_once() -> None:
    extras = {"cachedContent": msgspec.Raw(b'"a"'), "cached_content": msgspec.Raw(b'"b"')}
    assert lower(request(extras=extras)) == ({}, {"cachedContent": "a"}, [("$.cached_content", "dropped")])


def test_what_googles_openai_api_takes_as_an_extra_body_is_read() -> None:
    thinking = b'{"thinking_budget":100,"include_thoughts":true,"mood":1}'
    body = b'{"google":{"thinking_config":%b,"cached_content":"a","x":1}}' % thinking
    config, extras, losses = lower(request(extras={"extra_body": msgspec.Raw(body)}))
    assert config == {"thinkingConfig": {"thinkingBudget": 100, "includeThoughts": True}}
    assert extras == {"cachedContent": "a"}
    assert losses == [("$.extra_body.google.thinking_config.mood", "dropped"), ("$.extra_body.google.x", "dropped")]


@pytest.mark.parametrize("body", [b"5", b'{"other":{}}', b'{"google":[]}'])
def test_another_extra_body_is_told(body: bytes) -> None:
    assert lower(request(extras={"extra_body": msgspec.Raw(body)})) == ({}, {}, [("$.extra_body", "dropped")])


def test_a_field_of_the_callers_format_comes_before_an_extra() -> None:
    facts = ModelFacts(thinking="level", efforts=("low", "high"))
    body = msgspec.Raw(b'{"google":{"thinking_config":{"thinking_level":"low","include_thoughts":true}}}')
    config, _, losses = lower(request(reasoning=Reasoning(None, "high"), extras={"extra_body": body}), facts)
    assert config == {"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": True}}
    assert losses == [("$.extra_body.google.thinking_config.thinking_level", "dropped")]


def test_vllms_guides_are_a_form_of_the_answer() -> None:
    choice = {"guided_choice": msgspec.Raw(b'["yes","no"]')}
    enum = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["yes", "no"]}}
    assert lower(request(extras=choice)) == (enum, {}, [])
    schema = {"guided_json": msgspec.Raw(b'{"type":"object","title":"T"}')}
    older = {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT", "title": "T"}}
    assert lower(request(extras=schema)) == (older, {}, [])
    newer = {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object", "title": "T"}}
    assert lower(request(extras=schema), ModelFacts(full_json_schema=True)) == (newer, {}, [])


def test_a_guide_beside_a_form_of_the_answer_or_of_no_words_is_told() -> None:
    extras = {"guided_choice": msgspec.Raw(b'["yes"]')}
    asked = request(response_format=ResponseFormat("json_object"), extras=extras)
    assert lower(asked) == ({"responseMimeType": "application/json"}, {}, [("$.guided_choice", "dropped")])
    assert lower(request(extras={"guided_choice": msgspec.Raw(b"5")})) == ({}, {}, [("$.guided_choice", "dropped")])
