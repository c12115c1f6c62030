"""Each bound of a server: what a caller may send, how long it may take, how much may be held for it."""

from __future__ import annotations

import asyncio
import dataclasses
import tracemalloc

import pytest

from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerRequest
from tests.transport.driven_server import driven_server
from tests.transport.recording_app import RecordingApp, send_away

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


async def wait_forever(request: ServerRequest) -> None:
    await asyncio.get_running_loop().create_future()


def test_every_bound_is_finite_and_positive() -> None:
    for name, bound in dataclasses.asdict(ServerLimits()).items():
        assert 0 < bound < 2**31, name


# --- sizes


def test_a_body_up_to_the_limit_is_taken() -> None:
    with driven_server(limits=ServerLimits(body_bytes=10)) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789")
        server.feed(CHUNKED + b"a\r\n0123456789\r\n0\r\n\r\n")
        assert server.answers() == [(200, b"10 bytes")] * 2


@pytest.mark.parametrize("length", [b"70000", b"9999999999999999999", b"18446744073709551615"])
def test_a_longer_body_is_refused_before_it_comes(length: bytes) -> None:
    with driven_server(limits=ServerLimits(body_bytes=10)) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + length + b"\r\n\r\n")
        assert server.answers() == [(413, b"body_too_large")]
        assert server.transport.half_closed
        assert server.app.asked == []


def test_a_length_written_with_very_many_digits_is_refused() -> None:
    with driven_server() as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + b"0" * 5000 + b"3\r\n\r\nabc")
        assert server.answers() == [(400, b"ambiguous_length")]


def test_a_longer_chunked_body_is_refused_when_it_gets_too_long() -> None:
    with driven_server(limits=ServerLimits(body_bytes=10)) as server:
        server.feed(CHUNKED + b"6\r\n012345\r\n", b"5\r\n01234\r\n", b"0\r\n\r\n")
        assert server.answers() == [(413, b"body_too_large")]
        assert server.app.asked == []


@pytest.mark.parametrize("cut", [1000, 100_000])
def test_headers_over_the_limit_are_refused(cut: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + b"x" * 3000 + b"\r\n\r\n"
    with driven_server(limits=ServerLimits(header_bytes=2000)) as server:
        server.feed(*[head[at : at + cut] for at in range(0, len(head), cut)])
        assert server.answers() == [(431, b"headers_too_large")]
    with driven_server(limits=ServerLimits(header_bytes=4000)) as server:
        server.feed(*[head[at : at + cut] for at in range(0, len(head), cut)])
        assert server.answers() == [(200, b"0 bytes")]


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"GET / HTTP/1.1\r\nHost: h\r\nX"])
def test_a_line_without_end_is_refused_at_the_limit(start: bytes) -> None:
    with driven_server(limits=ServerLimits(header_bytes=2000)) as server:
        server.feed(start, *[b"x" * 100] * 30)
        assert server.answers() == [(431, b"headers_too_large")]


def test_empty_lines_without_end_are_refused_at_the_limit() -> None:
    with driven_server(limits=ServerLimits(header_bytes=2000)) as server:
        server.feed(*[b"\r\n" * 100] * 30)
        assert server.answers() == [(431, b"headers_too_large")]


def test_the_body_behind_a_head_is_no_part_of_its_size() -> None:
    with driven_server(limits=ServerLimits(header_bytes=200)) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000 + GET)
        assert server.answers() == [(200, b"5000 bytes"), (200, b"0 bytes")]


def test_more_headers_than_the_limit_are_refused() -> None:
    def head(count: int) -> bytes:
        return b"GET / HTTP/1.1\r\nHost: h\r\n" + b"a:\r\n" * (count - 1) + b"\r\n"

    with driven_server(limits=ServerLimits(headers=50)) as server:
        server.feed(head(50), head(51))
        assert server.answers() == [(200, b"0 bytes"), (431, b"headers_too_large")]


def test_a_hundred_thousand_headers_are_refused() -> None:
    with driven_server() as server:
        server.feed(*[b"GET / HTTP/1.1\r\nHost: h\r\n", *[b"a:\r\n" * 1000] * 100, b"\r\n"])
        assert server.answers() == [(431, b"headers_too_large")]


@pytest.mark.parametrize("piece", [b"x" * 1000, b"A: " + b"x" * 100 + b"\r\n"])
def test_trailers_without_end_are_refused(piece: bytes) -> None:
    with driven_server(limits=ServerLimits(header_bytes=10_000)) as server:
        server.feed(CHUNKED + b"0\r\nX: y\r\n", *[piece] * 200)
        assert server.answers() == [(400, b"invalid_http")]


def test_chunk_extensions_without_end_are_refused() -> None:
    with driven_server(limits=ServerLimits(header_bytes=10_000)) as server:
        server.feed(CHUNKED + b"1;", *[b"x" * 1000] * 20)
        assert server.answers() == [(400, b"invalid_http")]


def test_chunks_of_one_byte_are_taken() -> None:
    with driven_server(limits=ServerLimits(header_bytes=1000)) as server:
        server.feed(CHUNKED, *[b"1\r\nx\r\n" * 100] * 50, b"0\r\n\r\n")
        assert server.answers() == [(200, b"5000 bytes")]


def test_a_body_in_tiny_pieces_takes_no_more_memory_than_twice_its_size() -> None:
    with driven_server() as server:
        server.feed(CHUNKED)
        tracemalloc.start()
        for _ in range(50_000):
            server.connection.data_received(b"2\r\nab\r\n")
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        server.feed(b"0\r\n\r\n")
        assert server.app.asked[0].body == b"ab" * 50_000
        assert held < 2 * 100_000


# --- waits


