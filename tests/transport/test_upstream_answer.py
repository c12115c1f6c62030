"""How the body of an upstream's answer ends, as its head says; a head that leaves it in doubt is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.transport.http_syntax import LENGTH_DIGITS
from penstock.transport.upstream_answer import AnswerHead, Framing, find_framing

Headers = list[tuple[bytes, bytes]]


def head_of(headers: Headers) -> AnswerHead:
    return AnswerHead(200, headers, dict(headers))


@pytest.mark.parametrize(
    ("headers", "framing", "length"),
    [
        ([], "close", 0),
        ([(b"content-length", b"5")], "length", 5),
        ([(b"content-length", b"0")], "length", 0),
        ([(b"content-length", b"5"), (b"content-length", b"5")], "length", 5),
        ([(b"transfer-encoding", b"Chunked")], "chunked", 0),
        ([(b"set-cookie", b"a"), (b"set-cookie", b"b")], "close", 0),
    ],
)
def test_a_head_says_how_its_body_ends(headers: Headers, framing: Framing, length: int) -> None:
    head = head_of(headers)
    assert find_framing(head) is None
    assert (head.framing, head.content_length) == (framing, length)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([(b"content-length", b"5"), (b"content-length", b"6")], "ambiguous"),
        ([(b"content-length", b"5"), (b"transfer-encoding", b"chunked")], "ambiguous"),
        ([(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], "ambiguous"),
        ([(b"transfer-encoding", b"gzip, chunked")], "ambiguous"),
        ([(b"content-length", b"")], "not a number"),
        ([(b"content-length", b"5, 5")], "not a number"),
        ([(b"content-length", b"9" * 100)], "not a number"),
    ],
)
def test_a_head_that_leaves_it_in_doubt_is_refused(headers: Headers, why: str) -> None:
    assert why in (find_framing(head_of(headers)) or "")


@given(st.binary(max_size=30))
def test_a_length_is_digits_and_nothing_else(value: bytes) -> None:
    head = head_of([(b"content-length", value)])
    if find_framing(head) is None:
        assert value.strip(b"0123456789") == b""
        assert head.content_length == int(value)
    else:
        assert not value.isdigit() or len(value) > LENGTH_DIGITS
