"""A neutral answer to OpenAI chat, whole.

``content`` is all text of a choice, its blocks joined without a separator (a vendor that splits a text in blocks splits
it anywhere); it is null only beside calls or a refusal. ``finish_reason`` is one of OpenAI's words, with
``native_finish_reason`` beside it where none of them says it exactly. Further members: ``answer_body``. Pictures and
sound have places; a ``VendorBlock`` (server tools of other vendors) has none. A caller that offered ``functions`` reads
the first call as ``function_call``; the form has no more. Streams: ``encode_events``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Audio, Block, ChatRequest, Image, RedactedThinking, Refusal, Text, Thinking, ToolCall
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.wire.openai_chat.answer_body import (
    AnnotationBody,
    AudioBody,
    CallBody,
    ExtraContent,
    FunctionBody,
    ImageBody,
    LogprobsBody,
    RedactedThinkingBody,
    ThinkingBody,
    annotation,
    audio_body,
    extra_content,
    image_body,
    logprobs_body,
    thinking_body,
)
from penstock.wire.openai_chat.usage import UsageBody, usage_body
from penstock.wire.openai_chat.vocabulary import DEPRECATED_WORDS, FINISH_WORDS, INEXACT, calls_functions


class _Message(msgspec.Struct, omit_defaults=True, tag_field="role", tag="assistant"):
    content: str | None
    refusal: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[ThinkingBody | RedactedThinkingBody] | None = None
    tool_calls: list[CallBody] | None = None
    annotations: list[AnnotationBody] | None = None
    images: list[ImageBody] | None = None
    audio: AudioBody | None = None
    extra_content: ExtraContent | None = None
    function_call: FunctionBody | None = None


class _Choice(msgspec.Struct, omit_defaults=True):
    index: int
    message: _Message
    finish_reason: str
    logprobs: LogprobsBody | None = None
    native_finish_reason: str | None = None


class _Answer(msgspec.Struct, omit_defaults=True):
    id: str
    object: str
    created: int
    model: str
    choices: list[_Choice]
    usage: UsageBody | None = None
    service_tier: str | None = None


_encode = msgspec.json.Encoder().encode


def lower_answer(answer: ChatAnswer, request: ChatRequest) -> bytes:
    """Return the body; ``created`` is 0 where neither vendor nor lift said when."""
    choices: list[_Choice] = []
    for choice in answer.choices:
        message = _message(choice, answer.id)
        reason, native = finish_words(choice.finish, choice.word, calls=message.tool_calls is not None)
        if message.tool_calls and calls_functions(request):
            message.function_call, message.tool_calls = message.tool_calls[0].function, None
            reason = DEPRECATED_WORDS.get(reason, reason)
        logprobs = None if choice.logprobs is None else logprobs_body(choice.logprobs)
        choices.append(_Choice(choice.index, message, reason, logprobs, native))
    body = _Answer(
        answer.id,
        "chat.completion",
        answer.created or 0,
        answer.model,
        choices,
        usage_body(answer.usage),
        answer.service_tier,
    )
    return _encode(body)


def finish_words(reason: FinishReason, word: str, *, calls: bool) -> tuple[str, str | None]:
    """Return ``finish_reason`` and ``native_finish_reason``; ``calls``: there are tools to be called."""
    if reason not in INEXACT:
        return FINISH_WORDS[reason], None
    said = "tool_calls" if calls and reason == "unknown" else FINISH_WORDS[reason]
    return said, word or reason


def _message(choice: Choice, answer_id: str) -> _Message:
    texts: list[str] = []
    others: list[Block] = []
    message = _Message("")
    begin = 0
    for block in choice.blocks:
        if type(block) is not Text:
            others.append(block)
            continue
        texts.append(block.text)
        if block.citations:
            _say_citations(message, block, begin)
        if block.signature is not None:
            message.extra_content = extra_content(block.signature)
        begin += len(block.text)
    if others:
        _say_others(message, others, answer_id)
    joined = "".join(texts)
    message.content = joined if joined or not (message.tool_calls or message.refusal) else None
    return message


def _say_others(message: _Message, blocks: list[Block], answer_id: str) -> None:
    """Say all that is not text."""
    thinking: list[Thinking | RedactedThinking] = []
    calls: list[CallBody] = []
    images: list[ImageBody] = []
    refusals: list[str] = []
    for block in blocks:
        match block:
            case Thinking() | RedactedThinking():
                thinking.append(block)
            case ToolCall():
                calls.append(_call(block))
            case Refusal():
                refusals.append(block.text)
            case Image():
                images += filter(None, [image_body(block)])
            case Audio():
                message.audio = audio_body(block, answer_id)
            case _:
                pass  # a block of a vendor's own, or one that answers do not have
    message.refusal = "".join(refusals) or None
    message.tool_calls = calls or None
    message.images = images or None
    _say_thinking(message, thinking)


def _call(call: ToolCall) -> CallBody:
    return CallBody(
        id=call.id, function=FunctionBody(call.name, call.arguments), extra_content=extra_content(call.signature)
    )


def _say_citations(message: _Message, text: Text, begin: int) -> None:
    """Say what a text rests on; it stands at ``begin`` of the content."""
    end = begin + len(text.text)
    found = filter(None, [annotation(citation, begin, end) for citation in text.citations])
    message.annotations = [*(message.annotations or ()), *found] or None


def _say_thinking(message: _Message, thinking: list[Thinking | RedactedThinking]) -> None:
    if not thinking:
        return
    message.reasoning_content = "".join([block.text for block in thinking if isinstance(block, Thinking)]) or None
    if any(isinstance(block, RedactedThinking) or block.signature is not None for block in thinking):
        message.thinking_blocks = [thinking_body(block) for block in thinking]
