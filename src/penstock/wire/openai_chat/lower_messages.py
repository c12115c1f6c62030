"""Neutral messages to OpenAI's.

OpenAI wants the results of tools directly behind the turn that called them, each as a message of its own, text only. So
of consecutive user turns all results come first; pictures and documents in results follow in a user message
(``moved``). An error of a tool has no flag there: its text begins with ``Error:`` (``approximated``). OpenAI keeps
its reasoning to itself and refuses members it does not know, so thinking is reported as lost, but for models that want
it back beside calls (``reasoning_content``, DeepSeek's).

https://developers.openai.com/api/reference/resources/chat, https://api-docs.deepseek.com/guides/thinking_mode (both
read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.chat import (
    Block,
    Document,
    Image,
    Message,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.wire import search_result
from penstock.wire.openai_chat.answer_body import extra_content, thinking_body
from penstock.wire.openai_chat.lower_parts import (
    plain_or_parts,
    report_block,
    report_marker,
    write_content,
    write_parts,
)
from penstock.wire.openai_chat.vocabulary import VENDOR

JsonMessage = dict[str, object]
_ERROR_PREFIX = "Error: "


def lower_messages(
    messages: list[Message], vendor: str, losses: Losses, *, reasoning_back: bool = False
) -> list[JsonMessage]:
    """Return OpenAI's messages; ``vendor`` is the caller's format, ``reasoning_back`` what the model wants.

    Raises:
        InvalidRequest: content that OpenAI cannot be given.
    """
    written: list[JsonMessage] = []
    waiting: list[JsonMessage] = []  # what users said, until it is sure that no more results come
    for message in messages:
        if message.role == "user":
            _user(message, written, waiting, losses)
            continue
        written += waiting
        waiting = []
        if message.role == "assistant":
            written.append(_assistant(message, losses, own=vendor == VENDOR, reasoning_back=reasoning_back))
        else:
            written.append(_system(message, losses))
    return written + waiting


def _named(role: str, content: object, message: Message) -> JsonMessage:
    body: JsonMessage = {"role": role, "content": content}
    if message.name is not None:
        body["name"] = message.name
    return body


def _system(message: Message, losses: Losses) -> JsonMessage:
    texts = [block for block in message.blocks if isinstance(block, Text)]
    for block in message.blocks:
        if not isinstance(block, Text):
            report_block(block, losses)
    return _named(message.role, write_content(texts, losses), message)


def _user(message: Message, written: list[JsonMessage], waiting: list[JsonMessage], losses: Losses) -> None:
    """Write results to ``written``, and the rest of the turn to ``waiting``."""
    said: list[Block] = []
    for block in message.blocks:
        if isinstance(block, ToolResult):
            result, moved = _result(block, losses)
            written.append(result)
            said += moved
        else:
            said.append(block)
    if said or not message.blocks:
        waiting.append(_named("user", plain_or_parts(write_parts(said, losses)), message))


def _result(result: ToolResult, losses: Losses) -> tuple[JsonMessage, list[Block]]:
    report_marker(result.cache, result.at, losses)
    texts: list[Text] = []
    moved: list[Block] = []
    for block in result.content:
        match block:
            case Text():
                texts.append(block)
            case Image() | Document():
                losses.at(block.at, "results of tools are text only: it follows in a user message", "moved")
                moved.append(block)
            case VendorBlock(kind=search_result.KIND):
                texts.append(search_result.read_text(block, losses))
            case VendorBlock():
                report_block(block, losses)
    if result.is_error:
        losses.at(f"{result.at}.is_error", "said in front of the text of the result", "approximated")
        first = texts[0] if texts else Text("", at=result.at)
        texts[:1] = [Text(_ERROR_PREFIX + first.text, first.cache, first.citations, at=first.at)]
    content = write_content(texts, losses)
    return {"role": "tool", "tool_call_id": result.call_id, "content": content}, moved


def _assistant(message: Message, losses: Losses, *, own: bool, reasoning_back: bool) -> JsonMessage:
    texts: list[Text] = []
    calls: list[JsonMessage] = []
    thinking: list[Thinking | RedactedThinking] = []
    body = _named("assistant", None, message)
    for block in message.blocks:
        match block:
            case Text():
                texts.append(block)
            case ToolCall():
                calls.append(_call(block, losses, own=own))
            case Refusal():
                body["refusal"] = block.text
            case Thinking() | RedactedThinking():
                thinking.append(block)
            case VendorBlock(vendor="openai_chat", kind="custom_tool_call"):
                calls.append({"_raw": block.raw})
            case VendorBlock(vendor="openai_chat", kind="audio"):
                body["audio"] = block.raw
            case _:
                report_block(block, losses)
    if own:
        _repeat_thinking(body, thinking)
    elif reasoning_back and calls:
        body["reasoning_content"] = "".join([block.text for block in thinking if isinstance(block, Thinking)])
    else:
        for block in thinking:
            losses.at(block.at, "this provider takes no thinking back")
    signature = next((text.signature for text in reversed(texts) if text.signature), None)
    if own and signature is not None:
        body["extra_content"] = extra_content(signature)
    elif signature is not None:
        for text in texts:
            if text.signature is not None:
                losses.at(text.at, "the signature on this text is another vendor's")
    if calls:
        body["tool_calls"] = [call.get("_raw", call) for call in calls]
    texts = [text for text in texts if text.text]
    silent = not texts and (calls or len(body) > 2)
    body["content"] = None if silent else write_content(texts, losses)
    return body


def _call(call: ToolCall, losses: Losses, *, own: bool) -> JsonMessage:
    report_marker(call.cache, call.at, losses)
    function = {"name": call.name, "arguments": call.arguments}
    body: JsonMessage = {"id": call.id, "type": "function", "function": function}
    if own and call.signature is not None:
        body["extra_content"] = extra_content(call.signature)
    elif call.signature is not None:
        losses.at(call.at, "the signature on this call is another vendor's")
    return body


def _repeat_thinking(body: JsonMessage, thinking: list[Thinking | RedactedThinking]) -> None:
    """Write what a caller of this very format said, as it was said."""
    shown = "".join([block.text for block in thinking if isinstance(block, Thinking)])
    if shown:
        body["reasoning_content"] = shown
    if any(isinstance(block, RedactedThinking) or block.signature for block in thinking):
        body["thinking_blocks"] = [thinking_body(block) for block in thinking]
