"""Events of a stream of this format, one at a time, as neutral events.

https://platform.claude.com/docs/en/build-with-claude/streaming (read 2026-11-23): ``message_start``, for each block
``content_block_start``, its deltas and ``content_block_stop``, then ``message_delta`` (stop reason and the whole count
of the output) and ``message_stop``; ``ping`` and ``error`` at any time, and "new event types may be added".

Nearly all events are deltas of text: one typed decode, one struct. Kinds that are not documented are ignored and
counted. Blocks that only Anthropic knows are put together and given out whole, since no caller can use halves of them.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from penstock.core.chat import Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    Ping,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.anthropic_messages.errors import error_in_stream
from penstock.wire.anthropic_messages.facts import ABSENT, merge_usage
from penstock.wire.anthropic_messages.lift_answer import (
    AnswerBlock,
    Message,
    lift_block,
    lift_citation,
    lift_stop_reason,
    read_usage,
    stop_extras,
)
from penstock.wire.held_text import HeldText

_EMPTY_ARGUMENTS = "{}"


class _TextDelta(msgspec.Struct, tag="text_delta", gc=False):
    text: str


class _InputDelta(msgspec.Struct, tag="input_json_delta", gc=False):
    partial_json: str = ""


class _ThinkingDelta(msgspec.Struct, tag="thinking_delta", gc=False):
    thinking: str = ""


class _SignatureDelta(msgspec.Struct, tag="signature_delta"):
    signature: str = ""


class _CitationsDelta(msgspec.Struct, tag="citations_delta"):
    citation: msgspec.Raw


class _CompactionDelta(msgspec.Struct, tag="compaction_delta"):
    content: str | None = None


_Delta = _TextDelta | _InputDelta | _ThinkingDelta | _SignatureDelta | _CitationsDelta | _CompactionDelta


class _BlockDelta(msgspec.Struct, tag="content_block_delta", gc=False):
    index: int
    delta: _Delta


class _BlockStart(msgspec.Struct, tag="content_block_start"):
    index: int
    content_block: msgspec.Raw


class _BlockStop(msgspec.Struct, tag="content_block_stop"):
    index: int


class _MessageStart(msgspec.Struct, tag="message_start"):
    message: Message


class _StopDelta(msgspec.Struct):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = ABSENT


class _MessageDelta(msgspec.Struct, tag="message_delta"):
    delta: _StopDelta = msgspec.field(default_factory=_StopDelta)
    usage: msgspec.Raw = ABSENT


class _MessageStop(msgspec.Struct, tag="message_stop"):
    pass


class _Ping(msgspec.Struct, tag="ping"):
    pass


class _Error(msgspec.Struct, tag="error"):
    error: msgspec.Raw = ABSENT


_Event = _BlockDelta | _BlockStart | _BlockStop | _MessageStart | _MessageDelta | _MessageStop | _Ping | _Error
_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(_Event))
_DELTAS = frozenset(kind.__struct_config__.tag for kind in get_args(_Delta))

_decode = msgspec.json.Decoder(_Event).decode


class _AnyDelta(msgspec.Struct):
    type: str = ""


class _AnyEvent(msgspec.Struct):
    """What is looked at of an event that is not one of the documented ones."""

    type: str = ""
    delta: _AnyDelta = msgspec.field(default_factory=_AnyDelta)


_decode_any = msgspec.json.Decoder(_AnyEvent).decode
_decode_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _OpenBlock:
    """A block that has begun: its neutral number, and what is kept of it until it ends."""

    __slots__ = ("arguments", "block", "number", "pieces", "whole")

    def __init__(self, block: AnswerBlock, number: int, context: AnswerContext) -> None:
        self.block = block
        self.number = number
        self.arguments = False
        """Some of a tool call's arguments have been given out."""
        self.whole = isinstance(block, ToolCall) and bool(block.arguments)
        """The call began with all of its arguments."""
        self.pieces = HeldText(context)
        """Of a vendor's block, what has come of its input (or content) since it began."""


