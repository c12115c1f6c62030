"""A whole answer of Cohere's chat as a neutral one.

https://docs.cohere.com/reference/chat (read 2026-11-23). ``tool_plan``, what the model says before it calls tools, is a
text in front of the calls. Citations come apart from the text and name its block by ``content_index``; those of
thinking are left out. Streams: ``decode_events``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Block, Citation, Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import ChatAnswer, Choice
from penstock.core.chat_format import AnswerContext
from penstock.wire.cohere_chat.answer_body import (
    LogprobBody,
    lift_citation,
    lift_finish,
    lift_logprob,
    read_citation,
)
from penstock.wire.cohere_chat.usage import UsageBody, read_usage
from penstock.wire.cohere_chat.vocabulary import CITES_PLAN, CITES_TEXT, FORMAT


class _Function(msgspec.Struct):
    name: str
    arguments: str | None = None


class _Call(msgspec.Struct):
    id: str
    function: _Function


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None


class _Message(msgspec.Struct):
    content: list[msgspec.Raw] | None = None
    tool_plan: str | None = None
    tool_calls: list[_Call] | None = None
    citations: list[msgspec.Raw] | None = None


class _Answer(msgspec.Struct):
    message: _Message
    id: str | None = None
    finish_reason: str | None = None
    usage: UsageBody | None = None
    logprobs: list[LogprobBody] | None = None


_answer = msgspec.json.Decoder(_Answer)
_part = msgspec.json.Decoder(_Part)


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the answer.

    Raises:
        ValueError: it is not an answer of this format.
    """
    try:
        answer = _answer.decode(body)
        blocks = _blocks(answer.message, context)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not a Cohere chat answer: {error}"
        raise ValueError(msg) from error
    choice = Choice(
        index=0,
        blocks=blocks,
        finish=lift_finish(answer.finish_reason, context),
        word=answer.finish_reason or "",
        logprobs=None if not answer.logprobs else tuple(map(lift_logprob, answer.logprobs)),
    )
    return ChatAnswer(
        id=answer.id or context.request_id,
        model=context.model,
        choices=[choice],
        usage=read_usage(answer.usage),
        created=context.created or None,
        vendor=FORMAT,
    )


def _blocks(message: _Message, context: AnswerContext) -> list[Block]:
    content = [_block(raw, context) for raw in message.content or ()]
    blocks = list(content)
    plan: Text | None = None
    if message.tool_plan:
        plan = Text(message.tool_plan)
        blocks.append(plan)
    blocks += [
        ToolCall(call.id, call.function.name, call.function.arguments or "{}") for call in message.tool_calls or ()
    ]
    _cite(message.citations or [], content, plan)
    return blocks


def _block(raw: msgspec.Raw, context: AnswerContext) -> Block:
    part = _part.decode(raw)
    if part.type == "text":
        return Text(part.text or "")
    if part.type == "thinking":
        return Thinking(part.thinking or "")
    context.note(f"content.type={part.type}")
    return VendorBlock(FORMAT, part.type, raw)


def _cite(citations: list[msgspec.Raw], content: list[Block], plan: Text | None) -> None:
    """Give each citation to the text that it is of."""
    of_texts: dict[int, list[Citation]] = {}
    texts: dict[int, Text] = {}
    for raw in citations:
        found = read_citation(raw)
        text = None if found is None else _cited(found.type, found.content_index, content, plan)
        if found is not None and text is not None:
            texts[id(text)] = text
            of_texts.setdefault(id(text), []).extend(lift_citation(found, raw))
    for key, text in texts.items():
        text.citations = tuple(of_texts[key])


def _cited(kind: str | None, index: int | None, content: list[Block], plan: Text | None) -> Text | None:
    if kind == CITES_PLAN:
        return plan
    if kind not in CITES_TEXT:
        return None
    if index is not None and 0 <= index < len(content):
        block = content[index]
        return block if isinstance(block, Text) else None
    return next((block for block in content if isinstance(block, Text)), None)
