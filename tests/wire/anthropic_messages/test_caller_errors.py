"""Errors as callers of Anthropic's format see them: the SDK's model of an error, and its exception, are the oracles."""

from __future__ import annotations

import json
from typing import get_args

import anthropic
import httpx2
import msgspec
import pytest
from anthropic.types import ErrorResponse

from penstock.core import errors
from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.core.errors import GatewayError, InvalidRequest, ModelNotFound, Overloaded, UpstreamTimeout
from penstock.wire.anthropic_messages.caller_errors import (
    adopt_error,
    render_error,
    render_error_event,
    render_vendor_error,
)

LEAVES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, GatewayError) and kind is not GatewayError
]


def raised(status: int, body: bytes) -> anthropic.APIStatusError:
    """Return the exception that the SDK raises for an answer."""
    answer = httpx2.Response(status, content=body, headers={"content-type": "application/json"})
    transport = httpx2.MockTransport(lambda _: answer)
    client = anthropic.Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="m", max_tokens=1, messages=[])
    return caught.value


@pytest.mark.parametrize("kind", LEAVES)
def test_every_error_of_ours_is_one_of_the_formats_with_its_code_and_id(kind: type[GatewayError]) -> None:
    body = render_error(kind('too “much”\n"'), "req_1")
    shown = json.loads(body)
    assert (shown["type"], shown["request_id"]) == ("error", "req_1")
    assert shown["error"]["message"] == 'too “much”\n"'
    assert raised(kind.status, body).error_code == kind.default_code
    if kind.status != 413:  # the SDK has an exception for it and no model
        ErrorResponse.model_validate_json(body)


@pytest.mark.parametrize(
    ("error", "type_"),
    [
        (InvalidRequest("x"), "invalid_request_error"),
        (ModelNotFound("x"), "not_found_error"),
        (Overloaded("x"), "overloaded_error"),
        (UpstreamTimeout("x"), "timeout_error"),
        (errors.UpstreamBrokeOff("x"), "api_error"),
        (errors.Unauthenticated("x"), "authentication_error"),
        (errors.BodyTooLarge("x"), "request_too_large"),
        (errors.RequestTimeout("x"), "invalid_request_error"),
    ],
)
def test_the_type_says_whose_fault_it_is(error: GatewayError, type_: str) -> None:
    assert json.loads(render_error(error, ""))["error"]["type"] == type_


def test_the_message_begins_with_the_path_that_the_object_has_no_member_for() -> None:
    error = InvalidRequest("It must be a string.", param="messages[0].content[12].text")
    message = json.loads(render_error(error, ""))["error"]["message"]
    assert message == "messages.0.content.12.text: It must be a string."


@pytest.mark.parametrize("message", ["messages.0 is wrong", "messages[0] is wrong"])
def test_a_message_that_names_the_path_does_not_name_it_twice(message: str) -> None:
    assert json.loads(render_error(InvalidRequest(message, param="messages[0]"), ""))["error"]["message"] == message


def test_an_error_event_is_named_and_holds_the_error() -> None:
    event = render_error_event(UpstreamTimeout("late\nand on two lines"), "req_1")
    name, data, *rest = event.split(b"\n")
    assert name == b"event: error"
    assert data == b"data: " + render_error(UpstreamTimeout("late\nand on two lines"), "req_1")
    assert rest == [b"", b""]


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_every_kind_of_vendor_error_is_told_in_the_formats_words(kind: ErrorKind) -> None:
    body = render_vendor_error(VendorError(kind, "told by the vendor", 400, "TheirType"), "req_1")
    shown = json.loads(body)
    assert "told by the vendor" in shown["error"]["message"]
    assert "TheirType" not in body.decode()
    if kind != "too_large":
        ErrorResponse.model_validate_json(body)


def test_a_full_context_is_told_in_the_words_that_clients_look_for() -> None:
    shown = json.loads(render_vendor_error(VendorError("context_length", "at most 8 tokens", 400), "r"))["error"]
    assert shown["message"] == "prompt is too long: at most 8 tokens"
    assert shown["details"] == {"error_code": "context_length"}
    same = render_vendor_error(VendorError("context_length", "Prompt is too long!", 400), "r")
    assert json.loads(same)["error"]["message"] == "Prompt is too long!"


# --- adopting


def test_an_error_of_the_format_passes_as_it_is() -> None:
    body = b'{"type": "error", "error": {"type":"new_error","message":"m"}, "request_id":"req_9"}'
    assert adopt_error(400, body, "b") is body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"told by AWS"}', "told by AWS"),
        (b'{"error":{"code":429,"message":"told by Google","status":"RESOURCE_EXHAUSTED"}}', "told by Google"),
        (b'[{"error":{"code":429,"message":"in a list"}}]', "in a list"),
        (b'{"type":"error","error":{"message":"no type"}}', "no type"),
        (b'"a string"', "a string"),
        (b"plain words", "plain words"),
        (b"<html>no</html>", "The backend 'b' answered with status 429 and no readable error."),
        (b"", "The backend 'b' answered with status 429 and no readable error."),
        (b"[]", "The backend 'b' answered with status 429 and no readable error."),
        (b"\xff\x00", "The backend 'b' answered with status 429 and no readable error."),
        (b"[" * 100_000, None),
    ],
)
def test_another_shape_is_put_into_the_formats(body: bytes, message: str | None) -> None:
    shown = ErrorResponse.model_validate_json(adopt_error(429, body, "b"))
    assert shown.error.type == "rate_limit_error"
    assert message is None or shown.error.message == message


def test_a_long_message_is_cut() -> None:
    assert len(msgspec.json.decode(adopt_error(500, b"x" * 9000, "b"))["error"]["message"]) == 4000
