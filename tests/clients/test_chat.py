"""Whole chat completions, as the official Python clients see them through the gateway."""

from __future__ import annotations

import json
from hashlib import sha256

from openai import AsyncOpenAI

from penstock.simulator import tokens
from tests.clients.conversation import CHAT_MODEL, fresh, user, words
from tests.clients.penstock_processes import CLIENT_KEY, UPSTREAM_KEY, Setting

EVERY_ALPHABET = "Grüße, 你好, नमस्ते, שלום, e\u0301, 👩🏽‍🚀, \U0001d11e, \u2028 \x7f and \x00"


async def test_an_answer_is_whole(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=CHAT_MODEL, messages=words(30))
    choice = answer.choices[0]
    assert len((choice.message.content or "").split()) == 30
    assert (choice.finish_reason, choice.message.role, answer.model) == ("stop", "assistant", CHAT_MODEL)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == tokens.count(choice.message.content or "")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_several_choices_and_a_token_limit(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=CHAT_MODEL, messages=words(30), n=3, max_completion_tokens=5, logprobs=True, top_logprobs=2
    )
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    for choice in answer.choices:
        assert choice.finish_reason == "length"
        assert choice.logprobs is not None
        assert [len(token.top_logprobs) for token in choice.logprobs.content or ()] == [2] * 5


async def test_every_alphabet_arrives_unchanged_both_ways(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-no-usage")
    answer = await client.chat.completions.create(model=model, messages=user(EVERY_ALPHABET))
    [seen] = setting.seen_upstream(model)
    assert json.loads(seen["body"])["messages"] == user(EVERY_ALPHABET)
    assert " ".join(EVERY_ALPHABET.split()) in (answer.choices[0].message.content or "")


async def test_a_prompt_of_a_megabyte_arrives_whole(client: AsyncOpenAI) -> None:
    prompt = "penstock " * 116_000
    assert len(prompt) > 1_000_000
    short = await client.chat.completions.create(model=CHAT_MODEL, messages=user("penstock"))
    long = await client.chat.completions.create(model=CHAT_MODEL, messages=user(prompt))
    assert short.usage is not None
    assert long.usage is not None
    assert long.usage.prompt_tokens - short.usage.prompt_tokens == tokens.count(prompt) - tokens.count("penstock")


async def test_members_that_nobody_knows_reach_the_provider(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-no-usage")
    unknown = {"x_unknown": {"nested": [1, 2.5, None, "ü"]}, "top_k": 40}
    await client.chat.completions.create(model=model, messages=user("Hello"), extra_body=unknown)
    [seen] = setting.seen_upstream(model)
    assert json.loads(seen["body"]) == {"model": model, "messages": user("Hello"), **unknown}


async def test_the_provider_gets_its_own_key_and_not_the_callers(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-no-usage")
    await client.chat.completions.create(
        model=model, messages=user("Hello"), extra_headers={"x-of-the-caller": "kept", "cookie": "of-the-caller"}
    )
    [seen] = setting.seen_upstream(model)
    headers = dict(seen["headers"])
    assert headers["authorization"] == f"sha256:{sha256(f'Bearer {UPSTREAM_KEY}'.encode()).hexdigest()}"
    assert headers["x-of-the-caller"] == "kept"
    assert headers["x-stainless-lang"] == "python"
    assert "cookie" not in headers
    assert CLIENT_KEY not in json.dumps(seen)


async def test_a_public_name_is_another_one_upstream(client: AsyncOpenAI, setting: Setting) -> None:
    answer = await client.chat.completions.with_raw_response.create(model="fast", messages=user("Hello"))
    assert answer.headers["x-penstock-backend"] == "groq"
    assert setting.seen_upstream("llama-3.3-70b-versatile")[-1]["vendor"] == "groq"


async def test_the_header_x_ai_eg_model_wins_over_the_body(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-no-usage")
    answer = await client.chat.completions.create(
        model="no-such-model", messages=user("Hello"), extra_headers={"x-ai-eg-model": model}
    )
    choosing = client.with_options(default_headers={"x-ai-eg-model": model})
    again = await choosing.chat.completions.create(model=CHAT_MODEL, messages=user("Hello"))
    assert answer.model == again.model == model
    seen = setting.seen_upstream(model)
    assert len(seen) == 2
    assert "x-ai-eg-model" not in {name for one in seen for name, _ in one["headers"]}


async def test_an_answer_tells_its_backend_and_its_request_id(client: AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(model=CHAT_MODEL, messages=user("Hello"))
    assert raw.headers["x-penstock-backend"] == "openai"
    assert raw.headers["x-penstock-request-id"].startswith("req_")
    answer = raw.parse()
    assert answer._request_id == raw.headers["x-request-id"] == raw.request_id
