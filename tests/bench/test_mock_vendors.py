from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from botocore.eventstream import EventStreamBuffer
from google.genai.types import GenerateContentResponse
from pydantic import TypeAdapter

from bench import mock_answers, mock_vendors
from bench.mock_vendors import ANSWERS, OPENAI, Answers, Json, find

BODIES = [OPENAI, *ANSWERS.values()]
ANTHROPIC, BEDROCK, GEMINI = ANSWERS.values()
_stream_event: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)


def _body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def _unchunked(data: bytes) -> bytes:
    body = b""
    while (size := int(data.partition(b"\r\n")[0], 16)) > 0:
        data = data.partition(b"\r\n")[2]
        body, data = body + data[:size], data[size + 2 :]
    return body


def _stream(answers: Answers, events: int = 3) -> bytes:
    return _unchunked(_body(answers.stream_head) + answers.event * events + answers.tail)


def _sse(stream: bytes) -> Iterator[Json]:
    for block in stream.replace(b"\r\n", b"\n").decode().split("\n\n")[:-1]:
        yield json.loads(block.rpartition("data: ")[2])


@pytest.mark.parametrize("answers", BODIES)
def test_a_whole_answer_is_as_long_in_every_format(answers: Answers) -> None:
    assert len(_body(answers.unary)) == mock_answers.ANSWER_BYTES
    assert mock_answers.MARK_BYTES in answers.unary


def test_the_path_says_whose_format_it_is_and_whether_a_stream_is_wanted() -> None:
    assert find(b"/v1/messages") is ANTHROPIC
    assert find(b"/model/amazon.nova-lite-v1%3A0/converse") is BEDROCK
    assert find(b"/v1beta/models/gemini-2.5-flash:generateContent") is GEMINI
    assert find(b"/v1/chat/completions") is OPENAI
    assert mock_vendors.asks_for_stream(b"/model/amazon.nova-lite-v1%3A0/converse-stream")
    assert mock_vendors.asks_for_stream(b"/v1beta/models/x:streamGenerateContent?alt=sse")
    assert not mock_vendors.asks_for_stream(b"/v1beta/models/x:generateContent")


def test_anthropics_answers_are_what_its_sdk_takes() -> None:
    message = Message.model_validate_json(_body(ANTHROPIC.unary))
    assert message.usage.output_tokens == mock_vendors.OUTPUT
    events = [_stream_event.validate_python(event) for event in _sse(_stream(ANTHROPIC))]
    assert [event.type for event in events] == [
        *("message_start", "content_block_start"),
        *["content_block_delta"] * 3,
        *("content_block_stop", "message_delta", "message_stop"),
    ]


def test_bedrocks_frames_are_what_botocore_reads() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(_stream(BEDROCK))
    events = [(event.headers[":event-type"], json.loads(event.payload)) for event in buffer]
    assert [kind for kind, _ in events] == [
        "messageStart",
        *["contentBlockDelta"] * 3,
        *("contentBlockStop", "messageStop", "metadata"),
    ]
    assert events[1][1]["delta"] == {"text": mock_answers.EVENT_TEXT}
    assert json.loads(_body(BEDROCK.unary))["stopReason"] == "end_turn"


def test_geminis_answers_are_what_its_sdk_takes() -> None:
    whole = GenerateContentResponse.model_validate_json(_body(GEMINI.unary))
    assert (whole.text or "").startswith(mock_answers.MARK)
    pieces = [GenerateContentResponse.model_validate(event) for event in _sse(_stream(GEMINI))]
    assert [piece.text for piece in pieces] == [mock_answers.EVENT_TEXT] * 3 + [""]
