"""The stream of an OpenAI-speaking provider to neutral events.

OpenAI's chunks know no blocks: a block begins when a chunk adds something of another kind, and ends when something else
begins or the choice finishes. Calls of tools are told apart by their ``index`` and may be interleaved, with each other
and with text, so they stay open until a call begins behind text that followed them, or the choice finishes. Vendors
that are called compatible give every call index 0, or none: a new id begins a new call. The counts may come with the
finish, after it, or in every chunk. The stream has ended well when ``[DONE]`` came, or when the body ends and every
choice has finished; a choice that ``[DONE]`` finds without a finish ends as ``unknown``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23). Whole answers: ``lift_answer``.
"""

from __future__ import annotations

from sys import getsizeof
from typing import Literal

from penstock.core.chat import Citation, RedactedThinking, Refusal, Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    RefusalDelta,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.wire.held_text import BLOCK_BYTES, HeldText
from penstock.wire.openai_chat import answer_read as read
from penstock.wire.openai_chat.errors import read_error_event
from penstock.wire.openai_chat.facts import END_OF_STREAM
from penstock.wire.openai_chat.lift_answer import finish_reason, make_call_id
from penstock.wire.openai_usage import read_openai_usage

_Kind = Literal["text", "thinking", "refusal"]


class _Call:
    """A call that has begun to come; its block begins when its name is known."""

    __slots__ = ("block", "early", "id", "signature", "weight_bytes")

    def __init__(self, context: AnswerContext) -> None:
        self.id = ""
        self.block = -1
        self.early = HeldText(context)
        """Arguments that came before the name."""
        self.signature: str | None = None
        self.weight_bytes = 0
        """What keeping it costs, without those arguments."""


class _Choice:
    """One choice of the stream."""

    __slots__ = ("blocks", "calls", "calls_begun", "calls_left", "finished", "last_call", "open_block", "open_kind")

    def __init__(self) -> None:
        self.blocks = 0
        self.open_kind: _Kind | None = None
        self.open_block = -1
        self.calls: dict[int, _Call] = {}
        """The vendor's index to its call, of the calls that are open."""
        self.calls_begun = 0
        self.calls_left = False
        """Whether something else was said since the open calls began."""
        self.last_call = 0
        self.finished = False


