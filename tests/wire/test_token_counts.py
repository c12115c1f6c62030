"""Requests for a count against the vendors' own types, and their answers in Anthropic's."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

import anthropic.types
import pytest

from penstock.core.chat_format import AnswerContext, CountFormatId, Lowered
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.count_formats import find_count_caller, find_count_format
from tests.wire.chat_oracles import GeminiRequest, check_anthropic_request, check_bedrock_request

Json = dict[str, Any]
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GEMINI = "gemini-2.5-flash"
TOOL = {
    "name": "look",
    "description": "Looks.",
    "input_schema": {"type": "object", "properties": {"x": {"type": "string"}}},
}
ASKED: Json = {
    "model": "m",
    "system": "Be brief.",
    "messages": [
        {"role": "user", "content": "Look at x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"x": "1"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "seen"}]},
    ],
    "tools": [TOOL],
}


def lowered(format_id: CountFormatId, body: Json, model: str) -> Lowered:
    chat = find_count_caller().lift(JsonObject(json.dumps(body).encode()))
    return find_count_format(format_id).lower(chat, model, facts_of(model))


def counted(format_id: CountFormatId, answer: bytes) -> Any:
    context = AnswerContext(model="m", request_id="req_1")
    lifted = find_count_format(format_id).lift_answer(answer, context)
    chat = find_count_caller().lift(JsonObject(json.dumps(ASKED).encode()))
    return json.loads(find_count_caller().lower_answer(lifted, chat))


def test_converse_counts_the_prompt_and_nothing_that_only_an_answer_needs() -> None:
    asked = lowered("bedrock_converse_count", {**ASKED, "stop_sequences": ["x"], "temperature": 0.5}, CLAUDE)
    body = json.loads(asked.body)
    check_bedrock_request(body, "CountTokens")
    converse = body["input"]["converse"]
    assert set(converse) == {"messages", "system", "toolConfig"}
    assert converse["system"] == [{"text": "Be brief."}]
    assert converse["messages"][2]["content"][0]["toolResult"]["toolUseId"] == "t1"
    assert asked.losses == ()


def test_claude_by_invoke_is_counted_by_the_body_that_it_would_get() -> None:
    asked = lowered("bedrock_invoke_count", ASKED, CLAUDE)
    body = json.loads(asked.body)
    inner = json.loads(base64.b64decode(body["input"]["invokeModel"]["body"]))
    assert inner.pop("anthropic_version") == "bedrock-2023-05-31"
    assert "model" not in inner
    assert "stream" not in inner
    check_anthropic_request({"model": "m", **inner})
    assert [message["role"] for message in inner["messages"]] == ["user", "assistant", "user"]
    assert inner["messages"][1] == ASKED["messages"][1]
    assert inner["tools"] == [TOOL]
    assert inner["max_tokens"] == 1
    assert asked.losses == ()


def test_a_thinking_budget_has_room_in_the_limit_that_nobody_asked_for() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}
    body = {"model": "m", "messages": ASKED["messages"][:1], "thinking": thinking}
    asked = lowered("bedrock_invoke_count", body, CLAUDE)
    inner = json.loads(base64.b64decode(json.loads(asked.body)["input"]["invokeModel"]["body"]))
    assert (inner["thinking"], inner["max_tokens"]) == (thinking, 2001)
    assert asked.losses == ()


def test_gemini_counts_a_whole_request_that_names_its_model() -> None:
    asked = lowered("gemini_count", ASKED, GEMINI)
    request = json.loads(asked.body)["generateContentRequest"]
    assert request.pop("model") == "models/gemini-2.5-flash"
    GeminiRequest.model_validate(request)
    assert request["systemInstruction"] == {"parts": [{"text": "Be brief."}]}


def test_vertex_counts_the_members_that_it_documents() -> None:
    asked = lowered("gemini_vertex_count", {**ASKED, "tool_choice": {"type": "any"}}, GEMINI)
    body = json.loads(asked.body)
    assert set(body) <= {"contents", "systemInstruction", "tools", "generationConfig"}
    GeminiRequest.model_validate(body)
    assert body["tools"][0]["functionDeclarations"][0]["name"] == "look"


@pytest.mark.parametrize(
    ("format_id", "answer"),
    [
        ("bedrock_converse_count", b'{"inputTokens":17}'),
        ("bedrock_invoke_count", b'{"inputTokens":17,"more":1}'),
        ("gemini_count", b'{"totalTokens":17,"promptTokensDetails":[{"modality":"TEXT","tokenCount":17}]}'),
        ("gemini_vertex_count", b'{"totalTokens":17,"totalBillableCharacters":40}'),
    ],
)
def test_the_count_reaches_the_caller_as_anthropic_gives_it(format_id: CountFormatId, answer: bytes) -> None:
    found = anthropic.types.MessageTokensCount.model_validate(counted(format_id, answer))
    assert found.input_tokens == 17


@pytest.mark.parametrize("format_id", get_args(CountFormatId))
@pytest.mark.parametrize("answer", [b"", b"[]", b"<html>", b'{"inputTokens":"x","totalTokens":"x"}', b"[" * 9000])
def test_what_is_no_count_is_refused(format_id: CountFormatId, answer: bytes) -> None:
    with pytest.raises(ValueError, match="not a count"):
        counted(format_id, answer)


def test_a_count_uses_nothing() -> None:
    answer = find_count_format("gemini_count").lift_answer(
        b'{"totalTokens":17}', AnswerContext(model="m", request_id="r")
    )
    assert (answer.usage.input_tokens, answer.choices) == (None, [])


@pytest.mark.parametrize("format_id", get_args(CountFormatId))
def test_a_request_without_messages_is_refused_by_its_path(format_id: CountFormatId) -> None:
    with pytest.raises(InvalidRequest) as refused:
        lowered(format_id, {"model": "m"}, CLAUDE)
    assert refused.value.param == "messages"
