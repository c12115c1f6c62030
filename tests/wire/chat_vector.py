"""One vector of chat translation: a folder with what goes in and what must come out, and how its stream is replayed.

``tests/vectors/chat/<caller's format>/<upstream's format>/<case>/`` with ``case.json`` (:class:`Case`) and, beside it,
``client_request.json``, ``upstream_request.json`` (or ``upstream_request.raw.json``, compared byte by byte),
``upstream_answer.json`` or ``.txt`` and ``client_answer.json``; of a stream ``upstream_stream.sse`` (or ``.jsonl``, one
frame of an AWS event stream a line; ``text`` stands for a ``payload`` that is no JSON) and ``client_stream.sse``.

What ``<case>`` is called, and which cases there must be, is in ``test_chat_vector_coverage``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_answer import (
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    End,
    Finish,
    Ping,
    StreamFailure,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext, CallerFormat, EventDecoder, FormatId, UpstreamFormat
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.core.usage import UNREPORTED, Usage, later_counts
from penstock.relay.stream_events import EventCutter, FramedError
from penstock.wire.framing.aws_eventstream import MAX_FRAME_BYTES, encode_frame
from penstock.wire.json_tool import EventUnwrapper

ROOT = Path(__file__).parents[1] / "vectors" / "chat"
CREATED = 1_700_000_000
REQUEST_ID = "req_test"


class Refused(msgspec.Struct, forbid_unknown_fields=True):
    """An ``InvalidRequest``."""

    code: str
    param: str | None = None


class Case(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``case.json``."""

    source: str
    upstream_model: str
    stream: bool = False
    status: int = 200
    facts: ModelFacts = ModelFacts()
    losses: list[tuple[str, str]] = []
    usage: Usage = UNREPORTED
    json_tool: str | None = None
    unknown: list[str] = []
    headers: dict[str, str] = {}
    answer_headers: dict[str, str] = {}
    refused: Refused | None = None
    unreadable: str | None = None
    """Words of what is said of an event that is not of the upstream's format; behind it comes the relay's own error."""


class Vector:
    """A case and its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = "/".join(folder.relative_to(ROOT).parts)
        self.case = msgspec.json.decode((folder / "case.json").read_bytes(), type=Case)
        self.caller, self.upstream = map(_format_id, folder.relative_to(ROOT).parts[:2])

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def json(self, name: str) -> object:
        found: object = json.loads(self.read(name))
        return found

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def lift(self, caller: CallerFormat) -> ChatRequest:
        return caller.lift(JsonObject(self.read("client_request.json")))

    def context(self) -> AnswerContext:
        headers = {name.lower().encode(): value.encode() for name, value in self.case.answer_headers.items()}
        return AnswerContext(model=self.case.upstream_model, request_id=REQUEST_ID, headers=headers, created=CREATED)

    def upstream_answer(self) -> bytes:
        return self.read("upstream_answer.json" if self.has("upstream_answer.json") else "upstream_answer.txt")

    def upstream_stream(self) -> bytes:
        if self.has("upstream_stream.sse"):
            return self.read("upstream_stream.sse")
        frames = [json.loads(line) for line in self.read("upstream_stream.jsonl").splitlines() if line.strip()]
        payloads = [frame.get("text") or json.dumps(frame["payload"]) for frame in frames]
        return b"".join(
            encode_frame(frame["headers"], payload.encode()) for frame, payload in zip(frames, payloads, strict=True)
        )


def _format_id(name: str) -> FormatId:
    for known in get_args(FormatId):
        if known == name:
            return known  # type: ignore[no-any-return]  # one of the literal's words
    raise AssertionError(f"{name} is no chat format")


def find_vectors() -> list[Vector]:
    """Return every vector, in the order of their names."""
    return [Vector(path.parent) for path in sorted(ROOT.glob("*/*/*/case.json"))]


class Replay:
    """Runs a stream through cutter, decoder, unwrapping and encoder, as the relay does."""

    def __init__(self, vector: Vector, caller: CallerFormat, upstream: UpstreamFormat, context: AnswerContext) -> None:
        self.events: list[ChatEvent] = []
        self.usage = UNREPORTED
        self.out = b""
        self._upstream = upstream
        self._decoder: EventDecoder = upstream.decoder(context)
        self._encoder = caller.encoder(vector.lift(caller), context)
        self._cutter = EventCutter(upstream.framing, MAX_FRAME_BYTES)
        tool = vector.case.json_tool
        self._unwrapper = None if tool is None else EventUnwrapper(tool, context)

    def run(self, pieces: Iterator[bytes]) -> None:
        try:
            for piece in pieces:
                for kind, data in self._cutter.feed(piece):
                    self._take(self._decoder.decode(kind, data))
        except FramedError as error:
            headers = {b"x-amzn-errortype": error.name.encode()}
            self._take([StreamFailure(self._upstream.read_error(error.status, error.payload, headers))])
            return
        for kind, data in self._cutter.rest():
            self._take(self._decoder.decode(kind, data))
        self._take(self._decoder.close())

    def _take(self, events: list[ChatEvent]) -> None:
        for event in self._unwrapper.unwrap(events) if self._unwrapper else events:
            self.events.append(event)
            if isinstance(event, UsageReport):
                self.usage = later_counts(self.usage, event.usage)
            self.out += self._encoder.encode(event)


def check_order(events: list[ChatEvent]) -> None:
    """Assert the order that ``chat_answer`` promises of a stream that has been lifted."""
    said = [event for event in events if not isinstance(event, Ping)]
    if not said or isinstance(said[0], StreamFailure):
        return
    assert isinstance(said[0], Begin)
    assert not any(isinstance(event, Begin) for event in said[1:])
    opened: dict[int, int] = {}
    open_now: set[tuple[int, int]] = set()
    finished: set[int] = set()
    for number, event in enumerate(said[1:], 1):
        match event:
            case BlockBegin():
                assert event.index == opened.get(event.choice, 0), "blocks are numbered without gaps"
                opened[event.choice] = event.index + 1
                open_now.add((event.choice, event.index))
            case BlockEnd():
                open_now.remove((event.choice, event.index))
            case Finish():
                assert event.choice not in finished, "a choice finishes once"
                assert not any(choice == event.choice for choice, _ in open_now), "its blocks are complete"
                finished.add(event.choice)
            case End() | StreamFailure():
                assert number == len(said) - 1, "nothing comes behind the end"
                assert isinstance(event, StreamFailure) or not open_now
            case UsageReport() | Begin() | Ping():
                pass
            case _:
                assert (event.choice, event.index) in open_now, "a delta belongs to an open block"
