"""The bytes that the mock upstream answers with in the formats of Anthropic, Bedrock Converse and Gemini, made once.

They say what ``bench.mock_answers`` says in OpenAI's format: as many bytes of text, one piece of it in one event, the
same counts. Shapes are those of platform.claude.com/docs/en/api/messages, docs.aws.amazon.com/bedrock/latest/
APIReference/API_runtime_Converse.html and ai.google.dev/api/generate-content (read 2026-11-23). Which path is whose is
in ``find``; when bytes are sent is ``bench.mock_upstream``'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bench import mock_answers
from bench.mock_answers import EVENT_TEXT, LAST_CHUNK, MARK, USAGE, chunk, encode, head, json_answer
from penstock.wire.framing.aws_eventstream import encode_frame

CLAUDE, NOVA, GEMINI = "claude-sonnet-4-5", "amazon.nova-lite-v1:0", "gemini-2.5-flash"
"""A model of each vendor, for gateways that look names up."""
INPUT, OUTPUT = USAGE["prompt_tokens"], USAGE["completion_tokens"]
SSE = "content-type: text/event-stream; charset=utf-8"
FRAMES = "content-type: application/vnd.amazon.eventstream"

Json = dict[str, object]


class Answers(NamedTuple):
    """What one format's answers are made of; each is bytes as they are sent."""

    unary: bytes
    stream_head: bytes
    """Head of a streamed answer, with the events that come before any text."""
    event: bytes
    tail: bytes
    """What ends a stream, as one write."""
    tail_with_usage: bytes
    """The same for a request that asks for counts, where a format has them only then."""


def _unary(make: Callable[[str], Json]) -> bytes:
    """Return a whole answer whose body is as long as OpenAI's."""
    padding = mock_answers.ANSWER_BYTES - len(encode(make(MARK)))
    return json_answer(make(MARK + "." * padding))


def _stream(media_type: str, before: bytes, event: bytes, after: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    begun = head(media_type, "transfer-encoding: chunked") + (chunk(before) if before else b"")
    tail = chunk(after) + LAST_CHUNK
    return begun, chunk(event), tail, tail


# --- Anthropic


def _message(text: str | None) -> Json:
    return {
        "id": "msg_01234567890123456789abcd",
        "type": "message",
        "role": "assistant",
        "model": CLAUDE,
        "content": [] if text is None else [{"type": "text", "text": text}],
        "stop_reason": None if text is None else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": INPUT,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 1 if text is None else OUTPUT,
            "service_tier": "standard",
        },
    }


def _named(event: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), encode(event))


def _anthropic() -> Answers:
    begin = _named({"type": "message_start", "message": _message(None)})
    begin += _named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    delta = {"type": "text_delta", "text": EVENT_TEXT}
    event = _named({"type": "content_block_delta", "index": 0, "delta": delta})
    end = _named({"type": "content_block_stop", "index": 0})
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    end += _named({"type": "message_delta", "delta": stop, "usage": {"output_tokens": OUTPUT}})
    end += _named({"type": "message_stop"})
    return Answers(_unary(_message), *_stream(SSE, begin, event, end))


# --- Bedrock Converse

_CONVERSE_USAGE = {"inputTokens": INPUT, "outputTokens": OUTPUT, "totalTokens": INPUT + OUTPUT}


def _converse(text: str) -> Json:
    message = {"role": "assistant", "content": [{"text": text}]}
    answer = {"output": {"message": message}, "stopReason": "end_turn", "usage": _CONVERSE_USAGE}
    return {**answer, "metrics": {"latencyMs": 120}}


def _frame(kind: str, payload: Json) -> bytes:
    """Return one event as AWS frames it; ``p`` is the padding that Bedrock adds."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, encode({**payload, "p": "abcdefghijk"}))


def _bedrock() -> Answers:
    begin = _frame("messageStart", {"role": "assistant"})
    event = _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": EVENT_TEXT}})
    end = _frame("contentBlockStop", {"contentBlockIndex": 0})
    end += _frame("messageStop", {"stopReason": "end_turn"})
    end += _frame("metadata", {"usage": _CONVERSE_USAGE, "metrics": {"latencyMs": 120}})
    return Answers(_unary(_converse), *_stream(FRAMES, begin, event, end))


# --- Gemini


def _generated(text: str, *, ended: bool = True) -> Json:
    candidate: Json = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    counts = {"promptTokenCount": INPUT, "candidatesTokenCount": OUTPUT, "totalTokenCount": INPUT + OUTPUT}
    return {
        "candidates": [{**candidate, "finishReason": "STOP"} if ended else candidate],
        "usageMetadata": {**counts, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": INPUT}]},
        "modelVersion": GEMINI,
        "responseId": "AbCdEfGhIjKlMnOpQrStUv",
    }


def _gemini() -> Answers:
    event = b"data: %b\r\n\r\n" % encode(_generated(EVENT_TEXT, ended=False))
    end = b"data: %b\r\n\r\n" % encode(_generated(""))
    return Answers(_unary(_generated), *_stream(SSE, b"", event, end))


# --- all


def _openai() -> Answers:
    tails = (mock_answers.stream_tail(usage) for usage in (False, True))
    return Answers(mock_answers.unary_answer(), mock_answers.stream_head(), mock_answers.content_event(), *tails)


OPENAI = _openai()
ANSWERS = {b"/v1/messages": _anthropic(), b"/model/": _bedrock(), b"/v1beta/models/": _gemini()}
"""By the beginning of the path; every other path is OpenAI's."""
STREAM_PATHS = (b"/converse-stream", b":streamGenerateContent")
"""Paths that ask for a stream, in formats that do not ask for it in the body."""


def find(path: bytes) -> Answers:
    """Return the answers of the format that a request path belongs to."""
    return next((answers for prefix, answers in ANSWERS.items() if path.startswith(prefix)), OPENAI)


def asks_for_stream(path: bytes) -> bool:
    """Say whether a path alone asks for a stream."""
    return path.partition(b"?")[0].endswith(STREAM_PATHS)
