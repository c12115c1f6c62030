"""Whatever a caller or an upstream sends, cut anywhere: an answer, or a closed connection, within bounds.

``driven_server`` and ``driven_client`` fail a test in which an exception went unhandled or something was left behind.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.transport.server_limits import ServerLimits
from tests.transport.cuts import cut_at, cuts
from tests.transport.driven_client import driven_client
from tests.transport.driven_server import driven_server, read_answers

LIMITS = ServerLimits(
    body_bytes=500, header_bytes=400, headers=20, pipelined_requests=3, header_s=1, body_s=1, keep_alive_s=1, linger_s=1
)
ANSWERED = {200, 100, 400, 408, 413, 417, 431, 501, 505}

REQUESTS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"HEAD / HTTP/1.0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"\r\n\r\n",
    ]
)
ANSWERS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 500 Oh\r\n\r\n",
        b"0\r\n\r\n",
        b"\r\n\r\n",
    ]
)


def streams(known: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return noise with pieces of sense in it."""
    return st.lists(st.binary(max_size=60) | known, max_size=8).map(b"".join)


@settings(max_examples=500)
@given(streams(REQUESTS), st.data())
def test_a_caller_that_sends_anything_is_answered_or_let_go(data: bytes, choice: st.DataObject) -> None:
    with driven_server(limits=LIMITS) as server:
        server.feed(*cut_at(data, choice.draw(cuts(data))))
        server.loop.advance(3)
        assert server.transport.closing, "every wait ends"
        methods = [asked.method for asked in server.app.asked]
        if "HEAD" not in methods:
            assert {status for status, _ in read_answers(server.written)} <= ANSWERED
        assert len(server.app.refused) <= 1


@settings(max_examples=500)
@given(streams(ANSWERS), st.booleans(), st.data())
def test_an_upstream_that_sends_anything_ends_its_exchange_once(
    data: bytes, closes: bool, choice: st.DataObject
) -> None:
    with driven_client(max_head_bytes=400) as client:
        client.feed(*cut_at(data, choice.draw(cuts(data))))
        if closes:
            client.end()
        else:
            client.loop.advance(11)
        assert len(client.taking.ends) == 1
        assert client.taking.ends[0] in {"end", "upstream_invalid", "upstream_broke_off", "upstream_timeout"}
        assert len(client.taking.body) <= len(data)
