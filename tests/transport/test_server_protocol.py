"""The server's protocol object: how requests become answers, in order, and how connections end."""

from __future__ import annotations

import pytest

from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerRequest
from tests.transport.driven_server import driven_server
from tests.transport.handlers import Gate
from tests.transport.recording_app import RecordingApp, send_away

GET = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"


# --- requests


def test_a_request_reaches_the_application_as_it_was_sent() -> None:
    with driven_server() as server:
        server.feed(
            b"POST /a%2Fb?c=d&e HTTP/1.1\r\nHost: h:1\r\nX-Two: \t a \r\nx-two: b\r\nContent-Length: 2\r\n\r\nhi"
        )
        asked = server.app.asked[0]
        assert (asked.method, asked.path, asked.query, asked.http_minor) == ("POST", "/a%2Fb", "c=d&e", 1)
        assert asked.headers == [(b"host", b"h:1"), (b"x-two", b"a"), (b"x-two", b"b"), (b"content-length", b"2")]
        assert asked.body == b"hi"


def test_a_connection_serves_one_request_after_the_other() -> None:
    with driven_server() as server:
        server.feed(GET, POST, GET)
        assert [asked.method for asked in server.app.asked] == ["GET", "POST", "GET"]
        assert server.answers() == [(200, b"0 bytes"), (200, b"3 bytes"), (200, b"0 bytes")]


def test_a_chunked_body_is_put_together() -> None:
    with driven_server() as server:
        server.feed(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n", GET
        )
        assert [asked.body for asked in server.app.asked] == [b"abc", b""]


def test_a_body_in_very_many_pieces_is_put_together() -> None:
    with driven_server() as server:
        chunks = b"".join(b"2\r\n%02d\r\n" % (number % 100) for number in range(5000))
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert server.app.asked[0].body == b"".join(b"%02d" % (number % 100) for number in range(5000))


def test_trailers_do_not_become_headers() -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    with driven_server() as server:
        server.feed(head + b"0\r\nAuthorization: Bearer x\r\nHost: evil\r\n\r\n", GET)
        assert server.app.asked[0].headers == [(b"host", b"h"), (b"transfer-encoding", b"chunked")]
        assert len(server.app.asked) == 2


def test_the_target_may_name_the_server_and_then_the_target_is_believed() -> None:
    with driven_server() as server:
        server.feed(b"GET http://There:81?q HTTP/1.1\r\nHost: here\r\n\r\n")
        asked = server.app.asked[0]
        assert (asked.path, asked.query, asked.headers) == ("/", "q", [(b"host", b"There:81")])


# --- answers


def test_pipelined_requests_are_answered_in_order_although_each_takes_its_time() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(3)))
        assert len(server.app.asked) == 1, "the next one must wait"
        for _ in range(3):
            gate.let()
            server.loop.spin()
        assert [body for _, body in server.answers()] == [b"/0", b"/1", b"/2"]


def test_a_refusal_does_not_overtake_the_answer_before_it() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(b"GET /0 HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")
        assert server.written == b""
        gate.let()
        server.loop.spin()
        assert [status for status, _ in server.answers()] == [200, 501]


