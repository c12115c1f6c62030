"""Faults of streams in every format; what each does to OpenAI's is in ``test_fault_scripts``."""

from __future__ import annotations

import pytest

from penstock.simulator.anthropic.dialect import ANTHROPIC
from penstock.simulator.anthropic.dialect import event as anthropic_event
from penstock.simulator.bedrock.dialect import CONVERSE, INVOKE, chunk, frame
from penstock.simulator.cohere_v2.dialect import COHERE
from penstock.simulator.cohere_v2.dialect import event as cohere_event
from penstock.simulator.dialect import Dialect, Prepared
from penstock.simulator.fault_scripts import HUGE_BYTES, FaultCall
from penstock.simulator.faults import BY_NAME
from penstock.simulator.gemini.dialect import GEMINI
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import Paced
from penstock.wire.framing.aws_eventstream import FrameSplitter

STOP = b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}'
STREAMS: dict[str, tuple[Dialect, list[bytes]]] = {
    "anthropic": (
        ANTHROPIC,
        [
            *(
                anthropic_event("content_block_delta", b'{"type":"content_block_delta","index":%d}' % n)
                for n in range(6)
            ),
            anthropic_event("message_delta", STOP),
            anthropic_event("message_stop", b'{"type":"message_stop"}'),
        ],
    ),
    "converse": (
        CONVERSE,
        [
            *(frame("contentBlockDelta", b'{"contentBlockIndex":%d}' % n) for n in range(6)),
            frame("messageStop", b'{"stopReason":"end_turn"}'),
            frame("metadata", b'{"usage":{"inputTokens":1}}'),
        ],
    ),
    "invoke": (
        INVOKE,
        [*(chunk(b'{"type":"ping","n":%d}' % n) for n in range(6)), chunk(STOP), chunk(b'{"type":"message_stop"}')],
    ),
    "gemini": (
        GEMINI,
        [
            *(b'data: {"candidates":[{"index":%d}],"usageMetadata":{}}\r\n\r\n' % n for n in range(6)),
            b'data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{}}\r\n\r\n',
        ],
    ),
    "cohere": (
        COHERE,
        [
            *(cohere_event({"type": "content-delta", "index": n}) for n in range(6)),
            cohere_event({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {}}}),
        ],
    ),
}
ERROR = VendorError(500, "The server had an error while writing the answer", code="server_error")
formats = pytest.mark.parametrize("format_", STREAMS)


def sick(fault: str, format_: str) -> list[bytes]:
    dialect, events = STREAMS[format_]
    call = FaultCall(f"fault-{fault}", Prepared((), events=events, dialect=dialect), 0, "user", 0)
    return [event for step in BY_NAME[fault].write(call) if isinstance(step, Paced) for event in step.events]


def is_framed(format_: str) -> bool:
    return format_ in {"converse", "invoke"}


@formats
def test_without_a_finish_only_the_event_that_says_it_is_gone(format_: str) -> None:
    dialect, events = STREAMS[format_]
    assert [event for event in events if not dialect.says_finish(event)] == sick("no-finish", format_)
    assert len(sick("no-finish", format_)) == len(events) - 1


@formats
def test_without_counts_no_event_has_any_and_the_finish_stays(format_: str) -> None:
    dialect, events = STREAMS[format_]
    left = sick("no-usage", format_)
    assert b"sage" not in b"".join(left).replace(b"message", b"")
    assert [dialect.says_finish(event) for event in left].count(True) == 1
    assert left != events


@formats
def test_an_error_is_the_last_event(format_: str) -> None:
    dialect, events = STREAMS[format_]
    left = sick("error-event-mid-stream", format_)
    assert left[:-1] == events[: len(left) - 1]
    assert b"while writing the answer" in left[-1]
    assert left[-1] == dialect.write_error_event(ERROR)


@pytest.mark.parametrize("fault", ["crlf-events", "comment-lines"])
@pytest.mark.parametrize("format_", ["converse", "invoke"])
def test_frames_have_no_lines_to_be_changed(format_: str, fault: str) -> None:
    assert sick(fault, format_) == STREAMS[format_][1]


@formats
def test_a_huge_event_says_the_same_and_frames_stay_whole(format_: str) -> None:
    events = sick("huge-event", format_)
    (longest,) = [event for event in events if len(event) > HUGE_BYTES // 2]
    index = events.index(longest)
    assert squeezed(longest, format_) == squeezed(STREAMS[format_][1][index], format_)


def squeezed(event: bytes, format_: str) -> bytes:
    if is_framed(format_):
        (one,) = FrameSplitter().feed(event)
        return one.payload.strip()
    return event.replace(b" ", b"")


@formats
def test_a_malformed_event_stands_among_healthy_ones(format_: str) -> None:
    events = STREAMS[format_][1]
    left = sick("malformed-event", format_)
    assert [event for event in left if event in events] == events
    assert len(left) == len(events) + 1


@formats
def test_lines_that_end_otherwise_do_so_once(format_: str) -> None:
    assert not any(b"\r\r" in event for event in sick("crlf-events", format_))
