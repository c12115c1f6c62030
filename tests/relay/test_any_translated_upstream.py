"""Whatever a provider of another format sends: its caller gets a whole answer, or an error in the caller's own format.

What is sent are the answers of the translation's vectors with members taken out, put in, doubled and changed, events
left out, doubled and swapped, bytes spoilt, cut anywhere; and bytes that are nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.core.chat_format import FormatId
from penstock.providers import all_providers
from penstock.relay.snapshot import Model, Snapshot, Target
from penstock.wire.framing.aws_eventstream import encode_frame
from tests.relay.plain_client import Answered
from tests.relay.scripted_upstream import CLOSE, RESET, Script, answer_head
from tests.relay.served_gateway import KEY, backend_at, snapshot_of
from tests.relay.told_gateway import told_gateway
from tests.wire.chat_oracles import ERROR_ORACLES
from tests.wire.chat_vector import Vector, find_vectors

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("PENSTOCK_UPSTREAM_EXAMPLES", "250"))
PROVIDERS: dict[FormatId, str] = {
    "openai_chat": "openai",
    "anthropic_messages": "anthropic",
    "bedrock_converse": "bedrock",
    "gemini_generate": "gemini-native",
    "cohere_chat": "cohere-native",
}
PATHS: dict[FormatId, str] = {"openai_chat": "/v1/chat/completions", "anthropic_messages": "/v1/messages"}
ENDS: dict[FormatId, bytes] = {
    "openai_chat": b"data: [DONE]\n\n",
    "anthropic_messages": b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
}
DEEP = b"[" * 5000 + b"]" * 5000
DEEP_FRAME = encode_frame({":message-type": "event", ":event-type": "metadata"}, b'{"x":' + DEEP + b"}")
ODD: list[Any] = [None, True, 0, -1, 2**70, 1e308, "", "x", "\0", [], {}, [None], {"type": "x"}, "stop", KEY, "DEEP"]
VECTORS = find_vectors()
FORMATS = sorted(PROVIDERS)
CALLERS = sorted(PATHS)


class Sent(NamedTuple):
    """An answer of a provider."""

    status: int
    media_type: str
    body: bytes


class BadDay(NamedTuple):
    """What a caller asks, and what comes of it: the head's part of ``sent``, and the pieces of the body."""

    caller: FormatId
    upstream: FormatId
    stream: bool
    sent: Sent
    script: Script


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def spoil(value: Any, random: Random) -> Any:
    """Take out, double or change a few members of JSON."""
    for _ in range(random.choice([0, 1, 1, 2])):
        *parents, last = random.choice(list(places(value)) or [(None,)])
        if last is None:
            return random.choice(ODD)
        inside = value
        for key in parents:
            inside = inside[key]
        match random.randrange(4):
            case 0:
                del inside[last]
            case 1 if isinstance(inside, list):
                inside.insert(last, json.loads(json.dumps(inside[last])))
            case _:
                inside[last] = json.loads(json.dumps(random.choice(ODD)))
    return value


def spoilt_text(text: bytes, random: Random) -> bytes:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return json.dumps(spoil(found, random)).encode().replace(b'"DEEP"', DEEP)


def as_block(event: Any, random: Random) -> bytes:
    """Render an event of a vector: a block of server-sent events, or a frame."""
    if isinstance(event, bytes):
        lines = event.split(b"\n")
        if random.random() < 0.15:
            lines = [b"data: " + spoilt_text(line[6:], random) if line[:6] == b"data: " else line for line in lines]
        return b"\n".join(lines) + b"\n\n"
    payload = (event.get("text") or json.dumps(event["payload"])).encode()
    return encode_frame(event["headers"], spoilt_text(payload, random) if random.random() < 0.15 else payload)


def stream_of(vector: Vector, random: Random) -> bytes:
    """Return the stream of a vector, its events shuffled a little and spoilt."""
    events: list[Any]
    if vector.has("upstream_stream.sse"):
        events = [block for block in vector.read("upstream_stream.sse").split(b"\n\n") if block]
    else:
        events = [json.loads(line) for line in vector.read("upstream_stream.jsonl").splitlines() if line.strip()]
    for _ in range(random.choice([0, 0, 1, 2])):
        at = random.randrange(len(events))
        match random.randrange(3):
            case 0 if len(events) > 1:
                del events[at]
            case 1:
                events.insert(at, events[at])
            case _:
                other = random.randrange(len(events))
                events[at], events[other] = events[other], events[at]
    return b"".join(as_block(event, random) for event in events)


def spoilt_answer(upstream: FormatId, random: Random, *, stream: bool) -> Sent:
    """Return an answer as a provider of this format might give it on a bad day."""
    vectors = [vector for vector in VECTORS if vector.upstream == upstream]
    if stream and random.random() < 0.8:
        streams = [one for one in vectors if one.has("upstream_stream.sse") or one.has("upstream_stream.jsonl")]
        found = random.choice(streams)
        media_type = "application/vnd.amazon.eventstream" if found.has("upstream_stream.jsonl") else "text/event-stream"
        return Sent(200, media_type, stream_of(found, random))
    found = random.choice([one for one in vectors if one.has("upstream_answer.json")])
    return Sent(found.case.status, "application/json", spoilt_text(found.read("upstream_answer.json"), random))


def snapshot_before(port: int) -> Snapshot:
    """Return what is served: a model of each format."""
    models: dict[str, Model] = {}
    for format_id, provider_id in PROVIDERS.items():
        provider = all_providers()[provider_id]
        backend = backend_at(port, name=format_id, provider=provider, options=provider.options())
        target = Target(backend=backend, model="real")
        models[format_id] = Model(name=format_id, targets=(target,), owned_by="us", created=1)
    return replace(snapshot_of(*(model.targets[0].backend for model in models.values())), models=models)


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({place % (len(body) + 1) for place in cuts} | {0, len(body)})
    return [body[start:end] for start, end in pairwise(at)]


