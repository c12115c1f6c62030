"""OpenAI's messages to neutral ones.

Results of tools are OpenAI's messages of their own; here consecutive ones are blocks of one ``user`` message, as other
vendors want them. Thinking stands first in its turn (``thinking_blocks``, else ``reasoning_content``), because the
vendors that sign it want it in front of the calls it led to. An empty string is no block. Checked on the way: parts
that a role cannot have, arguments that are no JSON object, results of calls that nobody made. What the members look
like is in ``request_body``; what else a request asks for is read by ``lift_request``.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Literal, assert_never

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
from penstock.wire.openai_chat import request_body as body
from penstock.wire.openai_chat.invalid import refuse, refuse_deep
from penstock.wire.openai_chat.media import read_audio, read_file, read_image
from penstock.wire.openai_chat.vocabulary import PARTS_OF_ROLES, VENDOR

_arguments_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


_Result = body.ToolTurn | body.FunctionTurn
_Markable = Text | Image | Audio | Document | ToolCall


class _Calls:
    """The calls made so far, so that a result without a call is found."""

    __slots__ = ("functions", "ids")

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        """Id of each call to the name of its tool."""
        self.functions: defaultdict[str, deque[str]] = defaultdict(deque)
        """Name to the made-up ids of calls in the deprecated form that are still to be answered, by name."""


def lift_messages(turns: list[body.AnyTurn], unread: list[str]) -> list[Message]:
    """Return the conversation; paths of members that say nothing to us are added to ``unread``.

    Raises:
        InvalidRequest: a message that OpenAI would refuse; ``param`` is its path.
    """
    if not turns:
        refuse('"messages" must have at least one message.', "messages")
    calls: _Calls | None = None
    messages: list[Message] = []
    follows_result = False
    for number, turn in enumerate(turns):
        at = f"messages[{number}]"
        if type(turn) is body.UserTurn:
            messages.append(_lift_speaker(turn, "user", at, unread))
        elif type(turn) is body.SystemTurn:
            messages.append(_lift_speaker(turn, "system", at, unread))
        elif type(turn) is body.DeveloperTurn:
            messages.append(_lift_speaker(turn, "developer", at, unread))
        elif type(turn) is body.AssistantTurn:
            calls = calls or _Calls()
            messages.append(_lift_assistant(turn, at, calls, unread))
        else:
            calls = calls or _Calls()
            result = _lift_result(turn, at, calls, unread)
            if follows_result:
                messages[-1].blocks.append(result)
            else:
                messages.append(Message("user", [result], at=at))
            follows_result = True
            continue
        follows_result = False
    return messages


def _lift_speaker(
    turn: body.SystemTurn | body.DeveloperTurn | body.UserTurn,
    role: Literal["system", "developer", "user"],
    at: str,
    unread: list[str],
) -> Message:
    blocks = _lift_content(turn.content, role, f"{at}.content", unread)
    if turn.cache_control is not None:
        _mark_last(blocks, turn.cache_control)
    return Message(role, blocks, turn.name, at)


# --- the assistant's turns


def _lift_assistant(turn: body.AssistantTurn, at: str, calls: _Calls, unread: list[str]) -> Message:
    blocks = _lift_thinking(turn, at)
    blocks += _lift_content(turn.content, "assistant", f"{at}.content", unread)
    if turn.refusal:
        blocks.append(Refusal(turn.refusal, f"{at}.refusal"))
    if turn.audio != body.ABSENT:
        blocks.append(VendorBlock(VENDOR, "audio", turn.audio, f"{at}.audio"))
    if bytes(turn.annotations) not in {b"[]", b"null"}:
        unread.append(f"{at}.annotations")
    _sign_text(blocks, _signature(turn.extra_content), at)
    for number, image in enumerate(turn.images or ()):
        blocks.append(read_image(image.image_url, None, f"{at}.images[{number}]"))
    for number, call in enumerate(turn.tool_calls or ()):
        blocks.append(_lift_call(call, f"{at}.tool_calls[{number}]", calls))
    if turn.function_call is not None:
        call_id = f"call_{at[9:-1]}"
        calls.functions[turn.function_call.name].append(call_id)
        blocks.append(_lift_function_call(turn.function_call, call_id, f"{at}.function_call"))
    if not blocks and turn.content is None:
        refuse(f'"{at}" must have content or tool_calls.', f"{at}.content")
    _mark_last(blocks, turn.cache_control)
    return Message("assistant", blocks, turn.name, at)


def _lift_thinking(turn: body.AssistantTurn, at: str) -> list[Block]:
    if not turn.thinking_blocks:
        text = turn.reasoning_content or turn.reasoning
        return [Thinking(text, at=f"{at}.reasoning_content")] if text else []
    blocks: list[Block] = []
    for number, block in enumerate(turn.thinking_blocks):
        path = f"{at}.thinking_blocks[{number}]"
        if isinstance(block, body.ThinkingBlock):
            blocks.append(Thinking(block.thinking, block.signature or None, path))
        else:
            blocks.append(RedactedThinking(block.data, path))
    return blocks


def _signature(extra: body.ExtraContent | None) -> str | None:
    return None if extra is None or extra.google is None else extra.google.thought_signature or None


def _sign_text(blocks: list[Block], signature: str | None, at: str) -> None:
    """Give the last text the signature that stood on the message; an empty text where there is none."""
    if signature is None:
        return
    texts = [block for block in blocks if isinstance(block, Text)]
    if not texts:
        texts.append(Text("", at=f"{at}.extra_content"))
        blocks.append(texts[0])
    texts[-1].signature = signature


def _lift_call(call: body.CalledTool, at: str, calls: _Calls) -> Block:
    calls.ids[call.id] = "" if call.function is None else call.function.name
    if call.function is None:
        if call.type == "function" or call.custom == body.ABSENT:
            refuse(f'"{at}.function" is missing.', f"{at}.function")
        return VendorBlock(VENDOR, "custom_tool_call", msgspec.Raw(msgspec.json.encode(call)), at)
    block = _lift_function_call(call.function, call.id, f"{at}.function")
    block.signature = _signature(call.extra_content)
    block.cache = marker(call.cache_control)
    block.at = at
    return block


def _lift_function_call(call: body.FunctionCall, call_id: str, at: str) -> ToolCall:
    arguments = call.arguments
    if not arguments.strip():
        arguments = "{}"
    else:
        path = f"{at}.arguments"
        try:
            _arguments_decoder.decode(arguments)
        except (msgspec.DecodeError, RecursionError):
            refuse(f'"{path}" must be the text of a JSON object.', path, "invalid_tool_arguments")
        refuse_deep(arguments.encode(), path)
    return ToolCall(call_id, call.name, arguments, at=at)


# --- results of tools


def _lift_result(turn: _Result, at: str, calls: _Calls, unread: list[str]) -> ToolResult:
    cache = marker(turn.cache_control)
    is_error = None
    if isinstance(turn, body.ToolTurn):
        call_id, is_error = turn.tool_call_id, turn.is_error
        if call_id not in calls.ids:
            path = f"{at}.tool_call_id"
            refuse(f'"{path}" names no call of an earlier assistant message.', path, "tool_result_without_call")
        if turn.name not in {None, calls.ids[call_id]}:
            unread.append(f"{at}.name")
    else:
        call_id = _answered_function(turn, at, calls)
    content: list[Text | Image | Document | VendorBlock] = []
    for block in _lift_content(turn.content, "tool", f"{at}.content", unread):
        if isinstance(block, Audio):
            refuse(f'"{block.at}" is sound, which a result of a tool cannot have.', block.at, "unsupported_content")
        if isinstance(block, Text | Image | Document):
            cache = block.cache or cache  # a marker inside is one behind the result
            block.cache = None
            content.append(block)
    return ToolResult(call_id, tuple(content), is_error, cache, at)


def _answered_function(turn: body.FunctionTurn, at: str, calls: _Calls) -> str:
    waiting = calls.functions.get(turn.name or "")
    if not waiting:
        path = f"{at}.name"
        refuse(f'"{path}" names no function call that is still to be answered.', path, "tool_result_without_call")
    return waiting.popleft()


# --- content


def _lift_content(content: body.Content, role: str, at: str, unread: list[str]) -> list[Block]:
    if content is None or isinstance(content, str):
        return [Text(content, at=at)] if content else []
    allowed = PARTS_OF_ROLES[role]
    blocks: list[Block] = []
    for number, part in enumerate(content):
        path = f"{at}[{number}]"
        kind = part.__struct_config__.tag
        if kind not in allowed:
            words = ", ".join(sorted(allowed))
            refuse(f'"{path}.type" is "{kind}"; a message of role {role} may have {words}.', f"{path}.type")
        block = _lift_part(part, path, unread)
        if block is not None:
            blocks.append(block)
    return blocks


def _lift_part(part: body.AnyPart, at: str, unread: list[str]) -> Block | None:
    cache = _part_marker(part, at, unread)
    match part:
        case body.TextPart():
            return Text(part.text, cache, at=at) if part.text or cache else None
        case body.ImagePart():
            return read_image(part.image_url, cache, at)
        case body.AudioPart():
            return read_audio(part.input_audio, cache, at)
        case body.FilePart():
            return read_file(part.file, cache, at)
        case body.RefusalPart():
            return Refusal(part.refusal, at)
        case body.ThinkingPart():
            return Thinking(part.thinking or part.text or "", part.signature or None, at)
        case body.RedactedThinkingPart():
            return RedactedThinking(part.data, at)
        case _:
            assert_never(part)


# --- cache markers


def marker(control: body.CacheControl | None) -> CacheMarker | None:
    """Return the neutral marker."""
    return None if control is None else CacheMarker(control.ttl)


def _part_marker(part: body.Part, at: str, unread: list[str]) -> CacheMarker | None:
    if part.cache_control is not None:
        return CacheMarker(part.cache_control.ttl)
    own = part.prompt_cache_breakpoint
    if own is None:
        return None
    if own.ttl is not None:  # OpenAI's times (30m, 12h) are not those of others
        unread.append(f"{at}.prompt_cache_breakpoint.ttl")
    return CacheMarker()


def _mark_last(blocks: list[Block], control: body.CacheControl | None) -> None:
    """Put a message's own marker on its last block that can have one."""
    cache = marker(control)
    if cache is None:
        return
    for block in reversed(blocks):
        if isinstance(block, _Markable):
            block.cache = block.cache or cache
            return
