"""Neutral events to the stream that a caller of Anthropic's format reads.

Theory of operation. ``message_start`` waits for one more event, so that counts that come right behind the beginning
stand in it; a ``ping`` follows it. Blocks of this format follow each other, numbered from 0: events of a block that
begins while another is open wait for that one's end, up to a bound. A signature is sent whole at the end of its block,
since the SDKs keep the last piece of it only; one of a text, which is Gemini's, in an empty text behind it. The stop
reason waits for the end of the stream too, because the counts that go with it may come later. A stream whose upstream
did not say that it ended gets no ``message_stop``.

Text is the hot path: what surrounds it is rendered once for each block.

https://platform.claude.com/docs/en/build-with-claude/streaming (read 2026-11-23), checked against the types and the
accumulation of the Python SDK 2.12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat import (
    Audio,
    ChatRequest,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    VendorBlock,
)
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
    RefusalDelta,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, later_counts
from penstock.wire.anthropic_messages.caller_errors import ErrorBody, error_event, vendor_error_object
from penstock.wire.anthropic_messages.facts import CLOSING_EVENT
from penstock.wire.anthropic_messages.lower_answer import (
    Shown,
    carry_signature,
    in_markdown,
    message_head,
    show_citation,
    show_tier,
    show_usage,
    stop,
)
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from penstock.wire.held_text import BLOCK_BYTES, AnswerBlock, BlockEvent, HeldText, weigh_event

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'

_DELTAS: Mapping[type[AnswerBlock], tuple[bytes, bytes]] = MappingProxyType(
    {
        Text: (b"text_delta", b"text"),
        Refusal: (b"text_delta", b"text"),
        Image: (b"text_delta", b"text"),
        Audio: (b"text_delta", b"text"),
        Thinking: (b"thinking_delta", b"thinking"),
        ToolCall: (b"input_json_delta", b"partial_json"),
        VendorBlock: (b"input_json_delta", b"partial_json"),
        RedactedThinking: (b"", b""),  # comes whole
    }
)
"""Kind of block to the type and the member of the deltas that make it longer."""

_json: Callable[[object], bytes] = msgspec.json.Encoder().encode


def _render(kind: str, members: Mapping[str, object]) -> bytes:
    """Render one event."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode("ascii"), _json({"type": kind, **members}))


