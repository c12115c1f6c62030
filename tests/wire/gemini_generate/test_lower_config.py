from __future__ import annotations

from typing import Any

import msgspec
import pytest

from penstock.core.chat import ChatRequest, ResponseFormat
from penstock.core.chat_format import Losses
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.gemini_generate.lower_config import lower_config


def request(**fields: Any) -> ChatRequest:
    return ChatRequest("openai_chat", {}, [], **fields)


def lower(asked: ChatRequest, facts: ModelFacts = UNKNOWN_MODEL) -> tuple[Any, list[tuple[str, str]]]:
    losses = Losses(asked)
    config = msgspec.json.decode(msgspec.json.encode(lower_config(asked, facts, losses)))
    return config, [(loss.path, loss.kind) for loss in losses.found]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"choices": 1},
        {"logprobs": False, "top_logprobs": 3},
        {"service_tier": "auto"},
        {"response_format": ResponseFormat("text")},
    ],
)
def test_what_asks_for_nothing_is_not_said_and_is_no_loss(fields: dict[str, Any]) -> None:
    assert lower(request(**fields)) == ({}, [])


@pytest.mark.parametrize(
    ("seed", "sent"), [(-(2**31), -(2**31)), (2**31 - 1, 2**31 - 1), (2**31, 0), (-(2**40) - 1, 2**31 - 1)]
)
def test_a_seed_fits_in_32_bits(seed: int, sent: int) -> None:
    config, losses = lower(request(seed=seed))
    assert config == {"seed": sent}
    assert losses == ([] if seed == sent else [("$.seed", "approximated")])


def test_more_than_gemini_gives_is_clamped() -> None:
    config, losses = lower(request(choices=9, logprobs=True, top_logprobs=30))
    assert config == {"candidateCount": 8, "responseLogprobs": True, "logprobs": 20}
    assert losses == [("$.choices", "clamped"), ("$.top_logprobs", "clamped")]


def test_a_schema_without_content_asks_for_json_alone() -> None:
    wanted = ResponseFormat("json_schema", msgspec.Raw(b"null"), "name", "described")
    assert lower(request(response_format=wanted)) == ({"responseMimeType": "application/json"}, [])


def test_a_description_of_the_form_is_told() -> None:
    wanted = ResponseFormat("json_schema", msgspec.Raw(b'{"type":"object"}'), "name", "described")
    config, losses = lower(request(response_format=wanted), ModelFacts(full_json_schema=True))
    assert config == {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}}
    assert losses == [("$.response_format", "approximated")]


def test_a_penalty_of_nought_is_none_for_a_model_that_takes_none() -> None:
    facts = ModelFacts(sampling=False)
    assert lower(request(presence_penalty=0.0), facts) == ({}, [])
    assert lower(request(temperature=0.0), facts) == ({}, [("$.temperature", "dropped")])
