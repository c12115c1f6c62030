"""A conversation that one provider began goes on with another: the next request keeps to that provider's rules.

Turn 1 calls two tools at once, with thinking that is signed; turn 2 thinks and tells. A client sends both back as it
got them. The rules: platform.claude.com/docs/en/build-with-claude/thinking and .../agents-and-tools/tool-use/
handle-tool-calls, ai.google.dev/gemini-api/docs/thought-signatures, developers.openai.com/api/reference/resources/chat
(read 2026-11-23); Converse has those of the model behind it.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise, product
from typing import Any, get_args

import pytest

from penstock.core.chat import Reasoning
from penstock.core.chat_format import AnswerContext, FormatId
from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.wire.chat_oracles import REQUEST_ORACLES

Json = dict[str, Any]
FORMATS: tuple[FormatId, ...] = get_args(FormatId)
CALLERS: tuple[FormatId, ...] = ("openai_chat", "anthropic_messages")
MODELS: dict[FormatId, str] = {
    "openai_chat": "gpt-5.1",
    "anthropic_messages": "claude-sonnet-4-5",
    "bedrock_converse": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini_generate": "gemini-3-pro-preview",
    "cohere_chat": "command-a-reasoning-08-2025",
}
CLAUDES, GEMINIS = "Q2xhdWRl", "R2VtaW5p"
PDF = "data:application/pdf;base64,JVBERi0xLjQK"


def _openai(calls: bool) -> Json:
    called = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "f", "arguments": f'{{"n": {n}}}'}} for n in "12"
    ]
    message: Json = {"role": "assistant", "content": None if calls else "Both.", "reasoning_content": "Hm."}
    if calls:
        message["tool_calls"] = called
    return {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}]}


def _anthropic(calls: bool) -> Json:
    content: list[Json] = [
        {"type": "thinking", "thinking": "Hm.", "signature": CLAUDES},
        {"type": "redacted_thinking", "data": CLAUDES},
        {"type": "text", "text": "I look." if calls else "Both."},
    ]
    if calls:
        content += [{"type": "tool_use", "id": f"toolu_{n}", "name": "f", "input": {"n": int(n)}} for n in "12"]
    return {"type": "message", "content": content, "stop_reason": "tool_use" if calls else "end_turn"}


def _bedrock(calls: bool) -> Json:
    content: list[Json] = [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": CLAUDES}}},
        {"text": "I look." if calls else "Both."},
    ]
    if calls:
        content += [{"toolUse": {"toolUseId": f"tooluse_{n}", "name": "f", "input": {"n": int(n)}}} for n in "12"]
    message = {"role": "assistant", "content": content}
    return {"output": {"message": message}, "stopReason": "tool_use" if calls else "end_turn"}


def _gemini(calls: bool) -> Json:
    parts: list[Json] = [{"text": "Hm.", "thought": True, "thoughtSignature": GEMINIS}]
    if calls:
        parts += [{"functionCall": {"name": "f", "args": {"n": n}, "id": f"fc-{n}"}} for n in (1, 2)]
        parts[1]["thoughtSignature"] = GEMINIS
    else:
        parts.append({"text": "Both.", "thoughtSignature": GEMINIS})
    return {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}


def _cohere(calls: bool) -> Json:
    message: Json = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}]}
    if calls:
        message["tool_plan"] = "I look."
        message["tool_calls"] = [
            {"id": f"f_{n}", "type": "function", "function": {"name": "f", "arguments": f'{{"n": {n}}}'}} for n in "12"
        ]
    else:
        message["content"].append({"type": "text", "text": "Both."})
    return {"id": "a", "message": message, "finish_reason": "TOOL_CALL" if calls else "COMPLETE"}


ANSWERS = {
    "openai_chat": _openai,
    "anthropic_messages": _anthropic,
    "bedrock_converse": _bedrock,
    "gemini_generate": _gemini,
    "cohere_chat": _cohere,
}


def answered(caller_id: FormatId, by: FormatId, calls: bool) -> Json:
    """Return the assistant's message that a client gets, ready to be sent back."""
    caller = find_caller_format(caller_id)
    asked = caller.lift(JsonObject(json.dumps(request(caller_id, [])).encode()))
    context = AnswerContext(model=MODELS[by], request_id="req_test", created=1)
    lifted = find_upstream_format(by).lift_answer(json.dumps(ANSWERS[by](calls)).encode(), context)
    body = json.loads(caller.lower_answer(lifted, asked))
    if caller_id == "openai_chat":
        message: Json = body["choices"][0]["message"]
        return message
    return {"role": "assistant", "content": body["content"]}


def request(caller_id: FormatId, history: list[Json]) -> Json:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    if caller_id == "openai_chat":
        file = {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}
        first: list[Json] = [{"type": "text", "text": "Look.", "cache_control": {"type": "ephemeral"}}, file]
        tools: list[Json] = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    else:
        source = {"type": "base64", "media_type": "application/pdf", "data": PDF.partition(",")[2]}
        first = [
            {"type": "text", "text": "Look.", "cache_control": {"type": "ephemeral"}},
            {"type": "document", "source": source},
        ]
        tools = [{"name": "f", "input_schema": schema}]
    messages = [{"role": "user", "content": first}, *history]
    return {"model": "m", "max_tokens": 4096, "messages": messages, "tools": tools}


