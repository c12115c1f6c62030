"""Whatever a caller sends: it is carried to each provider's format, or refused with the place named, in linear work."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from types import FrameType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import FormatId
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.wire.chat_vector import Vector, find_vectors

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("PENSTOCK_CALLER_EXAMPLES", "400"))
FORMATS: tuple[FormatId, ...] = get_args(FormatId)
VECTORS = find_vectors()
FACTS = (
    ModelFacts(),
    ModelFacts(json_schema=True, full_json_schema=True, thinking="adaptive", efforts=("low", "high")),
    ModelFacts(json_schema=True, thinking="budget", thinking_budget=(1024, 32_000)),
)
DEEP = ["[" * n + "]" * n for n in (99, 101, 1100, 20_000)] + ['{"anyOf":[' * n + "{}" + "]}" * n for n in (49, 600)]
ODD_TEXTS = ["1e999", '"\\ud800"', "-0", "9" * 400, '"\\u0000"', '{"a":1,"a":2}', '"\xff"', *DEEP]
ODD: list[Any] = [
    *(None, True, 0, -1, 2**70, 1e308, "", "x", "\0", "1", "{}", "null", [], {}, [None], [[]], [{}]),
    *("data:image/png;base64,AAAA", "data:;base64,", "http://", "user", "tool", {"type": "x"}, {"type": None}),
    *({"type": "text", "text": "a"}, {"type": "image_url", "image_url": "x"}, {"role": "user", "content": "a"}),
    *({"$ref": "#"}, {"type": ["string", "null"]}, {"anyOf": []}, {"enum": [1, "a", None]}, {"type": 5}),
    {"allOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def spoil(value: Json, random: Random) -> bytes:
    """Take out, double, move and change a few members, and then perhaps a byte."""
    odd = "-odd-text-"
    for _ in range(random.choice([1, 1, 2, 4])):
        known = list(places(value))
        *parents, last = random.choice(known or [("model",)])
        inside = at(value, tuple(parents))
        match random.randrange(6):
            case 0:
                inside.pop(last, None) if isinstance(inside, dict) else inside.pop(last)
            case 1 if isinstance(inside, list):
                inside.insert(random.randrange(len(inside)), copy(inside[last]))
            case 2 if isinstance(inside, dict):
                inside["unheard_of"] = copy(random.choice(ODD))
            case 3:
                inside[last] = copy(at(value, random.choice(known))) if known else None
            case 4:
                inside[last] = odd
            case _:
                inside[last] = copy(random.choice(ODD))
    body = json.dumps(value).replace(f'"{odd}"', random.choice(ODD_TEXTS)).encode("latin-1")
    if random.random() < 0.05:
        where = random.randrange(len(body))
        body = body[:where] + random.randbytes(1) + body[where + random.randrange(2) :]
    return body


def refusal_of(do: Callable[[], object]) -> InvalidRequest | None:
    try:
        do()
    except InvalidRequest as refused:
        return refused
    return None


def lower(request: ChatRequest, upstream: FormatId, facts: ModelFacts) -> None:
    JsonObject(find_upstream_format(upstream).lower(request, "m", facts).body).require_utf8()


@settings(max_examples=EXAMPLES)
@given(st.sampled_from([one for one in VECTORS if one.has("client_request.json")]), st.randoms(use_true_random=False))
def test_any_body_is_carried_or_refused_with_the_place_named(vector: Vector, random: Random) -> None:
    body = spoil(json.loads(vector.read("client_request.json")), random)
    lift = find_caller_format(vector.caller).lift
    refused = refusal_of(lambda: lift(JsonObject(body)))
    if refused is not None:
        assert refused.param or refused.code == "invalid_json"
        return
    request, facts = lift(JsonObject(body)), random.choice(FACTS)
    for upstream in FORMATS:
        refused = refusal_of(partial(lower, request, upstream, facts))
        assert refused is None or refused.param


@pytest.mark.parametrize("caller", ["openai_chat", "anthropic_messages"])
@pytest.mark.parametrize("member", ["max_tokens", "top_k", "thinking.budget_tokens"])
def test_numbers_beyond_any_use_are_refused(caller: FormatId, member: str) -> None:
    body: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]}
    if member == "thinking.budget_tokens":
        body["thinking"] = {"type": "enabled", "budget_tokens": 10**400}
    else:
        body[member] = 10**400
    refused = refusal_of(lambda: find_caller_format(caller).lift(JsonObject(json.dumps(body).encode())))
    assert refused is not None
    assert refused.param == member


# --- work


def _function(name: str, **schema: Any) -> Json:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", **schema}}}


def _allowed_tools(n: int) -> Json:
    chosen = [{"type": "function", "function": {"name": f"t{i}"}} for i in range(n)]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": chosen}}
    return {"tools": [_function(f"t{i}") for i in range(n)], "tool_choice": choice}


def _same_documents(n: int) -> Json:
    file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}
    return {"messages": [{"role": "user", "content": [{"type": "file", "file": file}] * n}]}


def _marks(n: int) -> Json:
    part = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    return {"messages": [{"role": "user", "content": [part] * n}]}


def _calls(n: int) -> Json:
    ids = ["é" * i for i in range(1, n + 1)]  # which become equal where ids are ASCII
    calls = [{"id": id_, "type": "function", "function": {"name": "t", "arguments": "{}"}} for id_ in ids]
    results = [{"role": "tool", "tool_call_id": id_, "content": "x"} for id_ in reversed(ids)]
    asked = {"role": "user", "content": "a"}
    return {"messages": [asked, {"role": "assistant", "tool_calls": calls}, *results], "tools": [_function("t")]}


def _old_calls(n: int) -> Json:
    calls = [{"role": "assistant", "function_call": {"name": f"t{i}", "arguments": "{}"}} for i in range(n)]
    results = [{"role": "function", "name": f"t{i}", "content": "x"} for i in reversed(range(n))]
    return {"messages": [{"role": "user", "content": "a"}, *calls, *results]}


def _unheard_of(n: int) -> Json:
    return {"messages": [{"role": "user", "content": "a", "unheard_of": 1}] * n}


def _names_of_the_json_tool(n: int) -> Json:
    names = ["json_answer", *(f"json_answer_{i}" for i in range(2, n + 1))]
    return {"tools": [_function(name) for name in names], "response_format": {"type": "json_object"}}


def _wide_schema(n: int) -> Json:
    properties = {f"p{i}": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/a"}]} for i in range(n)}
    return {"tools": [_function("t", properties=properties, **{"$defs": {"a": {"type": "null"}}})]}


def events_of(do: Callable[[], object]) -> int:
    """Return how many lines and calls of Python it takes."""
    count = 0

    def trace(_frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def carry(body: bytes, upstream: FormatId) -> None:
    request = find_caller_format("openai_chat").lift(JsonObject(body))
    refused = refusal_of(partial(lower, request, upstream, FACTS[0]))
    assert refused is None or refused.param


@pytest.mark.parametrize("upstream", FORMATS)
@pytest.mark.parametrize(
    "members",
    [
        _allowed_tools,
        _same_documents,
        _marks,
        _calls,
        _old_calls,
        _unheard_of,
        _names_of_the_json_tool,
        _wide_schema,
    ],
)
def test_a_body_twice_as_long_takes_about_twice_the_work(members: Callable[[int], Json], upstream: FormatId) -> None:
    def body(n: int) -> bytes:
        return json.dumps({"model": "m", "messages": [{"role": "user", "content": "a"}], **members(n)}).encode()

    small, large = body(60), body(120)
    carry(small, upstream)  # what is made once is made
    assert events_of(lambda: carry(large, upstream)) < 2.4 * events_of(lambda: carry(small, upstream))
