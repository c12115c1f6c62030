"""What Gemini signs comes back to it through a client that speaks OpenAI chat and sends its history as it got it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.core.chat_format import AnswerContext
from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.gemini_generate.upstream import UPSTREAM
from penstock.wire.openai_chat.caller import CALLER

MODEL = "gemini-3-pro-preview"
QUESTION = {"role": "user", "content": "Rome?"}
CALL = {"functionCall": {"name": "f", "args": {"a": 1.0}, "id": "fc-1"}, "thoughtSignature": "MQ=="}
SECOND = {"functionCall": {"name": "f", "args": {}, "id": "fc-2"}}


def ask(messages: list[Any]) -> tuple[Any, list[str]]:
    request = CALLER.lift(JsonObject(json.dumps({"model": "m", "messages": messages}).encode()))
    lowered = UPSTREAM.lower(request, MODEL, facts_of(MODEL))
    return json.loads(lowered.body), [loss.path for loss in lowered.losses]


def answer(parts: list[Any]) -> Any:
    """Return the message that a client gets for these parts."""
    body = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    lifted = UPSTREAM.lift_answer(json.dumps(body).encode(), AnswerContext(model="m", request_id="r"))
    request = CALLER.lift(JsonObject(json.dumps({"model": "m", "messages": [QUESTION]}).encode()))
    return json.loads(CALLER.lower_answer(lifted, request))["choices"][0]["message"]


@pytest.mark.parametrize(
    "parts",
    [
        [{"text": "18 C", "thoughtSignature": "MQ=="}],
        [{"text": "Hm.", "thought": True}, {"text": "18 C", "thoughtSignature": "MQ=="}],
        [{"text": "Hm.", "thought": True, "thoughtSignature": "MA=="}, {"text": "18 C"}],
        [CALL],
        [CALL, SECOND],
        [{"text": "Hm.", "thought": True}, {"text": "I look."}, CALL, SECOND],
    ],
)
def test_signatures_come_back_on_the_parts_that_carried_them(parts: list[Any]) -> None:
    message = answer(parts)
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in message.get("tool_calls") or ()
    ]
    sent, losses = ask([QUESTION, message, *results, {"role": "user", "content": "And?"}])
    assert sent["contents"][1] == {"role": "model", "parts": parts}
    assert losses == []
    ids = [part["functionResponse"]["id"] for part in sent["contents"][2]["parts"] if "functionResponse" in part]
    assert ids == [part["functionCall"]["id"] for part in parts if "functionCall" in part]


def test_a_signature_that_came_alone_comes_back_on_the_text_before_it() -> None:
    sent, _ = ask([QUESTION, answer([{"text": "18 C"}, {"text": "", "thoughtSignature": "MQ=="}])])
    assert sent["contents"][1]["parts"] == [{"text": "18 C", "thoughtSignature": "MQ=="}]
