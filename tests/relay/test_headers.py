"""Which headers travel, in both directions; what travels keeps its order and its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.relay.headers import OF_THE_CALLER, LineStarts, lines_down, lines_up, told_wait, travels_down, travels_up
from penstock.transport.http_syntax import HOP_BY_HOP
from penstock.transport.server_request import HeaderList

TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12).map(str.encode)
VALUES = st.binary(max_size=12).map(lambda value: value.translate(None, b"\r\n\x00").strip(b" \t"))


def up(*headers: tuple[bytes, bytes], stream: bool = False) -> list[tuple[bytes, bytes]]:
    return read(lines_up(list(headers), dict(headers), stream=stream))


def down(*headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return read(lines_down(list(headers), dict(headers)))


def read(lines: bytes) -> list[tuple[bytes, bytes]]:
    assert lines == b"" or lines.endswith(b"\r\n")
    pairs = [line.split(b": ", 1) for line in lines.split(b"\r\n")[:-1]]
    return [(name, value) for name, value in pairs]


IDENTITY = (b"accept-encoding", b"identity")


# --- from caller to upstream


@given(st.lists(st.tuples(TOKENS.map(lambda name: b"z-" + name), VALUES), max_size=8))
def test_other_headers_go_up_unchanged_in_order_repeated_ones_repeated(headers: HeaderList) -> None:
    assert up(*headers) == [*headers, IDENTITY]


@pytest.mark.parametrize(
    "name",
    [
        *sorted(HOP_BY_HOP),
        b"authorization",
        b"cookie",
        b"api-key",
        b"x-api-key",
        b"x-goog-api-key",
        b"x-functions-key",
        b"ocp-apim-subscription-key",
        b"x-amz-security-token",
        b"x-auth-token",
        b"host",
        b"content-length",
        b"content-type",
        b"expect",
        b"x-penstock-backend",
        b"x-penstock-anything",
        b"x-ai-eg-model",
        *sorted(OF_THE_CALLER),
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
    ],
)
def test_what_is_the_connections_the_callers_or_ours_does_not_go_up(name: bytes) -> None:
    assert up((name, b"secret"), (b"x-b", b"c")) == [(b"x-b", b"c"), IDENTITY]


@pytest.mark.parametrize(
    "name",
    [
        b"user-agent",
        b"accept",
        b"openai-organization",
        b"openai-beta",
        b"anthropic-version",
        b"anthropic-beta",
        b"idempotency-key",
        b"traceparent",
        b"x-request-id",
        b"x-stainless-lang",
        b"via",
        b"x-keyboard",
        b"keynote",
    ],
)
def test_what_means_something_to_the_upstream_goes_up(name: bytes) -> None:
    assert up((name, b"value")) == [(name, b"value"), IDENTITY]


def test_long_headers_go_up_whole() -> None:
    long = (b"x-long", b"v" * 60_000)
    assert up(long) == [long, IDENTITY]


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate, br"),
        (b"gzip;q=0.5, zstd;q=1", b"gzip;q=0.5"),
        (b"GZIP", b"GZIP"),
        (b"zstd", b"identity"),
        (b"", b"identity"),
        (b"*", b"*"),
    ],
)
def test_only_codings_that_we_can_read_are_asked_for(asked: bytes, sent: bytes) -> None:
    assert up((b"accept-encoding", asked)) == [(b"accept-encoding", sent)]
    assert up((b"accept-encoding", asked), stream=True) == [IDENTITY]


# --- from upstream to caller


@given(st.lists(st.tuples(TOKENS.map(lambda name: b"z-" + name), VALUES), max_size=8))
def test_other_headers_come_down_unchanged_in_order_repeated_ones_repeated(headers: HeaderList) -> None:
    assert down(*headers) == headers


@pytest.mark.parametrize(
    "name",
    [
        *sorted(HOP_BY_HOP),
        b"set-cookie",
        b"set-cookie2",
        b"server",
        b"content-length",
        b"location",
        b"www-authenticate",
        b"strict-transport-security",
        b"alt-svc",
        b"x-penstock-backend",
        b"access-control-allow-origin",
    ],
)
def test_what_an_upstream_may_not_set_for_us_does_not_come_down(name: bytes) -> None:
    assert down((name, b"value"), (b"x-b", b"c")) == [(b"x-b", b"c")]


@pytest.mark.parametrize(
    "name",
    [
        b"content-type",
        b"content-encoding",
        b"x-request-id",
        b"retry-after",
        b"retry-after-ms",
        b"x-ratelimit-remaining-requests",
        b"openai-processing-ms",
        b"x-should-retry",
        b"date",
        b"x-penstock-simulator",
    ],
)
def test_what_means_something_to_the_caller_comes_down(name: bytes) -> None:
    assert down((name, b"value")) == [(name, b"value")]


# --- what ``Connection`` names


@pytest.mark.parametrize(
    "connections",
    [
        [b"x-a"],
        [b"close, X-A"],
        [b"keep-alive ,x-a,"],
        [b"x-a", b"close"],
        [b"close", b"x-a"],
        [b"x-a", b"keep-alive"],
        [b"x-z", b"x-a"],
    ],
)
def test_what_connection_names_stays_on_its_connection(connections: list[bytes]) -> None:
    named = [(b"connection", value) for value in connections]
    headers = [(b"x-a", b"1"), *named, (b"x-b", b"2"), (b"x-a", b"3")]
    assert up(*headers) == [(b"x-b", b"2"), IDENTITY]
    assert down(*headers) == [(b"x-b", b"2")]


# --- what is remembered


@given(TOKENS)
def test_a_name_that_was_judged_before_is_judged_alike(name: bytes) -> None:
    for travels in (travels_up, travels_down):
        starts = LineStarts(travels)
        for _ in range(2):
            assert starts[name] == (name + b": " if travels(name) else None)


def test_what_is_remembered_is_bounded() -> None:
    starts = LineStarts(travels_up)
    for number in range(10_000):
        assert starts[b"x-%d" % number] == b"x-%d: " % number
    assert len(starts) <= 4096
    for number in range(5000):
        name = b"x-%d-" % number + b"n" * 60_000
        assert starts[name] == name + b": "
    assert sum(len(name) for name in starts) < 1_000_000


@pytest.mark.parametrize(
    ("wait_s", "fields", "told"),
    [
        (None, {}, []),
        (0.0, {}, [(b"retry-after", b"0")]),
        (34.07, {}, [(b"retry-after", b"35")]),
        (34.07, {b"retry-after": b"3"}, []),
    ],
)
def test_a_wait_is_told_where_no_header_told_it(
    wait_s: float | None, fields: dict[bytes, bytes], told: HeaderList
) -> None:
    assert told_wait(wait_s, fields) == told
