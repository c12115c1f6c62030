"""Faults, chosen by the name of the model that is asked for.

A name is ``fault-`` and the fault's own name, then, where it makes sense: seconds
(``fault-slow-first-token-20s``), ``-once`` or ``-3-times`` (later requests are answered well), and ``@anything`` (a
count of its own for a test of its own). ``fault-down-60s-then-up`` has its seconds in the middle. What each fault does
on the wire is in ``fault_scripts`` and ``fault_streams``.

The scenarios S01 to S15 are those that gateways are commonly held against: what a caller must see when its provider
misbehaves in this way.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from penstock.simulator import fault_scripts as scripts
from penstock.simulator import fault_streams as streams
from penstock.simulator.dialect import Prepared
from penstock.simulator.fault_scripts import (
    FaultCall,
    WriteFault,
    always,
    answer,
    refuse,
)
from penstock.simulator.fault_streams import change_events, change_lines, change_spoken
from penstock.simulator.openai_errors import VendorError, unknown_model
from penstock.simulator.script import Cut, Raw, Script

PREFIX = "fault-"
MAX_SECONDS = 600.0
MAX_REMEMBERED = 10_000
HALF_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/js"
NO_HTTP = b"ICY 200 OK\r\ncontent-type: text/plain\r\n\r\nsimulated"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1>simulated</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    name: str
    does: str
    write: WriteFault
    seconds: float = 0.0
    """What the fault takes when the model's name gives no seconds."""
    scenario: str = ""


def _status(status: int, message: str, code: str | None = None, *, seconds: float = 0, scenario: str = "") -> Fault:
    does = f"{status}: {message[0].lower()}{message[1:]}"
    return Fault(str(status), does, refuse(status, message, code), seconds, scenario)


FAULTS: tuple[Fault, ...] = (
    # Refusals. 429 and 503 carry Retry-After when there are seconds.
    _status(400, "Something in the request is not valid", "invalid_value"),
    _status(401, "Incorrect API key provided", "invalid_api_key"),
    _status(403, "The key may not use this model", "permission_denied"),
    _status(404, "There is nothing at this address"),
    _status(408, "The request took too long to arrive"),
    _status(409, "The request is in conflict with another"),
    _status(413, "The request is too large", "request_too_large"),
    _status(422, "The request is well-formed and cannot be served"),
    _status(429, "Rate limit reached", "rate_limit_exceeded", seconds=1, scenario="S01 S02"),
    _status(500, "The server had an error", scenario="S03"),
    _status(502, "The server got no valid answer from the model"),
    _status(503, "The server is overloaded", scenario="S04"),
    _status(504, "The model did not answer in time"),
    _status(529, "The server is overloaded", "overloaded"),
    Fault("429-no-retry-after", "429 without Retry-After", refuse(429, "Rate limit reached", "rate_limit_exceeded")),
    Fault("429-retry-after-date", "429 with a Retry-After that is a date", scripts.refuse_with_date, 2),
    Fault(
        "429-quota",
        "429 because no money is left",
        refuse(429, "Your quota is spent", "insufficient_quota", "insufficient_quota"),
    ),
    Fault("unknown-model", "404: the model does not exist", scripts.refuse_model),
    Fault("context-length", "400: the prompt is too long", scripts.refuse_context_length, scenario="S12"),
    Fault("content-filter", "400: a content filter refuses the prompt", scripts.refuse_content, scenario="S13"),
    Fault("refuses-prefill", "400 if the last message is the assistant's", scripts.refuse_prefill, scenario="S14"),
    Fault("down-then-up", "503 until so long after the first request", scripts.refuse_while_down, 60, "S15"),
    # Answers that are not what they should be
    Fault("not-json", "200 with plain text", answer(200, b"text/plain", b"simulated: this is no JSON")),
    Fault("html-502", "502 with a web page", answer(502, b"text/html", HTML)),
    Fault("empty-body", "200 with no body at all", answer(200, b"application/json", b"")),
    Fault("error-in-200", "200 with an error object", scripts.answer_error_with_200),
    Fault("huge-body", "16 MiB of white space around the answer", scripts.answer_padded),
    # Connections
    Fault("close-before-headers", "the connection is closed instead of an answer", always(Cut())),
    Fault("reset-before-headers", "the connection is reset instead of an answer", always(Cut(reset=True)), 0, "S05"),
    Fault("half-headers", "the connection is closed inside the headers", always(Raw(HALF_HEAD), Cut())),
    Fault("silent", "nothing is answered, then the connection is closed", scripts.stay_silent, 600, "S06"),
    Fault("truncated-body", "the connection is closed after half of the promised body", scripts.truncate_body),
    Fault("wrong-content-length", "more is sent than content-length says", scripts.promise_too_little),
    Fault("two-content-lengths", "two content-lengths that differ", scripts.promise_twice),
    Fault("bad-chunk", "a chunk whose size is no number", scripts.break_chunk),
    Fault("bad-status-line", "a status line that is no HTTP", always(Raw(NO_HTTP), Cut())),
    Fault("bad-header", "a header line without a name", scripts.break_header),
    Fault("huge-header", "a header of 256 KiB", scripts.add_headers((b"x-simulated-padding", b"x" * 256 * 1024))),
    Fault("many-headers", "1000 headers", scripts.add_headers(*((b"x-simulated-%d" % n, b"1") for n in range(1000)))),
    Fault("early-hints", "103 before the answer, as HTTP allows", scripts.hint_first),
    Fault("close-delimited", "a body that ends with the connection, as HTTP allows", scripts.end_by_closing),
    # Compression
    Fault("gzip", "a well-formed answer in gzip", scripts.compress("gzip")),
    Fault("br", "a well-formed answer in brotli", scripts.compress("br")),
    Fault("bad-gzip", "content-encoding gzip and spoilt bytes", scripts.compress("gzip", broken=True)),
    Fault("gzip-bomb", "64 KiB that become 64 MiB", scripts.send_bomb),
    # Slowness
    Fault("slow-headers", "the answer begins late", scripts.wait_before_head, 20),
    Fault(
        "slow-first-token", "the headers come at once, the first event late", scripts.wait_before_first_event, 20, "S07"
    ),
    Fault("slow-body", "the body comes in small pieces, at most fifty, over the time", scripts.trickle, 10),
    Fault("stall-mid-stream", "a pause after two thirds, then the rest", streams.stall, 30, "S09"),
    # Broken streams
    Fault("cut-mid-stream", "the connection is closed after two thirds", streams.cut_in_the_middle, 0, "S08"),
    Fault("reset-mid-stream", "the connection is reset after two thirds", streams.reset_in_the_middle),
    Fault("end-mid-stream", "the stream ends after two thirds as if complete", change_events(streams.end_early)),
    Fault("half-event", "the stream ends inside an event", change_events(streams.end_inside_event)),
    Fault("malformed-event", "one event (or the body) is no JSON", streams.malform, 0, "S10"),
    Fault("no-done", "the stream ends without [DONE]", change_events(streams.drop_done), 0, "S11"),
    Fault("no-finish", "no event says why the answer ended", change_spoken(streams.drop_finish)),
    Fault("no-usage", "the token counts are missing", streams.drop_usage),
    Fault("error-event-mid-stream", "an error object after two thirds", change_spoken(streams.fail_in_the_middle)),
    Fault("huge-event", "one event of 16 MiB", change_spoken(streams.enlarge_event)),
    # Streams that look unusual and are well-formed
    Fault("crlf-events", "lines end with CR LF", change_lines(streams.use_crlf)),
    Fault("event-burst", "all events in one chunk", change_events(streams.join_events)),
    Fault("split-events", "chunks that begin and end inside events", change_events(streams.split_events)),
    Fault("comment-lines", "a comment before every event", change_lines(streams.add_comments)),
)

