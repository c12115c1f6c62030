"""The events of ConverseStream as neutral events.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html (read 2026-11-23). An event's
name stands in its frame. Only tools and pictures announce a block; what another block is, its first delta tells. The
counts come in ``metadata``, after ``messageStop``; the answer is complete once both have come, or the body has ended
after ``messageStop``. Exceptions may come at any place, and end the stream.
"""

from __future__ import annotations

import binascii

import msgspec

from penstock.core.chat import Image, RedactedThinking, Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.wire.bedrock_converse.answer_blocks import (
    ABSENT,
    SERVER_TOOL,
    UNSAID,
    MediaSource,
    begin_call,
    read_citation,
    read_source,
)
from penstock.wire.bedrock_converse.errors import read_exception
from penstock.wire.bedrock_converse.lift_answer import Tier, answer_id, read_stop_reason, read_stop_sequence
from penstock.wire.bedrock_converse.usage import TokenUsage, read_usage
from penstock.wire.bedrock_converse.vocabulary import FORMAT
from penstock.wire.held_text import BLOCK_BYTES, HeldText

_MOST_FORM_CHARS = 64


class _ToolStart(msgspec.Struct, rename="camel", gc=False):
    tool_use_id: str | None = None
    name: str | None = None
    type: str | None = None


class _ImageStart(msgspec.Struct, gc=False):
    format: str | None = None


class _Start(msgspec.Struct, rename="camel"):
    tool_use: _ToolStart | None = None
    tool_result: msgspec.Raw = ABSENT
    image: _ImageStart | None = None


class _BlockStart(msgspec.Struct, rename="camel"):
    content_block_index: int = 0
    start: msgspec.Raw = ABSENT


class _ToolDelta(msgspec.Struct, gc=False):
    input: str | None = None


class _ReasoningDelta(msgspec.Struct, rename="camel", gc=False):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _ImageDelta(msgspec.Struct):
    source: MediaSource | None = None


