"""OpenAI's error object, rendered from ours and from whatever vendors send; the SDK's model is the oracle."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ErrorObject

from penstock.core.errors import GatewayError, InvalidRequest
from penstock.wire.framing.sse import event_data
from penstock.wire.openai_errors import adopt_error, describe_error, error_type, render_error, render_error_event


def all_errors(base: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    yield base
    for each in base.__subclasses__():
        yield from all_errors(each)


def read(body: bytes) -> ErrorObject:
    return ErrorObject.model_validate(json.loads(body)["error"])


@pytest.mark.parametrize("kind", list(all_errors()))
def test_every_error_of_ours_is_an_error_object_of_openais(kind: type[GatewayError]) -> None:
    error = read(render_error(kind("What was wrong.", param="model"), "req_1"))
    assert (error.message, error.code, error.param) == ("What was wrong.", kind.default_code, "model")
    assert error.type == error_type(kind.status)


@pytest.mark.parametrize("kind", list(all_errors()))
def test_whose_fault_it_is_shows_in_the_type(kind: type[GatewayError]) -> None:
    assert (error_type(kind.status) == "server_error") == (kind.fault != "client")


@given(st.text(), st.text())
def test_any_text_is_valid_json_and_one_whole_event(message: str, param: str) -> None:
    error = InvalidRequest(message.encode("utf-8", "ignore").decode(), param=param.encode("utf-8", "ignore").decode())
    event = render_error_event(error, "req_1")
    assert event.endswith(b"\n\n")
    assert event_data(event[:-2]) == render_error(error, "req_1")
    assert read(render_error(error, "req_1")).message == error.message


def test_without_a_request_there_is_no_request_id() -> None:
    assert json.loads(render_error(InvalidRequest("x"), ""))["error"]["request_id"] is None


SHAPES = {
    "ollama": (b'{"error":"model not found"}', "model not found"),
    "fastapi detail": (b'{"detail":"Not Found"}', "Not Found"),
    "fastapi validation": (b'{"detail":[{"loc":["body"],"msg":"field required","type":"x"}]}', "field required"),
    "mistral": (b'{"object":"error","message":"Invalid model","type":"invalid_model"}', "Invalid model"),
    "cohere": (b'{"id":"7","message":"too many tokens"}', "too many tokens"),
    "gemini list": (b'[{"error":{"code":400,"message":"API key not valid","status":"X"}}]', "API key not valid"),
    "tencent": (b'{"Response":1,"error_msg":"quota"}', "quota"),
    "list of errors": (b'{"errors":[{"message":"first"},{"message":"second"}]}', "first"),
    "message in an object": (b'{"message":{"detail":[{"msg":"deep"}]}}', "deep"),
    "string": (b'"overloaded"', "overloaded"),
    "plain text": (b"upstream connect error", "upstream connect error"),
    "plain lines": (b"one\ntwo", "one\ntwo"),
}
SILENT = {
    "nothing": b"",
    "blanks": b" \r\n",
    "html": b"<html><body>502</body></html>",
    "null": b"null",
    "number": b"7",
    "empty object": b"{}",
    "empty list": b"[]",
    "empty message": b'{"error":{"message":null}}',
    "noise": b"\x00\x01\x02",
    "too deep": b'{"error":' * 8 + b'"x"' + b"}" * 8,
}


@pytest.mark.parametrize(("body", "message"), SHAPES.values(), ids=SHAPES)
def test_a_vendors_message_is_kept_in_openais_shape(body: bytes, message: str) -> None:
    error = read(adopt_error(429, body, "up"))
    assert (error.message, error.type, error.code) == (message, "rate_limit_error", "upstream_error")


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_an_error_without_words_names_backend_and_status(body: bytes) -> None:
    error = read(adopt_error(503, body, "up"))
    assert error.message == "The backend 'up' answered with status 503 and no readable error."
    assert error.type == "server_error"


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"message":"m","type":"t","param":null,"code":null}}',
        b' {"error" : {"message":"","extra":1}, "more":2}\n',
    ],
)
def test_openais_own_object_is_left_as_it_is(body: bytes) -> None:
    assert adopt_error(400, body, "up") is body


@given(
    st.integers(400, 599),
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "detail", "x"]), inner),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_whatever_comes_the_caller_gets_an_error_object(status: int, body: bytes) -> None:
    adopted = json.loads(adopt_error(status, body, "up"))
    assert isinstance(adopted["error"]["message"], str)


def test_json_deeper_than_a_parser_goes_is_shown_as_text() -> None:
    assert read(adopt_error(500, b"[" * 100_000, "up")).message.startswith("[[[")


def test_a_long_text_is_cut() -> None:
    assert len(read(adopt_error(500, b"x" * 100_000, "up")).message) == 4000
    assert len(describe_error({"message": "x" * 100_000})) == 500


@pytest.mark.parametrize(
    ("error", "text"),
    [({"message": "m", "code": 1}, "m"), ({"code": "c"}, "c"), ("plain", "plain"), ({"x": 1}, "{'x': 1}"), (7, "7")],
)
def test_an_error_is_described_in_short(error: object, text: str) -> None:
    assert describe_error(error) == text
