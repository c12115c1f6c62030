"""Errors, as the official Python clients raise them: by class, with the code, and repeated only as they should be."""

from __future__ import annotations

import time

import openai
import pytest
from openai import AsyncOpenAI, Omit

from tests.clients.conversation import CHAT_MODEL, EMBEDDING_MODEL, fresh, user
from tests.clients.penstock_processes import CLIENT_KEY, UPSTREAM_KEY, Setting

HELLO = user("Hello")


async def refusal(client: AsyncOpenAI, **request: object) -> openai.APIStatusError:
    """Return the error that a chat request ends in."""
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(**{"model": CHAT_MODEL, "messages": HELLO, **request})  # type: ignore[call-overload] # wrong requests, too
    return caught.value


async def test_a_model_that_nobody_configured(client: AsyncOpenAI) -> None:
    error = await refusal(client, model="gpt-4o-minni")
    assert isinstance(error, openai.NotFoundError)
    assert (error.status_code, error.code, error.param) == (404, "model_not_found", "model")
    assert error.type == "invalid_request_error"
    assert CHAT_MODEL in error.message
    assert error.request_id == error.response.headers["x-penstock-request-id"]


async def test_a_path_that_is_not_there(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.audio.speech.create(model="any", voice="any", input="Hello")
    assert caught.value.code == "unknown_path"


async def test_a_wrong_client_key(client: AsyncOpenAI) -> None:
    error = await refusal(client.with_options(api_key="sk-of-somebody-else"))
    assert isinstance(error, openai.AuthenticationError)
    assert (error.status_code, error.code) == (401, "invalid_api_key")
    assert "sk-of-somebody-else" not in error.message


async def test_no_client_key(client: AsyncOpenAI) -> None:
    error = await refusal(client, extra_headers={"Authorization": Omit()})
    assert isinstance(error, openai.AuthenticationError)
    assert error.code == "missing_api_key"


async def test_a_wrong_client_key_does_not_learn_the_models(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="sk-of-somebody-else").models.list()


async def test_the_gateways_own_key_is_refused_upstream(client: AsyncOpenAI) -> None:
    """The caller's key is fine, so the caller must not be told that it is not."""
    error = await refusal(client, model="key-rejected")
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "upstream_credential_rejected")
    assert "wrong-key" in error.message
    assert not any(key in error.response.text for key in ("not-the-simulators-key", UPSTREAM_KEY, CLIENT_KEY))


async def test_a_backend_that_is_not_there(client: AsyncOpenAI) -> None:
    error = await refusal(client, model="unreachable")
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "upstream_unreachable")
    assert error.response.headers["x-penstock-backend"] == "nowhere"
    assert "127.0.0.1" not in error.response.text


async def test_a_rate_limit_shows_when_to_come_back(client: AsyncOpenAI) -> None:
    error = await refusal(client, model="fault-429-7s")
    assert isinstance(error, openai.RateLimitError)
    assert error.code == "rate_limit_exceeded"
    assert error.response.headers["retry-after"] == "7"
    assert error.response.headers["x-ratelimit-remaining-requests"] == "0"


async def test_the_clients_own_retry_waits_as_long_as_the_provider_says(client: AsyncOpenAI, setting: Setting) -> None:
    """Left to itself the client waits for half a second at most before its first retry."""
    model = fresh("fault-429-1s-once")
    begun = time.monotonic()
    answer = await client.with_options(max_retries=2).chat.completions.create(model=model, messages=HELLO)
    assert time.monotonic() - begun >= 1.0
    assert answer.choices[0].message.content
    retries = [dict(one["headers"])["x-stainless-retry-count"] for one in setting.seen_upstream(model)]
    assert retries == ["0", "1"]


@pytest.mark.parametrize(("fault", "requests"), [("reset-before-headers-2-times", 3), ("down-0.2s-then-up", 2)])
async def test_the_clients_own_retry_gets_over_a_provider_that_fails_for_a_while(
    client: AsyncOpenAI, setting: Setting, fault: str, requests: int
) -> None:
    model = fresh(f"fault-{fault}")
    answer = await client.with_options(max_retries=2).chat.completions.create(model=model, messages=HELLO)
    assert answer.choices[0].message.content
    assert len(setting.seen_upstream(model)) == requests


@pytest.mark.parametrize("fault", ["context-length", "content-filter", "400", "refuses-prefill"])
async def test_a_request_that_must_be_changed_is_not_sent_again(
    client: AsyncOpenAI, setting: Setting, fault: str
) -> None:
    model = fresh(f"fault-{fault}")
    messages = [*HELLO, {"role": "assistant", "content": "I"}]
    error = await refusal(client.with_options(max_retries=2), model=model, messages=messages)
    assert isinstance(error, openai.BadRequestError)
    assert len(setting.seen_upstream(model)) == 1


async def test_a_prompt_beyond_the_models_window(client: AsyncOpenAI) -> None:
    error = await refusal(client, messages=user("a " * 140_000))
    assert isinstance(error, openai.BadRequestError)
    assert (error.code, error.param) == ("context_length_exceeded", "messages")


async def test_a_member_of_a_wrong_type_that_the_provider_refuses(client: AsyncOpenAI) -> None:
    error = await refusal(client, messages="Hello")
    assert isinstance(error, openai.BadRequestError)
    assert error.param == "messages"
    assert error.response.headers["x-penstock-backend"] == "openai"


async def test_a_member_of_a_wrong_type_that_the_gateway_refuses(client: AsyncOpenAI) -> None:
    error = await refusal(client, model=5)
    assert isinstance(error, openai.BadRequestError)
    assert error.param == "model"
    assert "x-penstock-backend" not in error.response.headers


async def test_a_body_that_is_not_json(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.post("/chat/completions", cast_to=object, content=b'{"model": "gpt-4o-mini", "messages": [}')
    assert caught.value.code == "invalid_json"


async def test_a_model_for_another_endpoint(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model="fast", input="Hello")
    assert caught.value.code == "endpoint_not_offered"
    assert EMBEDDING_MODEL not in caught.value.message


async def test_an_error_before_a_stream_is_an_ordinary_error(client: AsyncOpenAI) -> None:
    error = await refusal(client, model="fault-503-3s", stream=True)
    assert isinstance(error, openai.InternalServerError)
    assert error.status_code == 503
    assert error.response.headers["retry-after"] == "3"
    assert error.response.headers["content-type"].startswith("application/json")
