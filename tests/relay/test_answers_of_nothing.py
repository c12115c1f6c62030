"""A success that is no answer: an error in the caller's format, whether the answer would be passed on or translated."""

from __future__ import annotations

import base64
import json

import pytest

from penstock.wire.framing.aws_eventstream import encode_frame
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import json_answer
from tests.relay.test_translated import (
    MESSAGE,
    START,
    STOP,
    TEXT,
    Json,
    as_events,
    as_invoke_frames,
    gateway_to,
    stream_of,
)
from tests.wire.chat_oracles import ERROR_ORACLES

SSE = "text/event-stream"
AWS = "application/vnd.amazon.eventstream"
NOTHING = [b"", b"hello", b"<html></html>", b"null", b"[]", b"{", b"{}", b'{"hello":1}', b'"x"', b"\xff\xfe"]
MESSAGES = b'{"model":"gpt","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'
CHAT = b'{"model":"gpt","messages":[{"role":"user","content":"Hi"}]}'
EMBEDDINGS = b'{"model":"gpt","input":"Hi"}'
ANTHROPIC = ("anthropic", "bedrock-anthropic", "vertex-anthropic")
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}


def streamed(body: bytes) -> bytes:
    return body[:-1] + b',"stream":true}'


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize(
    ("provider", "path", "body"),
    [
        *((provider, "/v1/messages", MESSAGES) for provider in (*ANTHROPIC, "openai", "bedrock", "cohere-native")),
        *((provider, "/v1/chat/completions", CHAT) for provider in (*ANTHROPIC, "openai", "bedrock", "gemini-native")),
        ("openai", "/v1/completions", CHAT),
        ("openai", "/v1/embeddings", EMBEDDINGS),
    ],
)
async def test_a_whole_answer_that_is_none_is_an_error(provider: str, path: str, body: bytes, nothing: bytes) -> None:
    async with gateway_to(provider, json_answer(nothing)) as (gateway, _):
        answered = await ask(gateway.url, body, path=path)
    assert answered.status == 502
    ERROR_ORACLES["anthropic_messages" if "messages" in path else "openai_chat"](answered.body)


@pytest.mark.parametrize(
    "nothing", [b"{}", b'{"hello":1}', b'{"type":"message_stop"}', json.dumps(DELTA).encode(), b"["]
)
@pytest.mark.parametrize("end", [b"", as_events(STOP)])
@pytest.mark.parametrize("provider", ANTHROPIC)
async def test_a_stream_that_begins_with_no_message_is_an_error(provider: str, nothing: bytes, end: bytes) -> None:
    if provider == "bedrock-anthropic":
        headers = {":message-type": "event", ":event-type": "chunk"}
        chunk = json.dumps({"bytes": base64.b64encode(nothing).decode()}).encode()
        script = stream_of(encode_frame(headers, chunk) + (as_invoke_frames(STOP) if end else b""), AWS)
    else:
        script = stream_of(b"data: " + nothing + b"\n\n" + end, SSE)
    async with gateway_to(provider, script) as (gateway, _):
        answered = await ask(gateway.url, streamed(MESSAGES), path="/v1/messages")
    assert answered.status == 502
    ERROR_ORACLES["anthropic_messages"](answered.body)


@pytest.mark.parametrize("nothing", [b"{}", b'{"hello":1}', b'{"type":"message_start"}', b"["])
async def test_a_stream_of_chunks_that_begins_with_none_is_an_error(nothing: bytes) -> None:
    script = stream_of(b"data: " + nothing + b"\n\ndata: [DONE]\n\n", SSE)
    async with gateway_to("openai", script) as (gateway, _):
        answered = await ask(gateway.url, streamed(CHAT))
    assert answered.status == 502
    ERROR_ORACLES["openai_chat"](answered.body)


@pytest.mark.parametrize("pieces", [1, 10_000])
async def test_events_of_the_host_in_front_of_the_message_are_passed_on(pieces: int) -> None:
    """Google sends counts of its own before and between the events of Claude."""
    first: list[Json] = [{"type": "vertex_event", "usage": {"trafficType": "ON_DEMAND"}}, {"type": "ping"}]
    sent = as_events([*first, START, *TEXT, *STOP])
    async with gateway_to("vertex-anthropic", stream_of(sent, SSE, pieces)) as (gateway, _):
        answered = await ask(gateway.url, streamed(MESSAGES), path="/v1/messages")
    assert answered.body == sent


@pytest.mark.parametrize("pieces", [1, 10_000])
async def test_nonsense_behind_events_of_the_host_is_an_error(pieces: int) -> None:
    sent = as_events([{"type": "ping"}, *TEXT, *STOP])
    async with gateway_to("anthropic", stream_of(sent, SSE, pieces)) as (gateway, _):
        answered = await ask(gateway.url, streamed(MESSAGES), path="/v1/messages")
    assert b"event: error" in answered.body or answered.status == 502
    assert b"message_stop" not in answered.body
    assert not answered.whole or answered.status == 502


async def test_a_stream_that_ends_inside_a_frame_has_no_clean_end() -> None:
    """Not even where the reason to stop has come already."""
    sent = as_invoke_frames([START, *TEXT, STOP[0]]) + as_invoke_frames([STOP[1]])[:-3]
    async with gateway_to("bedrock-anthropic", stream_of(sent, AWS)) as (gateway, _):
        answered = await ask(gateway.url, streamed(MESSAGES), path="/v1/messages")
    assert b"event: error" in answered.body
    assert b"event: message_stop" not in answered.body


async def test_an_error_with_the_status_of_success_is_an_error() -> None:
    failed = b'{"type":"error","error":{"type":"overloaded_error","message":"no"}}'
    async with gateway_to("anthropic", json_answer(failed)) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert (answered.status, answered.json["error"]["type"]) == (502, "overloaded_error")


@pytest.mark.parametrize("provider", ["anthropic", "vertex-anthropic", "bedrock-anthropic"])
async def test_a_message_is_passed_on_byte_for_byte(provider: str) -> None:
    body = json.dumps(MESSAGE, indent=1).encode()
    async with gateway_to(provider, json_answer(body)) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert (answered.status, answered.body) == (200, body)
