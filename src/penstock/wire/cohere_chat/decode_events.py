"""Events of a stream of Cohere's chat, one at a time, as neutral events.

https://docs.cohere.com/docs/streaming and https://docs.cohere.com/reference/chat-stream (read 2026-11-23):
``message-start``; for each block of content ``content-start``, deltas and ``content-end``; ``tool-plan-delta``; for
each call ``tool-call-start``, deltas and ``tool-call-end``; ``citation-start`` and ``-end`` among them or behind; and
``message-end`` with the reason, the counts, and an error if there was one.

A text is kept open beyond its ``content-end``, until something else begins, because its citations may come behind it. A
reason ``ERROR`` or ``TIMEOUT`` ends the stream in an error. Kinds that are not documented are ignored and counted.
"""

from __future__ import annotations

from typing import assert_never, get_args

import msgspec

from penstock.core.chat import Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    UsageReport,
    VendorError,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED
from penstock.wire.cohere_chat.answer_body import LogprobBody, lift_citation, lift_finish, lift_logprob, read_citation
from penstock.wire.cohere_chat.usage import UsageBody, read_usage
from penstock.wire.cohere_chat.vocabulary import CITES_PLAN, CITES_TEXT, FINISH_REASONS
from penstock.wire.held_text import BLOCK_BYTES

_STATUS_OF_FAILURE = 500
_STATUS_OF_TIMEOUT = 504


