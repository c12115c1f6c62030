"""A whole answer of ``POST /v1/messages`` in the neutral form; its blocks are also those that a stream begins.

https://platform.claude.com/docs/en/api/messages and .../build-with-claude/citations (read 2026-11-23), checked against
the types of the Python SDK 2.12. Blocks that only Anthropic knows (its own tools at work, search results) are kept as
they came. Errors are read in ``errors``, events in ``decode_events``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import (
    Block,
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


_DocumentedBlock = _TextBlock | _ThinkingBlock | _RedactedBlock | _ToolUse


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


class _Head(msgspec.Struct):
    """What an answer says beside its content and counts; members that nobody needs are not read."""

    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = ABSENT


class _Documented(_Head, kw_only=True):
    """An answer in which all is as documented."""

    content: list[_DocumentedBlock]
    usage: _Usage | None = None


class Message(_Head):
    """Any answer, or the beginning of one in ``message_start``."""

    content: list[msgspec.Raw] | None = None
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


_decode_documented = msgspec.json.Decoder(_Documented).decode
_decode_message = msgspec.json.Decoder(Message).decode
_decode_block = msgspec.json.Decoder(_DocumentedBlock).decode
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
        try:
            answer = _decode_documented(body)
        except msgspec.ValidationError:
            return _lift_any(_decode_message(body), context)
    except (msgspec.DecodeError, RecursionError) as error:
        msg = f"not an Anthropic message: {error}"
        raise ValueError(msg) from error
    blocks: list[Block] = [*map(_neutral, answer.content)]
    return _put_together(answer, blocks, answer.usage, context)


def _lift_any(message: Message, context: AnswerContext) -> ChatAnswer:
    """Return the answer in which something is newer than what is documented, or missing."""
    if message.content is None:
        msg = "an error in place of an answer" if message.error != ABSENT else "an answer without content"
        raise ValueError(msg)
    blocks: list[Block] = [lift_block(raw, context) for raw in message.content]
    return _put_together(message, blocks, _read_counts(message.usage), context)


def _put_together(head: _Head, blocks: list[Block], counts: _Usage | None, context: AnswerContext) -> ChatAnswer:
    usage, tier = _lift_counts(counts)
    choice = Choice(
        0,
        blocks,
        lift_stop_reason(head.stop_reason, context),
        head.stop_reason or "",
        head.stop_sequence,
        extras=stop_extras(head.stop_details),
    )
    return ChatAnswer(
        head.id or context.request_id,
        head.model or context.model,
        [choice],
        usage,
        created=context.created or None,
        service_tier=tier,
        vendor=FORMAT,
    )


def stop_extras(details: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """Return what the vendor says beside the reason: the category of a refusal, say."""
    return {} if details == ABSENT else {"stop_details": details}


def lift_stop_reason(word: str | None, context: AnswerContext) -> FinishReason:
    """Return what a stop reason means."""
    try:
        return STOP_REASONS[word or ""]
    except KeyError:
        context.note(f"stop_reason={word or ''}")
        return "unknown"


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
    return _neutral(block)


def _neutral(block: _DocumentedBlock) -> AnswerBlock:
    if isinstance(block, _TextBlock):
        return Text(block.text, citations=tuple(map(lift_citation, block.citations)) if block.citations else ())
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
    return _lift_counts(_read_counts(raw))


def _lift_counts(counts: _Usage | None) -> tuple[Usage, str | None]:
    if counts is None:
        return UNREPORTED, None
    tier = counts.service_tier
    return counts.read(), None if tier is None else SERVICE_TIERS.get(tier, tier)


def _read_counts(raw: msgspec.Raw) -> _Usage | None:
    if raw == ABSENT:
        return None
    try:
        return _decode_usage(raw)
    except msgspec.ValidationError:
        return _usage_loosely(raw)


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
