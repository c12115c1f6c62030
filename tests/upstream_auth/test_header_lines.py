"""A token becomes exactly one header line, or a failure."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.upstream_auth.fetching import FetchFailed
from penstock.upstream_auth.header_lines import bearer_line, header_lines


def test_a_token_is_one_line() -> None:
    assert bearer_line("abc.def") == b"authorization: Bearer abc.def\r\n"


def test_names_are_lower_case_and_each_has_its_line() -> None:
    assert header_lines({"Authorization": "Bearer t", "X-Goog-User-Project": "p"}) == (
        b"authorization: Bearer t\r\nx-goog-user-project: p\r\n"
    )


@pytest.mark.parametrize("token", ["", "a\r\nx-evil: 1", "a\nb", "a\0b", "ü", "a "])
def test_what_has_no_place_in_a_header_is_a_failure_that_does_not_repeat_it(token: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        bearer_line(token)
    assert str(caught.value) == "what was given cannot stand in the header authorization"


@given(st.text())
def test_a_server_reads_one_header_with_the_token_in_it(token: str) -> None:
    try:
        line = bearer_line(token)
    except FetchFailed:
        return
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nhost: a\r\n" + line + b"\r\n")
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert list(request.headers) == [(b"host", b"a"), (b"authorization", b"Bearer " + token.encode())]
