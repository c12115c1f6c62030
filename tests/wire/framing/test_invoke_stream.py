"""Events inside the frames of InvokeModelWithResponseStream."""

from __future__ import annotations

import base64
import json

import botocore.session
import pytest

from penstock.wire.framing.aws_eventstream import Frame
from penstock.wire.framing.invoke_stream import EXCEPTION_STATUS, as_named_event, frame_error, inner_event

EVENT = b'{"type":"message_stop"}'


def chunk(payload: bytes) -> Frame:
    return Frame({":message-type": "event", ":event-type": "chunk"}, payload, {})


def test_the_event_is_unwrapped_and_framed_as_the_vendor_does() -> None:
    frame = chunk(json.dumps({"bytes": base64.b64encode(EVENT).decode(), "p": "abcd"}).encode())
    assert frame_error(frame) is None
    assert inner_event(frame) == EVENT
    assert as_named_event(EVENT) == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"bytes":"%%%"}', b'{"bytes":1}', b"[]"])
def test_a_chunk_without_readable_bytes_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        inner_event(chunk(payload))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"type":1}', b"{}", b'{"type":"a\\nb"}'])
def test_an_event_without_a_name_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        as_named_event(data)


def test_a_frame_of_another_kind_holds_no_event() -> None:
    assert inner_event(Frame({":message-type": "event", ":event-type": "initial-response"}, b"{}", {})) == b""


def test_exceptions_are_told_from_events() -> None:
    error = frame_error(
        Frame({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"slow"}', {})
    )
    assert error == (429, "throttlingException", b'{"message":"slow"}')
    other = frame_error(Frame({":message-type": "error", ":error-code": "Oops"}, b"", {}))
    assert other == (500, "Oops", b"")


def test_an_error_that_is_told_in_headers_keeps_its_message() -> None:
    headers = {":message-type": "error", ":error-code": "internalServerException", ":error-message": 'It "broke"'}
    assert frame_error(Frame(headers, b"", {})) == (500, "internalServerException", b'{"message":"It \\"broke\\""}')


def test_every_exception_of_the_service_model_has_its_status() -> None:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    members = service.shape_for("ResponseStream").members
    documented = {
        name: shape.metadata["error"]["httpStatusCode"]
        for name, shape in members.items()
        if shape.metadata.get("error")
    }
    assert dict(EXCEPTION_STATUS) == documented
