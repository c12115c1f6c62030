"""Requests of Anthropic's format in the neutral form; the SDK's types say what there is."""

from __future__ import annotations

import string
from typing import get_type_hints

import msgspec
import pytest
from anthropic.types.message_create_params import MessageCreateParamsBase
from anthropic.types.thinking_config_param import ThinkingConfigParam
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import (
    CacheMarker,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
)
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.anthropic_messages.lift_request import THINKING_MODES, lift_request
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from tests.wire.anthropic_messages.lifting import CALL, USER, kinds, lifted, refused


def test_every_member_has_its_field() -> None:
    request = lifted(
        stream=True,
        system="Be brief.",
        temperature=0.5,
        top_p=1,
        top_k=3,
        stop_sequences=["A", "B"],
        metadata={"user_id": "u"},
        service_tier="standard_only",
        thinking={"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
        output_config={"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        container="c",
        mcp_servers=[{"type": "url"}],
    )
    assert (request.vendor, request.model, request.stream, request.wants_usage_event) == (FORMAT, "m", True, True)
    assert request.max_output_tokens == 9
    assert (request.temperature, request.top_p, request.top_k, request.stop) == (0.5, 1.0, 3, ("A", "B"))
    assert (request.user, request.service_tier, request.parallel_tool_calls) == ("u", "default", False)
    assert request.reasoning == Reasoning("enabled", "high", 2048, show=False)
    assert request.response_format == ResponseFormat("json_schema", msgspec.Raw(b'{"type": "object"}'))
    assert request.messages == [
        Message("system", [Text("Be brief.", at="system")], at="system"),
        Message("user", [Text("hi", at="messages[0].content")], at="messages[0]"),
    ]
    assert {name: bytes(raw) for name, raw in request.extras.items()} == {
        "container": b'"c"',
        "mcp_servers": b'[{"type": "url"}]',
    }
    assert request.unread == ()


def test_every_documented_member_is_read_or_passed_on_to_the_same_vendor() -> None:
    sample = {
        "temperature": 1,
        "top_k": 1,
        "top_p": 1,
        "max_tokens": 1,
        "system": "s",
        "model": "m",
        "service_tier": "auto",
    }
    for name in get_type_hints(MessageCreateParamsBase).keys() - {"messages", *sample}:
        request = lifted(**{name: None})
        assert name not in request.extras
    assert not lifted(**sample).extras
    assert [*lifted(inference_geo="us", speed="fast").extras] == ["inference_geo", "speed"]


def test_nothing_asked_is_nothing_said() -> None:
    request = lifted(thinking=None, tools=None, tool_choice=None, stop_sequences=[], system="", metadata=None)
    assert request == lifted()
    assert (request.reasoning, request.response_format, request.tools, request.extras) == (None, None, [], {})


def test_an_empty_text_to_stop_at_asks_for_nothing() -> None:
    assert lifted(stop_sequences=[""]) == lifted()
    assert lifted(stop_sequences=["", "x"]).stop == ("x",)


@pytest.mark.parametrize("kind", [kind for kind in kinds(ThinkingConfigParam) if kind != "enabled"])
def test_every_way_to_think_is_known(kind: str) -> None:
    request = lifted(thinking={"type": kind})
    assert request.reasoning == Reasoning(THINKING_MODES[kind])
    assert request.unread == (("thinking.type",) if kind == "between_tools" else ())


def test_losses_name_the_callers_members() -> None:
    request = lifted(output_config={"effort": "low"}, output_format={"type": "json_schema", "schema": {}})
    assert request.path("max_output_tokens") == "max_tokens"
    assert request.path("user") == "metadata.user_id"
    assert request.path("reasoning") == "output_config.effort"
    assert request.path("response_format") == "output_format"
    assert lifted(thinking={"type": "adaptive"}, output_config={"effort": "low"}).path("reasoning") == "thinking"


def test_a_marker_of_the_whole_request_stands_on_its_last_block() -> None:
    request = lifted(
        system=[{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        cache_control={"type": "ephemeral"},
        messages=[
            USER,
            {"role": "assistant", "content": [CALL, {"type": "thinking", "thinking": "", "signature": "s"}]},
        ],
    )
    markers = [getattr(block, "cache", None) for message in request.messages for block in message.blocks]
    assert markers == [CacheMarker("1h"), None, CacheMarker(), None]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [7]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"system": 7}, "system"),
        ({"system": [{"type": "image"}]}, "system[0]"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"thinking": {"type": "hard"}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "adaptive", "display": "loud"}}, "thinking.display"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"output_config": {"format": {"type": "json_schema", "schema": 7}}}, "output_config.format.schema"),
        ({"metadata": {"user_id": 7}}, "metadata.user_id"),
        ({"cache_control": {"type": "forever"}}, "cache_control.type"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(members: dict[str, object], param: str) -> None:
    assert refused(**members)[0] == param


def test_a_member_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        lift_request(JsonObject(b'{"max_tokens":1,"max_tokens":2,"messages":[{"role":"user","content":"x"}]}'))


# --- properties

NAMES = st.sampled_from(
    ["type", "text", "source", "content", "role", "id", "name", "input", "tool_use_id", "cache_control", "media_type"]
)
WORDS = st.sampled_from(
    ["text", "image", "document", "tool_use", "tool_result", "base64", "url", "user", "ephemeral", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | WORDS | st.text(string.ascii_letters, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["messages", "system", "tools", "tool_choice", "thinking"]), VALUES))
def test_whatever_comes_is_lifted_or_refused(members: dict[str, object]) -> None:
    try:
        request = lifted(**members)
    except InvalidRequest as error:
        assert error.param  # noqa: PT017 - both ways are fine
    else:
        assert request.messages


@given(st.lists(st.text(), min_size=1, max_size=3), st.booleans())
def test_unknown_members_change_nothing_else(texts: list[str], strange: bool) -> None:
    further = {"strange": 1} if strange else {}
    content = [{"type": "text", "text": text, **further} for text in texts]
    request = lifted(messages=[{"role": "user", "content": content}])
    assert [block.text for block in request.messages[0].blocks if isinstance(block, Text)] == texts
    assert len(request.unread) == len(texts) * strange
