"""The stream of ``streamGenerateContent?alt=sse`` to neutral events.

Each event is an answer with the next piece of each candidate. Text and thinking come in pieces, calls and media whole.
Gemini has no event that ends the stream: it ends with the body. Older models repeat ``finishReason`` in every event,
and the reason may stand in a later event than the call it belongs to; so how a candidate ended is told when the body
ends. A stream whose candidates did not all give a reason was cut off, and gets no ``End``. A text that carries a
signature is closed by the next text, because a signature belongs to its own part.

https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent (read 2026-11-23). Whole answers:
``lift_answer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from penstock.core.chat import Audio, Image, Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import (
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    FinishReason,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    UsageReport,
)
from penstock.core.chat_format import MOST_WORD_CHARS, AnswerContext
from penstock.wire.gemini_generate.answer_body import (
    NOTHING,
    Answer,
    Calls,
    Candidate,
    Part,
    block_reason,
    decode_answer,
    extras_of,
    finish_of,
    is_said,
    logprobs_of,
    media_block,
    refusal_of_prompt,
    vendor_block,
)
from penstock.wire.gemini_generate.citations import read_citations
from penstock.wire.gemini_generate.errors import as_vendor_error
from penstock.wire.gemini_generate.lift_answer import read_time
from penstock.wire.gemini_generate.usage import read_usage
from penstock.wire.gemini_generate.vocabulary import SIGNATURE_MARK
from penstock.wire.held_text import BLOCK_BYTES


class _Choice:
    """What is known of one candidate."""

    __slots__ = ("called", "extras", "index", "next_block", "open", "reason", "signed", "word")

    def __init__(self, index: int) -> None:
        self.index = index
        self.next_block = 0
        self.open: Literal["text", "thinking"] | None = None
        self.signed = False
        """Whether the open block has its signature."""
        self.called = False
        self.word: str | None = None
        self.reason: FinishReason | None = None
        """Said at once where the prompt was refused; else it is read from ``word`` at the end."""
        self.extras: dict[str, msgspec.Raw] = {}


class StreamDecoder:
    """Decodes one stream."""

    __slots__ = ("_begun", "_calls", "_choices", "_context", "_failed")

    def __init__(self, context: AnswerContext) -> None:
        """Begin a stream."""
        self._context = context
        self._calls = Calls(context)
        self._choices: dict[int, _Choice] = {}
        self._begun = False
        self._failed = False

    def decode(self, _kind: str, data: bytes) -> list[ChatEvent]:
        """Take one event.

        Raises:
            ValueError: not the format.
        """
        answer = decode_answer(data)
        if answer.error is not None:
            self._failed = True
            return [StreamFailure(as_vendor_error(answer.error))]
        events: list[ChatEvent] = []
        if not self._begun:
            self._begin(answer, events)
        if answer.usage_metadata is not None:  # before the text: some formats have counts in how a stream begins
            events.append(UsageReport(read_usage(answer.usage_metadata)))
        for place, candidate in enumerate(answer.candidates or ()):
            self._take(candidate, place, events)
        if not self._choices and is_said(answer.prompt_feedback):
            self._refuse(answer)
        return events

    def close(self) -> list[ChatEvent]:
        """Take the end of the body."""
        events: list[ChatEvent] = []
        if self._failed:
            return events
        for choice in self._choices.values():
            if choice.word is None:
                continue
            self._cite(choice, events)
            _end_block(choice, events)
            reason = choice.reason or finish_of(choice.word, self._context, calls=choice.called)
            events.append(Finish(choice.index, reason, choice.word, extras=choice.extras))
        if self._choices and all(choice.word is not None for choice in self._choices.values()):
            events.append(End())
        return events

    def _begin(self, answer: Answer, events: list[ChatEvent]) -> None:
        self._begun = True
        name = answer.response_id or self._context.request_id
        model = answer.model_version or self._context.model
        events.append(Begin(name, model, read_time(answer.create_time)))

    def _refuse(self, answer: Answer) -> None:
        word = block_reason(answer)
        if word is not None:
            choice = self._choices[0] = _Choice(0)
            choice.word = word
            choice.reason = refusal_of_prompt(word, self._context)
            choice.extras = {"promptFeedback": answer.prompt_feedback}

    # --- candidates

    def _take(self, candidate: Candidate, place: int, events: list[ChatEvent]) -> None:
        index = place if candidate.index is None else candidate.index
        choice = self._choices.get(index)
        if choice is None:
            self._context.hold(BLOCK_BYTES)
            choice = self._choices[index] = _Choice(index)
        if candidate.content is not None:
            logprobs = None if candidate.logprobs_result is None else logprobs_of(candidate.logprobs_result)
            for part in candidate.content.parts or ():
                if part.text is not None and part.function_call is None:
                    logprobs = self._text(choice, part, part.text, logprobs, events)
                else:
                    self._part(choice, part, events)
        if candidate.finish_reason:
            choice.word = candidate.finish_reason[:MOST_WORD_CHARS]
        if candidate.finish_reason or candidate.grounding_metadata is not NOTHING:
            self._keep(choice, extras_of(candidate))

    def _keep(self, choice: _Choice, extras: Mapping[str, msgspec.Raw]) -> None:
        """Keep what is said of a candidate alone until it ends: the last of each kind, apart from its event."""
        for name, raw in extras.items():
            self._context.release(len(bytes(choice.extras.get(name, NOTHING))))
            choice.extras[name] = raw.copy()
            self._context.hold(len(bytes(raw)))

    def _text(
        self,
        choice: _Choice,
        part: Part,
        text: str,
        logprobs: tuple[TokenLogprob, ...] | None,
        events: list[ChatEvent],
    ) -> tuple[TokenLogprob, ...] | None:
        """Take text or thinking; return the ``logprobs`` that no text has had yet."""
        signature = part.thought_signature
        if not text and signature is None:
            return logprobs
        kind: Literal["text", "thinking"] = "thinking" if part.thought else "text"
        if choice.open != kind or choice.signed:
            _end_block(choice, events)
            choice.open = kind
            block = Thinking("") if kind == "thinking" else Text("")
            events.append(BlockBegin(choice.index, choice.next_block, block))
        if text and kind == "thinking":
            events.append(ThinkingDelta(choice.index, choice.next_block, text))
        elif text:
            events.append(TextDelta(choice.index, choice.next_block, text, logprobs))
            logprobs = None
        if signature is not None:
            mark = SIGNATURE_MARK if kind == "thinking" else ""
            events.append(SignatureDelta(choice.index, choice.next_block, mark + signature))
            choice.signed = True
        return logprobs

    def _part(self, choice: _Choice, part: Part, events: list[ChatEvent]) -> None:
        """Take a part that is not text: it comes whole."""
        block: ToolCall | Image | Audio | VendorBlock | None
        if part.function_call is not None:
            block = self._calls.read(part, part.function_call)
            choice.called = True
        elif part.inline_data is not None:
            block = media_block(part, part.inline_data)
        else:
            block = vendor_block(part)
        if block is not None:
            _end_block(choice, events)
            events.append(BlockBegin(choice.index, choice.next_block, block))
            events.append(BlockEnd(choice.index, choice.next_block))
            choice.next_block += 1
        elif part.thought_signature is not None:
            self._text(choice, part, "", None, events)
        else:
            self._context.note("part")

    def _cite(self, choice: _Choice, events: list[ChatEvent]) -> None:
        """Say what the text that is still open rests on; where in it, is not known without keeping it."""
        if choice.open == "text" and "groundingMetadata" in choice.extras:
            for _, citation in read_citations(choice.extras["groundingMetadata"], ()):
                events.append(CitationDelta(choice.index, choice.next_block, citation))


def _end_block(choice: _Choice, events: list[ChatEvent]) -> None:
    if choice.open is not None:
        events.append(BlockEnd(choice.index, choice.next_block))
        choice.open = None
        choice.signed = False
        choice.next_block += 1
