"""A provider's stream that is cut before it said why the answer ended is never complete, wherever it is cut."""

from __future__ import annotations

import json
import re

import pytest

from penstock.core.chat_answer import End, Finish
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.wire.chat_vector import Replay, Vector, find_vectors

WHY = re.compile(
    rb'"finish_reason": ?"|"stop_reason": ?"|"stopReason": ?"|"finishReason": ?"|"blockReason": ?"|\[DONE\]'
)
"""What stands in the event that says why an answer ended, in whatever format."""
DONE = {"openai_chat": b"data: [DONE]", "anthropic_messages": b"event: message_stop"}
STREAMS = [vector for vector in find_vectors() if vector.has("client_stream.sse")]


def pieces_of(vector: Vector) -> list[bytes]:
    """Return what the provider sends, event by event."""
    stream = vector.upstream_stream()
    if vector.has("upstream_stream.sse"):
        return [block + b"\n\n" for block in stream.split(b"\n\n") if block]
    pieces, begin = [], 0
    while begin < len(stream):
        end = begin + int.from_bytes(stream[begin : begin + 4], "big")
        pieces.append(stream[begin:end])
        begin = end
    return pieces


def test_the_streams_of_the_vectors_say_why_they_end() -> None:
    assert len(STREAMS) > 50
    whole = [vector for vector in STREAMS if DONE[vector.caller] in vector.read("client_stream.sse")]
    assert len(whole) > 40
    assert [vector.id for vector in whole if not WHY.search(vector.upstream_stream())] == []


@pytest.mark.parametrize("vector", STREAMS, ids=lambda vector: vector.id)
def test_a_stream_cut_before_its_reason_has_no_end(vector: Vector) -> None:
    pieces = pieces_of(vector)
    for length in range(len(pieces)):
        sent = pieces[:length]
        if sent and WHY.search(sent[-1]):
            return
        caller, upstream = find_caller_format(vector.caller), find_upstream_format(vector.upstream)
        replay = Replay(vector, caller, upstream, vector.context())
        replay.run(iter(sent))
        assert not any(isinstance(event, End | Finish) for event in replay.events)
        assert DONE[vector.caller] not in replay.out
        for line in replay.out.splitlines():
            if line.startswith(b"data: {"):
                json.loads(line[6:])
