from __future__ import annotations

import h11
import pytest

from penstock.transport.http_request import HttpRequest
from penstock.transport.server_request import FlowControlled


class Connection:
    """Keeps what a request does to its connection."""

    def __init__(self, *, draining: bool = False) -> None:
        self.draining = draining
        self.sent = b""
        self.answers = 0
        self.broken_off: bool | None = None

    def write(self, data: bytes) -> None:
        self.sent += data

    def answered(self, request: HttpRequest) -> None:
        self.answers += 1

    def break_off(self, *, visible: bool) -> None:
        self.broken_off = visible

    async def drain(self) -> None:
        return

    def couple(self, reader: FlowControlled | None) -> None:
        return

    def read(self, method: str = "GET", *, closed: bool = False) -> tuple[h11.Response, bytes, bool]:
        """Return the answer as h11 reads it: head, body, and whether it is whole."""
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
        client.send(h11.EndOfMessage())
        client.receive_data(self.sent)
        if closed:
            client.receive_data(b"")
        head = client.next_event()
        assert isinstance(head, h11.Response)
        body = b""
        while True:
            event = client.next_event()
            if isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                return head, body, isinstance(event, h11.EndOfMessage)


def request_on(connection: Connection, method: str = "POST", http_minor: int = 1) -> HttpRequest:
    request = HttpRequest(connection, "127.0.0.1")
    request.method, request.http_minor, request.keep_alive = method, http_minor, True
    return request


def test_a_whole_answer_has_its_length_and_is_answered_once() -> None:
    connection = Connection()
    request_on(connection).respond(200, [(b"content-type", b"text/plain")], b"hello")

    head, body, whole = connection.read()
    assert (head.status_code, body, whole) == (200, b"hello", True)
    assert (b"content-length", b"5") in head.headers
    assert connection.answers == 1


def test_an_answer_to_head_has_the_length_and_no_body() -> None:
    connection = Connection()
    request_on(connection, "HEAD").respond(200, [], b"hello")

    head, body, whole = connection.read("HEAD")
    assert (b"content-length", b"5") in head.headers
    assert (body, whole) == (b"", True)


def test_an_answer_without_length_is_chunked_and_ends_with_its_last_chunk() -> None:
    connection = Connection()
    request = request_on(connection)
    request.begin(200, [])
    request.write_chunk(b"one")
    request.write_chunk(b"")
    request.write_raw(b"3\r\ntwo\r\n")
    request.end()

    assert connection.read()[1:] == (b"onetwo", True)
    assert connection.answers == 1


def test_an_http_1_0_caller_gets_no_chunks_but_the_end_of_the_connection() -> None:
    connection = Connection()
    request = request_on(connection, http_minor=0)
    request.begin(200, [])
    request.write_chunk(b"one")
    request.end()

    assert b"chunked" not in connection.sent
    assert not request.keep_alive
    assert connection.read(closed=True)[1:] == (b"one", True)


def test_a_body_shorter_than_promised_is_cut_where_the_missing_rest_shows() -> None:
    connection = Connection()
    request = request_on(connection)
    request.begin(200, [], 10)
    request.write_chunk(b"short")
    request.end()

    assert connection.answers == 0
    assert connection.broken_off is True


@pytest.mark.parametrize(("http_minor", "visible"), [(1, True), (0, False)])
def test_an_aborted_answer_says_whether_its_framing_shows_it(http_minor: int, visible: bool) -> None:
    connection = Connection()
    request = request_on(connection, http_minor=http_minor)
    request.begin(200, [])
    request.write_chunk(b"part")
    request.abort()
    request.write_chunk(b"ignored")

    assert connection.broken_off is visible
    assert b"ignored" not in connection.sent


def test_a_draining_connection_announces_its_end() -> None:
    connection = Connection(draining=True)
    request = request_on(connection)
    request.respond(200, [], b"")

    assert (b"connection", b"close") in connection.read()[0].headers
    assert not request.keep_alive


def test_a_caller_that_has_gone_is_written_nothing() -> None:
    connection = Connection()
    request = request_on(connection)
    request.gone = True
    request.respond(200, [], b"hello")

    assert connection.sent == b""
    assert connection.answers == 0


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\x00"])
def test_a_header_that_breaks_its_line_is_not_sent(value: bytes) -> None:
    connection = Connection()
    with pytest.raises(ValueError, match="line break or NUL"):
        request_on(connection).respond(200, [(b"x", value)], b"")

    assert connection.sent == b""
