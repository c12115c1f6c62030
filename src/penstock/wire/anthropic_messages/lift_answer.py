"""A whole answer of ``POST /v1/messages`` in the neutral form; its blocks are also those that a stream begins.

https://platform.claude.com/docs/en/api/messages and .../build-with-claude/citations (read 2026-11-23), checked against
the types of the Python SDK 2.12. Blocks that only Anthropic knows (its own tools at work, search results) are kept as
they came. Errors are read in ``errors``, events in ``decode_events``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import (
    Citation,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    VendorBlock,
)
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.anthropic_messages.facts import ABSENT, PlainUsage
from penstock.wire.anthropic_messages.vocabulary import FORMAT, SERVICE_TIERS, STOP_REASONS, VENDOR_BLOCKS

AnswerBlock = Text | Thinking | RedactedThinking | ToolCall | VendorBlock


class _TextBlock(msgspec.Struct, tag="text"):
    text: str = ""
    citations: list[msgspec.Raw] | None = None


class _ThinkingBlock(msgspec.Struct, tag="thinking"):
    thinking: str = ""
    signature: str | None = None


class _RedactedBlock(msgspec.Struct, tag="redacted_thinking"):
    data: str = ""


class _ToolUse(msgspec.Struct, tag="tool_use"):
    id: str
    name: str
    input: msgspec.Raw = ABSENT


class _Kind(msgspec.Struct):
    type: str


class _Citation(msgspec.Struct):
    type: str = ""
    url: str | None = None
    source: str | None = None
    title: str | None = None
    document_title: str | None = None
    cited_text: str | None = None
    document_index: int | None = None


class _Usage(PlainUsage):
    service_tier: str | None = None


class Message(msgspec.Struct):
    """An answer, or the beginning of one in ``message_start``; members that nobody needs are not read."""

    id: str | None = None
    model: str | None = None
    content: list[msgspec.Raw] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = ABSENT
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


_decode_message = msgspec.json.Decoder(Message).decode
_decode_block = msgspec.json.Decoder(_TextBlock | _ThinkingBlock | _RedactedBlock | _ToolUse).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_citation = msgspec.json.Decoder(_Citation).decode
_decode_usage = msgspec.json.Decoder(_Usage).decode
_decode_members: msgspec.json.Decoder[dict[str, object]] = msgspec.json.Decoder(dict[str, object])


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the answer; words outside the tables are kept and counted in ``context``.

    Raises:
        ValueError: the body is not this format: not JSON, no content, a block without what it is made of.
    """
    try:
        message = _decode_message(body)
        if message.content is None:
            msg = "an error in place of an answer" if present(message.error) else "an answer without content"
            raise ValueError(msg)
        blocks = [lift_block(raw, context) for raw in message.content]
    except (msgspec.DecodeError, RecursionError) as error:
        msg = f"not an Anthropic message: {error}"
        raise ValueError(msg) from error
    usage, tier = read_usage(message.usage)
    choice = Choice(
        0,
        [*blocks],
        lift_stop_reason(message.stop_reason, context),
        message.stop_reason or "",
        message.stop_sequence,
        extras=stop_extras(message.stop_details),
    )
    return ChatAnswer(
        message.id or context.request_id,
        message.model or context.model,
        [choice],
        usage,
        created=context.created or None,
        service_tier=tier,
        vendor=FORMAT,
    )


def present(raw: msgspec.Raw) -> bool:
    """Say whether a member is there and not null."""
    return bytes(raw) != b"null"


def stop_extras(details: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """Return what the vendor says beside the reason: the category of a refusal, say."""
    return {"stop_details": details} if present(details) else {}


def lift_stop_reason(word: str | None, context: AnswerContext) -> FinishReason:
    """Return what a stop reason means."""
    reason = STOP_REASONS.get(word or "")
    if reason is None:
        context.note(f"stop_reason={word or ''}")
        return "unknown"
    return reason


def lift_block(raw: msgspec.Raw, context: AnswerContext) -> AnswerBlock:
    """Return one block of content.

    Raises:
        msgspec.DecodeError: it is no block, or lacks what its kind is made of.
    """
    try:
        block = _decode_block(raw)
    except msgspec.ValidationError:
        kind = _decode_kind(raw).type
        if kind in {"text", "thinking", "redacted_thinking", "tool_use"}:
            raise
        if kind not in VENDOR_BLOCKS:
            context.note(f"content.type={kind}")
        return VendorBlock(FORMAT, kind, raw)
    if isinstance(block, _TextBlock):
        return Text(block.text, citations=tuple(lift_citation(citation) for citation in block.citations or ()))
    if isinstance(block, _ToolUse):
        return ToolCall(block.id, block.name, _arguments(block.input))
    if isinstance(block, _ThinkingBlock):
        return Thinking(block.thinking, block.signature or None)
    return RedactedThinking(block.data)


def _arguments(value: msgspec.Raw) -> str:
    """Return the text of a call's input, as it was spelt."""
    text = bytes(value).decode("utf-8", "replace")
    return "{}" if text == "null" else text


def lift_citation(raw: msgspec.Raw) -> Citation:
    """Return a citation: a web page, or a place in a document or a search result of the request."""
    raw = raw.copy()  # it may be held, and would hold all that it stands in
    try:
        found = _decode_citation(raw)
    except msgspec.DecodeError:
        return Citation(vendor=FORMAT, raw=raw)
    source = found.source if found.source is not None and found.source.startswith(("http://", "https://")) else None
    return Citation(
        url=found.url or source,
        title=found.title or found.document_title,
        cited_text=found.cited_text,
        document_index=found.document_index,
        vendor=FORMAT,
        raw=raw,
    )


def read_usage(raw: msgspec.Raw) -> tuple[Usage, str | None]:
    """Return the counts and the service tier; a member of another type than documented is as if not there."""
    if not present(raw):
        return UNREPORTED, None
    try:
        usage = _decode_usage(raw)
    except msgspec.ValidationError:
        usage = _usage_loosely(raw)
    tier = usage.service_tier
    return usage.read(), None if tier is None else SERVICE_TIERS.get(tier, tier)


def _usage_loosely(raw: msgspec.Raw) -> _Usage:
    usage = _Usage()
    try:
        members = _decode_members.decode(raw)
    except msgspec.ValidationError:
        return usage
    for field in msgspec.structs.fields(_Usage):
        try:
            setattr(usage, field.name, msgspec.convert(members.get(field.name), field.type))
        except msgspec.ValidationError:
            continue
    return usage
