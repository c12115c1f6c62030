"""A listening server over real sockets, with and without TLS, on both event loops."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from penstock.core.errors import OperatorError
from penstock.transport.server import Server, listen, serve_on
from penstock.transport.server_certificate import ServerCertificate, server_tls
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerRequest
from tests.transport.certificates import Authority
from tests.transport.conftest import Serve
from tests.transport.raw_client import RawClient, connected
from tests.transport.recording_app import RecordingApp

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


class Held:
    """A handler that says when it has begun and how it ended, and answers when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, request: ServerRequest) -> None:
        self.begun.set()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise
        request.respond(200, [], b"answer")
        self.ended.set_result("answered")


class Stream:
    """A handler that streams without end, as fast as the caller takes it; also the reader that is told to pause."""

    PIECE = b"x" * 16_384

    def __init__(self) -> None:
        self.paused = asyncio.Event()
        self.resumed = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.most_unsent = 0

    def pause_reading(self) -> None:
        self.resumed.clear()
        self.paused.set()

    def resume_reading(self) -> None:
        self.resumed.set()

    async def __call__(self, request: ServerRequest) -> None:
        request.begin(200, [])
        request.couple(self)
        try:
            while True:
                request.write_chunk(self.PIECE)
                await asyncio.sleep(0)
                await request.drain()
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise


def unsent_bytes(server: Server) -> int:
    return sum(connection.transport.get_write_buffer_size() for connection in server.state.connections)


async def closes(client: RawClient) -> bool:
    """Say whether the server ends the connection, with or without ceremony."""
    try:
        return await client.read_to_end() == b""
    except ConnectionResetError:
        return True


# --- listening


async def test_a_request_is_answered(serve: Serve) -> None:
    app = RecordingApp()
    server = await serve(app)
    async with connected(server) as client:
        for _ in range(2):
            client.send(POST)
            head, body = await client.read_answer()
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert body == b"3 bytes"
        assert server.connections == 1
    assert len(app.asked) == 2