class _Content(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str | None = None


class _Call(msgspec.Struct):
    id: str = ""
    function: _Function = msgspec.field(default_factory=_Function)


class _ContentMessage(msgspec.Struct):
    content: _Content = msgspec.field(default_factory=_Content)


class _ContentPiece(msgspec.Struct):
    message: _ContentMessage = msgspec.field(default_factory=_ContentMessage)


class _ContentStart(msgspec.Struct, tag="content-start"):
    index: int = 0
    delta: _ContentPiece = msgspec.field(default_factory=_ContentPiece)


class _ContentDelta(msgspec.Struct, tag="content-delta"):
    delta: _ContentPiece
    index: int = 0
    logprobs: LogprobBody | None = None


class _ContentEnd(msgspec.Struct, tag="content-end"):
    index: int = 0


class _PlanMessage(msgspec.Struct):
    tool_plan: str | None = None


class _PlanPiece(msgspec.Struct):
    message: _PlanMessage


class _PlanDelta(msgspec.Struct, tag="tool-plan-delta"):
    delta: _PlanPiece


class _CallMessage(msgspec.Struct):
    tool_calls: _Call


class _CallPiece(msgspec.Struct):
    message: _CallMessage


class _CallStart(msgspec.Struct, tag="tool-call-start"):
    delta: _CallPiece
    index: int = 0


class _CallDelta(msgspec.Struct, tag="tool-call-delta"):
    delta: _CallPiece
    index: int = 0


class _CallEnd(msgspec.Struct, tag="tool-call-end"):
    index: int = 0


class _CitationMessage(msgspec.Struct):
    citations: msgspec.Raw


class _CitationPiece(msgspec.Struct):
    message: _CitationMessage


class _CitationStart(msgspec.Struct, tag="citation-start"):
    delta: _CitationPiece


class _CitationEnd(msgspec.Struct, tag="citation-end"):
    pass


class _MessageStart(msgspec.Struct, tag="message-start"):
    id: str | None = None


class _End(msgspec.Struct):
    finish_reason: str | None = None
    usage: UsageBody | None = None
    error: str | None = None


class _MessageEnd(msgspec.Struct, tag="message-end"):
    delta: _End = msgspec.field(default_factory=_End)


class _Debug(msgspec.Struct, tag="debug"):
    pass


_Event = (
    _ContentDelta
    | _ContentStart
    | _ContentEnd
    | _PlanDelta
    | _CallStart
    | _CallDelta
    | _CallEnd
    | _CitationStart
    | _CitationEnd
    | _MessageStart
    | _MessageEnd
    | _Debug
)

KINDS = frozenset(str(event.__struct_config__.tag) for event in get_args(_Event))
"""The kinds of event that are documented."""


class _AnyEvent(msgspec.Struct):
    """What is looked at of an event that is not one of those."""

    type: str = ""
    message: str | None = None
    """Of an error, which is no event."""


_decode = msgspec.json.Decoder(_Event).decode
_decode_any = msgspec.json.Decoder(_AnyEvent).decode


class CohereEvents:
    """Decodes one stream."""

    __slots__ = ("_begun", "_calls", "_content", "_context", "_ended", "_next", "_open", "_plan", "_text")

    def __init__(self, context: AnswerContext) -> None:
        """Begin a stream."""
        self._context = context
        self._begun = False
        self._ended = False
        self._next = 0
        """Number of the next block."""
        self._open: set[int] = set()
        self._content: dict[int, tuple[int, bool]] = {}
        """Cohere's number of a block of content to ours, and whether it is thinking."""
        self._calls: dict[int, int] = {}
        self._plan: int | None = None
        self._text: int | None = None
        """The text that is open, or kept open for its citations."""

    def decode(self, _kind: str, data: bytes) -> list[ChatEvent]:
        """Take one event.

        Raises:
            ValueError: it is not an event of this format.
        """
        if self._ended or data.strip() == b"[DONE]":
            return []
        try:
            event = _decode(data)
            if isinstance(event, _ContentDelta):  # nearly all are
                return self._content_delta(event)
            events: list[ChatEvent] = []
            self._take(event, events)
        except msgspec.ValidationError as error:
            return self._take_unknown(data, error)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _not_an_event(error) from error
        return events

    def _take_unknown(self, data: bytes, reason: msgspec.ValidationError) -> list[ChatEvent]:
        """Take an event that is not as documented: of another kind, or an error that is no event at all."""
        try:
            event = _decode_any(data)
        except msgspec.DecodeError as error:
            raise _not_an_event(error) from error
        if event.type in KINDS or not (event.type or event.message):
            raise _not_an_event(reason)
        if event.type:
            self._context.note(f"event={event.type}")
            return []
        return [self._failure(VendorError("server", event.message or "", _STATUS_OF_FAILURE))]

    def _take(self, event: _Event, events: list[ChatEvent]) -> None:
        if not self._begun:
            self._begin(event.id if isinstance(event, _MessageStart) else None, events)
        match event:
            case _ContentStart():
                self._content_start(event, events)
            case _ContentEnd():
                self._content_end(event, events)
            case _PlanDelta():
                self._plan_delta(event, events)
            case _CallStart():
                self._call_start(event, events)
            case _CallDelta():
                self._call_delta(event, events)
            case _CallEnd():
                self._close_block(self._calls.get(event.index), events)
            case _CitationStart():
                self._citation(event, events)
            case _MessageEnd():
                self._message_end(event.delta, events)
            case _ContentDelta() | _MessageStart() | _CitationEnd() | _Debug():
                pass
            case _:
                assert_never(event)

    def close(self) -> list[ChatEvent]:
        """Take the end of the body: without ``message-end`` the stream was cut."""
        return []

    def _begin(self, answer_id: str | None, events: list[ChatEvent]) -> None:
        self._begun = True
        context = self._context
        events.append(Begin(answer_id or context.request_id, context.model, context.created or None))

    # --- blocks

    def _open_block(self, block: Text | Thinking | ToolCall, events: list[ChatEvent]) -> int:
        """Begin a block, behind the end of a text or a plan that was kept open; its number is kept to the end."""
        self._close_block(self._text, events)
        self._close_block(self._plan, events)
        self._text = self._plan = None
        self._context.hold(BLOCK_BYTES)
        index = self._next
        self._next += 1
        self._open.add(index)
        events.append(BlockBegin(0, index, block))
        return index

    def _close_block(self, index: int | None, events: list[ChatEvent]) -> None:
        if index is not None and index in self._open:
            self._open.remove(index)
            events.append(BlockEnd(0, index))

    def _content_start(self, event: _ContentStart, events: list[ChatEvent]) -> None:
        content = event.delta.message.content
        self._begin_content(event.index, content.type == "thinking", events)
        events += self._say(event.index, content, None)

    def _begin_content(self, number: int, thinks: bool, events: list[ChatEvent]) -> None:
        index = self._open_block(Thinking("") if thinks else Text(""), events)
        self._content[number] = (index, thinks)
        if not thinks:
            self._text = index

    def _content_delta(self, event: _ContentDelta) -> list[ChatEvent]:
        content = event.delta.message.content
        logprobs = None if event.logprobs is None else (lift_logprob(event.logprobs),)
        thinks = not content.text
        known = self._content.get(event.index)
        if (known is not None and known[0] in self._open and known[1] is thinks) or not (
            content.text or content.thinking
        ):
            return self._say(event.index, content, logprobs)
        events: list[ChatEvent] = []  # a block that was not begun, or was begun as the other kind
        if not self._begun:
            self._begin(None, events)
        self._begin_content(event.index, thinks, events)
        return events + self._say(event.index, content, logprobs)

    def _say(self, number: int, content: _Content, logprobs: tuple[TokenLogprob, ...] | None) -> list[ChatEvent]:
        if content.text:
            return [TextDelta(0, self._content[number][0], content.text, logprobs)]
        return [ThinkingDelta(0, self._content[number][0], content.thinking)] if content.thinking else []

    def _content_end(self, event: _ContentEnd, events: list[ChatEvent]) -> None:
        index, thinks = self._content.get(event.index, (None, False))
        if thinks:
            self._close_block(index, events)

    def _plan_delta(self, event: _PlanDelta, events: list[ChatEvent]) -> None:
        text = event.delta.message.tool_plan
        if not text:
            return
        if self._plan is None:
            self._plan = self._open_block(Text(""), events)
        events.append(TextDelta(0, self._plan, text))

    def _call_start(self, event: _CallStart, events: list[ChatEvent]) -> None:
        call = event.delta.message.tool_calls
        index = self._calls[event.index] = self._open_block(ToolCall(call.id, call.function.name, ""), events)
        if call.function.arguments:
            events.append(ArgumentsDelta(0, index, call.function.arguments))

    def _call_delta(self, event: _CallDelta, events: list[ChatEvent]) -> None:
        fragment, index = event.delta.message.tool_calls.function.arguments, self._calls.get(event.index)
        if fragment and index is None:
            msg = "arguments of a call that has not begun"
            raise ValueError(msg)
        if fragment and index in self._open:
            events.append(ArgumentsDelta(0, index, fragment))

    def _citation(self, event: _CitationStart, events: list[ChatEvent]) -> None:
        raw = event.delta.message.citations
        found = read_citation(raw)
        if found is None:
            return
        index = self._plan if found.type == CITES_PLAN else self._text if found.type in CITES_TEXT else None
        if index is not None:
            events += [CitationDelta(0, index, citation) for citation in lift_citation(found, raw)]

    # --- the end

    def _message_end(self, end: _End, events: list[ChatEvent]) -> None:
        usage = read_usage(end.usage)
        word = end.finish_reason or ""
        failed = end.error is not None or FINISH_REASONS.get(word) == "error"
        if not failed:
            for index in sorted(self._open):
                self._close_block(index, events)
            events.append(Finish(0, lift_finish(word, self._context), word))
        if usage != UNREPORTED:
            events.append(UsageReport(usage))
        events.append(self._failure(_error(word, end.error)) if failed else End())
        self._ended = True

    def _failure(self, error: VendorError) -> StreamFailure:
        self._ended = True
        return StreamFailure(error)


def _error(word: str, message: str | None) -> VendorError:
    if word == "TIMEOUT":
        return VendorError("timeout", message or "Cohere did not finish in time.", _STATUS_OF_TIMEOUT, word)
    return VendorError("server", message or "Cohere ended in an error.", _STATUS_OF_FAILURE, word or None)


def _not_an_event(error: Exception) -> ValueError:
    return ValueError(f"not an event of a Cohere chat stream: {error}")
