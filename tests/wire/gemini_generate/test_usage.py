from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.gemini_generate.lift_answer import lift_answer
from penstock.wire.gemini_generate.usage import read_usage

COUNTS = st.integers(0, 10**9)


def read(metadata: Any) -> Usage:
    body = {"candidates": [{"finishReason": "STOP"}], "usageMetadata": metadata}
    return lift_answer(json.dumps(body).encode(), AnswerContext(model="m", request_id="r")).usage


@given(prompt=COUNTS, tools=COUNTS, said=COUNTS, thought=COUNTS)
def test_input_and_output_make_the_total(prompt: int, tools: int, said: int, thought: int) -> None:
    counts = {"promptTokenCount": prompt, "toolUsePromptTokenCount": tools, "candidatesTokenCount": said}
    metadata = {name: count for name, count in {**counts, "thoughtsTokenCount": thought}.items() if count}
    usage = read({**metadata, "totalTokenCount": prompt + tools + said + thought})
    if prompt or tools:
        assert usage.input_tokens == prompt + tools
        assert usage.output_tokens == said + thought


def test_nothing_is_reported_where_nothing_was() -> None:
    assert read({}) == UNREPORTED
    assert read(None) == UNREPORTED
    assert read_usage(None) == UNREPORTED


def test_an_explicit_nought_is_a_report() -> None:
    assert read({"cachedContentTokenCount": 0}) == Usage(cached_input_tokens=0)


@pytest.mark.parametrize(
    "odd", [{"promptTokenCount": "many"}, {"promptTokenCount": -1}, [], {"promptTokensDetails": 5}]
)
def test_counts_that_are_none_are_not_reported(odd: object) -> None:
    assert read(odd) == UNREPORTED


def test_sound_is_counted_over_all_its_entries() -> None:
    details = [{"modality": "AUDIO", "tokenCount": 3}, {"modality": "TEXT", "tokenCount": 9}, {"modality": "AUDIO"}]
    usage = read({"promptTokensDetails": details, "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 1}]})
    assert (usage.audio_input_tokens, usage.audio_output_tokens) == (3, None)
