"""TLS on both sides of the gateway: what callers see of it, and what they must not."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from pathlib import Path

from penstock.relay.snapshot import BackendTimeouts, ListenerTls, UpstreamTls
from penstock.transport.server_certificate import server_tls
from tests.relay.conftest import both_loops
from tests.relay.plain_client import Caller, ask, render
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    Step,
    answer_head,
    chunk,
    event_stream,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import backend_at, eventually, served, served_before, snapshot_of
from tests.transport.certificates import Authority

BODY = b'{"model":"gpt","messages":[]}'
STREAMED = b'{"model":"gpt","stream":true}'
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


async def call_by_tls(port: int, context: ssl.SSLContext) -> Caller:
    return Caller(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="gateway.example"))


@both_loops
async def test_answers_and_streams_pass_through_tls_on_both_sides(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = server_tls(*authority.issue("upstream.example"))
    cert_file, key_file = authority.issue("gateway.example")
    body = b'{"choices":[],"padding":"%b"}' % (b"x" * 3_000_000)
    scripts = [
        json_answer(body),
        event_stream([TOKEN, LAST]),
        event_stream([TOKEN, CLOSE]),
        event_stream([TOKEN, HOLD]),
    ]
    async with scripted_upstream(*scripts, tls=tls) as upstream:
        trust = UpstreamTls(ca=authority.file, server_name="upstream.example")
        plain = snapshot_of(backend_at(upstream.port, scheme="https", tls=trust))
        listener = replace(plain.listener, tls=ListenerTls(cert=cert_file, key=key_file))
        async with served(replace(plain, listener=listener), log=tmp_path / "log") as gateway:
            assert gateway.url.startswith("https://")
            caller = await call_by_tls(gateway.running.data.port, authority.client())
            caller.send(render(BODY))
            assert (await caller.answer()).body == body
            caller.send(render(STREAMED))
            answered = await caller.answer()
            assert (answered.whole, answered.body) == (True, TOKEN + LAST)
            caller.send(render(STREAMED))
            answered = await caller.answer()
            assert not answered.whole
            assert answered.body.startswith(TOKEN + b'data: {"error"')
            await caller.close()
            leaving = await call_by_tls(gateway.running.data.port, authority.client())
            leaving.send(render(STREAMED))
            await leaving.answer(until=TOKEN)
            await leaving.close()
            await upstream.until_left()
            lines = await gateway.log(4)
    assert [line["outcome"] for line in lines] == ["done", "done", "error", "cancelled"]


@both_loops
async def test_a_slow_reader_stops_the_upstream_through_tls_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert_file, key_file = authority.issue("gateway.example")
    event = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"x" * 60_000)
    head = answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
    script: list[Step] = [head, *[chunk(event)] * 1000, chunk(LAST), b"0\r\n\r\n"]
    async with scripted_upstream(script) as upstream:
        plain = snapshot_of(backend_at(upstream.port))
        listener = replace(plain.listener, tls=ListenerTls(cert=cert_file, key=key_file))
        async with served(replace(plain, listener=listener)) as gateway:
            caller = await call_by_tls(gateway.running.data.port, authority.client())
            caller.writer.transport.pause_reading()  # type: ignore[attr-defined]  # the reader's side of the same socket
            caller.send(render(STREAMED))
            sent = -1
            while sent != upstream.sent_bytes or not sent:
                sent = upstream.sent_bytes
                await asyncio.sleep(0.25)
            assert sent < 30_000_000
            caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
            answered = await caller.answer()
            assert (answered.whole, len(answered.body)) == (True, 1000 * len(event) + len(LAST))
            await caller.close()
            await eventually(lambda: gateway.running.gateway.in_flight == 0)


@both_loops
async def test_an_upstream_that_cannot_be_trusted_is_named_and_hears_nothing(tmp_path: Path) -> None:
    tls = server_tls(*Authority(tmp_path).issue("upstream.example"))
    async with scripted_upstream(json_answer(b"{}"), tls=tls) as upstream:
        async with served_before(upstream, scheme="https") as gateway:
            answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.error["code"]) == (502, "upstream_unreachable")
    assert "127.0.0.1" not in answered.error["message"]
    assert "'up' cannot be trusted" in answered.error["message"]
    assert not upstream.received


@both_loops
async def test_an_upstream_that_never_answers_the_handshake_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        timeouts = BackendTimeouts(connect_s=0.1)
        backend = backend_at(silent.getsockname()[1], scheme="https", timeouts=timeouts)
        async with served(snapshot_of(backend)) as gateway:
            answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.error["code"]) == (502, "upstream_unreachable")
