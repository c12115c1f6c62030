"""A connection that knows a head from before reads the next request as a connection that does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.errors import GatewayError, Unauthenticated
from penstock.transport.http_request import HttpRequest
from penstock.transport.repeated_head import remember
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerRequest
from tests.transport.driven_server import driven_server
from tests.transport.recording_app import Asked, RecordingApp

HEAD = b"POST /a?b HTTP/1.1\r\nHost: h\r\nAuthorization: k\r\nContent-Length: 3\r\nX-Last: x\r\n\r\n"
PUTS = st.sampled_from(
    [
        *[bytes([byte]) for byte in b"\r\n\t :;,+-_0123fx#/\x00\x0b\x7f\x80"],
        b"\r\n",
        b"00",
        b"0x",
        b"1234567890123456",
        b"Content-Length: 3\r\n",
        b"content-length:3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ]
)


@st.composite
def variants(draw: st.DrawFn) -> bytes:
    """Return the head once more, perhaps with a change."""
    head = HEAD.replace(b": 3", b": " + draw(st.sampled_from([b"3", b"5", b"0", b"12", b"003", b"3 ", b" 3"])))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(head)))
        head = head[:at] + draw(PUTS) + head[at + draw(st.integers(0, 2)) :]
    return head


def read(*pieces: bytes) -> tuple[list[Asked], list[str]]:
    with driven_server(limits=ServerLimits(body_bytes=10_000)) as server:
        server.feed(*pieces)
        return server.app.asked, [error.code for error in server.app.refused]


@settings(max_examples=800)
@given(variants(), st.binary(max_size=20))
def test_what_was_known_before_changes_no_reading(second: bytes, body: bytes) -> None:
    first_asked, _ = read(HEAD + b"abc")
    asked, refused = read(second + body)
    assert read(HEAD + b"abc", second + body) == (first_asked + asked, refused)


@pytest.mark.parametrize("length", [0, 1, 3, 10, 9999])
def test_only_the_length_may_differ(length: int) -> None:
    body = b"x" * length
    asked, refused = read(HEAD + b"abc", HEAD.replace(b": 3", b": %d" % length) + body, HEAD + b"def")
    assert [one.body for one in asked] == [b"abc", body, b"def"]
    assert [dict(one.headers)[b"content-length"] for one in asked] == [b"3", b"%d" % length, b"3"]
    assert {(one.method, one.path, one.query) for one in asked} == {("POST", "/a", "b")}
    assert refused == []


def test_the_limit_of_the_body_holds_for_a_head_that_is_known() -> None:
    asked, refused = read(HEAD + b"abc", HEAD.replace(b": 3", b": 10001"))
    assert (len(asked), refused) == (1, ["body_too_large"])


def test_the_application_is_asked_about_each_head() -> None:
    answers: list[GatewayError | None] = [None, Unauthenticated("no longer"), None]
    with driven_server(RecordingApp(check=lambda _: answers.pop(0))) as server:
        server.feed(HEAD + b"abc", HEAD + b"abc", HEAD + b"abc")
        assert [status for status, _ in server.answers()] == [200, 401, 200]


def test_notes_live_as_long_as_the_head_comes_again() -> None:
    seen: list[object] = []

    def check(request: ServerRequest) -> GatewayError | None:
        seen.append(request.notes.get("caller"))
        request.notes["caller"] = request.header(b"authorization")
        return None

    with driven_server(RecordingApp(check=check)) as server:
        server.feed(HEAD + b"abc", HEAD + b"abc", HEAD.replace(b": k", b": l") + b"abc", HEAD + b"abc")
        assert seen == [None, b"k", None, None]


def test_one_connection_knows_nothing_of_another() -> None:
    notes: list[dict[object, object]] = []

    def check(request: ServerRequest) -> GatewayError | None:
        notes.append(dict(request.notes))
        request.notes["caller"] = "someone"
        return None

    for _ in range(2):
        with driven_server(RecordingApp(check=check)) as server:
            server.feed(HEAD + b"abc")
    assert notes == [{}, {}]


@pytest.mark.parametrize(
    "line", [b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"Upgrade: h2c", b"HTTP2-Settings: a", b"X: y"]
)
def test_a_head_that_says_more_than_a_length_about_its_body_is_not_kept(line: bytes) -> None:
    with driven_server() as server:
        request = HttpRequest(server.connection, "")
        name, _, value = line.partition(b": ")
        request.headers = [(name.lower(), value)] + ([] if line.startswith(b"T") else [(b"content-length", b"3")])
        request.fields = dict(request.headers)
        head = b"POST / HTTP/1.1\r\n" + line + b"\r\nContent-Length: 3\r\n\r\n"
        assert (remember(head, request) is None) is (line != b"X: y")


def test_a_long_head_is_read_again_each_time_since_keeping_it_would_cost_each_idle_connection() -> None:
    for length, known in ((1000, True), (20_000, False)):
        seen: list[object] = []

        def check(request: ServerRequest, seen: list[object] = seen) -> GatewayError | None:
            seen.append(request.notes.get("seen"))
            request.notes["seen"] = True
            return None

        head = HEAD.replace(b"X-Last: x", b"X-Last: " + b"x" * length)
        with driven_server(RecordingApp(check=check)) as server:
            server.feed(head + b"abc", head + b"abc")
            assert seen == [None, True if known else None]
            assert len(server.answers()) == 2