def test_head_gets_the_head_of_the_answer_only() -> None:
    async def stream(request: ServerRequest) -> None:
        request.begin(200, [])
        request.write_chunk(b"body")
        request.end()

    with driven_server(RecordingApp(stream)) as server:
        server.feed(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.answers("HEAD") == [(200, b"")]
        server.app.handler = RecordingApp().handler
        server.feed(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.answers("HEAD", "HEAD") == [(200, b""), (200, b"")]
        assert b"content-length: 7\r\n" in server.written


def test_no_content_has_no_length() -> None:
    async def nothing(request: ServerRequest) -> None:
        request.respond(204, [], b"")

    with driven_server(RecordingApp(nothing)) as server:
        server.feed(GET, GET)
        assert server.answers() == [(204, b""), (204, b"")]
        assert b"content-length" not in server.written


async def in_parts(request: ServerRequest) -> None:
    request.begin(200, [(b"x-kind", b"parts")])
    request.write_chunk(b"one")
    request.write_chunk(b"")
    request.write_chunk(b"two")
    request.end()


def test_an_answer_of_unknown_length_is_chunked_for_http_1_1() -> None:
    with driven_server(RecordingApp(in_parts)) as server:
        server.feed(GET, GET)
        assert server.answers() == [(200, b"onetwo")] * 2
        assert not server.transport.closing


def test_an_answer_of_unknown_length_ends_with_the_connection_for_http_1_0() -> None:
    with driven_server(RecordingApp(in_parts)) as server:
        server.feed(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head, _, body = server.written.partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert b"chunked" not in head
        assert (body, server.transport.closing) == (b"onetwo", True)


@pytest.mark.parametrize(
    "line",
    [b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b"GET / RTSP/1.1", b"SOURCE / ICE/1.0", b"GET /\r\nGET /x HTTP/1.1"],
)
def test_a_request_line_is_read_to_the_letter(line: bytes) -> None:
    with driven_server() as server:
        server.feed(line + b"\r\nHost: h\r\n\r\n")
        assert server.answers() == [(400, b"invalid_http")]


@pytest.mark.parametrize(
    ("request_head", "stays_open"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive, CLOSE\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_the_connection_stays_open_when_both_ends_want_it(request_head: bytes, stays_open: bool) -> None:
    with driven_server() as server:
        server.feed(request_head + b"\r\n")
        assert server.transport.closing is not stays_open
        assert (b"connection: close\r\n" in server.written) is not stays_open


def test_what_follows_the_last_request_is_not_read() -> None:
    with driven_server() as server:
        server.feed(b"GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert [asked.path for asked in server.app.asked] == ["/1"]
        assert server.transport.closing


def test_an_answer_that_would_break_its_header_lines_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    async def inject(request: ServerRequest) -> None:
        request.respond(200, [(b"x-a", b"b\r\nset-cookie: c=d")], b"")

    with driven_server(RecordingApp(inject)) as server:
        server.feed(GET)
        assert server.answers() == [(500, b"internal_error")]


# --- expectations and offers


def test_a_body_that_waits_to_be_asked_for_is_asked_for_once() -> None:
    with driven_server() as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        assert server.written == b"HTTP/1.1 100 Continue\r\n\r\n"
        server.feed(b"h", b"i")
        assert server.answers() == [(100, b""), (200, b"2 bytes")]


def test_a_pipelined_body_that_waits_is_asked_for_when_its_turn_comes() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(GET + b"POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert server.written == b""
        gate.let()
        server.loop.spin()
        assert server.written.endswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        server.feed(b"hi")
        gate.let()
        server.loop.spin()
        assert server.answers() == [(200, b"/a"), (100, b""), (200, b"/p")]


def test_a_body_is_not_asked_for_by_http_1_0() -> None:
    with driven_server() as server:
        server.feed(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert server.written == b""


def test_a_refused_body_is_not_asked_for() -> None:
    app = RecordingApp(check=send_away)
    with driven_server(app) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert server.answers() == [(404, b"unknown_path")]
        assert server.transport.half_closed


@pytest.mark.parametrize("offer", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"", b""),
        (b"Content-Length: 38\r\n", b"GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"26\r\nGET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n\r\n0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("connection", [b"Upgrade", b"Upgrade, HTTP2-Settings", b"close, Upgrade"])
def test_an_offer_to_upgrade_is_ignored_and_the_body_stays_a_body(
    offer: bytes, framing: bytes, body: bytes, connection: bytes
) -> None:
    head = b"POST /p HTTP/1.1\r\nHost: h\r\nConnection: %b\r\nUpgrade: %b\r\n%b\r\n" % (connection, offer, framing)
    with driven_server() as server:
        server.feed(head + body, GET)
        paths = [asked.path for asked in server.app.asked]
        assert paths == (["/p"] if b"close" in connection else ["/p", "/a"])
        assert len(server.app.asked[0].body) == (38 if body else 0)
        assert server.transport.closing is (b"close" in connection)


def test_very_many_offers_to_upgrade_in_one_read_are_a_list_not_a_stack() -> None:
    app = RecordingApp(check=send_away)
    offer = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    with driven_server(app) as server:
        server.feed(offer * 3000)
        assert len(server.answers()) == 3000


# --- refusals


def test_a_refused_request_with_a_short_body_leaves_the_connection_open() -> None:
    app = RecordingApp(check=lambda request: send_away(request) if request.method == "POST" else None)
    with driven_server(app) as server:
        server.feed(POST[:-2], b"bc" + GET)
        assert server.answers() == [(404, b"unknown_path"), (200, b"0 bytes")]
        assert [asked.method for asked in app.asked] == ["GET"]


@pytest.mark.parametrize("framing", [b"Content-Length: 65537", b"Transfer-Encoding: chunked"])
def test_a_refused_request_with_a_long_body_is_answered_at_once_and_the_connection_ends(framing: bytes) -> None:
    app = RecordingApp(check=send_away)
    with driven_server(app) as server:
        server.feed(b"POST / HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\n")
        assert server.answers() == [(404, b"unknown_path")]
        assert b"connection: close\r\n" in server.written
        assert server.transport.half_closed


def test_after_a_refusal_nothing_is_read_and_the_connection_ends_when_it_has_lingered() -> None:
    with driven_server(limits=ServerLimits(linger_s=2.0)) as server:
        server.feed(b"\x00\r\n\r\n" + GET * 3, GET)
        server.loop.advance(1.5)
        assert not server.transport.closing
        server.feed(b"GET / HT", GET)
        server.loop.advance(1.0)
        assert server.transport.aborted
        assert server.app.asked == []
        assert len(server.answers()) == 1


def test_an_error_without_a_request_is_answered_too() -> None:
    with driven_server() as server:
        server.feed(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert server.answers() == [(501, b"not_implemented")]
