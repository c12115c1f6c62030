"""The whole answer of Converse as a neutral answer.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_ResponseSyntax
(read 2026-11-23). The id is the header ``x-amzn-requestid``; the answer names no model and no time. Blocks are read by
``answer_blocks``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Block, Text
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.chat_format import AnswerContext
from penstock.wire.bedrock_converse.answer_blocks import ABSENT, UNSAID, ContentBlock, keep_block, lift_block
from penstock.wire.bedrock_converse.usage import TokenUsage, read_usage
from penstock.wire.bedrock_converse.vocabulary import FORMAT, STOP_REASONS

REQUEST_ID = b"x-amzn-requestid"


class Tier(msgspec.Struct):
    """``serviceTier``."""

    type: str | None = None


class _Message(msgspec.Struct):
    content: list[ContentBlock]


class _Output(msgspec.Struct):
    message: _Message


class _Answer(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str | None = None
    usage: TokenUsage | None = None
    service_tier: Tier | None = None
    trace: msgspec.Raw = ABSENT
    metrics: msgspec.Raw = ABSENT
    performance_config: msgspec.Raw = ABSENT
    additional_model_response_fields: msgspec.Raw = ABSENT


class _RawMessage(msgspec.Struct):
    content: list[msgspec.Raw]


class _RawOutput(msgspec.Struct):
    message: _RawMessage


class _RawAnswer(msgspec.Struct):
    """An answer of which the blocks are to be kept as they came."""

    output: _RawOutput


class _StopSequence(msgspec.Struct):
    """What Claude says when it was asked for ``/stop_sequence``."""

    stop_sequence: str | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_raw_answer = msgspec.json.Decoder(_RawAnswer).decode
_decode_stop_sequence = msgspec.json.Decoder(_StopSequence).decode


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the answer.

    Raises:
        ValueError: not JSON, without ``output.message.content``, or a member has another type than the service model
            says.
    """
    answer = _decode_answer(body)
    blocks = _lift_blocks(answer, body, context)
    finish, word = read_stop_reason(answer.stop_reason, context)
    stop_sequence = read_stop_sequence(answer.additional_model_response_fields)
    return ChatAnswer(
        id=answer_id(context),
        model=context.model,
        choices=[Choice(0, blocks, finish, word, stop_sequence)],
        usage=read_usage(answer.usage),
        created=context.created,
        service_tier=None if answer.service_tier is None else answer.service_tier.type,
        vendor=FORMAT,
        extras=_extras_of(answer),
    )


def _extras_of(answer: _Answer) -> dict[str, msgspec.Raw]:
    """Return what only Bedrock says, by Bedrock's names."""
    extras: dict[str, msgspec.Raw] = {}
    if answer.trace not in UNSAID:
        extras["trace"] = answer.trace
    if answer.metrics not in UNSAID:
        extras["metrics"] = answer.metrics
    if answer.performance_config not in UNSAID:
        extras["performanceConfig"] = answer.performance_config
    if answer.additional_model_response_fields not in UNSAID:
        extras["additionalModelResponseFields"] = answer.additional_model_response_fields
    return extras


def _lift_blocks(answer: _Answer, body: bytes, context: AnswerContext) -> list[Block]:
    """Return the blocks; ``body`` is read once more where some are to be kept as they came."""
    blocks: list[Block] = []
    raws: list[msgspec.Raw] | None = None
    for place, said in enumerate(answer.output.message.content):
        if said.text is not None:
            if said.text:
                blocks.append(Text(said.text))
            continue
        block = lift_block(said)
        if block is not None:
            blocks.append(block)
            continue
        if raws is None:
            raws = _decode_raw_answer(body).output.message.content
        blocks += keep_block(raws[place], context)
    return blocks


def answer_id(context: AnswerContext) -> str:
    """Return Bedrock's id of the answer, else ours."""
    sent = context.headers.get(REQUEST_ID)
    return sent.decode("latin-1") if sent else context.request_id


def read_stop_reason(word: str | None, context: AnswerContext) -> tuple[FinishReason, str]:
    """Return why the answer ended, and Bedrock's word for it; a word outside the table is counted."""
    if word is None:
        return "unknown", ""
    try:
        return STOP_REASONS[word], word
    except KeyError:
        context.note(f"stopReason={word}")
        return "unknown", word


def read_stop_sequence(fields: msgspec.Raw) -> str | None:
    """Return the stop sequence that was met, where the model's own fields say so."""
    if fields in UNSAID:
        return None
    try:
        return _decode_stop_sequence(fields).stop_sequence
    except (msgspec.DecodeError, UnicodeError):
        return None  # the model's own fields have any shape
