"""Formats of the access log: what each command shows, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.usage import Usage
from penstock.telemetry.access_line import AccessLine
from penstock.telemetry.log_format import (
    COMMANDS,
    LONGEST_VALUE_CHARS,
    METADATA_KEYS,
    NAMESPACE,
    OF_REQUESTS,
    LogFormat,
    Told,
    UnknownCommand,
    Value,
    read_template,
)
from penstock.transport.http_request import AnsweringConnection, HttpRequest

_OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
_USAGE = Usage(
    input_tokens=7, output_tokens=5, total_tokens=13, cached_input_tokens=3, cache_creation_tokens=2, reasoning_tokens=1
)
_OF_COMMANDS: dict[str, Value] = {
    "START_TIME": "2026-11-23T00:00:00.000Z",
    "DURATION": 12,
    "RESPONSE_DURATION": 4,
    "RESPONSE_TX_DURATION": 8,
    "RESPONSE_CODE": 502,
    "RESPONSE_CODE_DETAILS": "upstream_refused",
    "RESPONSE_FLAGS": "upstream_refused",
    "BYTES_RECEIVED": 10,
    "BYTES_SENT": 20,
    "PROTOCOL": "HTTP/1.0",
    "DOWNSTREAM_REMOTE_ADDRESS": "192.0.2.1",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": "192.0.2.1",
    "UPSTREAM_HOST": "api.example:443",
    "UPSTREAM_CLUSTER": "up",
    "ROUTE_NAME": "r/1",
}
_OF_METADATA: dict[str, Value] = {
    "llm_input_token": 7,
    "llm_output_token": 5,
    "llm_total_token": 13,
    "llm_cached_input_token": 3,
    "llm_cache_creation_input_token": 2,
    "llm_reasoning_token": 1,
    "request_model": "fast",
    "model_name_override": "real",
    "backend_name": "up",
    "ai_service_backend_name": "up",
    "route_name": "r/1",
    "token_latency_ttft": 6.25,
}
_OF_HEADERS: dict[str, Value] = {
    ":method": "POST",
    ":path": "/v1/x",
    ":authority": "gateway.example",
    "x-envoy-original-path": "/v1/x",
    "x-ai-eg-model": "fast",
    "x-request-id": "theirs",
}


def told(*, usage: Usage | None = _USAGE, headers: dict[bytes, bytes] | None = None, **more: Any) -> Told:
    """An exchange of which everything is known."""
    line = AccessLine("2026-11-23T00:00:00.000Z", "req_1", "error", 502, "POST", "/v1/x", "192.0.2.1", 12.75, 10, 20)
    known = {
        "model": "r/1",
        "backend": "up",
        "upstream_model": "real",
        "first_byte_ms": 4.5,
        "first_event_ms": 6.25,
        "error_code": "upstream_refused",
        **more,
    }
    for name, value in known.items():
        setattr(line, name, value)
    line.usage = usage
    fields = {b"host": b"gateway.example", b"x-request-id": b"theirs"} if headers is None else headers
    request = HttpRequest(cast(AnsweringConnection, None), "192.0.2.1", http_minor=0, fields=fields)
    return Told(line, request, "fast", "api.example:443")


def nothing_told() -> Told:
    """An exchange that was refused before anything was known of it."""
    line = AccessLine("2026-11-23T00:00:00.000Z", "req_1", "error", 401, "GET", "/", "192.0.2.1", 1.0, 0, 0)
    return Told(line, HttpRequest(cast(AnsweringConnection, None), "192.0.2.1"), None, None)


def value(source: str, about: Told | None = None) -> Value:
    return read_template(source).value(about or told())


def test_each_command_shows_what_it_names_in_its_own_kind() -> None:
    assert {name: value(f"%{name}%") for name in COMMANDS} == _OF_COMMANDS


def test_each_key_of_metadata_shows_what_it_names_in_its_own_kind() -> None:
    assert {key: value(f"%DYNAMIC_METADATA({NAMESPACE}:{key})%") for key in METADATA_KEYS} == _OF_METADATA


def test_each_name_of_a_request_shows_what_it_names_in_whatever_case() -> None:
    assert {name: value(f"%REQ({name.upper()})%") for name in OF_REQUESTS} == _OF_HEADERS


def test_any_other_name_is_a_header_with_an_alternative_if_it_is_missing() -> None:
    about = told(headers={b"x-team": b"caf\xc3\xa9", b"x-broken": b"\xff"})
    assert value("%REQ(X-Team)%", about) == "café"
    assert value("%REQ(X-Other?X-Team)%", about) == "café"
    assert value("%REQ(X-Team?:METHOD)%", about) == "café"
    assert value("%REQ(X-Other)%", about) is None
    assert value("%REQ(X-Broken)%", about) == "\ufffd"
    assert value("%REQ(X-Request-ID)%", about) == "req_1"


def test_a_header_is_cut_at_a_bound() -> None:
    about = told(headers={b"x-long": b"x" * (LONGEST_VALUE_CHARS + 1)})
    assert value("%REQ(X-LONG)%", about) == "x" * LONGEST_VALUE_CHARS


def test_a_text_is_shortened_to_the_length_that_is_given_and_a_number_is_not() -> None:
    assert value("%REQ(:METHOD):2%") == "PO"
    assert value("%UPSTREAM_CLUSTER:9%") == "up"
    assert value("%RESPONSE_CODE:1%") == 502
    assert value("%REQ(X-NONE):2%") is None


def test_what_is_missing_is_null_alone_and_a_dash_in_a_text() -> None:
    about = nothing_told()
    missing = [*(f"%DYNAMIC_METADATA({NAMESPACE}:{key})%" for key in METADATA_KEYS), "%UPSTREAM_HOST%", "%REQ(X-A)%"]
    for source in missing:
        assert value(source, about) is None
        assert value(f"[{source}]", about) == "[-]"
    assert value("%RESPONSE_FLAGS%", about) == "-"
    assert value("%RESPONSE_TX_DURATION%", about) is None


def test_the_total_is_reported_or_the_sum_of_what_is() -> None:
    total = f"%DYNAMIC_METADATA({NAMESPACE}:llm_total_token)%"
    assert value(total, told(usage=Usage(input_tokens=2, output_tokens=3))) == 5
    assert value(total, told(usage=Usage(input_tokens=2))) is None


def test_words_stay_and_two_signs_are_one() -> None:
    assert value("%REQ(:METHOD)% %RESPONSE_CODE%, 100%%") == "POST 502, 100%"
    assert value("no command") == "no command"


@given(st.text(st.characters(codec="utf-8")).map(lambda text: text.encode()))
def test_what_a_caller_sends_cannot_begin_another_line_or_leave_its_quotes(sent: bytes) -> None:
    line_format = LogFormat(line=read_template('"%REQ(X-A)%"'))
    made = line_format.make(told(headers={b"x-a": sent}))
    assert isinstance(made, str)
    assert "\n" not in made
    assert "\r" not in made
    assert '"' not in made[1:-1].replace("\\\\", "").replace('\\"', "")


@pytest.mark.parametrize(
    ("source", "shown", "nearest"),
    [
        ("%RESPONSE_COD%", "%RESPONSE_COD%", "%RESPONSE_CODE%"),
        ("%RESP(X-A)%", "%RESP%", "%REQ%"),
        ("%REQ(:SCHEME)%", "%REQ(:scheme)%", ":path"),
        ("%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_cost)%", "llm_cost", "llm_input_token"),
        ("%DYNAMIC_METADATA(envoy.lb:x)%", "envoy.lb:x", NAMESPACE),
    ],
)
def test_a_command_that_is_unknown_is_named_with_those_there_are(source: str, shown: str, nearest: str) -> None:
    with pytest.raises(UnknownCommand, match="is not known here") as caught:
        read_template(source)
    assert shown in str(caught.value)
    assert nearest in caught.value.known


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("100%", "begins no command"),
        ("%response_code%", "begins no command"),
        ("%REQ%", "needs an argument"),
        ("%REQ()%", "needs an argument"),
        ("%REQ(a b)%", "the name of a header"),
        ("%REQ(a?b?c)%", "the name of a header"),
        ("%START_TIME(%Y)%", "begins no command"),
        ("%DURATION(x)%", "takes no argument"),
        ("%DYNAMIC_METADATA%", "needs an argument"),
    ],
)
def test_what_is_not_of_the_language_is_refused(source: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_template(source)


def test_a_format_makes_members_or_a_text() -> None:
    code = read_template("%RESPONSE_CODE%")
    assert LogFormat(members=(("a", code), ("b", read_template("x")))).make(told()) == {"a": 502, "b": "x"}
    assert LogFormat(line=code).make(told()) == "502"


def test_formats_are_equal_when_they_are_written_alike() -> None:
    first, second = (LogFormat(members=(("a", read_template("%REQ(X-A)%")),)) for _ in range(2))
    assert first == second
    assert first != LogFormat(members=(("a", read_template("%REQ(X-B)%")),))


def test_every_command_is_described() -> None:
    text = _OPERATIONS.read_text(encoding="utf-8")
    described = [*(f"`%{name}%`" for name in COMMANDS), *(f"`{key}`" for key in METADATA_KEYS)]
    assert [each for each in described if each not in text] == []