def results(caller_id: FormatId, turn: Json) -> list[Json]:
    if caller_id == "openai_chat":
        return [{"role": "tool", "tool_call_id": call["id"], "content": "7"} for call in turn["tool_calls"]]
    used = [block["id"] for block in turn["content"] if block["type"] == "tool_use"]
    return [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": id_, "content": "7"} for id_ in used]}]


# --- rules of providers


def keeps_to_claude(turns: list[tuple[str, list[Json]]], *, thinks: bool) -> None:
    """Check turns whose blocks are written as Anthropic writes them."""
    assert turns[0][0] == "user"
    for (role, blocks), (next_role, _) in pairwise(turns):
        assert role != next_role
        assert blocks
    for number, (role, blocks) in enumerate(turns):
        kinds = [block["type"] for block in blocks]
        assert all(block["text"].strip() for block in blocks if block["type"] == "text")
        for block in blocks:
            assert block.get("signature", CLAUDES) == CLAUDES, "Claude refuses what it did not sign"
            assert "extra_content" not in block
        if role == "user":
            assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result"), "results come first"
            continue
        used = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", id_) for id_ in used)
        if used:
            answered_ids = [block["tool_use_id"] for block in turns[number + 1][1] if block["type"] == "tool_result"]
            assert answered_ids == used
    last = [kinds for role, kinds in turns if role == "assistant"][-1]
    if thinks and any(block["type"] == "tool_use" for block in last):
        assert last[0]["type"] in {"thinking", "redacted_thinking"}


def check_anthropic(body: Json) -> None:
    turns = [(message["role"], message["content"]) for message in body["messages"]]
    keeps_to_claude(turns, thinks=body.get("thinking", {}).get("type") == "enabled")


def check_bedrock(body: Json) -> None:
    turns = [
        (message["role"], [block for found in message["content"] if (block := _as_anthropic(found))])
        for message in body["messages"]
    ]
    thinking = body.get("additionalModelRequestFields", {}).get("thinking", {})
    keeps_to_claude(turns, thinks=thinking.get("type") == "enabled")


def _as_anthropic(block: Json) -> Json:
    [(kind, value)] = block.items()
    match kind:
        case "text":
            return {"type": "text", "text": value}
        case "toolUse":
            return {"type": "tool_use", "id": value["toolUseId"]}
        case "toolResult":
            return {"type": "tool_result", "tool_use_id": value["toolUseId"]}
        case "reasoningContent" if "redactedContent" in value:
            return {"type": "redacted_thinking"}
        case "reasoningContent":
            return {"type": "thinking", "signature": value["reasoningText"]["signature"]}
        case "cachePoint":
            return {}
        case _:
            return {"type": kind}


def check_gemini(body: Json) -> None:
    contents = body["contents"]
    assert all(one["role"] != following["role"] for one, following in pairwise(contents))
    for number, content in enumerate(contents):
        parts = content["parts"]
        for part in parts:
            allowed = {GEMINIS, "skip_thought_signature_validator"} if "functionCall" in part else {GEMINIS}
            assert part.get("thoughtSignature", GEMINIS) in allowed
        calls = [part for part in parts if "functionCall" in part]
        if calls:
            assert "thoughtSignature" in calls[0], "Gemini 3 refuses a first call without one"
            responses = [part["functionResponse"] for part in contents[number + 1]["parts"][: len(calls)]]
            assert [each["id"] for each in responses] == [call["functionCall"]["id"] for call in calls]


def check_openai(body: Json) -> None:
    members = {"role", "content", "name", "refusal", "tool_calls", "tool_call_id", "audio"}
    assert all(message.keys() <= members for message in body["messages"])
    check_results(body)


def check_results(body: Json) -> None:
    waiting: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting
        for call in message.get("tool_calls", ()):
            assert call.keys() == {"id", "type", "function"}
            waiting.append(call["id"])


RULES = {
    "openai_chat": check_openai,
    "anthropic_messages": check_anthropic,
    "bedrock_converse": check_bedrock,
    "gemini_generate": check_gemini,
    "cohere_chat": check_results,
}


@pytest.mark.parametrize(("caller_id", "to"), [(c, to) for c, to in product(CALLERS, FORMATS) if c != to])
@pytest.mark.parametrize(("first", "second"), list(product(FORMATS, FORMATS)))
@pytest.mark.parametrize("thinks", [False, True])
def test_a_conversation_goes_on_with_another_provider(
    caller_id: FormatId, first: FormatId, second: FormatId, to: FormatId, thinks: bool
) -> None:
    calling, telling = answered(caller_id, first, calls=True), answered(caller_id, second, calls=False)
    in_the_loop = [calling, *results(caller_id, calling)]
    after_it = [*in_the_loop, telling, {"role": "user", "content": "And now?"}]
    for history in (in_the_loop, after_it):
        asked = find_caller_format(caller_id).lift(JsonObject(json.dumps(request(caller_id, history)).encode()))
        if thinks:
            asked.reasoning = Reasoning("enabled", budget_tokens=2048)
        if to in {"openai_chat", "cohere_chat"}:  # which cannot be given a PDF
            asked.messages[0].blocks.pop()
        body = json.loads(find_upstream_format(to).lower(asked, MODELS[to], facts_of(MODELS[to])).body)
        REQUEST_ORACLES[to](body)
        RULES[to](body)
