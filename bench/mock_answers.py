"""The bytes that the mock upstream answers with, made once: OpenAI's shapes, headers included.

Header names are those that OpenAI documents for its answers (developers' reference, "Debugging requests", read
2026-11-23). When and to whom the bytes are sent is ``bench.mock_upstream``'s business.
"""

from __future__ import annotations

import json

CREATED = 1_795_000_000
MODEL = "mock"
MARK = "Penstocks feed turbines."
MARK_BYTES = MARK.encode()
"""Every unary answer's text begins with this, so that a client can tell it from an error."""
ANSWER_BYTES = 1024
EVENT_BYTES = 250
LAST_CHUNK = b"0\r\n\r\n"
COMMON_HEADERS = (
    "date: Mon, 23 Nov 2026 09:00:00 GMT",
    "server: mock",
    "openai-organization: example",
    "openai-processing-ms: 120",
    "openai-version: 2020-10-01",
    "x-request-id: req_0123456789abcdef0123456789abcdef",
    "x-ratelimit-limit-requests: 10000",
    "x-ratelimit-limit-tokens: 2000000",
    "x-ratelimit-remaining-requests: 9999",
    "x-ratelimit-remaining-tokens: 1999500",
    "x-ratelimit-reset-requests: 6ms",
    "x-ratelimit-reset-tokens: 15ms",
)
USAGE = {"prompt_tokens": 120, "completion_tokens": 100, "total_tokens": 220}


def head(*headers: str) -> bytes:
    """Return the head of an answer."""
    return ("HTTP/1.1 200 OK\r\n" + "\r\n".join((*COMMON_HEADERS, *headers)) + "\r\n\r\n").encode()


def encode(value: object) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def json_answer(body: object) -> bytes:
    """Return a whole answer with a JSON body."""
    encoded = encode(body)
    return head("content-type: application/json", f"content-length: {len(encoded)}") + encoded


def _completion(text: str) -> dict[str, object]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-0123456789abcdef012345678",
        "object": "chat.completion",
        "created": CREATED,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": USAGE,
        "system_fingerprint": "fp_0123456789",
    }


def unary_answer() -> bytes:
    """Return a chat completion whose body is ``ANSWER_BYTES`` long."""
    padding = ANSWER_BYTES - len(encode(_completion(MARK)))
    return json_answer(_completion(MARK + "." * padding))


def models_answer() -> bytes:
    """Return the list of the one model there is."""
    return json_answer({"object": "list", "data": [{"id": MODEL, "object": "model", "created": CREATED}]})


def stream_head() -> bytes:
    """Return the head of a streamed answer."""
    return head("content-type: text/event-stream; charset=utf-8", "transfer-encoding: chunked")


def chunk(data: bytes) -> bytes:
    """Return data in one HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(choices: list[dict[str, object]], **more: object) -> bytes:
    body = {
        "id": "chatcmpl-0123456789abcdef012345678",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": MODEL,
        "system_fingerprint": "fp_0123456789",
        "choices": choices,
        **more,
    }
    return b"data: " + encode(body) + b"\n\n"


def _text_event(text: str) -> bytes:
    return _event([{"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}])


EVENT_TEXT = " " + "w" * (EVENT_BYTES - len(_text_event(" ")))
"""The piece of text that one event brings."""


def content_event() -> bytes:
    """Return one chunk-framed event with a word of text; the event is ``EVENT_BYTES`` long."""
    return chunk(_text_event(EVENT_TEXT))


def stream_tail(with_usage: bool) -> bytes:
    """Return what ends a stream, as one write: finish reason, usage if it was asked for, ``[DONE]``, last chunk."""
    finish = _event([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}])
    usage = chunk(_event([], usage=USAGE)) if with_usage else b""
    return chunk(finish) + usage + chunk(b"data: [DONE]\n\n") + LAST_CHUNK