class AnthropicEvents:
    """Decodes one stream. See ``penstock.core.chat_format.EventDecoder``."""

    __slots__ = ("_begun", "_context", "_ended", "_finished", "_numbers", "_open", "_texts", "_usage")

    def __init__(self, context: AnswerContext) -> None:
        """Begin in front of the first event."""
        self._context = context
        self._begun = False
        self._finished = False
        self._ended = False
        self._numbers = 0
        self._open: dict[int, _OpenBlock] = {}
        self._texts: dict[int, int] = {}
        """Of text blocks that are open, the upstream's number to ours."""
        self._usage: Usage = UNREPORTED

    def decode(self, kind: str, data: bytes) -> list[ChatEvent]:
        """Take one event's data; its name stands in it too.

        Raises:
            ValueError: not JSON, or a needed member is missing.
        """
        try:
            event = _decode(data)
        except msgspec.ValidationError as error:
            return self._undocumented(data, error)
        except (msgspec.DecodeError, RecursionError) as error:
            msg = f"not an Anthropic event: {error}"
            raise ValueError(msg) from error
        if type(event) is _BlockDelta:
            delta = event.delta
            if type(delta) is _TextDelta:
                number = self._texts.get(event.index)
                if number is not None:
                    return [TextDelta(0, number, delta.text)]
            return self._delta(event)
        if type(event) is _BlockStop:
            return self._block_ends(event.index)
        if self._ended:
            return []
        if type(event) is _BlockStart:
            return self._block_begins(event)
        if type(event) is _MessageDelta:
            return self._message_delta(event)
        if type(event) is _MessageStart:
            return self._message_begins(event.message)
        if type(event) is _MessageStop:
            return self._message_ends()
        if type(event) is _Error:
            decoded: object = msgspec.json.decode(event.error)
            return [StreamFailure(error_in_stream(decoded))]
        return [Ping()]

    def close(self) -> list[ChatEvent]:
        """Take the end of the body. A stream that said why it ended is complete, also without ``message_stop``."""
        if self._finished and not self._ended:
            self._ended = True
            return [End()]
        return []

    def _delta(self, event: _BlockDelta) -> list[ChatEvent]:
        """Take a delta that is not text of a text block that has begun."""
        if self._ended:
            return []
        events: list[ChatEvent] = []
        delta = event.delta
        open_block = self._open.get(event.index) or self._begin_for(delta, event.index, events)
        number, block = open_block.number, open_block.block
        match delta:
            case _InputDelta() if isinstance(block, ToolCall):
                events += self._input(delta.partial_json, open_block)
            case _ThinkingDelta() if isinstance(block, Thinking):
                events.append(ThinkingDelta(0, number, delta.thinking))
            case _SignatureDelta() if isinstance(block, Thinking):
                events.append(SignatureDelta(0, number, delta.signature))
            case _TextDelta() if isinstance(block, Text):
                events.append(TextDelta(0, number, delta.text))
            case _CitationsDelta() if isinstance(block, Text):
                events.append(CitationDelta(0, number, lift_citation(delta.citation)))
            case _InputDelta() if isinstance(block, VendorBlock):
                open_block.pieces.add(delta.partial_json)
            case _CompactionDelta() if isinstance(block, VendorBlock):
                open_block.pieces.add(delta.content or "")
            case _ if isinstance(block, VendorBlock):
                pass  # of a block that is documented later; what it began with is kept
            case _:
                msg = "a delta of an event's block that is of another kind"
                raise ValueError(msg)
        return events

    def _input(self, fragment: str, open_block: _OpenBlock) -> list[ChatEvent]:
        """Take a fragment of a call's input; the first one is empty."""
        if not fragment or open_block.whole:
            return []  # what the block's beginning had whole is not said again
        open_block.arguments = True
        return [ArgumentsDelta(0, open_block.number, fragment)]

    def _begin_for(self, delta: _Delta, index: int, events: list[ChatEvent]) -> _OpenBlock:
        """Begin a block whose ``content_block_start`` was left out; what it is, its delta says.

        Raises:
            ValueError: a delta that cannot stand for its block.
        """
        block: AnswerBlock
        if isinstance(delta, _TextDelta | _CitationsDelta):
            block = Text("")
        elif isinstance(delta, _ThinkingDelta | _SignatureDelta):
            block = Thinking("")
        else:
            msg = "a delta of a block that has not begun"
            raise ValueError(msg)
        return self._begin_block(block, index, events)

    def _begin_block(self, block: AnswerBlock, index: int, events: list[ChatEvent]) -> _OpenBlock:
        if self._finished:
            msg = "an event of content behind the one that says why the answer ended"
            raise ValueError(msg)
        for earlier in list(self._open):
            events += self._block_ends(earlier)  # blocks of this format do not overlap
        self._begin(None, events)
        open_block = self._open[index] = _OpenBlock(block, self._numbers, self._context)
        if not isinstance(block, VendorBlock):
            self._numbers += 1
            events.append(BlockBegin(0, open_block.number, block))
        if isinstance(block, Text):
            self._texts[index] = open_block.number
        return open_block

    def _block_begins(self, event: _BlockStart) -> list[ChatEvent]:
        try:
            block = lift_block(event.content_block, self._context)
        except msgspec.DecodeError as error:
            msg = f"not a content block: {error}"
            raise ValueError(msg) from error
        if isinstance(block, ToolCall) and block.arguments == _EMPTY_ARGUMENTS:
            block.arguments = ""  # the input comes in deltas
        events: list[ChatEvent] = []
        self._begin_block(block, event.index, events)
        return events

    def _block_ends(self, index: int) -> list[ChatEvent]:
        open_block = self._open.pop(index, None)
        if open_block is None:
            return []
        number, block = open_block.number, open_block.block
        self._texts.pop(index, None)
        if isinstance(block, VendorBlock):
            self._numbers += 1
            return [BlockBegin(0, number, _put_together(block, open_block.pieces.take())), BlockEnd(0, number)]
        if isinstance(block, ToolCall) and not open_block.whole and not open_block.arguments:
            return [ArgumentsDelta(0, number, _EMPTY_ARGUMENTS), BlockEnd(0, number)]
        return [BlockEnd(0, number)]

    def _begin(self, message: Message | None, events: list[ChatEvent]) -> None:
        if self._begun:
            return
        self._begun = True
        context = self._context
        usage, tier = (UNREPORTED, None) if message is None else read_usage(message.usage)
        identity = message.id if message is not None and message.id else context.request_id
        model = message.model if message is not None and message.model else context.model
        events.append(Begin(identity, model, context.created or None, tier))
        if usage != UNREPORTED:
            self._usage = usage
            events.append(UsageReport(usage, tier))

    def _message_begins(self, message: Message) -> list[ChatEvent]:
        events: list[ChatEvent] = []
        self._begin(message, events)
        return events

    def _message_delta(self, event: _MessageDelta) -> list[ChatEvent]:
        events: list[ChatEvent] = []
        self._begin(None, events)
        usage, tier = read_usage(event.usage)
        if event.delta.stop_reason is not None and not self._finished:
            self._finish(event.delta, events)
        if usage != UNREPORTED:
            self._usage = merge_usage(self._usage, usage)
            events.append(UsageReport(self._usage, tier))
        return events

    def _finish(self, delta: _StopDelta, events: list[ChatEvent]) -> None:
        self._finished = True
        for index in list(self._open):
            events += self._block_ends(index)
        reason = lift_stop_reason(delta.stop_reason, self._context)
        extras = stop_extras(delta.stop_details)
        events.append(Finish(0, reason, delta.stop_reason or "", delta.stop_sequence, extras))

    def _message_ends(self) -> list[ChatEvent]:
        events: list[ChatEvent] = []
        self._begin(None, events)
        if not self._finished:
            self._finish(_StopDelta(), events)
        if not self._ended:
            self._ended = True
            events.append(End())
        return events

    def _undocumented(self, data: bytes, error: msgspec.ValidationError) -> list[ChatEvent]:
        """Ignore and count an event, or a delta, of a kind that is not known.

        Raises:
            ValueError: its kind is known, so a needed member is missing or of another type.
        """
        try:
            event = _decode_any(data)
        except msgspec.ValidationError:
            event = _AnyEvent()
        if event.type and event.type not in _KINDS:
            self._context.note(f"event.type={event.type}")
            return []
        if event.type == "content_block_delta" and event.delta.type and event.delta.type not in _DELTAS:
            self._context.note(f"delta.type={event.delta.type}")
            return []
        msg = f"not an Anthropic event: {error}"
        raise ValueError(msg) from error


def _put_together(block: VendorBlock, text: str) -> VendorBlock:
    """Return a vendor's block with the input (or content) that came in pieces."""
    if not text:
        return block
    members = _decode_members.decode(block.raw)
    if block.kind == "compaction":
        members["content"] = msgspec.Raw(msgspec.json.encode(text))
    else:
        try:
            members["input"] = msgspec.json.decode(text, type=msgspec.Raw)
        except msgspec.DecodeError:  # cut off: kept as the text it is
            members["input"] = msgspec.Raw(msgspec.json.encode(text))
    return VendorBlock(block.vendor, block.kind, msgspec.Raw(msgspec.json.encode(members)))
