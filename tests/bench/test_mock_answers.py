from __future__ import annotations

import json

import h11
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from bench import mock_answers


def _body(answer: bytes) -> bytes:
    """Unpack an answer with a parser that nobody here wrote."""
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target="/", headers=[("host", "mock")])
    connection.send(request)
    connection.send(h11.EndOfMessage())
    connection.receive_data(answer)
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Response | h11.Data), event
        if isinstance(event, h11.Data):
            body += bytes(event.data)
    assert connection.trailing_data == (b"", False)
    return body


def _stream(events: int, with_usage: bool) -> bytes:
    head, tail = mock_answers.stream_head(), mock_answers.stream_tail(with_usage)
    return head + mock_answers.content_event() * events + tail


def test_unary_answer_is_a_chat_completion_of_one_kilobyte() -> None:
    body = _body(mock_answers.unary_answer())
    assert len(body) == mock_answers.ANSWER_BYTES
    completion = ChatCompletion.model_validate_json(body)
    assert (completion.choices[0].message.content or "").startswith(mock_answers.MARK)


def test_stream_is_chat_completion_chunks_that_end_with_done() -> None:
    events = _body(_stream(5, with_usage=True)).decode().split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [ChatCompletionChunk.model_validate(json.loads(event.removeprefix("data: "))) for event in events[:-2]]
    assert [bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks] == [True] * 5 + [False] * 2
    assert chunks[-1].usage is not None


def test_usage_comes_only_when_asked_for() -> None:
    assert b"usage" not in _body(_stream(1, with_usage=False))


def test_a_text_event_is_as_long_as_said() -> None:
    whole = _body(_stream(1, with_usage=False)).split(b"\n\n")[0] + b"\n\n"
    assert len(whole) == mock_answers.EVENT_BYTES