class StreamDecoder:
    """Reads one stream; see the module for when blocks begin and end."""

    __slots__ = ("_begun", "_choices", "_context", "_ended")

    def __init__(self, context: AnswerContext) -> None:
        """Begin at the start of a stream."""
        self._context = context
        self._choices: dict[int, _Choice] = {}
        self._begun = False
        self._ended = False

    def decode(self, _kind: str, data: bytes) -> list[ChatEvent]:
        """Take one event.

        Raises:
            ValueError: not a chunk.
        """
        if self._ended:
            return []
        if data == END_OF_STREAM:
            return self._end()
        chunk = read.decode_answer(data)
        out: list[ChatEvent] = []
        if chunk.error is not None:
            self._ended = True
            return [StreamFailure(read_error_event(chunk.error))]
        if not self._begun:
            self._begin(chunk, out)
        for choice in chunk.choices or ():
            self._choice(choice, out)
        if chunk.usage is not None:
            usage = (self._context.read_usage or read_openai_usage)(chunk.usage)
            out.append(UsageReport(usage, chunk.service_tier))
        return out

    def close(self) -> list[ChatEvent]:
        """Take the end of the body."""
        if self._ended or not self._choices or not all(choice.finished for choice in self._choices.values()):
            return []
        return self._end()

    def _begin(self, chunk: read.Answer, out: list[ChatEvent]) -> None:
        if not chunk.choices and chunk.usage is None:
            return  # Azure speaks of the prompt's filtering first, in a chunk that names no id
        self._begun = True
        created = self._context.created if chunk.created is None else int(chunk.created)
        model = chunk.model or self._context.model
        out.append(Begin(chunk.id or self._context.request_id, model, created, chunk.service_tier))

    def _end(self) -> list[ChatEvent]:
        self._ended = True
        if not self._choices:
            msg = "a stream without a choice"
            raise ValueError(msg)
        out: list[ChatEvent] = []
        for number, choice in self._choices.items():
            if not choice.finished:
                self._finish(choice, number, None, out)
        out.append(End())
        return out

    # --- what a chunk adds

    def _choice(self, said: read.Choice, out: list[ChatEvent]) -> None:
        number = said.index
        choice = self._choices.get(number)
        if choice is None:
            self._context.hold(BLOCK_BYTES)
            choice = self._choices[number] = _Choice()
        if choice.finished:
            return
        delta = said.delta
        if delta is not None:
            self._delta(choice, number, delta, said, out)
        if said.finish_reason:
            self._finish(choice, number, said.finish_reason, out)

    def _delta(
        self, choice: _Choice, number: int, delta: read.Message, said: read.Choice, out: list[ChatEvent]
    ) -> None:
        shown = delta.reasoning_content or delta.reasoning
        if shown or delta.thinking_blocks is not None:
            self._thinking(choice, number, delta, out)
        content = delta.content
        if isinstance(content, list):
            for part in content:
                self._part(choice, number, part, out)
        elif content:
            block = choice.open_block if choice.open_kind == "text" else self._open(choice, number, "text", out)
            tokens = None if said.logprobs is None else read.tokens_of(said.logprobs)
            out.append(TextDelta(number, block, content, tokens))
        if delta.refusal:
            block = self._open(choice, number, "refusal", out)
            out.append(RefusalDelta(number, block, delta.refusal))
        if delta.annotations or delta.extra_content is not None:
            self._notes(choice, number, delta, out)
        if delta.tool_calls is not None:
            for call in delta.tool_calls:
                self._call(choice, number, call, out)
        if delta.function_call is not None:
            self._call(choice, number, read.Call(index=0, function=delta.function_call), out)

    def _thinking(self, choice: _Choice, number: int, delta: read.Message, out: list[ChatEvent]) -> None:
        shown = read.shown_reasoning(delta)
        if shown:
            block = self._open(choice, number, "thinking", out)
            out.append(ThinkingDelta(number, block, shown))
        for thought in delta.thinking_blocks or ():
            self._thinking_block(choice, number, thought, out, shown=bool(shown))

    def _part(self, choice: _Choice, number: int, part: read.Part, out: list[ChatEvent]) -> None:
        if part.type == "thinking":
            block = self._open(choice, number, "thinking", out)
            out.append(ThinkingDelta(number, block, read.thought_in(part)))
            return
        if part.type not in {"text", "output_text"}:
            self._context.note(f"content.type={part.type}")
        if part.text:
            block = self._open(choice, number, "text", out)
            out.append(TextDelta(number, block, part.text))

    def _thinking_block(
        self, choice: _Choice, number: int, said: read.ThinkingBlock, out: list[ChatEvent], *, shown: bool
    ) -> None:
        """Take a member of ``thinking_blocks``: its text may have been shown before, its signature was not."""
        if said.data is not None:
            self._close_open(choice, number, out)
            choice.calls_left = True
            out.append(BlockBegin(number, choice.blocks, RedactedThinking(said.data)))
            out.append(BlockEnd(number, choice.blocks))
            choice.blocks += 1
            return
        is_new = choice.open_kind != "thinking"
        block = self._open(choice, number, "thinking", out)
        if said.thinking and not shown and (is_new or not said.signature):
            out.append(ThinkingDelta(number, block, said.thinking))
        if said.signature:
            out.append(SignatureDelta(number, block, said.signature))
            self._close_open(choice, number, out)

    def _notes(self, choice: _Choice, number: int, delta: read.Message, out: list[ChatEvent]) -> None:
        """Take citations, and Gemini's signature, of the text so far."""
        signature = read.signature_of(delta.extra_content)
        found = [note.url_citation for note in delta.annotations or () if note.url_citation is not None]
        if signature is None and not found:
            return
        block = self._open(choice, number, "text", out)
        for note in found:
            citation = Citation(note.url, note.title, None, note.start_index, note.end_index)
            out.append(CitationDelta(number, block, citation))
        if signature is not None:
            out.append(SignatureDelta(number, block, signature))

    # --- calls

    def _call(self, choice: _Choice, number: int, said: read.Call, out: list[ChatEvent]) -> None:
        function = said.function
        if function is None:
            self._context.note(f"tool_calls.type={said.type}")
            return
        index = self._call_index(choice, said)
        call = choice.calls.get(index)
        if call is None or (said.id and call.id and said.id != call.id and function.name):
            if call is not None:
                self._end_call(call, number, out)
                del choice.calls[index]
            if choice.calls_left:
                self._close_calls(choice, number, out)
                choice.calls_left = False
            call = choice.calls[index] = _Call(self._context)
            self._weigh(call, BLOCK_BYTES)
        choice.last_call = index
        self._identify(call, said)
        arguments = read.arguments_text(function)
        if call.block < 0:
            if arguments:
                call.early.add(arguments)
            if function.name:
                self._begin_call(choice, number, call, function.name, out)
        elif arguments:
            out.append(ArgumentsDelta(number, call.block, arguments))

    def _identify(self, call: _Call, said: read.Call) -> None:
        """Keep the first id and the first signature that are said of a call."""
        if said.id and not call.id:
            call.id = said.id
            self._weigh(call, getsizeof(said.id))
        signature = read.signature_of(said.extra_content)
        if signature is not None and call.signature is None:
            call.signature = signature
            self._weigh(call, getsizeof(signature))

    def _weigh(self, call: _Call, size_bytes: int) -> None:
        call.weight_bytes += size_bytes
        self._context.hold(size_bytes)

    def _call_index(self, choice: _Choice, said: read.Call) -> int:
        if said.index is not None:
            return said.index
        begins = bool(said.id) or (said.function is not None and bool(said.function.name))
        return max(choice.calls, default=-1) + 1 if begins else choice.last_call

    def _begin_call(self, choice: _Choice, number: int, call: _Call, name: str, out: list[ChatEvent]) -> None:
        self._close_open(choice, number, out)
        call.block = choice.blocks
        choice.blocks += 1
        call.id = call.id or make_call_id(self._context, number, choice.calls_begun)
        choice.calls_begun += 1
        out.append(BlockBegin(number, call.block, ToolCall(call.id, name, "", call.signature)))
        early = call.early.take()
        if early:
            out.append(ArgumentsDelta(number, call.block, early))

    # --- blocks

    def _open(self, choice: _Choice, number: int, kind: _Kind, out: list[ChatEvent]) -> int:
        """Return the open block of this kind, beginning it if another one is open."""
        if choice.open_kind == kind:
            return choice.open_block
        self._close_open(choice, number, out)
        choice.calls_left = True
        choice.open_kind = kind
        choice.open_block = choice.blocks
        choice.blocks += 1
        block = Text("") if kind == "text" else Thinking("") if kind == "thinking" else Refusal("")
        out.append(BlockBegin(number, choice.open_block, block))
        return choice.open_block

    def _close_open(self, choice: _Choice, number: int, out: list[ChatEvent]) -> None:
        if choice.open_kind is not None:
            out.append(BlockEnd(number, choice.open_block))
            choice.open_kind = None

    def _close_calls(self, choice: _Choice, number: int, out: list[ChatEvent]) -> None:
        for call in choice.calls.values():
            self._end_call(call, number, out)
        choice.calls.clear()

    def _end_call(self, call: _Call, number: int, out: list[ChatEvent]) -> None:
        if call.block >= 0:
            out.append(BlockEnd(number, call.block))
        else:
            self._context.note("tool_calls.function.name=None")
        call.early.drop()
        self._context.release(call.weight_bytes)

    def _finish(self, choice: _Choice, number: int, word: str | None, out: list[ChatEvent]) -> None:
        self._close_open(choice, number, out)
        self._close_calls(choice, number, out)
        choice.finished = True
        reason = finish_reason(word, self._context, calls=choice.calls_begun > 0)
        out.append(Finish(number, reason, word or ""))
