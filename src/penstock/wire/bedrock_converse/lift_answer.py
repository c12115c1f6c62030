"""The whole answer of Converse as a neutral answer.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_ResponseSyntax
(read 2026-11-23). The id is the header ``x-amzn-requestid``; the answer names no model and no time. Blocks are read by
``answer_blocks``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Block
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.chat_format import AnswerContext
from penstock.wire.bedrock_converse.answer_blocks import lift_block
from penstock.wire.bedrock_converse.usage import TokenUsage, read_usage
from penstock.wire.bedrock_converse.vocabulary import FORMAT, STOP_REASONS

REQUEST_ID = b"x-amzn-requestid"
KEPT = ("trace", "metrics", "performanceConfig", "additionalModelResponseFields")
"""Members of an answer that only Bedrock has."""


class Tier(msgspec.Struct):
    """``serviceTier``."""

    type: str | None = None


class _Message(msgspec.Struct):
    content: list[msgspec.Raw]


class _Output(msgspec.Struct):
    message: _Message


class _Answer(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str | None = None
    usage: TokenUsage | None = None
    service_tier: Tier | None = None
    trace: msgspec.Raw = msgspec.Raw(b"")
    metrics: msgspec.Raw = msgspec.Raw(b"")
    performance_config: msgspec.Raw = msgspec.Raw(b"")
    additional_model_response_fields: msgspec.Raw = msgspec.Raw(b"")


class _StopSequence(msgspec.Struct):
    """What Claude says when it was asked for ``/stop_sequence``."""

    stop_sequence: str | None = None


_decoder = msgspec.json.Decoder(_Answer)
_stop_sequence_decoder = msgspec.json.Decoder(_StopSequence)


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the answer.

    Raises:
        ValueError: not JSON, or without ``output.message.content``.
    """
    answer = _decoder.decode(body)
    blocks: list[Block] = []
    for raw in answer.output.message.content:
        blocks += lift_block(raw, context)
    finish, word = read_stop_reason(answer.stop_reason, context)
    extras = {
        name: msgspec.Raw(bytes(value))
        for name, value in zip(
            KEPT,
            (answer.trace, answer.metrics, answer.performance_config, answer.additional_model_response_fields),
            strict=True,
        )
        if bytes(value) not in {b"", b"null"}
    }
    choice = Choice(0, blocks, finish, word, stop_sequence=read_stop_sequence(answer.additional_model_response_fields))
    return ChatAnswer(
        id=answer_id(context),
        model=context.model,
        choices=[choice],
        usage=read_usage(answer.usage),
        created=context.created,
        service_tier=None if answer.service_tier is None else answer.service_tier.type,
        vendor=FORMAT,
        extras=extras,
    )


def answer_id(context: AnswerContext) -> str:
    """Return Bedrock's id of the answer, else ours."""
    sent = context.headers.get(REQUEST_ID, b"").decode("latin-1")
    return sent or context.request_id


def read_stop_reason(word: str | None, context: AnswerContext) -> tuple[FinishReason, str]:
    """Return why the answer ended, and Bedrock's word for it; a word outside the table is counted."""
    if word is None:
        return "unknown", ""
    found = STOP_REASONS.get(word)
    if found is None:
        context.note(f"stopReason={word}")
        return "unknown", word
    return found, word


def read_stop_sequence(fields: msgspec.Raw) -> str | None:
    """Return the stop sequence that was met, where the model's own fields say so."""
    if not bytes(fields):
        return None
    try:
        return _stop_sequence_decoder.decode(fields).stop_sequence
    except (msgspec.DecodeError, UnicodeError):
        return None  # the model's own fields have any shape