def test_a_connection_that_says_nothing_is_closed() -> None:
    with driven_server(limits=ServerLimits(header_s=5)) as server:
        server.loop.advance(4.5)
        assert not server.transport.closing
        server.loop.advance(1)
        assert server.transport.closing
        assert server.written == b""


@pytest.mark.parametrize("start", [b"\r\n", b"G", b"GET / HTTP/1.1\r\nHost"])
def test_a_head_that_does_not_come_whole_in_time_is_answered_408(start: bytes) -> None:
    with driven_server(limits=ServerLimits(header_s=5)) as server:
        server.feed(start)
        server.loop.advance(5.5)
        assert server.answers() == [(408, b"request_timeout")]
        assert server.transport.half_closed


def test_a_head_that_drips_is_not_given_more_time() -> None:
    with driven_server(limits=ServerLimits(header_s=5)) as server:
        for _ in range(12):
            server.feed(b"A" if server.written else b"GET / HTTP/1.1\r\nHost: h\r\n"[:1])
            server.loop.advance(0.5)
        assert [status for status, _ in server.answers()] in ([408], [501])


BODIES_BEGIN = [CHUNKED, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n"]


@pytest.mark.parametrize("start", BODIES_BEGIN)
def test_a_body_that_stops_coming_is_answered_408(start: bytes) -> None:
    with driven_server(limits=ServerLimits(body_s=5)) as server:
        server.feed(start)
        server.loop.advance(4)
        server.feed(b"1800\r\n" + b"a" * 5000)
        server.loop.advance(4)
        assert server.written == b"", "a body that moves has more time"
        server.loop.advance(1.5)
        assert server.answers() == [(408, b"request_timeout")]


@pytest.mark.parametrize("start", BODIES_BEGIN)
def test_a_body_that_drips_comes_to_an_end(start: bytes) -> None:
    with driven_server(limits=ServerLimits(body_s=5)) as server:
        server.feed(start, b"1800\r\n")
        for _ in range(12):
            server.feed(b"a")
            server.loop.advance(0.5)
        assert server.answers() == [(408, b"request_timeout")]


def test_a_body_may_take_its_time_as_long_as_it_moves() -> None:
    with driven_server(limits=ServerLimits(body_s=5)) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40960\r\n\r\n")
        for _ in range(40):
            server.loop.advance(1)
            server.feed(b"a" * 1024)
        assert [status for status, _ in server.answers()] == [200]


def test_an_idle_connection_is_closed_after_its_time() -> None:
    with driven_server(limits=ServerLimits(keep_alive_s=5, header_s=1)) as server:
        server.feed(GET)
        server.loop.advance(4.5)
        assert not server.transport.closing
        server.loop.advance(1)
        assert server.transport.closing
        assert len(server.answers()) == 1


def test_a_second_request_that_does_not_come_whole_is_answered_408() -> None:
    with driven_server(limits=ServerLimits(keep_alive_s=50, header_s=5)) as server:
        server.feed(GET, b"GET /")
        server.loop.advance(5.5)
        assert [status for status, _ in server.answers()] == [200, 408]


def test_a_pipelined_request_has_its_time_from_when_its_turn_comes() -> None:
    turns: list[asyncio.Future[None]] = []

    async def wait(request: ServerRequest) -> None:
        turns.append(asyncio.get_running_loop().create_future())
        await turns[-1]
        request.respond(200, [], b"")

    with driven_server(RecordingApp(wait), ServerLimits(body_s=5)) as server:
        server.feed(GET + b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        server.loop.advance(20)
        turns[0].set_result(None)
        server.loop.advance(4)
        assert [status for status, _ in server.answers()] == [200]
        server.loop.advance(2)
        assert [status for status, _ in server.answers()] == [200, 408]


def test_an_answer_may_take_its_time() -> None:
    with driven_server(RecordingApp(wait_forever)) as server:
        server.feed(GET)
        server.loop.advance(200)
        assert not server.transport.closing


def test_a_caller_that_does_not_take_its_answer_is_cut() -> None:
    with driven_server(RecordingApp(wait_forever), ServerLimits(body_s=5)) as server:
        server.feed(GET)
        server.connection.pause_writing()
        server.loop.advance(4)
        server.connection.resume_writing()
        server.connection.pause_writing()
        server.loop.advance(4)
        assert not server.transport.closing, "it has taken some"
        server.loop.advance(1.5)
        assert server.transport.aborted


@pytest.mark.parametrize("request_head", [GET, GET.replace(b"h\r\n", b"h\r\nConnection: close\r\n")])
def test_a_caller_that_leaves_the_end_of_its_answer_is_cut(request_head: bytes) -> None:
    with driven_server(limits=ServerLimits(keep_alive_s=5, body_s=5, linger_s=2)) as server:
        server.transport.unsent_bytes = 1000  # few enough that nobody was told to pause
        server.feed(request_head)
        server.loop.advance(11)
        assert server.transport.aborted


def test_a_refused_caller_may_go_on_sending_for_a_while() -> None:
    with driven_server(RecordingApp(check=send_away), ServerLimits(linger_s=2)) as server:
        server.feed(CHUNKED + GET * 3, *[b"x" * 1000] * 10)
        server.loop.advance(1.5)
        assert not server.transport.closing
        server.loop.advance(1)
        assert server.transport.aborted
        assert server.answers() == [(404, b"unknown_path")]


def test_a_refused_caller_whose_next_request_was_under_way_is_not_waited_for_longer() -> None:
    with driven_server(RecordingApp(check=send_away), ServerLimits(linger_s=2, header_s=50)) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000 + GET)
        server.loop.advance(2.5)
        assert server.transport.aborted
