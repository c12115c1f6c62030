"""Every vector of chat translation, from the caller's request to the caller's answer, and past the vendors' oracles."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from penstock.core.chat_format import CallerFormat, Lowered, UpstreamFormat
from penstock.core.errors import InvalidRequest
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from penstock.wire.json_tool import unwrap_answer
from tests.wire.chat_oracles import ANSWER_ORACLES, ERROR_ORACLES, REQUEST_ORACLES, STREAM_ORACLES
from tests.wire.chat_vector import REQUEST_ID, Replay, Vector, check_order, find_vectors

VECTORS = find_vectors()
REFUSED = [vector for vector in VECTORS if vector.case.refused]
TAKEN = [vector for vector in VECTORS if not vector.case.refused]
ERRORS = [vector for vector in TAKEN if vector.case.status >= 400]
ANSWERED = [vector for vector in TAKEN if vector.case.status < 400 and not vector.case.stream]
STREAMED = [vector for vector in TAKEN if vector.case.status < 400 and vector.case.stream]


def formats(vector: Vector) -> tuple[CallerFormat, UpstreamFormat]:
    """Return the vector's formats; a format that is declared and has no code yet skips its vectors."""
    try:
        return find_caller_format(vector.caller), find_upstream_format(vector.upstream)
    except LookupError as missing:
        pytest.skip(str(missing))


def lower(vector: Vector) -> Lowered:
    caller, upstream = formats(vector)
    return upstream.lower(vector.lift(caller), vector.case.upstream_model, vector.case.facts)


def by_id(vector: Vector) -> str:
    return vector.id


@pytest.mark.parametrize("vector", VECTORS, ids=by_id)
def test_a_vector_says_where_it_comes_from(vector: Vector) -> None:
    source = vector.case.source
    assert source == "by hand" or source.startswith(("by hand, ", "documented: https://", "recorded: "))


@pytest.mark.parametrize("vector", REFUSED, ids=by_id)
def test_what_cannot_be_asked_for_is_refused_by_the_callers_path(vector: Vector) -> None:
    assert vector.case.refused is not None
    with pytest.raises(InvalidRequest) as refusal:
        lower(vector)
    assert (refusal.value.code, refusal.value.param) == (vector.case.refused.code, vector.case.refused.param)


@pytest.mark.parametrize("vector", TAKEN, ids=by_id)
def test_a_request_becomes_the_upstreams(vector: Vector) -> None:
    lowered = lower(vector)
    if vector.has("upstream_request.raw.json"):
        assert lowered.body == vector.read("upstream_request.raw.json").rstrip(b"\n")
    else:
        assert json.loads(lowered.body) == vector.json("upstream_request.json")
    assert sorted((loss.path, loss.kind) for loss in lowered.losses) == sorted(vector.case.losses)
    assert all(loss.why for loss in lowered.losses)
    assert dict(lowered.headers) == vector.case.headers
    assert lowered.json_tool == vector.case.json_tool


@pytest.mark.parametrize("vector", TAKEN, ids=by_id)
def test_the_vendors_own_types_take_the_request(vector: Vector) -> None:
    REQUEST_ORACLES[vector.upstream](json.loads(lower(vector).body))


@pytest.mark.parametrize("vector", ANSWERED, ids=by_id)
def test_an_answer_becomes_the_callers(vector: Vector) -> None:
    caller, upstream = formats(vector)
    context = vector.context()
    answer = upstream.lift_answer(vector.upstream_answer(), context)
    assert answer.usage == vector.case.usage
    assert sorted(context.unknown) == sorted(vector.case.unknown)
    if vector.case.json_tool:
        answer = unwrap_answer(answer, vector.case.json_tool)
    body = caller.lower_answer(answer, vector.lift(caller))
    assert json.loads(body) == vector.json("client_answer.json")
    ANSWER_ORACLES[vector.caller](body)


@pytest.mark.parametrize("vector", ERRORS, ids=by_id)
def test_an_error_becomes_the_callers(vector: Vector) -> None:
    caller, upstream = formats(vector)
    error = upstream.read_error(vector.case.status, vector.upstream_answer(), vector.context().headers)
    body = caller.render_vendor_error(error, REQUEST_ID)
    assert json.loads(body) == vector.json("client_answer.json")
    ERROR_ORACLES[vector.caller](body)


def whole(stream: bytes) -> Iterator[bytes]:
    yield stream


def byte_by_byte(stream: bytes) -> Iterator[bytes]:
    for at in range(len(stream)):
        yield stream[at : at + 1]


def cut_at_random(stream: bytes) -> Iterator[bytes]:
    chance = random.Random(len(stream))
    at = 0
    while at < len(stream):
        size = chance.choice([1, 2, 3, 7, 50, 400])
        yield stream[at : at + size]
        at += size


@pytest.mark.parametrize("cut", [whole, byte_by_byte, cut_at_random])
@pytest.mark.parametrize("vector", STREAMED, ids=by_id)
def test_a_stream_becomes_the_callers_however_it_is_cut(vector: Vector, cut: object) -> None:
    caller, upstream = formats(vector)
    context = vector.context()
    replay = Replay(vector, caller, upstream, context)
    assert callable(cut)
    unreadable = vector.case.unreadable
    with pytest.raises(ValueError, match=unreadable) if unreadable else nullcontext():
        replay.run(cut(vector.upstream_stream()))
    assert replay.out.decode() == vector.read("client_stream.sse").decode()
    assert replay.usage == vector.case.usage
    assert sorted(context.unknown) == sorted(vector.case.unknown)
    check_order(replay.events)
    STREAM_ORACLES[vector.caller](replay.out)