async def test_an_address_that_is_taken_is_the_operators_error(serve: Serve) -> None:
    server = await serve(RecordingApp())
    with pytest.raises(OperatorError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        await listen(RecordingApp(), host="127.0.0.1", port=server.port)


async def test_a_caller_over_the_limit_is_turned_away_until_another_leaves(serve: Serve) -> None:
    server = await serve(RecordingApp(), connections=2)
    async with connected(server) as first:
        async with connected(server) as second:
            for client in (first, second):
                client.send(GET)
                await client.read_answer()
            async with connected(server) as third:
                assert await closes(third)
        while server.connections > 1:
            await asyncio.sleep(0.001)
        async with connected(server) as fourth:
            fourth.send(GET)
            assert (await fourth.read_answer())[1] == b"0 bytes"


# --- TLS


async def test_a_request_over_tls_is_answered_in_http_1_1(serve: Serve, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = await serve(RecordingApp(), tls=server_tls(*authority.issue("gateway.example")))
    async with connected(server, tls=authority.client(), server_name="gateway.example") as client:
        channel = client.writer.get_extra_info("ssl_object")
        assert channel.selected_alpn_protocol() == "http/1.1"
        assert channel.version() in {"TLSv1.2", "TLSv1.3"}
        client.send(GET + POST)
        assert [(await client.read_answer())[1] for _ in range(2)] == [b"0 bytes", b"3 bytes"]
        client.send(b"nonsense\r\n\r\n")
        assert (await client.read_answer())[1] == b"not_implemented"


async def test_plain_http_on_a_tls_port_is_cut(serve: Serve, tmp_path: Path) -> None:
    server = await serve(RecordingApp(), tls=server_tls(*Authority(tmp_path).issue("gateway.example")))
    async with connected(server) as client:
        client.send(GET)
        try:
            assert not (await client.read_to_end()).startswith(b"HTTP")
        except ConnectionResetError:
            pass


async def certificate_of(server: Server, authority: Authority, name: str) -> str:
    async with connected(server, tls=authority.client(), server_name=name) as client:
        client.send(GET)
        await client.read_answer()
        return str(client.writer.get_extra_info("ssl_object").getpeercert()["subjectAltName"][0][1])


async def test_a_certificate_is_replaced_for_handshakes_to_come(serve: Serve, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = ServerCertificate(server_tls(*authority.issue("a.example", "both.example")))
    server = await serve(RecordingApp(), tls=certificate.listening)
    assert await certificate_of(server, authority, "a.example") == "a.example"

    async with connected(server, tls=authority.client(), server_name="a.example") as before:
        for name in ("b.example", "c.example"):
            certificate.replace(server_tls(*authority.issue(name)))
            assert await certificate_of(server, authority, name) == name
        before.send(GET)
        assert (await before.read_answer())[1] == b"0 bytes"


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    context = server_tls(*Authority(tmp_path).issue("gateway.example"))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_certificates_that_cannot_be_used_are_the_operators_error(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("a.example")
    _, other_key = authority.issue("b.example")
    for pair in ((cert, other_key), (cert, str(tmp_path / "missing")), (str(tmp_path / "missing"), key), (key, cert)):
        with pytest.raises(OperatorError, match="cannot be used"):
            server_tls(*pair)


# --- callers that misbehave


@pytest.mark.parametrize("framing", [b"Content-Length: 50000000", b"Transfer-Encoding: chunked"])
async def test_a_refused_caller_gets_its_answer_although_it_goes_on_sending(serve: Serve, framing: bytes) -> None:
    server = await serve(RecordingApp(), body_bytes=1000, linger_s=30)
    async with connected(server) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\n")
        for _ in range(100):
            client.send(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
        await client.writer.drain()
        head, body = await client.read_answer()
        assert head.startswith(b"HTTP/1.1 413 ")
        assert body == b"body_too_large"
        assert await client.read_to_end() == b""


@pytest.mark.parametrize("sent", [b"GET /a HT", POST[:-1], CHUNKED + b"5\r\na"])
async def test_a_caller_that_does_not_finish_its_request_is_told_so(serve: Serve, sent: bytes) -> None:
    server = await serve(RecordingApp(), header_s=0.1, body_s=0.1, linger_s=0.1)
    async with connected(server) as client:
        client.send(sent)
        head, body = await client.read_answer()
        assert head.startswith(b"HTTP/1.1 408 ")
        assert body == b"request_timeout"
        assert await client.read_to_end() == b""


async def test_a_caller_that_leaves_cancels_its_handler(serve: Serve) -> None:
    held = Held()
    server = await serve(RecordingApp(held))
    async with connected(server) as client:
        client.send(POST)
        await held.begun.wait()
        client.reset()
    assert await held.ended == "cancelled"


async def test_a_caller_that_ends_its_sending_gets_the_answer_to_a_question(serve: Serve) -> None:
    held = Held()
    server = await serve(RecordingApp(held))
    async with connected(server) as client:
        client.send(GET)
        client.writer.write_eof()
        await held.begun.wait()
        held.let.set()
        assert (await client.read_to_end()).endswith(b"answer")


async def test_a_caller_that_does_not_wait_to_end_its_sending_gets_its_answer_too(serve: Serve) -> None:
    server = await serve(RecordingApp())
    async with connected(server) as client:
        client.send(GET)
        client.writer.write_eof()
        assert (await client.read_to_end()).endswith(b"0 bytes")


# --- slow callers


async def test_a_slow_caller_pauses_who_feeds_it_and_little_is_held(serve: Serve) -> None:
    stream = Stream()
    server = await serve(RecordingApp(stream))
    async with connected(server, receive_bytes=8192) as client:
        client.send(GET)
        await stream.paused.wait()
        assert unsent_bytes(server) <= 64 * 1024 + 2 * len(Stream.PIECE)
        while not stream.resumed.is_set():
            await client.reader.read(65_536)
        client.reset()
    assert await stream.ended == "cancelled"


async def test_a_slow_caller_that_leaves_is_noticed(serve: Serve) -> None:
    stream = Stream()
    server = await serve(RecordingApp(stream))
    async with connected(server, receive_bytes=8192) as client:
        client.send(GET)
        await stream.paused.wait()
        client.reset()
        assert await stream.ended == "cancelled"


async def test_answers_that_nobody_reads_do_not_pile_up(serve: Serve) -> None:
    async def answer(request: ServerRequest) -> None:
        request.respond(200, [], b"x" * 100_000)

    app = RecordingApp(answer)
    server = await serve(app)
    async with connected(server, receive_bytes=8192) as client:
        client.send(GET * 3000)
        asked = -1
        while len(app.asked) > asked:
            asked = len(app.asked)
            await asyncio.sleep(0.1)
        assert asked < 300
        assert unsent_bytes(server) < 20 * 100_000


# --- answers that are cut


@pytest.mark.parametrize("length", [None, 1000])
async def test_an_answer_that_is_cut_does_not_look_whole(serve: Serve, length: int | None) -> None:
    async def cut(request: ServerRequest) -> None:
        request.begin(200, [], length)
        request.write_chunk(b"part of it")
        request.abort()

    server = await serve(RecordingApp(cut))
    async with connected(server) as client:
        client.send(GET)
        written = await client.read_to_end()
        assert b"part of it" in written
        assert not written.endswith(b"0\r\n\r\n")


async def test_an_answer_to_http_1_0_that_is_cut_does_not_look_whole(serve: Serve) -> None:
    async def cut(request: ServerRequest) -> None:
        request.begin(200, [])
        request.write_chunk(b"part of it")
        await asyncio.sleep(0.01)
        request.abort()

    server = await serve(RecordingApp(cut))
    async with connected(server) as client:
        client.send(b"GET /a HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await client.read_to_end()


# --- another application


async def test_the_same_head_is_asked_of_the_new_application(serve: Serve) -> None:
    old, new = RecordingApp(), RecordingApp()
    server = await serve(old)
    async with connected(server) as client:
        for _ in range(2):
            client.send(POST)
            await client.read_answer()
        server.exchange(new, ServerLimits(body_bytes=2))
        client.send(POST)
        assert (await client.read_answer())[1] == b"body_too_large"
        server.exchange(new, ServerLimits())
    async with connected(server) as client:
        for _ in range(2):
            client.send(POST)
            await client.read_answer()
    assert (len(old.asked), len(new.asked)) == (2, 2)


async def test_a_request_stays_with_the_application_that_saw_its_head(serve: Serve) -> None:
    held = Held()
    checked: list[ServerRequest] = []
    old, new = RecordingApp(held, check=checked.append), RecordingApp()
    server = await serve(old)
    async with connected(server) as answering, connected(server) as sending:
        answering.send(POST)
        sending.send(POST[:-1])
        await held.begun.wait()
        while len(checked) < 2:
            await asyncio.sleep(0.001)
        server.exchange(new, ServerLimits(body_bytes=1))
        assert server.serves(old)
        held.let.set()
        old.handler = RecordingApp().handler
        assert (await answering.read_answer())[1] == b"answer"
        assert server.serves(old)
        sending.send(POST[-1:])
        assert (await sending.read_answer())[1] == b"3 bytes"
        assert not server.serves(old)
    assert not new.asked


# --- sockets of others


async def test_borrowed_sockets_are_accepted_from_until_they_are_given_back(serve: Serve) -> None:
    server = await serve(RecordingApp())
    with socket.create_server(("127.0.0.1", 0)) as other:
        await server.borrow(1, [other])
        borrowed = Server(server.state, [], "127.0.0.1", other.getsockname()[1])
        async with connected(borrowed) as client:
            client.send(GET)
            assert (await client.read_answer())[1] == b"0 bytes"
            server.give_back(1)
            await asyncio.sleep(0)
            async with connected(borrowed) as waiting:
                waiting.send(GET)
                client.send(GET)
                assert (await client.read_answer())[1] == b"0 bytes"
                assert server.connections == 1
                await server.borrow(1, [other])
                assert (await waiting.read_answer())[1] == b"0 bytes"


async def test_a_server_on_bound_sockets_leaves_them_open(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        for _ in range(2):
            server = await serve_on(RecordingApp(), [bound])
            assert server.port == bound.getsockname()[1]
            async with connected(server) as client:
                client.send(GET)
                assert (await client.read_answer())[1] == b"0 bytes"
            await server.drain(0)


# --- draining


async def test_draining_finishes_answers_closes_the_idle_and_takes_nobody_new(serve: Serve) -> None:
    held = Held()
    app = RecordingApp()
    server = await serve(app)
    async with connected(server) as idle, connected(server) as busy, connected(server) as half:
        for client in (idle, busy):
            client.send(GET)
            await client.read_answer()
        app.handler = held
        busy.send(POST)
        half.send(POST[:-2])
        await held.begun.wait()
        drained = asyncio.create_task(server.drain(30))
        assert await idle.read_to_end() == b""
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            async with connected(server):
                pass
        held.let.set()
        head, body = await busy.read_answer()
        assert (b"connection: close\r\n" in head, body) == (True, b"answer")
        app.handler = RecordingApp().handler
        half.send(POST[-2:])
        head, body = await half.read_answer()
        assert (b"connection: close\r\n" in head, body) == (True, b"3 bytes")
        assert await drained == 0
    assert server.connections == 0


async def test_draining_cuts_what_does_not_end_in_time(serve: Serve) -> None:
    held = Held()
    server = await serve(RecordingApp(held))
    async with connected(server) as client:
        client.send(POST)
        await held.begun.wait()
        assert await server.drain(0.05) == 1
        assert await held.ended == "cancelled"
        assert await closes(client)