class Encoder:
    """Writes one stream."""

    __slots__ = (
        "_begin",
        "_context",
        "_finish",
        "_held",
        "_hidden",
        "_kinds",
        "_number",
        "_open",
        "_over",
        "_prefix",
        "_signature",
        "_started",
        "_thinks",
        "_tier",
        "_usage",
    )

    def __init__(self, _request: ChatRequest, context: AnswerContext) -> None:
        """Begin a stream."""
        self._context = context
        self._begin: Begin | None = None
        self._started = False
        self._over = False
        self._usage = UNREPORTED
        self._tier: str | None = None
        self._finish: Finish | None = None
        self._open: int | None = None
        """Neutral index of the block whose events go out."""
        self._hidden: set[int] = set()
        """Blocks that only another vendor knows."""
        self._number = -1
        """Our index of the open block, or of the last one."""
        self._prefix = b""
        """What stands before the text of a delta of the open block."""
        self._signature = HeldText(context)
        self._thinks = False
        """Whether the open block is thinking."""
        self._kinds: set[type[AnswerBlock]] = set()
        self._held: dict[int, list[BlockEvent]] = {}

    def encode(self, event: ChatEvent) -> bytes:
        """Take one event; return what the caller is to get now.

        Raises:
            TooMuchHeldError: more must be held than the bound allows.
        """
        # the hot path: more of the open block
        if type(event) is TextDelta or type(event) is ThinkingDelta:
            if event.index == self._open and event.choice == 0:
                return self._prefix + _json(event.text) + b"}}\n\n" if event.text else b""
        elif type(event) is ArgumentsDelta and event.index == self._open and event.choice == 0:
            return self._prefix + _json(event.fragment) + b"}}\n\n" if event.fragment else b""
        if self._over:
            return b""
        match event:
            case Begin():
                self._begin = event
                return b""
            case UsageReport():
                self._usage = later_counts(self._usage, event.usage)
                self._tier = event.service_tier or self._tier
                return b""
            case _:
                return self._start() + self._take(event)

    def _start(self) -> bytes:
        """Return ``message_start``, the first time."""
        if self._started:
            return b""
        self._started = True
        begin = self._begin or Begin(self._context.request_id, self._context.model)
        message = message_head(begin.id, begin.model)
        self._tier = self._tier or begin.service_tier
        counts: Shown = {"input_tokens": 0, "output_tokens": 0}
        message["usage"] = {**counts, **show_usage(self._usage), **show_tier(self._tier)}
        return _render("message_start", {"message": message}) + PING

    def _take(self, event: ChatEvent) -> bytes:
        match event:
            case Ping():
                return PING
            case Finish():
                self._finish = event if event.choice == 0 else self._finish
                return b""
            case End():
                return self._end()
            case StreamFailure():
                self._over, self._open = True, None
                body = ErrorBody(vendor_error_object(event.error), self._context.request_id or None)
                return error_event(_json(body))
            case Begin() | UsageReport():
                return b""
            case _:
                return self._block_event(event) if event.choice == 0 else b""

    def _end(self) -> bytes:
        """Return the stop reason, the counts and the end."""
        closed = self._close_all()
        self._over = True
        finish = self._finish or Finish(0, "unknown")
        delta = stop(finish.reason, finish.word, finish.stop_sequence, finish.extras, self._kinds)
        usage = show_usage(self._usage)
        usage.setdefault("output_tokens", 0)
        return closed + _render("message_delta", {"delta": delta, "usage": usage}) + CLOSING_EVENT

    # --- blocks

    def _block_event(self, event: BlockEvent) -> bytes:
        """Write the event if its block is the open one or can be opened; else hold it."""
        index = event.index
        if index in self._hidden:
            return b""
        if index == self._open:
            return self._write(event)
        if self._open is not None or index in self._held:
            self._hold(event)
            return b""
        return self._write(event) if isinstance(event, BlockBegin) else b""

    def _hold(self, event: BlockEvent) -> None:
        self._context.hold(weigh_event(event))
        self._held.setdefault(event.index, []).append(event)

    def _write(self, event: BlockEvent) -> bytes:
        match event:
            case BlockBegin():
                return self._open_block(event)
            case BlockEnd():
                return self._close() + self._release()
            case SignatureDelta():
                self._signature.add(event.signature)
                return b""
            case CitationDelta():
                citation = show_citation(event.citation)
                return b"" if citation is None else self._delta({"type": "citations_delta", "citation": citation})
            case _:
                return self._more(_text_of(event))

    def _open_block(self, begun: BlockBegin) -> bytes:
        """Return the start of a block, with what the vendor sent of it at once."""
        block = begun.block
        if isinstance(block, VendorBlock) and block.vendor != FORMAT:
            self._context.hold(BLOCK_BYTES)
            self._hidden.add(begun.index)
            self._context.note(f"block={block.vendor}.{block.kind}")
            return b""
        self._open = begun.index
        self._number += 1
        self._kinds.add(type(block))
        self._thinks = isinstance(block, Thinking)
        self._prefix = _DELTA % (self._number, *_DELTAS[type(block)])
        if isinstance(block, Thinking) and block.signature:
            self._signature.add(block.signature)
        start, first = _first_of(block)
        written = _render("content_block_start", {"index": self._number, "content_block": start}) + self._more(first)
        for citation in block.citations if isinstance(block, Text) else ():
            written += self._write(CitationDelta(0, begun.index, citation))
        return written

    def _more(self, text: str) -> bytes:
        return self._prefix + _json(text) + b"}}\n\n" if text else b""

    def _delta(self, delta: Shown) -> bytes:
        return _render("content_block_delta", {"index": self._number, "delta": delta})

    def _close(self) -> bytes:
        """Return the end of the open block."""
        signature = self._signature.take()
        self._open = None
        if not signature:
            return _STOP % self._number
        if self._thinks:
            return self._delta({"type": "signature_delta", "signature": signature}) + _STOP % self._number
        stopped = _STOP % self._number  # of a text there is no such delta: an empty one behind it carries it
        self._number += 1
        carrier = {"type": "text", "text": "", **carry_signature(signature)}
        started = _render("content_block_start", {"index": self._number, "content_block": carrier})
        return stopped + started + _STOP % self._number

    def _release(self) -> bytes:
        """Write the blocks that have waited, up to the first that has not ended."""
        written = b""
        while self._open is None and self._held:
            events = self._held.pop(next(iter(self._held)))
            for event in events:
                self._context.release(weigh_event(event))
                if event.index not in self._hidden:
                    written += self._close() if isinstance(event, BlockEnd) else self._write(event)
        return written

    def _close_all(self) -> bytes:
        """End what a vendor left open at its end."""
        written = b""
        while self._open is not None:
            written += self._close() + self._release()
        return written


def _text_of(event: BlockEvent) -> str:
    """Return what a delta adds."""
    match event:
        case TextDelta() | ThinkingDelta() | RefusalDelta():
            return event.text
        case ArgumentsDelta():
            return event.fragment
        case SignatureDelta():
            return event.signature
        case _:
            return ""


def _first_of(block: AnswerBlock) -> tuple[Shown | msgspec.Raw, str]:
    """Return a block as it starts, and what of its text is there already: that goes out as a delta."""
    match block:
        case Text() | Refusal():
            signature = block.signature if isinstance(block, Text) else None
            return {"type": "text", "text": "", **carry_signature(signature)}, block.text
        case Image() | Audio():
            return {"type": "text", "text": ""}, in_markdown(block)
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}, block.text
        case RedactedThinking():
            return {"type": "redacted_thinking", "data": block.data}, ""
        case ToolCall():
            whole = "" if block.arguments == "{}" else block.arguments  # an empty input needs no delta
            start: Shown = {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
            return {**start, **carry_signature(block.signature)}, whole
        case VendorBlock():
            return block.raw, ""