def events_in(body: bytes) -> list[Json]:
    lines = [line for line in body.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line[6:]) for line in lines]


def check_anthropic_events(events: list[Json]) -> None:
    """Check the order that Anthropic's SDKs rely on."""
    events = [event for event in events if event["type"] not in {"ping", "error"}]
    assert [number for number, event in enumerate(events) if event["type"] == "message_start"] == [0]
    opened, is_open = -1, False
    for event in events[1:]:
        match event["type"]:
            case "content_block_start":
                assert (event["index"], is_open) == (opened + 1, False)
                opened, is_open = event["index"], True
            case "content_block_delta":
                assert (event["index"], is_open) == (opened, True)
            case "content_block_stop":
                assert (event["index"], is_open) == (opened, True)
                is_open = False
            case "message_delta":
                assert not is_open
                assert event["delta"]["stop_reason"]
                assert event["usage"]["output_tokens"] >= 0
            case kind:
                assert (kind, event) == ("message_stop", events[-1])
    assert [event["type"] for event in events].count("message_delta") <= 1


def check_openai_events(events: list[Json]) -> None:
    """Check that each choice says first who speaks, numbers its calls without gaps, and finishes once, at its end."""
    calls: dict[int, int] = {}
    finished: set[int] = set()
    for choice in (choice for event in events for choice in event.get("choices", ())):
        number, delta = choice["index"], choice["delta"]
        assert number not in finished
        assert ("role" in delta) == (number not in calls)
        begun = calls.setdefault(number, 0)
        for call in delta.get("tool_calls") or ():
            if "id" in call:
                assert call["index"] == begun
                assert "name" in call["function"]
                calls[number] = begun = begun + 1
            assert call["index"] < begun
        if choice["finish_reason"] is not None:
            finished.add(number)


ORDER: dict[FormatId, Callable[[list[Json]], None]] = {
    "openai_chat": check_openai_events,
    "anthropic_messages": check_anthropic_events,
}


def last_event(caller: FormatId, body: bytes) -> bytes:
    """Return the data of the last event."""
    block = body.removesuffix(b"\n\n").split(b"\n\n")[-1]
    return next(line[6:] for line in block.split(b"\n") if line.startswith(b"data: ")) if caller in ENDS else b""


def check(caller: FormatId, answered: Answered, line: dict[str, Any], *, stream: bool) -> None:
    assert line["status"] == answered.status
    if stream and answered.status == 200:
        ORDER[caller](events_in(answered.body))
    if answered.status >= 400:
        assert answered.whole
        ERROR_ORACLES[caller](answered.body)
        assert KEY.encode() not in answered.body
    elif answered.whole:
        assert line["outcome"] == "done"
        assert answered.body.endswith(ENDS[caller]) if stream else isinstance(answered.json, dict)
    else:
        assert line["outcome"] == "error"
        assert line["error_code"]
        error = last_event(caller, answered.body)
        ERROR_ORACLES[caller](error)
        assert KEY.encode() not in error


@st.composite
def bad_days(draw: st.DrawFn) -> BadDay:
    """Draw what is asked, and how the provider answers it."""
    caller, upstream, stream = draw(st.sampled_from(CALLERS)), draw(st.sampled_from(FORMATS)), draw(st.booleans())
    if draw(st.integers(0, 9)) == 9:
        sent = Sent(200, "application/json", draw(st.binary(max_size=40)))
    else:
        sent = spoilt_answer(upstream, draw(st.randoms(use_true_random=False)), stream=stream)
    pieces = cut(sent.body, draw(st.lists(st.integers(0, 4000), max_size=6)))
    if draw(st.integers(0, 9)) == 9:
        pieces = pieces[: len(pieces) // 2]
    ending = draw(st.sampled_from([CLOSE, CLOSE, CLOSE, RESET]))
    return BadDay(caller, upstream, stream, sent._replace(body=b""), [*pieces, ending])


def deep_day(caller: FormatId, upstream: FormatId, body: bytes, *, stream: bool = True) -> BadDay:
    return BadDay(caller, upstream, stream, Sent(200, "application/json", b""), [body, CLOSE])


def test_any_answer_of_another_format_ends_well_or_in_an_error_of_the_callers_format(tmp_path: Path) -> None:
    with told_gateway(snapshot_before, tmp_path / "log") as gateway:

        @settings(max_examples=EXAMPLES)
        @given(bad_days())
        @example(deep_day("openai_chat", "bedrock_converse", b'{"x":' + DEEP + b"}", stream=False))
        @example(deep_day("openai_chat", "anthropic_messages", b'data: {"x":' + DEEP + b"}\n\n"))
        @example(deep_day("anthropic_messages", "cohere_chat", b'data: {"x":' + DEEP + b"}\n\n"))
        @example(deep_day("anthropic_messages", "bedrock_converse", DEEP_FRAME))
        def ends(day: BadDay) -> None:
            head = answer_head(day.sent.status, f"content-type: {day.sent.media_type}", f"x-said: {KEY}")
            asked = {"model": day.upstream, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
            body = json.dumps(asked | ({"stream": True} if day.stream else {})).encode()
            answered, line = gateway.ask([head, *day.script], body, PATHS[day.caller])
            assert not gateway.unhandled
            if day.caller != day.upstream:
                check(day.caller, answered, line, stream=day.stream)

        ends()
