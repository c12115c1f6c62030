"""What each fault puts on the wire; what callers see of it through sockets is in ``tests/clients/test_faults.py``."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from email.utils import parsedate_to_datetime
from itertools import pairwise

import brotli
import pytest

from penstock.simulator.dialect import Prepared
from penstock.simulator.fault_scripts import BOMB_BYTES, HUGE_BYTES, FaultCall
from penstock.simulator.faults import BY_NAME
from penstock.simulator.script import Cut, End, Head, Paced, Raw, Send, Step, Wait

BODY = json.dumps({"id": "x", "choices": [{"text": "words " * 40}], "usage": {"total_tokens": 7}}).encode()
EVENTS = [
    *(b'data: {"choices":[{"delta":{"content":"%d"},"finish_reason":null}]}\n\n' % n for n in range(9)),
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
    b'data: {"choices":[],"usage":{"total_tokens":7}}\n\n',
    b"data: [DONE]\n\n",
]
MARK = ((b"x-mark", b"1"),)
WHOLE = Prepared(MARK, BODY, tokens=3)


def steps(fault: str, prepared: Prepared = WHOLE, seconds: float | None = None, **facts: object) -> list[Step]:
    row = BY_NAME[fault]
    known = {"last_role": "user", "failed_for_s": 0.0, **facts}
    waits = row.seconds if seconds is None else seconds
    call = FaultCall(f"fault-{fault}", prepared, waits, str(known["last_role"]), float(str(known["failed_for_s"])))
    return list(row.write(call))


def stream_steps(fault: str, seconds: float | None = None) -> list[Step]:
    return steps(fault, Prepared(MARK, events=iter(EVENTS)), seconds)


def sent(script: list[Step]) -> bytes:
    """Return the bytes of the body, and of what has no framing."""
    parts: list[bytes] = []
    for step in script:
        if isinstance(step, Paced):
            parts += step.events
        elif isinstance(step, Send | Raw):
            parts.append(step.data)
    return b"".join(parts)


def head_of(script: list[Step]) -> Head:
    return next(step for step in script if isinstance(step, Head))


@pytest.mark.parametrize("fault", BY_NAME)
def test_every_script_is_an_answer_or_a_cut_and_promises_no_length_that_it_does_not_keep(fault: str) -> None:
    for script in (steps(fault), stream_steps(fault)):
        assert isinstance(script[-1], End | Cut)
        heads = [step for step in script if isinstance(step, Head)]
        assert len(heads) + any(isinstance(step, Raw) for step in script) <= 2
        for head in heads:
            if head.length is not None and isinstance(script[-1], End):
                assert len(sent(without_raw(script))) == head.length
            assert (b"x-mark", b"1") in head.headers


def without_raw(script: list[Step]) -> list[Step]:
    return [step for step in script if not isinstance(step, Raw)]


@pytest.mark.parametrize("status", [name for name in BY_NAME if name.isdecimal()])
def test_a_status_is_answered_with_an_error_object(status: str) -> None:
    script = steps(status)
    assert head_of(script).status == int(status)
    assert json.loads(sent(script))["error"]["message"].endswith("(simulated)")


@pytest.mark.parametrize(("fault", "seconds", "value"), [("429", 1, b"1"), ("429", 0.2, b"1"), ("503", 7, b"7")])
def test_retry_after_is_whole_seconds_and_at_least_one(fault: str, seconds: float, value: bytes) -> None:
    assert (b"retry-after", value) in head_of(steps(fault, seconds=seconds)).headers


@pytest.mark.parametrize("fault", ["503", "500", "429-no-retry-after"])
def test_without_seconds_there_is_no_retry_after(fault: str) -> None:
    assert b"retry-after" not in dict(head_of(steps(fault)).headers)


def test_retry_after_as_a_date_is_so_far_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    date = dict(head_of(steps("429-retry-after-date", seconds=90)).headers)[b"retry-after"]
    assert parsedate_to_datetime(date.decode()).timestamp() == 1_800_000_090


def test_only_a_conversation_that_ends_with_the_assistant_is_refused_as_a_prefill() -> None:
    assert head_of(steps("refuses-prefill", last_role="assistant")).status == 400
    assert steps("refuses-prefill", last_role="user") == list(WHOLE.script())


def test_down_is_over_after_its_time() -> None:
    assert head_of(steps("down-then-up", seconds=60, failed_for_s=59.9)).status == 503
    assert steps("down-then-up", seconds=60, failed_for_s=60) == list(WHOLE.script())


@pytest.mark.parametrize(("fault", "decompress"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
def test_compressed_answers_are_the_healthy_ones(fault: str, decompress: object) -> None:
    assert callable(decompress)
    assert decompress(sent(steps(fault))) == BODY
    assert decompress(sent(stream_steps(fault))) == b"".join(EVENTS)


def test_each_compressed_event_can_be_read_when_it_arrives() -> None:
    inflate = zlib.decompressobj(wbits=31)
    (paced,) = (step for step in stream_steps("gzip") if isinstance(step, Paced))
    assert [inflate.decompress(part) for part in paced.events][: len(EVENTS)] == EVENTS


def test_spoilt_gzip_cannot_be_read() -> None:
    with pytest.raises((zlib.error, gzip.BadGzipFile, EOFError)):
        gzip.decompress(sent(steps("bad-gzip")))


def test_a_bomb_is_small_until_it_is_read() -> None:
    bomb = sent(steps("gzip-bomb"))
    assert len(bomb) < BOMB_BYTES / 500
    assert len(gzip.decompress(bomb)) == BOMB_BYTES


@pytest.mark.parametrize("fault", ["cut-mid-stream", "reset-mid-stream"])
def test_what_breaks_off_is_a_beginning_of_the_answer(fault: str) -> None:
    for script, healthy in ((steps(fault), BODY), (stream_steps(fault), b"".join(EVENTS))):
        assert script[-1] == Cut(reset=fault.startswith("reset"))
        assert healthy.startswith(sent(script))
        assert 0 < len(sent(script)) < len(healthy)


@pytest.mark.parametrize("fault", ["slow-headers", "slow-first-token", "slow-body", "stall-mid-stream"])
def test_slowness_takes_its_seconds_and_loses_nothing(fault: str) -> None:
    for script, healthy in ((steps(fault, seconds=5), BODY), (stream_steps(fault, 5), b"".join(EVENTS))):
        assert sum(step.seconds for step in script if isinstance(step, Wait)) == pytest.approx(5)
        assert sent(script) == healthy


def test_a_slow_head_waits_before_it_and_a_slow_first_token_behind_it() -> None:
    assert isinstance(stream_steps("slow-headers", 5)[0], Wait)
    assert [type(step) for step in stream_steps("slow-first-token", 5)[:2]] == [Head, Wait]


@pytest.mark.parametrize("fault", ["event-burst", "split-events"])
def test_other_pieces_are_the_same_stream(fault: str) -> None:
    assert sent(stream_steps(fault)) == b"".join(EVENTS)
    assert sent(steps(fault)) == BODY


def test_pieces_end_inside_events() -> None:
    (paced,) = (step for step in stream_steps("split-events") if isinstance(step, Paced))
    assert any(not one.endswith(b"\n\n") and other for one, other in pairwise(paced.events))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("end-mid-stream", EVENTS[:8]),
        ("half-event", [*EVENTS[:8], EVENTS[8][: len(EVENTS[8]) // 2]]),
        ("no-done", EVENTS[:-1]),
        ("no-finish", [*EVENTS[:9], *EVENTS[10:]]),
        ("no-usage", [*EVENTS[:10], *EVENTS[11:]]),
        ("crlf-events", [event.replace(b"\n", b"\r\n") for event in EVENTS]),
    ],
)
def test_a_changed_stream_is_the_healthy_one_but_for_the_fault(fault: str, expected: list[bytes]) -> None:
    assert sent(stream_steps(fault)) == b"".join(expected)


def test_without_usage_the_rest_of_a_body_is_the_same() -> None:
    healthy = json.loads(BODY)
    del healthy["usage"]
    assert json.loads(sent(steps("no-usage"))) == healthy


def test_a_malformed_event_stands_among_healthy_ones() -> None:
    lines = sent(stream_steps("malformed-event")).split(b"\n\n")
    healthy = b"".join(EVENTS).split(b"\n\n")
    assert len([line for line in lines if line not in healthy]) == 1
    for body in (sent(steps("malformed-event")), lines[8].removeprefix(b"data: ")):
        with pytest.raises(ValueError, match="line 1"):
            json.loads(body)


def test_padding_is_huge_and_changes_nothing() -> None:
    body = sent(steps("huge-body"))
    assert len(body) > HUGE_BYTES
    assert json.loads(body) == json.loads(BODY)
    for fault in ("huge-body", "huge-event"):
        stream = sent(stream_steps(fault))
        assert len(stream) > HUGE_BYTES
        assert data_of(stream) == data_of(b"".join(EVENTS))


def test_comments_change_nothing() -> None:
    stream = sent(stream_steps("comment-lines"))
    assert stream.count(b": simulated") == len(EVENTS)
    assert data_of(stream) == data_of(b"".join(EVENTS))


def data_of(stream: bytes) -> list[bytes]:
    """Return the data of each event."""
    return [line[5:].strip() for line in stream.split(b"\n") if line.startswith(b"data:")]
