"""Our server beside h11's: what ours accepts, h11 accepts and reads alike, whatever was done to the bytes.

The one deliberate exception: line ends in front of a request line are skipped (RFC 9112, section 2.2, asks for it);
h11 refuses them. They cannot move the border between two requests, since the first one has ended by then.
"""

from __future__ import annotations

from dataclasses import dataclass

import h11
from hypothesis import event, given, settings
from hypothesis import strategies as st

from penstock.transport.server_limits import ServerLimits
from tests.transport.cuts import cut_at, cuts
from tests.transport.driven_server import driven_server
from tests.transport.recording_app import Asked

LIMITS = ServerLimits(pipelined_requests=100, body_bytes=10_000)

# --- requests as they should be

TOKENS = st.text("abcxyzABC019-_.~!", min_size=1, max_size=8)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
TARGETS = st.sampled_from(
    ["/", "/v1/chat/completions", "/a?b=c", "/%2f?", "http://h/a?b", "HTTP://h.example:80", "/a//b?c?d"]
)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12) | st.sampled_from(
    ["a b", "a\tb", "\xe9"]
)
OTHER_HEADERS = st.builds(lambda name, value: f"X-{name}: {value}", TOKENS, VALUES) | st.sampled_from(
    ["Connection: keep-alive", "Connection: close", "Connection: Upgrade", "Upgrade: h2c", "Expect: 100-continue"]
)
EXTENSIONS = st.sampled_from(["", ";a", ";a=b", ';a="b c"'])