class _Delta(msgspec.Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolDelta | None = None
    reasoning_content: _ReasoningDelta | None = None
    citation: msgspec.Raw = ABSENT
    tool_result: msgspec.Raw = ABSENT
    image: _ImageDelta | None = None


class _BlockDelta(msgspec.Struct, rename="camel"):
    delta: _Delta
    content_block_index: int = 0


class _BlockStop(msgspec.Struct, rename="camel", gc=False):
    content_block_index: int = 0


class _MessageStop(msgspec.Struct, rename="camel"):
    stop_reason: str | None = None
    additional_model_response_fields: msgspec.Raw = ABSENT


class _Metadata(msgspec.Struct, rename="camel"):
    usage: TokenUsage | None = None
    service_tier: Tier | None = None


_start_decoder = msgspec.json.Decoder(_BlockStart)
_start_members_decoder = msgspec.json.Decoder(_Start)
_delta_decoder = msgspec.json.Decoder(_BlockDelta)
_stop_decoder = msgspec.json.Decoder(_BlockStop)
_message_stop_decoder = msgspec.json.Decoder(_MessageStop)
_metadata_decoder = msgspec.json.Decoder(_Metadata)

_OF_THE_MESSAGE = frozenset(
    {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"}
)
"""Events that cannot come behind ``messageStop``."""


class _Open:
    """A block that has begun; ``kind`` is the class of its neutral block."""

    __slots__ = ("index", "kind", "pieces", "said")

    def __init__(self, index: int, kind: type, context: AnswerContext) -> None:
        self.index = index
        self.kind = kind
        self.said = False
        self.pieces = HeldText(context)
        """Base64 of redacted thinking, which is given out whole."""


class ConverseDecoder:
    """Decodes one stream."""

    __slots__ = ("_begun", "_blocks", "_context", "_counted", "_ended", "_finished", "_open", "_pictures")

    def __init__(self, context: AnswerContext) -> None:
        """Begin at the start of a stream."""
        self._context = context
        self._begun = self._finished = self._counted = self._ended = False
        self._blocks = 0
        """Neutral blocks given out so far."""
        self._open: dict[int, _Open] = {}
        self._pictures: dict[int, str] = {}

    def decode(self, kind: str, data: bytes) -> list[ChatEvent]:
        """Take one event: its ``:event-type`` or ``:exception-type``, and its payload.

        Raises:
            ValueError: the payload is not what the service model says.
        """
        if self._ended or (self._finished and kind in _OF_THE_MESSAGE):
            return []
        match kind:
            case "contentBlockDelta":
                return self._take_delta(_delta_decoder.decode(data))
            case "contentBlockStart":
                return self._take_start(_start_decoder.decode(data))
            case "contentBlockStop":
                return self._close_block(_stop_decoder.decode(data).content_block_index)
            case "messageStart":
                return self._begin()
            case "messageStop":
                return self._take_message_stop(_message_stop_decoder.decode(data))
            case "metadata":
                return self._take_metadata(_metadata_decoder.decode(data))
            case _ if kind.endswith(("Exception", "Error")):
                self._ended = True
                return [StreamFailure(read_exception(kind, data))]
            case _:
                self._context.note(f"event={kind}")
                return []

    def close(self) -> list[ChatEvent]:
        """Take the end of the body: it was complete if the message had stopped."""
        if self._ended or not self._finished:
            return []
        self._ended = True
        return [End()]

    def _begin(self) -> list[ChatEvent]:
        if self._begun:
            return []
        self._begun = True
        return [Begin(answer_id(self._context), self._context.model, self._context.created)]

    def _take_start(self, event: _BlockStart) -> list[ChatEvent]:
        number = event.content_block_index
        if event.start in UNSAID:
            return []
        start = _start_members_decoder.decode(event.start)
        if start.tool_use is not None and start.tool_use.type != SERVER_TOOL:
            return self._open_block(number, begin_call(start.tool_use.tool_use_id, start.tool_use.name, ""))
        if start.image is not None:
            form = start.image.format or "png"
            if number not in self._pictures:
                self._context.hold(BLOCK_BYTES)
            self._pictures[number] = form[:_MOST_FORM_CHARS]
        elif start.tool_use is not None or start.tool_result not in UNSAID:  # of a tool that Bedrock runs itself
            kind = SERVER_TOOL if start.tool_use is not None else "toolResult"
            return self._open_block(number, VendorBlock(FORMAT, kind, msgspec.Raw(bytes(event.start))))
        return []

    def _take_delta(self, event: _BlockDelta) -> list[ChatEvent]:
        delta = event.delta
        number = event.content_block_index
        if delta.text is not None:
            if not delta.text:
                return []
            events, block = self._block(number, Text)
            events.append(TextDelta(0, block.index, delta.text))
            return events
        if delta.tool_use is not None:
            opened = self._open.get(number)
            if not delta.tool_use.input:
                return []
            if opened is None:
                msg = "arguments of a call that has not begun"
                raise ValueError(msg)
            if opened.kind is not ToolCall:
                return []
            opened.said = True
            return [ArgumentsDelta(0, opened.index, delta.tool_use.input)]
        if delta.reasoning_content is not None:
            return self._take_reasoning(number, delta.reasoning_content)
        if delta.citation not in UNSAID:
            events, block = self._block(number, Text)
            events.append(CitationDelta(0, block.index, read_citation(delta.citation)))
            return events
        if delta.image is not None:
            return self._take_picture(number, delta.image)
        return []

    def _take_reasoning(self, number: int, delta: _ReasoningDelta) -> list[ChatEvent]:
        if delta.redacted_content is not None:
            events, block = self._block(number, RedactedThinking)
            block.pieces.add(delta.redacted_content)
            return events
        if not delta.text and not delta.signature:
            return []
        events, block = self._block(number, Thinking)
        if delta.text:
            events.append(ThinkingDelta(0, block.index, delta.text))
        if delta.signature:
            events.append(SignatureDelta(0, block.index, delta.signature))
        return events

    def _take_picture(self, number: int, delta: _ImageDelta) -> list[ChatEvent]:
        source = None
        if delta.source is not None:
            source = read_source(delta.source, f"image/{self._pictures.get(number, 'png')}")
        return [] if source is None else self._open_block(number, Image(source))

    def _block(self, number: int, kind: type[Text | Thinking | RedactedThinking]) -> tuple[list[ChatEvent], _Open]:
        """Return the open block of this number and kind, and the events that open it."""
        block = self._open.get(number)
        if block is not None and block.kind is kind:
            return [], block
        events: list[ChatEvent] = [] if block is None else self._close_block(number)
        if kind is RedactedThinking:  # without a delta of its own: begins when all of it is there
            block = self._keep(number, -1, RedactedThinking)
        else:
            events += self._open_block(number, Text("") if kind is Text else Thinking(""))
            block = self._open[number]
        return events, block

    def _open_block(self, number: int, block: Text | Thinking | ToolCall | Image | VendorBlock) -> list[ChatEvent]:
        events = self._begin()
        if number in self._open:
            events += self._close_block(number)
        self._keep(number, self._blocks, type(block))
        events.append(BlockBegin(0, self._blocks, block))
        self._blocks += 1
        return events

    def _keep(self, number: int, index: int, kind: type) -> _Open:
        """Keep the state of a block until it ends."""
        self._context.hold(BLOCK_BYTES)
        block = self._open[number] = _Open(index, kind, self._context)
        return block

    def _close_block(self, number: int) -> list[ChatEvent]:
        block = self._open.pop(number, None)
        if block is None:
            return []
        self._context.release(BLOCK_BYTES)
        if block.kind is RedactedThinking:
            events = self._begin()
            data = _join_base64(block.pieces.pieces)
            block.pieces.drop()
            events.append(BlockBegin(0, self._blocks, RedactedThinking(data)))
            events.append(BlockEnd(0, self._blocks))
            self._blocks += 1
            return events
        if block.kind is ToolCall and not block.said:
            return [ArgumentsDelta(0, block.index, "{}"), BlockEnd(0, block.index)]
        return [BlockEnd(0, block.index)]

    def _take_message_stop(self, event: _MessageStop) -> list[ChatEvent]:
        events = self._begin()
        for number in sorted(self._open):
            events += self._close_block(number)
        reason, word = read_stop_reason(event.stop_reason, self._context)
        fields = event.additional_model_response_fields
        finish = Finish(0, reason, word, read_stop_sequence(fields))
        if fields not in UNSAID:
            finish.extras = {"additionalModelResponseFields": msgspec.Raw(bytes(fields))}
        events.append(finish)
        self._finished = True
        return self._with_end(events)

    def _take_metadata(self, event: _Metadata) -> list[ChatEvent]:
        tier = None if event.service_tier is None else event.service_tier.type
        events = [*self._begin(), UsageReport(read_usage(event.usage), tier)]
        self._counted = True
        return self._with_end(events)

    def _with_end(self, events: list[ChatEvent]) -> list[ChatEvent]:
        if self._finished and self._counted:
            self._ended = True
            events.append(End())
        return events


def _join_base64(pieces: list[str]) -> str:
    """Join base64 texts of which each may end in padding.

    Raises:
        ValueError: one of several is not base64.
    """
    if len(pieces) == 1:
        return pieces[0]
    return binascii.b2a_base64(b"".join(map(binascii.a2b_base64, pieces)), newline=False).decode()
