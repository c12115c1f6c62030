from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import CacheMarker, ChatRequest
from penstock.core.chat_format import Losses
from penstock.wire.anthropic_messages.writing import Writing, cache_control


def writing() -> Writing:
    request = ChatRequest(vendor="test", paths={}, messages=[])
    return Writing(request, Losses(request))


@given(st.lists(st.text(max_size=4), max_size=8))
def test_ids_are_in_letters_the_api_takes_and_stay_apart(ids: list[str]) -> None:
    state = writing()
    written = [state.call_id(given_id, "x") for given_id in ids]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", each) for each in written)
    assert len(set(written)) == len(written)
    assert [state.result_id(given_id) for given_id in ids] == written


def test_an_id_that_is_rewritten_is_reported_once() -> None:
    state = writing()
    assert [state.call_id(each, at) for each, at in (("a:b", "call"), ("a_b", "other"))] == ["a_b", "a_b_2"]
    assert state.result_id("a:b") == "a_b"
    assert [loss.path for loss in state.losses.found] == ["$.call", "$.other"]


def test_the_last_four_cache_markers_stay() -> None:
    state = writing()
    blocks: list[dict[str, object]] = [{} for _ in range(6)]
    for number, block in enumerate(blocks):
        cache_control(CacheMarker(), f"block[{number}]", block, state)
    state.limit_markers()
    assert [bool(block) for block in blocks] == [False, False, True, True, True, True]
    assert [(loss.path, loss.kind) for loss in state.losses.found] == [
        ("$.block[0].cache_control", "clamped"),
        ("$.block[1].cache_control", "clamped"),
    ]
