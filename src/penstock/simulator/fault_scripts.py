"""How each fault changes an answer: functions from a healthy answer to the script of a sick one.

The table in ``faults`` gives them names; these say what goes over the wire. They know nothing of sockets and keep no
state. Faults of streams leave an answer that is no stream as it is, unless they say otherwise.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache

import brotli

from penstock.simulator import openai_errors
from penstock.simulator.dialect import Dialect, Prepared
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import (
    JSON,
    Cut,
    End,
    Head,
    Headers,
    Paced,
    Raw,
    Script,
    Send,
    Step,
    Wait,
    whole,
)

BOMB_BYTES = 64 * 1024 * 1024
HUGE_BYTES = 16 * 1024 * 1024
_TRICKLES = 50


@dataclass(frozen=True, slots=True)
class FaultCall:
    """What a fault works on."""

    model: str
    prepared: Prepared
    seconds: float
    """From the model's name, or the fault's own."""
    last_role: str
    """Role of the last message, empty where there are none."""
    failed_for_s: float
    """Since the first request for this model's name."""

    @property
    def speaks(self) -> Dialect:
        """Return how the answer's format says things."""
        return self.prepared.speaks

    def events(self) -> list[bytes] | None:
        """Return the events of the stream, or None."""
        return None if self.prepared.events is None else list(self.prepared.events)

    def stream_head(self, *more: tuple[bytes, bytes]) -> Head:
        """Return the head of a stream."""
        return Head(200, (*self.speaks.stream_headers, *self.prepared.headers, *more))

    def body_headers(self, *more: tuple[bytes, bytes]) -> Headers:
        """Return the headers of an answer that is no stream."""
        return (*JSON, *self.prepared.headers, *more)


WriteFault = Callable[[FaultCall], Script]


# --- refusals


def refuse(status: int, message: str, code: str | None = None, error_type: str | None = None) -> WriteFault:
    """Refuse with a status; 429 and 503 carry ``Retry-After`` when there are seconds to wait."""

    def write(call: FaultCall) -> Script:
        headers: Headers = ()
        if call.seconds and status in {429, 503}:
            headers = ((b"retry-after", b"%d" % max(1, round(call.seconds))),)
        return error_script(call, VendorError(status, message, code=code, error_type=error_type, headers=headers))

    return write


def error_script(call: FaultCall, error: VendorError) -> Script:
    """Return the script of an error answer."""
    rate: Headers = ()
    if error.status == 429:
        rate = ((b"x-ratelimit-limit-requests", b"60"), (b"x-ratelimit-remaining-requests", b"0"))
    headers, body = call.speaks.write_error(error)
    return whole(error.status, (*headers, *call.prepared.headers, *rate, *error.headers), body)


def refuse_with_date(call: FaultCall) -> Script:
    """Refuse with 429 and a ``Retry-After`` that is a date."""
    until = formatdate(time.time() + call.seconds, usegmt=True).encode()
    error = VendorError(429, "Rate limit reached", code="rate_limit_exceeded", headers=((b"retry-after", until),))
    return error_script(call, error)


def refuse_model(call: FaultCall) -> Script:
    """Refuse a model as unknown."""
    return error_script(call, openai_errors.unknown_model(call.model))


def refuse_context_length(call: FaultCall) -> Script:
    """Refuse a prompt as too long."""
    return error_script(call, openai_errors.context_too_long(8193, 8192))


def refuse_content(call: FaultCall) -> Script:
    """Refuse a prompt by a content filter, as Azure OpenAI does, or answer nothing where the format does that."""
    if call.speaks.blocked is not None:
        return _answer_blocked(call, call.speaks.blocked)
    message = "The response was filtered due to the prompt triggering the content management policy"
    return error_script(call, openai_errors.invalid(message, param="prompt", code="content_filter"))


def _answer_blocked(call: FaultCall, blocked: bytes) -> Script:
    if call.prepared.events is None:
        return whole(200, call.body_headers(), blocked)
    return (call.stream_head(), Send(b"data: %b\n\n" % blocked), End())


def refuse_prefill(call: FaultCall) -> Script:
    """Refuse a conversation that ends with the assistant's own words."""
    if call.last_role != "assistant":
        return call.prepared.script()
    message = "This model does not go on with a message of the assistant: the last message must be the user's"
    return error_script(call, openai_errors.invalid(message, param="messages", code="invalid_value"))


def refuse_while_down(call: FaultCall) -> Script:
    """Refuse with 503 until so many seconds after the first request have passed."""
    if call.failed_for_s >= call.seconds:
        return call.prepared.script()
    return error_script(call, VendorError(503, "The server is down, and will be up again"))


# --- answers that are not what they should be


def answer(status: int, content_type: bytes, body: bytes) -> WriteFault:
    """Answer with another body."""
    return lambda call: whole(status, ((b"content-type", content_type), *call.prepared.headers), body)


def answer_error_with_200(call: FaultCall) -> Script:
    """Answer an error object under a status that means success."""
    error = VendorError(500, "The upstream model failed", code="502")
    return whole(200, call.body_headers(), call.speaks.write_error(error)[1])


def answer_padded(call: FaultCall) -> Script:
    """Answer with megabytes of white space behind the JSON, or of comments before the stream."""
    events = call.events()
    if events is None:
        return whole(200, call.body_headers(), call.prepared.body + b" " * HUGE_BYTES)
    if not call.speaks.is_text:
        return call.prepared.script()
    return (call.stream_head(), Send(b":" + b" " * HUGE_BYTES + b"\n\n"), Paced(events), End())