BY_NAME = {fault.name: fault for fault in FAULTS}

_SECONDS = re.compile(r"-(\d{1,4}(?:\.\d{1,3})?)s(?=-|$)")
_TIMES = re.compile(r"-(?:(once)|(\d{1,4})-times)$")


@dataclass(frozen=True, slots=True)
class ChosenFault:
    """What a model's name asks for."""

    fault: Fault
    seconds: float
    times: int | None
    """How many requests fail; None for all."""


def read_fault(model: str) -> ChosenFault | None:
    """Read a model's name; None when it names no fault.

    Raises:
        VendorError: the name begins with ``fault-`` and is in no row, or its seconds are too many.
    """
    if not model.startswith(PREFIX):
        return None
    name, _, _label = model.removeprefix(PREFIX).partition("@")
    found_times = _TIMES.search(name)
    name = _TIMES.sub("", name)
    found_seconds = _SECONDS.search(name)
    fault = BY_NAME.get(_SECONDS.sub("", name, count=1))
    if fault is None:
        error = unknown_model(model)
        error.message += f" The simulator's faults are: {', '.join(PREFIX + one for one in BY_NAME)}."
        raise error
    seconds = float(found_seconds[1]) if found_seconds else fault.seconds
    if seconds > MAX_SECONDS:
        raise VendorError(400, f"A fault takes at most {MAX_SECONDS:g} seconds", param="model")
    return ChosenFault(fault, seconds, _read_times(found_times))


def _read_times(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    return 1 if found[1] else int(found[2])


class FaultMemory:
    """How often, and since when, each model's name has been asked for; what "once" and "then up" go by."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def note(self, vendor: str, model: str, now_s: float) -> tuple[int, float]:
        """Count a request; return how many came before it, and how long ago the first one did."""
        count, first_s = self._seen.pop((vendor, model), (0, now_s))
        self._seen[vendor, model] = (count + 1, first_s)
        while len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        return count, now_s - first_s

    def forget(self) -> None:
        """Begin anew: every fault is armed again."""
        self._seen.clear()


def apply_fault(
    model: str, chosen: ChosenFault, prepared: Prepared, *, last_role: str, requests_before: int, failed_for_s: float
) -> Script:
    """Return the script of the sick answer, or of the healthy one once the fault has had its times."""
    if chosen.times is not None and requests_before >= chosen.times:
        return prepared.script()
    call = FaultCall(model, prepared, chosen.seconds, last_role, failed_for_s)
    return chosen.fault.write(call)
