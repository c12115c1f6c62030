"""What a provider is told: its body, read into the words of ``asked_requests``.

The readers know nothing of the translation: they follow the vendors' references (platform.claude.com/docs/en/api,
docs.aws.amazon.com/bedrock/latest/APIReference, ai.google.dev/api/generate-content, docs.cohere.com/reference/chat,
developers.openai.com/api/reference/resources/chat; read 2026-11-23).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from penstock.core.chat_format import FormatId
from tests.wire.asked_requests import Item, call_item, plain

Json = dict[str, Any]


class Heard(NamedTuple):
    """A request: what is said, which tools are offered, what is set, and how many places are to be cached."""

    items: list[Item]
    tools: dict[str, str]
    settings: Json
    markers: int


def joined(value: object) -> str:
    """Return the texts of content, which is a text or a list of parts."""
    if isinstance(value, list):
        return "".join(joined(part.get("text", "")) for part in value)
    return plain(value or "")


def set_members(**members: object) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _openai(body: Json) -> Heard:
    items: list[Item] = []
    for message in body["messages"]:
        role, content = message["role"], message.get("content")
        if role == "tool":
            items.append(Item("result", joined(content), id=message["tool_call_id"]))
            continue
        speaker = "system" if role == "developer" else role
        items += _openai_thinking(message)
        parts: list[Json] = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
        for part in parts:
            match part:
                case {"type": "text", "text": text} if text:
                    items.append(Item(speaker, plain(text), signature=_carried(message)))
                case {"type": "image_url", "image_url": {"url": url}}:
                    items.append(Item("medium", url.rpartition(",")[2]))
                case {"type": "file", "file": file}:
                    items.append(Item("medium", file["file_data"].rpartition(",")[2]))
        if message.get("refusal"):
            items.append(Item(speaker, plain(message["refusal"])))
        for call in message.get("tool_calls") or ():
            function = call["function"]
            items.append(call_item(call["id"], function["name"], function["arguments"], _carried(call)))
    tools = {tool["function"]["name"]: tool["function"].get("description", "") for tool in body.get("tools", ())}
    choice = body.get("tool_choice")
    settings = {name: body[name] for name in _OPENAI_NAMES if name in body} | set_members(
        max_output_tokens=body.get("max_completion_tokens", body.get("max_tokens")),
        choices=body.get("n"),
        tool_choice="named" if isinstance(choice, dict) else choice,
        response_format=body.get("response_format", {}).get("type"),
        reasoning=("reasoning_effort" in body or "thinking" in body) or None,
        user=body.get("safety_identifier", body.get("user")),
    )
    return Heard(items, tools, settings, 0)


def _openai_thinking(message: Json) -> Iterator[Item]:
    blocks: list[Json] = message.get("thinking_blocks") or [{"thinking": message.get("reasoning_content", "")}]
    for block in blocks:
        if "data" in block:
            yield Item("redacted", block["data"])
        elif block["thinking"]:
            yield Item("thinking", plain(block["thinking"]), signature=block.get("signature") or "")


def _carried(holder: Json) -> str:
    """Return the signature of Gemini's that a caller's own format carries."""
    return str(holder.get("extra_content", {}).get("google", {}).get("thought_signature", ""))


_OPENAI_NAMES = (
    *("temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty", "logprobs"),
    *("top_logprobs", "parallel_tool_calls", "service_tier", "metadata"),
)


def _anthropic(body: Json) -> Heard:
    system = body.get("system") or []
    system = [{"type": "text", "text": system}] if isinstance(system, str) else system
    items = [Item("system", plain(block["text"])) for block in system]
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        items += [item for block in blocks for item in _anthropic_block(block, message["role"])]
    offered = body.get("tools", ())
    choice = body.get("tool_choice", {})
    modes = {"any": "required", "tool": "named", "none": "none", "auto": None, None: None}
    output = body.get("output_config", {})
    thinks = body.get("thinking", {}).get("type") not in {None, "disabled"} or "effort" in output
    settings = set_members(
        max_output_tokens=body["max_tokens"],
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        top_k=body.get("top_k"),
        stop=body.get("stop_sequences"),
        user=body.get("metadata", {}).get("user_id"),
        parallel_tool_calls=False if choice.get("disable_parallel_tool_use") else None,
        tool_choice=modes[choice.get("type")],
        response_format="json_schema" if "format" in output else None,
        reasoning=thinks or None,
        service_tier=body.get("service_tier"),
    )
    tools = {tool["name"]: tool.get("description", "") for tool in offered}
    return Heard(items, tools, settings, json.dumps(body).count('"cache_control"'))


def _anthropic_block(block: Json, speaker: str) -> Iterator[Item]:
    match block:
        case {"type": "text", "text": text}:
            yield Item(speaker, plain(text))
        case {"type": "tool_use", "id": id_, "name": name, "input": arguments}:
            yield call_item(id_, name, arguments)
        case {"type": "tool_result", "tool_use_id": id_}:
            content = block.get("content") or []
            texts = joined(
                [part for part in content if part["type"] == "text"] if isinstance(content, list) else content
            )
            yield Item("result", texts, id=id_, failed=bool(block.get("is_error")))
            for part in content if isinstance(content, list) else ():
                yield from _anthropic_block(part, speaker) if part["type"] != "text" else ()
        case {"type": "thinking", "thinking": text, "signature": signature}:
            yield Item("thinking", plain(text), signature=signature)
        case {"type": "redacted_thinking", "data": data}:
            yield Item("redacted", data)
        case {"type": "image" | "document", "source": source}:
            yield Item("medium", source.get("url") or plain(source.get("data")))


def _bedrock(body: Json) -> Heard:
    items = [Item("system", plain(block["text"])) for block in body.get("system", ()) if "text" in block]
    for message in body["messages"]:
        for block in message["content"]:
            items += _bedrock_block(block, message["role"])
    inference, fields = body.get("inferenceConfig", {}), body.get("additionalModelRequestFields", {})
    config, output = body.get("toolConfig", {}), body.get("outputConfig", {})
    modes = {"any": "required", "tool": "named"}
    own = fields.get("tool_choice", {})  # as Claude has it
    choice = next(iter(config.get("toolChoice", {})), own.get("type"))
    thinks = fields.get("thinking", {}).get("type") not in {None, "disabled"} or "effort" in output
    offered = [tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool]
    settings = set_members(
        max_output_tokens=inference.get("maxTokens"),
        temperature=inference.get("temperature"),
        top_p=inference.get("topP"),
        top_k=fields.get("top_k", fields.get("inferenceConfig", {}).get("topK")),
        stop=inference.get("stopSequences"),
        tool_choice=modes.get(choice or ""),
        parallel_tool_calls=False if own.get("disable_parallel_tool_use") else None,
        response_format="json_schema" if "textFormat" in output else None,
        reasoning=thinks or None,
        service_tier=body.get("serviceTier", {}).get("type"),
        metadata=body.get("requestMetadata"),
    )
    tools = {tool["name"]: tool.get("description", "") for tool in offered}
    return Heard(items, tools, settings, json.dumps(body).count('"cachePoint"'))


def _bedrock_block(block: Json, speaker: str) -> Iterator[Item]:
    match block:
        case {"text": text}:
            yield Item(speaker, plain(text))
        case {"toolUse": {"toolUseId": id_, "name": name, "input": arguments}}:
            yield call_item(id_, name, arguments)
        case {"toolResult": {"toolUseId": id_, "content": content} as result}:
            yield Item("result", joined(content), id=id_, failed=result.get("status") == "error")
            for part in content:
                yield from _bedrock_block(part, speaker) if "text" not in part else ()
        case {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}:
            yield Item("thinking", plain(text), signature=signature)
        case {"reasoningContent": {"redactedContent": data}}:
            yield Item("redacted", data)
        case {"image": {"source": source}} | {"document": {"source": source}}:
            yield Item("medium", plain(source.get("bytes") or source.get("text") or source.get("s3Location")))


def _gemini(body: Json) -> Heard:
    items = [Item("system", plain(part["text"])) for part in body.get("systemInstruction", {}).get("parts", ())]
    for content in body["contents"]:
        for part in content["parts"]:
            items += _gemini_part(part, "assistant" if content["role"] == "model" else "user")
    config = body.get("generationConfig", {})
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    mode = {"ANY": "named" if "allowedFunctionNames" in calling else "required", "NONE": "none"}.get(
        calling.get("mode")
    )
    names = {"maxOutputTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p", "topK": "top_k"}
    names |= {"stopSequences": "stop", "seed": "seed", "candidateCount": "choices", "logprobs": "top_logprobs"}
    names |= {"frequencyPenalty": "frequency_penalty", "presencePenalty": "presence_penalty"}
    names |= {"responseLogprobs": "logprobs"}
    settings = {names[name]: value for name, value in config.items() if name in names} | set_members(
        tool_choice=mode,
        response_format="json_schema" if "responseJsonSchema" in config else _gemini_json(config),
        reasoning=True if "thinkingConfig" in config else None,
    )
    offered = [tool for group in body.get("tools", ()) for tool in group.get("functionDeclarations", ())]
    return Heard(items, {tool["name"]: tool.get("description", "") for tool in offered}, settings, 0)


def _gemini_json(config: Json) -> str | None:
    if "responseSchema" in config:
        return "json_schema"
    return "json_object" if config.get("responseMimeType") == "application/json" else None


def _gemini_part(part: Json, speaker: str) -> Iterator[Item]:
    signature = part.get("thoughtSignature", "")
    match part:
        case {"thought": True, "text": text}:
            yield Item("thinking", plain(text), signature=signature)
        case {"text": text}:
            yield Item(speaker, plain(text), signature=signature)
        case {"functionCall": {"name": name, "args": arguments} as call}:
            yield call_item(call.get("id", ""), name, arguments, signature)
        case {"functionResponse": {"name": name, "response": said} as result}:
            text = plain(said.get("output", "") or said.get("error", ""))
            yield Item("result", text, id=result.get("id", ""), failed="error" in said)
            for inner in result.get("parts", ()):
                yield from _gemini_part(inner, speaker)
        case {"inlineData": {"data": data}}:
            yield Item("medium", data)
        case {"fileData": {"fileUri": url}}:
            yield Item("medium", url)


def _cohere(body: Json) -> Heard:
    items: list[Item] = []
    for turn in body["messages"]:
        content = turn.get("content") or []
        if turn["role"] == "tool":
            items.append(Item("result", _cohere_result(content), id=turn["tool_call_id"]))
            continue
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match part:
                case {"type": "text", "text": text}:
                    items.append(Item(turn["role"], plain(text)))
                case {"type": "thinking", "thinking": text}:
                    items.append(Item("thinking", plain(text)))
                case {"type": "image_url", "image_url": {"url": url}}:
                    items.append(Item("medium", url.rpartition(",")[2]))
        if turn.get("tool_plan"):
            items.append(Item("assistant", plain(turn["tool_plan"])))
        items += [call_item(call["id"], **call["function"]) for call in turn.get("tool_calls", ())]
    items += [Item("medium", plain(document["data"]["text"])) for document in body.get("documents", ())]
    form = body.get("response_format", {})
    names = {"max_tokens": "max_output_tokens", "temperature": "temperature", "p": "top_p", "k": "top_k"}
    names |= {"stop_sequences": "stop", "frequency_penalty": "frequency_penalty", "seed": "seed"}
    names |= {"presence_penalty": "presence_penalty", "logprobs": "logprobs"}
    settings = {names[name]: value for name, value in body.items() if name in names} | set_members(
        tool_choice=body.get("tool_choice", "").lower() or None,
        response_format="json_schema" if "json_schema" in form else form.get("type"),
        reasoning=body.get("thinking", {}).get("type") == "enabled" or None,
    )
    offered = [tool["function"] for tool in body.get("tools", ())]
    return Heard(items, {tool["name"]: tool.get("description", "") for tool in offered}, settings, 0)


def _cohere_result(content: object) -> str:
    """Return what a result says; one that failed says it in an object."""
    if isinstance(content, str) and content.startswith('{"error":'):
        return plain(json.loads(content)["error"])
    return joined(content)


READERS: Mapping[FormatId, Callable[[Json], Heard]] = {
    "openai_chat": _openai,
    "anthropic_messages": _anthropic,
    "bedrock_converse": _bedrock,
    "gemini_generate": _gemini,
    "cohere_chat": _cohere,
}
