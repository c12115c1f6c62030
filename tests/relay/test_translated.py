"""Answers that are translated: the whole way of a request, with each kind of ending."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.providers import all_providers
from penstock.relay.snapshot import Limits
from penstock.wire.framing.aws_eventstream import encode_frame
from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    Script,
    ScriptedUpstream,
    answer_head,
    chunk,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import KEY, Served, backend_at, served, snapshot_of

Json = dict[str, Any]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-real",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 2},
}
START: Json = {
    "type": "message_start",
    "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 5, "output_tokens": 1}},
}
TEXT: list[Json] = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 0},
]
STOP: list[Json] = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
CHAT = b'{"model":"gpt","messages":[{"role":"user","content":"Hi"}],"seed":7}'
STREAM = b'{"model":"gpt","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
MESSAGES = b'{"model":"gpt","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'


@asynccontextmanager
async def gateway_to(
    provider_id: str, script: Script, *, log: Path | None = None, limits: Limits | None = None, **of_model: Any
) -> AsyncIterator[tuple[Served, ScriptedUpstream]]:
    provider = all_providers()[provider_id]
    async with scripted_upstream(script) as upstream:
        backend = backend_at(upstream.port, provider=provider, options=provider.options(), base_path="/base")
        snapshot = snapshot_of(backend)
        models = {"gpt": replace(snapshot.models["gpt"], **of_model)}
        listener = replace(snapshot.listener, limits=limits or snapshot.listener.limits)
        async with served(replace(snapshot, models=models, listener=listener), log=log) as gateway:
            yield gateway, upstream


def as_events(events: Sequence[Json]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


def as_invoke_frames(events: Sequence[Json]) -> bytes:
    headers = {":message-type": "event", ":event-type": "chunk", ":content-type": "application/json"}
    payloads = [{"bytes": base64.b64encode(json.dumps(event).encode()).decode()} for event in events]
    return b"".join(encode_frame(headers, json.dumps(payload).encode()) for payload in payloads)


def stream_of(body: bytes, media_type: str, pieces: int = 1, end: Script = (b"0\r\n\r\n",)) -> Script:
    size = max(1, -(-len(body) // pieces))
    cut = [chunk(body[at : at + size]) for at in range(0, len(body), size)]
    return [answer_head(200, f"content-type: {media_type}", "transfer-encoding: chunked"), *cut, *end]


def chunks_of(answered: Answered) -> list[Json]:
    blocks = answered.body.decode().split("\n\n")
    return [json.loads(block.removeprefix("data: ")) for block in blocks if block.startswith("data: {")]


def text_of(answered: Answered) -> str:
    deltas = [choice["delta"] for each in chunks_of(answered) for choice in each.get("choices", [])]
    return "".join(delta.get("content") or "" for delta in deltas)


async def test_a_whole_answer_is_translated_and_its_losses_are_told(tmp_path: Path) -> None:
    script = json_answer(json.dumps(MESSAGE).encode(), "request-id: r1")
    async with gateway_to("anthropic", script, log=tmp_path / "log") as (gateway, upstream):
        answered = await ask(gateway.url, CHAT)
        (line,) = await gateway.log()

    sent = json.loads(upstream.request.body)
    assert upstream.request.lines[0] == b"POST /base/messages HTTP/1.1"
    assert (sent["model"], sent["messages"]) == (
        "real",
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    )
    assert answered.status == 200
    assert answered.header("content-type") == "application/json"
    assert answered.header("x-penstock-losses") == "dropped $.seed"
    assert answered.json["choices"][0]["message"]["content"] == "Hello"
    assert answered.json["usage"]["prompt_tokens"] == 8
    assert line["usage"]["input_tokens"] == 8
    assert line["finish_reasons"] == ["stop"]
    assert line["losses"][0]["path"] == "$.seed"


@pytest.mark.parametrize("pieces", [1, 2, 50, 10_000])
@pytest.mark.parametrize(
    ("provider", "body", "media_type"),
    [
        ("anthropic", as_events([START, *TEXT, *STOP]), "text/event-stream"),
        ("vertex-anthropic", as_events([START, *TEXT, *STOP]).replace(b"\n", b"\r\n"), "text/event-stream"),
        ("bedrock-anthropic", as_invoke_frames([START, *TEXT, *STOP]), "application/vnd.amazon.eventstream"),
    ],
)
async def test_a_stream_is_translated_wherever_it_is_cut(
    provider: str, body: bytes, media_type: str, pieces: int, tmp_path: Path
) -> None:
    async with gateway_to(provider, stream_of(body, media_type, pieces), log=tmp_path / "log") as (gateway, _):
        answered = await ask(gateway.url, STREAM)
        (line,) = await gateway.log()

    assert answered.header("content-type") == "text/event-stream; charset=utf-8"
    assert text_of(answered) == "Hello"
    assert answered.body.endswith(b"data: [DONE]\n\n")
    assert (line["outcome"], line["usage"]["output_tokens"], line["finish_reasons"]) == ("done", 2, ["stop"])


@pytest.mark.parametrize("pieces", [1, 3, 10_000])
async def test_the_callers_own_format_is_taken_out_of_frames_unchanged(pieces: int, tmp_path: Path) -> None:
    events = [START, *TEXT, *STOP]
    script = stream_of(as_invoke_frames(events), "application/vnd.amazon.eventstream", pieces)
    async with gateway_to("bedrock-anthropic", script, log=tmp_path / "log") as (gateway, upstream):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages", headers=[("anthropic-beta", "a-1, b-2")])
        (line,) = await gateway.log()

    assert answered.body == as_events(events)
    assert upstream.request.lines[0] == b"POST /base/model/real/invoke-with-response-stream HTTP/1.1"
    assert json.loads(upstream.request.body) == {
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["a-1", "b-2"],
    }
    assert (line["outcome"], line["usage"]) == ("done", {"input_tokens": 5, "output_tokens": 2})


TRUNCATED = as_events([START, *TEXT])


async def test_a_stream_that_ends_too_early_is_an_error_and_never_a_clean_end(tmp_path: Path) -> None:
    script = stream_of(TRUNCATED, "text/event-stream")
    async with gateway_to("anthropic", script, log=tmp_path / "log") as (gateway, _):
        answered = await ask(gateway.url, STREAM)
        (line,) = await gateway.log()

    assert text_of(answered) == "Hello"
    assert chunks_of(answered)[-1]["error"]["code"] == "upstream_broke_off"
    assert b"[DONE]" not in answered.body
    assert (line["outcome"], line["error_code"]) == ("error", "upstream_broke_off")


SCHEMA = b'{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}'
WITH_SCHEMA = STREAM.replace(b"}]}", b'}],"response_format":%b}' % SCHEMA)


@pytest.mark.parametrize("ending", [b"", b"data: {nonsense\n\n"], ids=["cut", "nonsense"])
@pytest.mark.parametrize("pieces", [1, 10_000])
async def test_text_that_was_held_back_comes_before_the_error(ending: bytes, pieces: int) -> None:
    script = stream_of(TRUNCATED + ending, "text/event-stream", pieces)
    async with gateway_to("anthropic", script) as (gateway, upstream):
        answered = await ask(gateway.url, WITH_SCHEMA)
    assert json.loads(upstream.request.body)["tool_choice"]["name"] == "json_answer"
    assert text_of(answered) == "Hello"
    *_, last = chunks_of(answered)
    assert "error" in last


async def test_text_that_was_held_back_comes_before_a_broken_connection() -> None:
    script = stream_of(TRUNCATED, "text/event-stream", end=(CLOSE,))
    async with gateway_to("anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, WITH_SCHEMA)
    assert text_of(answered) == "Hello"
    assert chunks_of(answered)[-1]["error"]["code"] == "upstream_broke_off"


@pytest.mark.parametrize(
    "body",
    [
        as_events([START, *TEXT]) + b"data: {nonsense\n\n",
        as_events([START, *TEXT]) + b'data: {"type":"content_block_delta","index":"x"}\n\n',
    ],
)
async def test_an_event_that_cannot_be_read_ends_the_stream_in_an_error(body: bytes) -> None:
    async with gateway_to("anthropic", stream_of(body, "text/event-stream")) as (gateway, _):
        answered = await ask(gateway.url, STREAM)
    assert text_of(answered) == "Hello"
    assert chunks_of(answered)[-1]["error"]["code"] == "upstream_invalid"


ERROR: Json = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


async def test_an_error_inside_a_stream_is_told_in_the_callers_format(tmp_path: Path) -> None:
    script = stream_of(as_events([START, *TEXT, ERROR]), "text/event-stream")
    async with gateway_to("anthropic", script, log=tmp_path / "log") as (gateway, _):
        answered = await ask(gateway.url, STREAM)
        (line,) = await gateway.log()

    errors = [each["error"] for each in chunks_of(answered) if "error" in each]
    assert [error["message"] for error in errors] == ["Overloaded"]
    assert b"[DONE]" not in answered.body
    assert line["outcome"] == "error"


async def test_an_error_before_the_first_event_is_an_error_answer() -> None:
    async with gateway_to("anthropic", stream_of(as_events([ERROR]), "text/event-stream")) as (gateway, _):
        answered = await ask(gateway.url, STREAM)
    assert (answered.status, answered.json["error"]["message"]) == (529, "Overloaded")


async def test_an_exception_frame_is_told_in_the_callers_format() -> None:
    headers = {":message-type": "exception", ":exception-type": "throttlingException"}
    body = as_invoke_frames([START, *TEXT]) + encode_frame(headers, b'{"message":"Too many"}')
    script = stream_of(body, "application/vnd.amazon.eventstream")
    async with gateway_to("bedrock-anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, STREAM)
        same = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert chunks_of(answered)[-1]["error"]["message"] == "Too many"
    assert b"event: error" in same.body
    assert b"message_stop" not in same.body


async def test_a_damaged_frame_ends_the_stream_in_an_error() -> None:
    body = bytearray(as_invoke_frames([START, *TEXT, *STOP]))
    body[-3] ^= 1
    script = stream_of(bytes(body), "application/vnd.amazon.eventstream")
    async with gateway_to("bedrock-anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, STREAM)
    assert chunks_of(answered)[-1]["error"]["code"] == "upstream_invalid"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, b'{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}', "bad"),
        (529, b"overloaded, sorry", "overloaded, sorry"),
        (400, json.dumps({"type": "error", "error": {"type": "x", "message": f"no {KEY}"}}).encode(), None),
    ],
)
async def test_the_vendors_error_is_told_in_the_callers_format(status: int, body: bytes, message: str | None) -> None:
    async with gateway_to("anthropic", json_answer(body, "retry-after: 3", status=status)) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.header("retry-after")) == (status, "3")
    assert KEY not in answered.body.decode()
    if message is not None:
        assert answered.json["error"]["message"] == message


@pytest.mark.parametrize(("lines", "expected"), [([], "35"), (["retry-after: 3"], "3")])
async def test_when_google_says_in_the_body_to_come_back_is_a_header_for_the_caller(
    lines: list[str], expected: str
) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
    error = {"code": 429, "message": "Slow.", "status": "RESOURCE_EXHAUSTED", "details": [info]}
    script = json_answer(json.dumps({"error": error}).encode(), *lines, status=429)
    async with gateway_to("gemini-native", script) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.header("retry-after")) == (429, expected)


async def test_a_refused_credential_is_the_gateways_trouble() -> None:
    script = json_answer(b'{"type":"error","error":{"type":"authentication_error","message":"no"}}', status=401)
    async with gateway_to("anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.json["error"]["code"]) == (502, "upstream_credential_rejected")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"type":"message"}', b'{"content":"x"}'])
async def test_an_answer_that_cannot_be_read_is_a_clean_error(body: bytes) -> None:
    async with gateway_to("anthropic", json_answer(body)) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.json["error"]["code"]) == (502, "upstream_invalid")


@pytest.mark.parametrize("provider", ["anthropic", "bedrock", "gemini-native", "cohere-native"])
async def test_an_answer_that_is_nested_too_deeply_is_a_clean_error(provider: str) -> None:
    async with gateway_to(provider, json_answer(b'{"x":' + b"[" * 100_000)) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.json["error"]["code"]) == (502, "upstream_invalid")


async def test_an_answer_that_breaks_off_is_a_clean_error() -> None:
    script: Script = [answer_head(200, "content-type: application/json", "content-length: 500"), b"{", CLOSE]
    async with gateway_to("anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.json["error"]["code"]) == (502, "upstream_broke_off")


@pytest.mark.parametrize("repeated", [(), ("x-twice: 1", "x-twice: 2")])
async def test_headers_that_describe_the_upstreams_body_do_not_come_with_another(repeated: tuple[str, ...]) -> None:
    script = json_answer(json.dumps(MESSAGE).encode(), 'etag: "a"', "digest: sha-256=x", "x-other: y", *repeated)
    async with gateway_to("anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, CHAT)
    names = [name.decode() for name, _ in answered.headers]
    assert answered.header("x-other") == "y"
    assert names.count("content-type") == 1
    assert not {"etag", "digest"} & set(names)
    assert names.count("x-twice") == len(repeated)


async def test_a_route_may_refuse_losses() -> None:
    async with gateway_to("anthropic", json_answer(b"{}"), losses="reject") as (gateway, upstream):
        answered = await ask(gateway.url, CHAT)
    error = answered.json["error"]
    assert (answered.status, error["code"], error["param"]) == (400, "translation_loss", "seed")
    assert "$.seed" in error["message"]
    assert not upstream.received


async def test_a_body_that_is_not_the_callers_format_names_the_place() -> None:
    async with gateway_to("anthropic", json_answer(b"{}")) as (gateway, upstream):
        answered = await ask(gateway.url, b'{"model":"gpt","messages":[{"role":"user","content":[{"type":"nope"}]}]}')
    assert answered.status == 400
    assert answered.json["error"]["param"].startswith("messages[0].content[0]")
    assert not upstream.received


async def test_an_unknown_word_of_the_vendor_is_counted(tmp_path: Path) -> None:
    script = json_answer(json.dumps({**MESSAGE, "stop_reason": "bored"}).encode())
    async with gateway_to("anthropic", script, log=tmp_path / "log") as (gateway, _):
        answered = await ask(gateway.url, CHAT)
        (line,) = await gateway.log()
        samples = await gateway.metrics()
    assert answered.status == 200
    assert line["unknown"] == ["stop_reason=bored"]
    assert samples["penstock_unknown_words_total{backend=up,place=stop_reason}"] == 1


async def test_an_error_event_ends_a_stream_of_anthropics_own_format(tmp_path: Path) -> None:
    events = as_events([START, *TEXT, ERROR])
    script = stream_of(events, "text/event-stream", end=[HOLD])
    async with gateway_to("anthropic", script, log=tmp_path / "log") as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
        (line,) = await gateway.log()
    assert answered.body == events
    assert not answered.whole
    assert (line["outcome"], line["error_code"]) == ("error", "upstream_invalid")


@pytest.mark.parametrize(
    "event", [b"", b": ping\n\n", b"event: x\r\ndata: {}\r\n\r\n", b"event: a\ndata: {\ndata: }\n\n"]
)
async def test_odd_events_of_a_named_stream_pass_as_they_are(event: bytes) -> None:
    pieces = [as_events([each]) for each in (START, *TEXT)]
    script = [
        answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked"),
        *(chunk(piece) for piece in pieces),
        *([chunk(event)] if event else []),
        chunk(as_events(STOP)),
        b"0\r\n\r\n",
    ]
    async with gateway_to("anthropic", script) as (gateway, _):
        answered = await ask(gateway.url, MESSAGES, path="/v1/messages")
    assert answered.body == b"".join(pieces) + event + as_events(STOP)
    assert answered.whole
    assert answered.header("request-id")


@pytest.mark.parametrize("version", [None, "2026-10-21"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_a_version_of_the_api_is_the_callers_or_the_usual_one(path: str, version: str | None) -> None:
    headers = [("anthropic-version", version)] if version else []
    async with gateway_to("anthropic", json_answer(json.dumps(MESSAGE).encode())) as (gateway, upstream):
        sent = b'{"model":"gpt","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'
        assert (await ask(gateway.url, sent, path=path, headers=headers)).status == 200
    assert upstream.request.values(b"anthropic-version") == [(version or "2023-06-01").encode()]
