"""What a model thought, and signed, comes back to it unchanged beside the results of its tools.

Models that sign refuse the next turn otherwise, and the simulated ones check it. An OpenAI client has no place of its
own for any of it: it hands back the members that came with the message (``thinking_blocks``, ``extra_content``), as
the SDK does when a whole message is sent back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from anthropic import Anthropic
from anthropic.types import Message, MessageParam, ThinkingConfigParam
from openai import OpenAI
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageParam

from tests.clients.conversation import user
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.provider_rows import ROWS, WITH_SIGNATURES, Row
from tests.clients.test_every_provider import repeated
from tests.clients.test_every_provider_anthropic import TOOLS as ANTHROPIC_TOOLS
from tests.clients.test_every_provider_anthropic import calls_of as anthropic_calls_of
from tests.clients.test_every_provider_anthropic import text_of, with_results
from tests.clients.test_tools import QUESTION, RESULTS, TOOLS, calls_of, results_for

LIMIT = 4000
REDACT = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
"""Anthropic's own way to ask for a thought that nobody can read."""
CLAUDES = [name for name in WITH_SIGNATURES if ROWS[name].provider not in {"gemini-native", "vertex"}]


@pytest.fixture(scope="module")
def client(setting: Setting) -> Iterator[OpenAI]:
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as one:
        yield one


@pytest.fixture(params=WITH_SIGNATURES)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


def ask(
    client: OpenAI, row: Row, messages: list[ChatCompletionMessageParam], *, streamed: bool
) -> ChatCompletionMessage:
    """Ask a model that is to think, and return what it says."""
    if streamed:
        with client.chat.completions.stream(
            model=row.chat, messages=messages, tools=TOOLS, reasoning_effort="high", max_completion_tokens=LIMIT
        ) as stream:
            return stream.get_final_completion().choices[0].message
    answer = client.chat.completions.create(
        model=row.chat, messages=messages, tools=TOOLS, reasoning_effort="high", max_completion_tokens=LIMIT
    )
    return answer.choices[0].message


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_loop_of_two_rounds_keeps_what_was_signed(client: OpenAI, row: Row, *, streamed: bool) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    asked = ask(client, row, messages, streamed=streamed)
    messages += [repeated(asked), *results_for(calls_of(asked))]
    answered = ask(client, row, messages, streamed=streamed)
    assert all(result in (answered.content or "") for result in RESULTS.values())

    messages += [repeated(answered), *user(f"And tomorrow? {QUESTION}")]
    again = ask(client, row, messages, streamed=streamed)
    messages += [repeated(again), *results_for(calls_of(again))]
    last = ask(client, row, messages, streamed=streamed)
    assert all(result in (last.content or "") for result in RESULTS.values())


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_was_signed_must_not_be_changed(client: OpenAI, row: Row, *, streamed: bool) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    asked = ask(client, row, messages, streamed=streamed)
    spoilt: Any = json.loads(json.dumps(repeated(asked)))
    for block in spoilt.get("thinking_blocks", ()):
        block["thinking"] = "Something else."
    for call in spoilt["tool_calls"]:
        google = call.get("extra_content", {}).get("google", {})
        google.update({"thought_signature": "AAAA"} if google else {})
    assert spoilt != repeated(asked), "something was signed"
    messages += [spoilt, *results_for(calls_of(asked))]
    with pytest.raises(openai.BadRequestError, match="signature"):
        ask(client, row, messages, streamed=False)


REFUSE_MARKS = ("openai", "azure-openai", "azure-deployments", "azure-entra", "groq", "mistral")
BEGUN = {"bedrock-claude": "thinking_blocks", "gemini-native": "extra_content"}
"""Where a conversation begins, and what its first answer has that is not OpenAI's."""


@pytest.mark.parametrize("begun", BEGUN)
@pytest.mark.parametrize("other", ROWS)
def test_a_conversation_goes_on_with_whichever_provider(client: OpenAI, begun: str, other: str) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    asked = ask(client, ROWS[begun], messages, streamed=False)
    messages += [repeated(asked), *results_for(calls_of(asked))]
    assert BEGUN[begun] in json.dumps(messages)
    raw = client.chat.completions.with_raw_response.create(model=ROWS[other].chat, messages=messages, tools=TOOLS)
    answered = raw.parse().choices[0]
    assert answered.finish_reason == "stop"
    assert all(result in (answered.message.content or "") for result in RESULTS.values())
    if other in REFUSE_MARKS:
        assert BEGUN[begun] in (raw.headers.get("x-penstock-losses") or "")


@pytest.mark.parametrize("name", CLAUDES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_thoughts_that_nobody_can_read_come_back_too(client: OpenAI, name: str, *, streamed: bool) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(f"{REDACT} {QUESTION}")]
    asked = ask(client, ROWS[name], messages, streamed=streamed)
    kinds = [block["type"] for block in (asked.model_extra or {})["thinking_blocks"]]
    assert "redacted_thinking" in kinds
    messages += [repeated(asked), *results_for(calls_of(asked))]
    answered = ask(client, ROWS[name], messages, streamed=streamed)
    assert all(result in (answered.content or "") for result in RESULTS.values())


@pytest.mark.parametrize("name", CLAUDES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_claude_thinks_is_shown_as_its_vendor_shows_it(client: OpenAI, name: str, *, streamed: bool) -> None:
    asked = ask(client, ROWS[name], [*user("Hello")], streamed=streamed)
    extra = asked.model_extra or {}
    [thought] = extra["thinking_blocks"]
    assert thought["signature"]
    assert thought["thinking"] == extra.get("reasoning_content", "")
    assert bool(thought["thinking"]) is not ROWS[name].always_thinks


def ask_as_anthropic(claude: Anthropic, row: Row, messages: list[MessageParam], *, streamed: bool) -> Message:
    thinking: ThinkingConfigParam = (
        {"type": "adaptive"} if row.always_thinks else {"type": "enabled", "budget_tokens": 1024}
    )
    if not streamed:
        return claude.messages.create(
            model=row.chat,
            max_tokens=LIMIT,
            thinking=thinking,
            tools=ANTHROPIC_TOOLS,
            messages=messages,
        )
    with claude.messages.stream(
        model=row.chat,
        max_tokens=LIMIT,
        thinking=thinking,
        tools=ANTHROPIC_TOOLS,
        messages=messages,
    ) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_an_anthropic_client_keeps_it_in_its_own_blocks(claude: Anthropic, row: Row, *, streamed: bool) -> None:
    asked = ask_as_anthropic(claude, row, [{"role": "user", "content": QUESTION}], streamed=streamed)
    assert anthropic_calls_of(asked)
    answered = ask_as_anthropic(claude, row, with_results(asked), streamed=streamed)
    assert answered.stop_reason == "end_turn"
    assert all(result in text_of(answered) for result in RESULTS.values())