@st.composite
def framed_body(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Return the headers that frame a body, and the body as sent."""
    body = draw(st.binary(max_size=30) | st.just(b"GET /in/a/body HTTP/1.1\r\nHost: h\r\n\r\n"))
    kind = draw(st.sampled_from(["none", "length", "chunked"]))
    if kind == "none":
        return [], b""
    if kind == "length":
        return [f"{draw(st.sampled_from(['Content-Length', 'content-length']))}: {len(body)}"], body
    parts = cut_at(body, draw(cuts(body)))
    chunks = [b"%x%b\r\n%b\r\n" % (len(part), draw(EXTENSIONS).encode(), part) for part in parts]
    trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"Host: evil\r\nAuthorization: a\r\n"]))
    return ["Transfer-Encoding: chunked"], b"".join(chunks) + b"0\r\n" + trailers + b"\r\n"


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Return one request."""
    headers, body = draw(framed_body())
    version = "1.1" if headers == ["Transfer-Encoding: chunked"] else draw(st.sampled_from(["1.1", "1.1", "1.0"]))
    lines = draw(st.permutations(["Host: h", *headers, *draw(st.lists(OTHER_HEADERS, max_size=3))]))
    head = "\r\n".join([f"{draw(METHODS)} {draw(TARGETS)} HTTP/{version}", *lines, "", ""])
    return head.encode("latin-1") + body


@st.composite
def repetitions(draw: st.DrawFn) -> list[bytes]:
    """Return requests that begin with the same head, but for the length of their bodies."""
    lines = draw(st.permutations(["Host: h", "Content-Length: LENGTH", *draw(st.lists(OTHER_HEADERS, max_size=2))]))
    head = "\r\n".join([f"{draw(METHODS)} {draw(TARGETS)} HTTP/1.1", *lines, "", ""]).encode("latin-1")
    bodies = draw(st.lists(st.binary(max_size=12) | st.just(b"GET / HTTP/1.1\r\n"), min_size=2, max_size=5))
    lengths = st.sampled_from([b"%d", b"%d", b"%02d", b"%020d"])
    return [head.replace(b"LENGTH", draw(lengths) % len(body)) + body for body in bodies]


STREAMS = (st.lists(requests(), min_size=1, max_size=3) | repetitions()).map(b"".join)

# --- what is done to them

PUTS = st.sampled_from(
    [
        *[bytes([byte]) for byte in b'\r\n\t\x0b\x0c\x00 :;,+-_0123fx#?/*"\\\x7f\x80\xff'],
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"\r\n ",
        b" \r\n",
        b"0x",
        b"0\r\n\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: 0\r\n",
        b"content-length:7\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"transfer-encoding : chunked\r\n",
        b"Connection: close\r\n",
        b"Connection: upgrade\r\nUpgrade: a\r\n",
        b"Host: other\r\n",
        b"HTTP/1.0",
        b"HTTP/2.0",
        b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a stream of requests with a few places changed, dropped or doubled."""
    data = draw(STREAMS)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["put", "put at a line", "replace", "drop", "double"]))
        if kind == "put at a line":
            at = data.find(b"\r\n", at) + 2
        gone = draw(st.integers(1, 6)) if kind in {"replace", "drop"} else 0
        put = b"" if kind == "drop" else data[at : at + 12] if kind == "double" else draw(PUTS)
        data = data[:at] + put + data[at + gone :]
    return data


# --- both readers


@dataclass(frozen=True)
class Reading:
    """What a server made of a stream."""

    asked: list[Asked]
    refused: list[str]


def read(pieces: list[bytes]) -> Reading:
    with driven_server(limits=LIMITS) as server:
        server.feed(*pieces)
        return Reading(server.app.asked, [error.code for error in server.app.refused])


def read_one_with_h11(data: bytes) -> tuple[Asked, bytes] | None:
    """Return the first request as h11 reads it, and what follows it; None when it is refused or not complete."""
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    server.receive_data(data.lstrip(b"\r\n"))
    try:
        head = server.next_event()
        if not isinstance(head, h11.Request):
            return None
        body = b""
        while not isinstance(piece := server.next_event(), h11.EndOfMessage):
            if not isinstance(piece, h11.Data):
                return None
            body += piece.data
    except h11.RemoteProtocolError:
        return None
    return _as_asked(head, body), server.trailing_data[0]


def _as_asked(head: h11.Request, body: bytes) -> Asked:
    target, headers = head.target.decode(), list(head.headers)
    if target.lower().startswith(("http://", "https://")):
        host, target = _split_absolute(target)
        headers = [(name, host.encode() if name == b"host" else value) for name, value in headers]
    path, _, query = target.partition("?")
    return Asked(head.method.decode(), path, query, int(head.http_version[2:]), headers, body)


def _split_absolute(target: str) -> tuple[str, str]:
    """Return host and path of a target in absolute form, the path with its query."""
    rest = target.partition("://")[2]
    end = min([at for mark in "/?" if (at := rest.find(mark)) >= 0], default=len(rest))
    return rest[:end], rest[end:] if rest[end:].startswith("/") else "/" + rest[end:]


# --- the properties


@settings(max_examples=1000)
@given(mutated())
def test_nothing_that_h11_refuses_or_reads_otherwise_is_accepted(data: bytes) -> None:
    ours = read([data])
    rest = data
    for asked in ours.asked:
        reading = read_one_with_h11(rest)
        assert reading is not None, "h11 refuses it"
        assert asked == reading[0]
        rest = reading[1]
    event(f"accepted {len(ours.asked)}, refused {ours.refused}")


@settings(max_examples=400)
@given(st.lists(requests(), min_size=1, max_size=4) | repetitions())
def test_requests_as_they_should_be_are_accepted(stream: list[bytes]) -> None:
    last = next((at for at, one in enumerate(stream) if _is_the_last(one)), len(stream) - 1)
    ours = read([b"".join(stream)])
    assert ours.refused == []
    assert len(ours.asked) == last + 1


def _is_the_last(request: bytes) -> bool:
    head = request.partition(b"\r\n\r\n")[0]
    closes, keeps = b"Connection: close" in head, b"Connection: keep-alive" in head
    return closes or (b" HTTP/1.0\r\n" in head and not keeps)


@settings(max_examples=600)
@given(STREAMS | mutated(), st.data())
def test_requests_are_the_same_at_every_cut(data: bytes, choice: st.DataObject) -> None:
    whole = read([data])
    assert read(cut_at(data, choice.draw(cuts(data)))) == whole
    assert read([bytes([byte]) for byte in data]) == whole
