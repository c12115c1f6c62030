"""Faults of streams: streams that break off, end early, lack an event or look unusual.

Functions from a healthy answer to the script of a sick one, as in ``fault_scripts``. What they must know of a format
(which event says why an answer ended, what an error looks like) its dialect tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from penstock.simulator.dialect import Dialect, joined_without_usage
from penstock.simulator.fault_scripts import HUGE_BYTES, FaultCall, WriteFault
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import Cut, End, Head, Paced, Script, Send, Step, Wait, whole


def stall(call: FaultCall) -> Script:
    """Stop in the middle for a time, then go on to the end."""
    return _in_the_middle(call, Wait(call.seconds), goes_on=True)


def cut_in_the_middle(call: FaultCall) -> Script:
    """Close the connection after two thirds of the answer."""
    return _in_the_middle(call, Cut(), goes_on=False)


def reset_in_the_middle(call: FaultCall) -> Script:
    """Reset the connection after two thirds of the answer."""
    return _in_the_middle(call, Cut(reset=True), goes_on=False)


def _in_the_middle(call: FaultCall, step: Step, *, goes_on: bool) -> Script:
    events = call.events()
    if events is None:
        body = call.prepared.body
        at = len(body) * 2 // 3
        yield from (Head(200, call.body_headers(), len(body)), Send(body[:at]), step)
        if goes_on:
            yield from (Send(body[at:]), End())
        return
    at = _middle(events)
    yield from (call.stream_head(), Paced(events[:at]), step)
    if goes_on:
        yield from (Paced(events[at:]), End())


def _middle(events: list[bytes]) -> int:
    """Return where two thirds of the events end: at least one before, and one after."""
    return max(1, min(len(events) * 2 // 3, len(events) - 1))


def change_events(change: Callable[[list[bytes]], Iterable[bytes]]) -> WriteFault:
    """Send other events than the healthy ones."""
    return change_spoken(lambda events, _dialect: change(events))


def change_lines(change: Callable[[list[bytes]], Iterable[bytes]]) -> WriteFault:
    """Send other events than the healthy ones, where events are lines of text."""
    return change_spoken(lambda events, dialect: change(events) if dialect.is_text else events)


def change_spoken(change: Callable[[list[bytes], Dialect], Iterable[bytes]]) -> WriteFault:
    """Send other events than the healthy ones; how depends on the format."""

    def write(call: FaultCall) -> Script:
        events = call.events()
        if events is None:
            return call.prepared.script()
        return (call.stream_head(), Paced(list(change(events, call.speaks))), End())

    return write


def end_early(events: list[bytes]) -> list[bytes]:
    """Keep two thirds, and end as if nothing were missing."""
    return events[: _middle(events)]


def end_inside_event(events: list[bytes]) -> list[bytes]:
    """Keep two thirds and half an event."""
    at = _middle(events)
    return [*events[:at], events[at][: len(events[at]) // 2]]


def drop_done(events: list[bytes]) -> list[bytes]:
    """Leave out the last event: ``[DONE]``, or what ends a stream of the format."""
    return events[:-1]


def drop_finish(events: list[bytes], dialect: Dialect) -> list[bytes]:
    """Leave out every event that says why an answer ended."""
    return [event for event in events if not dialect.says_finish(event)]


def fail_in_the_middle(events: list[bytes], dialect: Dialect) -> list[bytes]:
    """Put an error after two thirds, and end."""
    error = VendorError(500, "The server had an error while writing the answer", code="server_error")
    return [*events[: _middle(events)], dialect.write_error_event(error)]


def enlarge_event(events: list[bytes], dialect: Dialect) -> list[bytes]:
    """Make one event megabytes long."""
    at = _middle(events)
    return [*events[:at], dialect.pad_event(events[at], HUGE_BYTES), *events[at + 1 :]]


def use_crlf(events: list[bytes]) -> list[bytes]:
    """End lines with CR LF, as the format allows."""
    return [event.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for event in events]


def join_events(events: list[bytes]) -> list[bytes]:
    """Send all events at once."""
    return [b"".join(events)]


def split_events(events: list[bytes]) -> list[bytes]:
    """Send pieces that begin and end anywhere."""
    whole_stream = b"".join(events)
    return [whole_stream[start : start + 101] for start in range(0, len(whole_stream), 101)]


def add_comments(events: list[bytes]) -> list[bytes]:
    """Put a comment before every event, as the format allows."""
    return [b": simulated keep-alive\n\n" + event for event in events]


def malform(call: FaultCall) -> Script:
    """Put one event (or make the body) that is no JSON in the middle."""
    events = call.events()
    if events is None:
        return whole(200, call.body_headers(), call.prepared.body[: len(call.prepared.body) * 2 // 3])
    at = _middle(events)
    return (call.stream_head(), Paced([*events[:at], call.speaks.malformed_event, *events[at:]]), End())


def drop_usage(call: FaultCall) -> Script:
    """Leave out the token counts."""
    events = call.events()
    if events is not None:
        return (call.stream_head(), Paced(list(joined_without_usage(call.speaks, events))), End())
    members = msgspec.json.decode(call.prepared.body, type=dict[str, msgspec.Raw])
    members.pop(call.speaks.usage_member, None)
    return whole(200, call.body_headers(), msgspec.json.encode(members))
