"""The rules that llhttp leaves to its user; for targets, the standard library's URL parser is the oracle."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import ExpectationFailed, GatewayError, InvalidRequest, NotImplementedByServer
from penstock.transport.http_syntax import (
    believe_target,
    check_request_head,
    header_block,
    split_target,
    status_line,
)

VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")
PATHS = st.text(VISIBLE, max_size=20).map(lambda text: "/" + text.replace("?", ""))
QUERIES = st.text(VISIBLE, max_size=20)


def check(*headers: tuple[bytes, bytes], minor: int = 1) -> GatewayError | None:
    return check_request_head(minor, list(headers), dict(headers))


HOST = (b"host", b"h")


# --- targets


@given(PATHS, QUERIES)
def test_a_target_is_split_as_a_url_is(path: str, query: str) -> None:
    target = f"{path}?{query}" if query else path
    found = split_target("GET", target.encode())
    assert found == (path, query)
    url = urlsplit("http://h" + target)
    assert found == (url.path, url.query)


@given(
    PATHS,
    QUERIES,
    st.sampled_from(["h", "H.example:80", "[::1]:8080", "127.0.0.1"]),
    st.sampled_from(["http", "HTTPS"]),
)
def test_the_target_of_a_proxy_request_is_split_as_a_url_is(path: str, query: str, host: str, scheme: str) -> None:
    target = f"{scheme}://{host}{path}?{query}"
    assert split_target("GET", target.encode()) == (path, query)
    assert believe_target(target.encode(), [(b"a", b"b"), HOST]) == [(b"a", b"b"), (b"host", host.encode())]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/a?b?c", ("/a", "b?c")),
        (b"//a/b", ("//a/b", "")),
        (b"/../%2e%2e/", ("/../%2e%2e/", "")),
        (b"http://h", ("/", "")),
        (b"http://h?q", ("/", "q")),
        (b"/http://h/", ("/http://h/", "")),
    ],
)
def test_a_target_is_taken_as_sent(target: bytes, expected: tuple[str, str]) -> None:
    assert split_target("GET", target) == expected


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"*",
        b"a",
        b"?a",
        b"/a b",
        b"/a#b",
        b"/a?b#c",
        b"/\x7f",
        b"/\x00",
        b"/\n",
        b"/a\n",
        b"/\xc3\xa9",
        b"/?\xff",
        b"ftp://h/",
        b"http:/h/",
        b"http:///a",
        b"http://user@h/",
        b"http://h:port/",
        b"http://h\\/",
        b"http://[::1/",
        b"http://h:123456/",
        b"h:443",
    ],
)
def test_another_target_is_refused(target: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        split_target("GET", target)
    assert caught.value.code == "invalid_target"
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


def test_the_whole_server_is_a_target_of_options_only() -> None:
    assert split_target("OPTIONS", b"*") == ("*", "")
    with pytest.raises(InvalidRequest):
        split_target("POST", b"*")


def test_a_target_that_is_a_path_says_nothing_about_the_host() -> None:
    assert believe_target(b"/a", [HOST]) == [HOST]
    assert believe_target(b"*", [HOST]) == [HOST]


# --- heads


@pytest.mark.parametrize(
    "host", [b"h", b"H.Example:80", b"127.0.0.1", b"[::1]", b"[::ffff:1.2.3.4]:1975", b"a_b", b"h:"]
)
def test_a_host_is_let_in(host: bytes) -> None:
    assert check((b"host", host)) is None


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"a/?b",
        b"a b",
        b"u@h",
        b"h:80:80",
        b"h:port",
        b"h:123456",
        b"[::1",
        b"::1",
        b"h\\",
        b"http://h",
        b"a#b",
        b"\xc3\xa9",
        b"a\x00",
        b"h" * 600,
    ],
)
def test_what_is_no_host_is_refused(host: bytes) -> None:
    error = check((b"host", host))
    assert isinstance(error, InvalidRequest)
    assert error.code == "invalid_host"


@pytest.mark.parametrize(
    ("headers", "minor", "code"),
    [
        ([], 1, "invalid_host"),
        ([HOST, HOST], 1, "invalid_host"),
        ([HOST, (b"host", b"other")], 1, "invalid_host"),
        ([HOST, (b"host", b"other")], 0, "invalid_host"),
        ([(b"content-length", b"1"), HOST, (b"content-length", b"1")], 1, "ambiguous_length"),
        ([HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")], 1, "ambiguous_length"),
        ([HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], 1, "ambiguous_length"),
        ([HOST, (b"transfer-encoding", b"chunked")], 0, "ambiguous_length"),
        ([HOST, (b"content-length", b"0" * 21)], 1, "ambiguous_length"),
        ([HOST, (b"transfer-encoding", b"gzip, chunked")], 1, "not_implemented"),
        ([HOST, (b"transfer-encoding", b"chunked, chunked")], 1, "not_implemented"),
        ([HOST, (b"transfer-encoding", b"xchunked")], 1, "not_implemented"),
        ([HOST, (b"transfer-encoding", b"\x0bchunked")], 1, "not_implemented"),
        ([HOST, (b"transfer-encoding", b"identity")], 1, "not_implemented"),
        ([HOST, (b"transfer-encoding", b"")], 1, "not_implemented"),
        ([HOST, (b"expect", b"200-ok")], 1, "expectation_failed"),
    ],
)
def test_a_head_that_could_be_read_otherwise_is_refused(
    headers: list[tuple[bytes, bytes]], minor: int, code: str
) -> None:
    error = check(*headers, minor=minor)
    assert isinstance(error, InvalidRequest | NotImplementedByServer | ExpectationFailed)
    assert error.code == code


@pytest.mark.parametrize(
    ("headers", "minor"),
    [
        ([HOST], 1),
        ([], 0),
        ([HOST, (b"x", b"1"), (b"x", b"2")], 1),
        ([HOST, (b"transfer-encoding", b"Chunked")], 1),
        ([HOST, (b"content-length", b"0" * 20)], 1),
        ([HOST, (b"expect", b"100-Continue")], 1),
    ],
)
def test_a_plain_head_is_let_in(headers: list[tuple[bytes, bytes]], minor: int) -> None:
    assert check(*headers, minor=minor) is None


# --- rendering

NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz-0123456789"), min_size=1, max_size=10)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip)
PLAIN_HEADERS = st.lists(st.tuples(NAMES.map(lambda name: "x-" + name), VALUES), max_size=5)


@given(st.sampled_from([int(status) for status in HTTPStatus if status >= 200]) | st.integers(200, 599), PLAIN_HEADERS)
def test_a_rendered_head_is_read_back_by_h11(status: int, headers: list[tuple[str, str]]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    client.receive_data(status_line(status) + header_block(pairs) + b"\r\n")
    event = client.next_event()
    assert isinstance(event, h11.Response)
    assert event.status_code == status
    assert list(event.headers) == pairs


@given(st.binary(max_size=20), st.sampled_from([b"\r", b"\n", b"\x00", b"\r\n"]), st.binary(max_size=20), st.booleans())
def test_a_header_that_would_break_its_line_is_not_rendered(
    before: bytes, breaking: bytes, after: bytes, in_name: bool
) -> None:
    text = before + breaking + after
    with pytest.raises(ValueError, match="line break or NUL"):
        header_block([(text, b"value") if in_name else (b"name", text)])
