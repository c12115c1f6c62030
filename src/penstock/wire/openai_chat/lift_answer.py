"""An answer of OpenAI chat, whole, to the neutral form.

Also of vendors whose API is called compatible: a ``stop`` beside calls of tools is ``tool_calls``, a call without an id
gets one, arguments as an object are taken, and arguments that are no JSON object at all become the one member
``malformed_arguments`` of one, counted as unknown, so that every caller's format can carry them. Streams:
``decode_events``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Block, Citation, RedactedThinking, Refusal, Text, Thinking, ToolCall
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED
from penstock.wire.openai_chat import answer_read as read
from penstock.wire.openai_chat.vocabulary import FINISH_REASONS_READ, VENDOR
from penstock.wire.openai_usage import read_openai_usage

_object_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the answer.

    Raises:
        ValueError: not a chat completion, or one without choices.
    """
    answer = read.decode_answer(body)
    if not answer.choices:
        msg = "a chat completion without choices"
        raise ValueError(msg)
    return ChatAnswer(
        answer.id or context.request_id,
        answer.model or context.model,
        [_choice(choice, context) for choice in answer.choices],
        UNREPORTED if answer.usage is None else (context.read_usage or read_openai_usage)(answer.usage),
        context.created if answer.created is None else int(answer.created),
        answer.service_tier,
        VENDOR,
    )


def finish_reason(word: str | None, context: AnswerContext, *, calls: bool) -> FinishReason:
    """Return what a vendor's word means; ``calls``: the choice calls tools."""
    reason = FINISH_REASONS_READ.get(word.lower()) if word else None
    if reason is None:
        context.note(f"finish_reason={word or None}")
        return "unknown"
    return "tool_calls" if calls and reason == "stop" else reason


def make_call_id(context: AnswerContext, choice: int, number: int) -> str:
    """Return an id for a call that came without one."""
    return f"call_{context.request_id}_{choice}_{number}"


def _choice(choice: read.Choice, context: AnswerContext) -> Choice:
    message = choice.message
    if message is None:
        msg = "a choice without a message"
        raise ValueError(msg)
    blocks = _thinking(message)
    blocks += _content(message, context)
    if message.refusal:
        blocks.append(Refusal(message.refusal))
    calls = []
    for call in message.tool_calls or ():
        if call.function is None:
            context.note(f"tool_calls.type={call.type}")
        elif not call.function.name:  # as in a stream: nobody could answer it
            context.note("tool_calls.function.name=None")
        else:
            calls.append(call)
    if message.function_call is not None:
        calls.append(read.Call(function=message.function_call))
    for number, call in enumerate(calls):
        blocks.append(_call(call, context, choice.index, number))
    reason = finish_reason(choice.finish_reason, context, calls=bool(calls))
    word = choice.finish_reason or ""
    return Choice(choice.index, blocks, reason, word, None, read.tokens_of(choice.logprobs))


def _thinking(message: read.Message) -> list[Block]:
    if not message.thinking_blocks:
        shown = read.shown_reasoning(message)
        return [Thinking(shown)] if shown else []
    return [
        RedactedThinking(block.data)
        if block.data is not None
        else Thinking(block.thinking or "", block.signature or None)
        for block in message.thinking_blocks
    ]


def _content(message: read.Message, context: AnswerContext) -> list[Block]:
    content = message.content
    if isinstance(content, list):
        return [block for part in content for block in _part(part, context)]
    signature = read.signature_of(message.extra_content)
    if not content and signature is None:
        return []
    return [Text(content or "", citations=_citations(message), signature=signature)]


def _part(part: read.Part, context: AnswerContext) -> list[Block]:
    if part.type == "thinking":
        return [Thinking(read.thought_in(part))]
    if part.type == "refusal":
        return [Refusal(part.refusal or "")]
    if part.type not in {"text", "output_text"}:
        context.note(f"content.type={part.type}")
    return [Text(part.text)] if part.text else []


def _citations(message: read.Message) -> tuple[Citation, ...]:
    found = [note.url_citation for note in message.annotations or () if note.url_citation is not None]
    return tuple(Citation(note.url, note.title, None, note.start_index, note.end_index) for note in found)


def _call(call: read.Call, context: AnswerContext, choice: int, number: int) -> ToolCall:
    function = call.function or read.Function()
    call_id = call.id or make_call_id(context, choice, number)
    arguments = _arguments(read.arguments_text(function), context)
    return ToolCall(call_id, function.name or "", arguments, read.signature_of(call.extra_content))


def _arguments(text: str, context: AnswerContext) -> str:
    if not text.strip():
        return "{}"
    try:
        _object_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        context.note("tool_calls.arguments=malformed")
        return msgspec.json.encode({"malformed_arguments": text}).decode()
    return text
