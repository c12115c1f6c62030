"""The conversation in the turns of Converse.

The API wants user and assistant in turn, the user first; results of tools before anything else of a turn; no blank
text; a text beside every document; instructions apart from the conversation; a cache point behind what is to be cached,
never inside a tool's result.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html (read 2026-11-23). Tools that are
offered are written by ``lower_tools``.
"""

from __future__ import annotations

import binascii
from typing import assert_never

import msgspec

from penstock.core.chat import (
    Audio,
    Block,
    CacheMarker,
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
from penstock.core.errors import InvalidRequest
from penstock.wire import search_result
from penstock.wire.bedrock_converse.lower_media import refuse, write_audio, write_document, write_image
from penstock.wire.bedrock_converse.lower_tools import check_tool_name
from penstock.wire.bedrock_converse.vocabulary import ERROR_STATUS_VENDORS, continues_turns
from penstock.wire.bedrock_converse.writing import Json, Writing
from penstock.wire.claude_thinking import is_claudes

FIRST_TURN = "(The conversation begins with the assistant.)"
BESIDE_DOCUMENT = "(See the document.)"
CONTINUATION = "(Continue exactly where you stopped.)"
NO_OUTPUT = "(no output)"
_BEHIND_THE_RESULT = "a cache point stands behind the result"
NAMELESS_TOOL = "tool"
"""Name of the tool of a result that comes without its call."""
_arguments_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Conversation(msgspec.Struct, frozen=True, gc=False):
    """What a request says: ``system`` blocks, ``messages``, and the ``contents`` of these, the same lists."""

    system: list[Json]
    messages: list[Json]
    contents: list[list[Json]]


class _Turn(msgspec.Struct):
    """One turn as it is gathered; results of tools stand before its other blocks."""

    role: str
    at: str = "messages"
    results: list[Json] = []
    blocks: list[Json] = []
    has_text: bool = False
    document_at: str = ""


def write_conversation(writing: Writing, *, thinking: bool) -> Conversation:
    """Write instructions and turns; ``thinking`` when the model will think.

    Raises:
        InvalidRequest: content that the API cannot carry, arguments that are no JSON object, or nothing to send.
    """
    system: list[Json] = []
    turns: list[_Turn] = []
    for message in writing.request.messages:
        if message.name is not None:
            writing.losses.at(f"{message.at}.name", "participants have no names here")
        if message.role in {"system", "developer"}:
            if turns:
                writing.losses.at(message.at, "instructions stand before the conversation", "moved")
            _write_instructions(message, system, writing)
            continue
        if message.role == "user":
            writing.end_turn()
        turn = turns[-1] if turns and turns[-1].role == message.role else _Turn(message.role, message.at)
        for block in message.blocks:
            _write_block(block, turn, writing)
        if (turn.results or turn.blocks) and (not turns or turns[-1] is not turn):
            turns.append(turn)
    if not turns:
        turns.append(_instructions_as_turn(system, writing))
    elif turns[0].role == "assistant":
        writing.losses.at("messages", "the user must speak first: a turn that says so was added", "approximated")
        first = _Turn("user")
        first.blocks.append({"text": FIRST_TURN})
        turns.insert(0, first)
    if turns[-1].role == "assistant":
        _end_conversation(turns, writing, thinking=thinking)
    messages: list[Json] = []
    contents: list[list[Json]] = []
    for turn in turns:
        if turn.document_at and not turn.has_text:
            writing.losses.at(turn.document_at, "a document must stand beside a text: one was added", "approximated")
            turn.blocks.append({"text": BESIDE_DOCUMENT})
        content = turn.results + turn.blocks
        messages.append({"role": turn.role, "content": content})
        contents.append(content)
    return Conversation(system, messages, contents)


def _end_conversation(turns: list[_Turn], writing: Writing, *, thinking: bool) -> None:
    """Make a turn that the assistant is to continue one that the API takes: no white space at its end."""
    last = turns[-1]
    spoken = [block for block in last.blocks if "cachePoint" not in block]
    text = spoken[-1].get("text")
    if not isinstance(text, str):
        return
    if not continues_turns(writing.vendor, writing.facts, thinking=thinking):
        writing.losses.at(last.at, "this model continues no turn: a line asks it to", "approximated")
        asking = _Turn("user")
        asking.blocks.append({"text": CONTINUATION})
        turns.append(asking)
    elif text != text.rstrip():
        writing.losses.at(last.at, "a turn to be continued cannot end in white space", "clamped")
        spoken[-1]["text"] = text.rstrip()


def _write_instructions(message: Message, system: list[Json], writing: Writing) -> None:
    for block in message.blocks:
        if not isinstance(block, Text):
            refuse("Instructions can only be text for this provider.", block.at)
        if not block.text or block.text.isspace():
            _report_blank(block, writing)
            continue
        system.append({"text": block.text})
        if block.cache is not None:
            system.append(writing.cache_point(block.cache, block.at))


def _instructions_as_turn(system: list[Json], writing: Writing) -> _Turn:
    if not system:
        msg = 'There is nothing to send: "messages" has no text.'
        raise InvalidRequest(msg, code="empty_conversation", param="messages")
    writing.losses.at("messages", "the user must speak: the instructions are sent as the user's words", "moved")
    turn = _Turn("user")
    turn.blocks += system
    system.clear()
    return turn


def _write_block(block: Block, turn: _Turn, writing: Writing) -> None:
    cache: CacheMarker | None = None
    match block:
        case Text():
            _write_text(block, turn, writing)
            return
        case Refusal():
            writing.losses.at(block.at, "refusals are plain text here", "approximated")
            _write_text(Text(block.text, at=block.at), turn, writing)
            return
        case Thinking() | RedactedThinking():
            _write_thinking(block, turn, writing)
            return
        case VendorBlock():
            _write_vendor_block(block, turn, writing)
            return
        case ToolResult():
            _write_result(block, turn, writing)
            return
        case ToolCall():
            written = _call(block, writing)
            cache = block.cache
        case Image() | Audio() | Document() if turn.role == "assistant":
            refuse("The assistant's turns cannot have pictures, sound or documents for this provider.", block.at)
        case Image():
            written = write_image(block, writing)
            cache = block.cache
        case Audio():
            written = write_audio(block)
            cache = block.cache
        case Document():
            written = write_document(block, writing)
            cache = block.cache
            if "document" in written:
                turn.document_at = turn.document_at or block.at or "messages"
        case _:
            assert_never(block)
    turn.blocks.append(written)
    if cache is not None:
        turn.blocks.append(writing.cache_point(cache, block.at))


def _report_blank(block: Text, writing: Writing) -> None:
    """Report a text that the API refuses, if it says or asks for something."""
    if block.text:
        writing.losses.at(block.at, "text without a visible character is refused")
    if block.cache is not None:
        writing.losses.at(f"{block.at}.cache_control", "stands on a text that is not sent")


def _write_text(block: Text, turn: _Turn, writing: Writing) -> None:
    if block.signature is not None:
        writing.losses.at(block.at, "signatures of text are another vendor's", "approximated")
    text = block.text
    if not text or text.isspace():
        _report_blank(block, writing)
        return
    if block.citations:
        writing.losses.at(block.at, "citations of earlier answers are not sent back", "approximated")
    turn.blocks.append({"text": text})
    turn.has_text = True
    if block.cache is not None:
        turn.blocks.append(writing.cache_point(block.cache, block.at))


def _write_thinking(block: Thinking | RedactedThinking, turn: _Turn, writing: Writing) -> None:
    if turn.role != "assistant":
        writing.losses.at(block.at, "only the assistant thinks")
    elif isinstance(block, RedactedThinking) and not _is_base64(block.data):
        writing.losses.at(block.at, "redacted thinking is bytes in base64 here: this is none of Claude's")
    elif isinstance(block, RedactedThinking):
        turn.blocks.append({"reasoningContent": {"redactedContent": block.data}})
    elif is_claudes(block.signature):
        text = {"text": block.text, "signature": block.signature}
        turn.blocks.append({"reasoningContent": {"reasoningText": text}})
    else:
        writing.losses.at(block.at, "models on Bedrock take back only thinking that they signed")


def _is_base64(data: str) -> bool:
    """Say whether a text is base64 of something: the API reads any other as other bytes than were meant."""
    try:
        return bool(binascii.a2b_base64(data, strict_mode=True))
    except ValueError:
        return False


def _call(block: ToolCall, writing: Writing) -> Json:
    arguments = block.arguments.strip() or "{}"
    try:
        _arguments_decoder.decode(arguments)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        msg = "The arguments of a tool call must be a JSON object."
        raise InvalidRequest(msg, code="invalid_tool_arguments", param=block.at) from error
    if block.signature is not None:
        writing.losses.at(block.at, "signatures of tool calls are another vendor's", "approximated")
    writing.called[block.name] = None
    return {
        "toolUse": {
            "toolUseId": writing.call_id(block.id, block.at),
            "name": check_tool_name(block.name, block.at),
            "input": msgspec.Raw(arguments.encode()),
        }
    }


def _write_result(block: ToolResult, turn: _Turn, writing: Writing) -> None:
    if turn.role != "user":
        refuse("Results of tools are the user's.", block.at)
    if not writing.called:
        writing.called[NAMELESS_TOOL] = None
    if turn.blocks:
        writing.losses.at(block.at, "results of tools stand first in their turn", "moved")
    marker = block.cache
    content: list[Json] = []
    for part in block.content:
        match part:
            case Text():
                if part.cache is not None:
                    writing.losses.at(f"{part.at}.cache_control", _BEHIND_THE_RESULT, "moved")
                    marker = marker or part.cache
                if part.text and not part.text.isspace():
                    content.append({"text": part.text})
            case Image():
                content.append(write_image(part, writing))
            case Document():
                content.append(write_document(part, writing))
            case VendorBlock():
                result, cache = _search_result(part)
                content.append(result)
                if cache is not None:
                    writing.losses.at(f"{part.at}.cache_control", _BEHIND_THE_RESULT, "moved")
                    marker = marker or cache
            case _:
                assert_never(part)
    if not content:
        writing.losses.at(block.at, "a result must say something: a text that there is none was sent", "approximated")
        content.append({"text": NO_OUTPUT})
    said: Json = {"toolUseId": writing.result_id(block.call_id, block.at), "content": content}
    if block.is_error and writing.vendor in ERROR_STATUS_VENDORS:
        said["status"] = "error"
    elif block.is_error:
        writing.losses.at(f"{block.at}.is_error", "this model is not told that a tool failed")
    turn.results.append({"toolResult": said})
    if marker is not None:
        turn.results.append(writing.cache_point(marker, block.at))


def _write_vendor_block(block: VendorBlock, turn: _Turn, writing: Writing) -> None:
    if turn.role == "user":
        result, cache = _search_result(block)
        turn.blocks.append(result)
        if cache is not None:
            turn.blocks.append(writing.cache_point(cache, block.at))
    elif block.kind == "custom_tool_call":
        refuse("Calls of tools whose input is free text cannot be sent to this provider.", block.at)
    else:
        writing.losses.at(block.at, f"a block that only {block.vendor} knows")


def _search_result(block: VendorBlock) -> tuple[Json, CacheMarker | None]:
    """Return Anthropic's ``search_result``, which Converse has too, and its cache marker."""
    if block.kind != search_result.KIND:
        refuse(f"This provider has no block of type {block.kind}.", block.at)
    found = search_result.read_search_result(block)
    written: Json = {"source": found.source, "title": found.title}
    written["content"] = [{"text": part.text} for part in found.content]
    if found.citations is not None:
        written["citations"] = {"enabled": found.citations.enabled}
    return {"searchResult": written}, found.cache
