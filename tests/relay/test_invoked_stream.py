"""Streams of the caller's own format inside AWS frames; the ways they pass are in ``test_translated``."""

from __future__ import annotations

import base64
import json

import pytest

from penstock.wire.framing.aws_eventstream import encode_frame
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import CLOSE, RESET, Ending
from tests.relay.test_translated import (
    MESSAGES,
    START,
    STOP,
    STREAM,
    TEXT,
    as_events,
    as_invoke_frames,
    gateway_to,
    stream_of,
)

AWS = "application/vnd.amazon.eventstream"


@pytest.mark.parametrize("ending", [CLOSE, RESET])
async def test_a_stream_that_breaks_off_ends_in_an_error_event(ending: Ending) -> None:
    script = stream_of(as_invoke_frames([START, *TEXT]), AWS, end=[ending])
    async with gateway_to("bedrock-anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert answered.body.startswith(as_events([START, *TEXT]))
    assert b"event: error" in answered.body
    assert not answered.whole


async def test_half_a_frame_is_no_event() -> None:
    script = stream_of(as_invoke_frames([START, *TEXT])[:-9], AWS)
    async with gateway_to("bedrock-anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert answered.body.startswith(as_events([START, *TEXT[:-1]]))
    assert b"event: error" in answered.body


DEEP = b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b'{"bytes":"e30="}',
        json.dumps({"bytes": "%"}).encode(),
        DEEP,
        json.dumps({"bytes": base64.b64encode(DEEP).decode()}).encode(),
    ],
)
async def test_a_chunk_that_cannot_be_read_ends_the_stream_in_an_error(payload: bytes) -> None:
    bad = encode_frame({":message-type": "event", ":event-type": "chunk"}, payload)
    script = stream_of(as_invoke_frames([START]) + bad, AWS)
    async with gateway_to("bedrock-anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert answered.body.startswith(as_events([START]))
    assert b"event: error" in answered.body


async def test_an_exception_before_the_first_event_is_an_error_answer() -> None:
    frame = encode_frame({":message-type": "exception", ":exception-type": "internalServerException"}, b"{}")
    async with gateway_to("bedrock-anthropic", stream_of(frame, AWS)) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert (answered.status, answered.json["type"]) == (502, "error")


def test_the_frames_of_these_tests_hold_base64() -> None:
    assert base64.b64encode(json.dumps(START).encode()) in as_invoke_frames([START])


async def test_losses_are_told_before_the_first_event_whether_the_events_are_translated_or_not() -> None:
    script = stream_of(as_invoke_frames([START, *TEXT, *STOP]), AWS)
    marked = b'{"type":"text","text":"Ho","extra_content":{"google":{"thought_signature":"c2ln"}}}'
    passed_on = MESSAGES.replace(b"}]}", b'},{"role":"assistant","content":[%b]}]}' % marked)
    async with gateway_to("bedrock-anthropic", script) as (gateway, _):
        translated = await ask(gateway.url, STREAM.replace(b"{", b'{"seed":7,', 1))
        same = await ask(gateway.url, passed_on, path="/v1/messages")
    assert translated.header("x-penstock-losses") == "dropped $.seed"
    assert same.header("x-penstock-losses") == "dropped $.messages[1].content[0].extra_content"