# --- HTTP


def always(*steps: Step) -> WriteFault:
    """Send the same, whatever was asked."""
    return lambda _call: steps


def stay_silent(call: FaultCall) -> Script:
    """Answer nothing at all, then close the connection."""
    return (Wait(call.seconds), Cut())


def truncate_body(call: FaultCall) -> Script:
    """Promise a whole body and close the connection after half of it."""
    body = _whole_body(call)
    return (Head(200, _headers(call), len(body)), Send(body[: len(body) // 2]), Cut())


def promise_too_little(call: FaultCall) -> Script:
    """Promise fewer bytes than are sent: the rest looks like the next answer on the connection."""
    body = _whole_body(call)
    return (Raw(_raw_head(call, b"content-length: %d" % (len(body) - 10))), Raw(body), End())


def promise_twice(call: FaultCall) -> Script:
    """Give two content-lengths that differ."""
    body = _whole_body(call)
    length = len(body)
    return (Raw(_raw_head(call, b"content-length: %d\r\ncontent-length: %d" % (length, length + 1))), Raw(body), End())


def break_chunk(call: FaultCall) -> Script:
    """Give a chunk a size that is no number."""
    body = _whole_body(call)
    head = _raw_head(call, b"transfer-encoding: chunked")
    half = body[: len(body) // 2]
    return (
        Raw(head),
        Raw(b"%x\r\n%b\r\n" % (len(half), half)),
        Raw(b"zz\r\n" + body[len(half) :] + b"\r\n0\r\n\r\n"),
        Cut(),
    )


def break_header(call: FaultCall) -> Script:
    """Send a header line without a name."""
    body = _whole_body(call)
    return (Raw(_raw_head(call, b": no name\r\ncontent-length: %d" % len(body))), Raw(body), Cut())


def add_headers(*more: tuple[bytes, bytes]) -> WriteFault:
    """Add headers to a healthy answer."""

    def write(call: FaultCall) -> Script:
        for step in call.prepared.script():
            yield Head(step.status, (*step.headers, *more), step.length) if isinstance(step, Head) else step

    return write


def hint_first(call: FaultCall) -> Script:
    """Send an informational answer before the real one, as HTTP allows."""
    return (Raw(b"HTTP/1.1 103 Early Hints\r\nlink: </simulated>; rel=preload\r\n\r\n"), *call.prepared.script())


def end_by_closing(call: FaultCall) -> Script:
    """Send a body without a length, which ends when the connection does, as HTTP allows."""
    return (Raw(_raw_head(call, b"connection: close")), Raw(_whole_body(call)), Cut())


def _whole_body(call: FaultCall) -> bytes:
    events = call.events()
    return call.prepared.body if events is None else b"".join(events)


def _headers(call: FaultCall) -> Headers:
    return call.body_headers() if call.prepared.events is None else call.stream_head().headers


def _raw_head(call: FaultCall, framing: bytes) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % header for header in _headers(call))
    return b"HTTP/1.1 200 OK\r\n%b%b\r\n\r\n" % (lines, framing)


# --- compressed


def compress(coding: str, *, broken: bool = False) -> WriteFault:
    """Compress the answer, each event so that it can be read when it arrives; ``broken`` spoils the bytes."""

    def write(call: FaultCall) -> Script:
        events = call.events()
        parts = list(_compressed([call.prepared.body] if events is None else events, coding))
        if broken:
            parts = [part[:12] + bytes(byte ^ 0x5A for byte in part[12:]) for part in parts]
        header = (b"content-encoding", coding.encode())
        if events is None:
            return whole(200, call.body_headers(header), b"".join(parts))
        return (call.stream_head(header), Paced(parts), End())

    return write


def _compressed(parts: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield each part compressed and flushed; what ends the coding comes last."""
    if coding == "br":
        brotli_stream = brotli.Compressor(quality=4)
        for part in parts:
            yield brotli_stream.process(part) + brotli_stream.flush()
        yield brotli_stream.finish()
        return
    gzip_stream = zlib.compressobj(wbits=31)
    for part in parts:
        yield gzip_stream.compress(part) + gzip_stream.flush(zlib.Z_SYNC_FLUSH)
    yield gzip_stream.flush()


@cache
def _bomb() -> bytes:
    stream = zlib.compressobj(level=9, wbits=31)
    block = b" " * (1024 * 1024)
    return b"".join(stream.compress(block) for _ in range(BOMB_BYTES // len(block))) + stream.flush()


def send_bomb(call: FaultCall) -> Script:
    """Answer with a small body that becomes very large when it is decompressed."""
    return whole(200, (*_headers(call), (b"content-encoding", b"gzip")), _bomb())


# --- slow


def wait_before_head(call: FaultCall) -> Script:
    """Wait before the first byte of the answer."""
    return (Wait(call.seconds), *call.prepared.script())


def wait_before_first_event(call: FaultCall) -> Script:
    """Send the head at once and the first event late; without a stream, send everything late."""
    steps = tuple(call.prepared.script())
    return (
        (steps[0], Wait(call.seconds), *steps[1:]) if call.prepared.events is not None else (Wait(call.seconds), *steps)
    )


def trickle(call: FaultCall) -> Script:
    """Send the body in small pieces, spread over the time."""
    body = _whole_body(call)
    size = -(-len(body) // _TRICKLES)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    yield Head(200, _headers(call), None if call.prepared.events is not None else len(body))
    for piece in pieces:
        yield Send(piece)
        yield Wait(call.seconds / len(pieces))
    yield End()
