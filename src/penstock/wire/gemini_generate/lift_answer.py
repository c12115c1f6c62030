"""A whole answer of ``generateContent`` to the neutral form.

Each part is a block, in order; a part of empty text that only carries a signature gives it to the text before it. A
prompt that was refused has no candidates, and is one choice without blocks that ended in the filter.
https://ai.google.dev/api/generate-content (read 2026-11-23). Streams: ``decode_events``.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from penstock.core.chat import Block, Text, Thinking
from penstock.core.chat_answer import ChatAnswer, Choice
from penstock.core.chat_format import AnswerContext
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
from penstock.wire.gemini_generate.usage import read_usage
from penstock.wire.gemini_generate.vocabulary import FORMAT, SIGNATURE_MARK


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the answer.

    Raises:
        ValueError: not the format: no JSON object, or neither candidates nor a reason why there are none.
    """
    answer = decode_answer(body)
    calls = Calls(context)
    created = read_time(answer.create_time)
    choices: list[Choice] = []
    for candidate in answer.candidates or ():
        choices.append(_lift(candidate, len(choices), context, calls))
    return ChatAnswer(
        id=answer.response_id or context.request_id,
        model=answer.model_version or context.model,
        choices=choices or [_refused(answer, context)],
        usage=read_usage(answer.usage_metadata),
        created=context.created if created is None else created,
        vendor=FORMAT,
        extras={"promptFeedback": answer.prompt_feedback} if is_said(answer.prompt_feedback) else {},
    )


def read_time(text: str | None) -> int | None:
    """Return Unix seconds of a time as Google writes it (RFC 3339); None when it is none."""
    try:
        return None if text is None else int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return None


def _refused(answer: Answer, context: AnswerContext) -> Choice:
    word = block_reason(answer)
    if word is None:
        msg = "an answer without candidates, and without a reason why"
        raise ValueError(msg)
    return Choice(0, [], refusal_of_prompt(word, context), word)


def _lift(candidate: Candidate, place: int, context: AnswerContext, calls: Calls) -> Choice:
    parts = (candidate.content.parts if candidate.content is not None else None) or ()
    blocks: list[Block] = []
    placed: list[Block | None] = []
    called = False
    for part in parts:
        placed.append(_add(part, blocks, context, calls))
        if part.function_call is not None:
            called = True
    if candidate.grounding_metadata is not NOTHING:
        _cite(placed, candidate.grounding_metadata)
    word = candidate.finish_reason or ""
    return Choice(
        index=place if candidate.index is None else candidate.index,
        blocks=blocks,
        finish=finish_of(word, context, calls=called),
        word=word,
        logprobs=None if candidate.logprobs_result is None else logprobs_of(candidate.logprobs_result),
        extras=extras_of(candidate),
    )


def _cite(placed: list[Block | None], metadata: msgspec.Raw) -> None:
    """Say of the texts among the parts what they rest on."""
    texts = [block.text if isinstance(block, Text) else None for block in placed]
    for number, citation in read_citations(metadata, texts):
        cited = placed[number] if 0 <= number < len(placed) else None
        if isinstance(cited, Text):
            cited.citations += (citation,)


def _add(part: Part, blocks: list[Block], context: AnswerContext, calls: Calls) -> Block | None:
    """Add the block that a part is, and return it; None when it is none."""
    block: Block | None
    if part.function_call is not None:
        block = calls.read(part, part.function_call)
    elif part.inline_data is not None:
        block = media_block(part, part.inline_data)
    elif part.text is not None:
        return _add_text(part, part.text, blocks)
    else:
        block = vendor_block(part)
    if block is None:
        if part.thought_signature is not None:
            return _add_text(part, "", blocks)
        context.note("part")
        return None
    blocks.append(block)
    return block


def _add_text(part: Part, text: str, blocks: list[Block]) -> Block | None:
    signature = part.thought_signature
    if part.thought:
        thinking = Thinking(text, None if signature is None else SIGNATURE_MARK + signature)
        if text or signature:
            blocks.append(thinking)
        return thinking
    if not text and signature and blocks:
        last = blocks[-1]
        if isinstance(last, Text) and last.signature is None:
            last.signature = signature
            return last
    said = Text(text, signature=signature)
    if text or signature:
        blocks.append(said)
    return said
