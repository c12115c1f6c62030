"""Legacy completions, embeddings and the list of models, as the official Python clients see them."""

from __future__ import annotations

import json
import math
from array import array
from base64 import b64decode

import openai
import pytest
from openai import AsyncOpenAI

from tests.clients.conversation import CHAT_MODEL, COMPLETION_MODEL, EMBEDDING_MODEL, fresh
from tests.clients.penstock_processes import Setting
from tests.clients.provider_rows import ROWS

LISTED = [CHAT_MODEL, COMPLETION_MODEL, EMBEDDING_MODEL, "fast", "key-rejected", "unreachable"]


async def test_a_completion_is_whole(client: AsyncOpenAI) -> None:
    answer = await client.completions.create(model=COMPLETION_MODEL, prompt=["Once", "Twice"], max_tokens=7, echo=True)
    assert [choice.text.split()[0] for choice in answer.choices] == ["Once", "Twice"]
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length"]
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 14


async def test_a_completion_as_a_stream_is_the_same_text(client: AsyncOpenAI) -> None:
    whole = await client.completions.create(model=COMPLETION_MODEL, prompt="Once upon", max_tokens=40)
    stream = await client.completions.create(model=COMPLETION_MODEL, prompt="Once upon", max_tokens=40, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == whole.choices[0].text
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason
    assert all(chunk.usage is None for chunk in chunks)


async def test_a_streamed_completion_ends_with_usage_when_it_is_asked_for(client: AsyncOpenAI) -> None:
    stream = await client.completions.create(
        model=COMPLETION_MODEL, prompt="Once", max_tokens=9, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices == []
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == [9]


async def test_embeddings_are_the_same_in_both_encodings(client: AsyncOpenAI) -> None:
    texts = ["one", "two", "three"]
    numbers = await client.embeddings.create(model=EMBEDDING_MODEL, input=texts, encoding_format="float")
    packed = await client.embeddings.create(model=EMBEDDING_MODEL, input=texts)  # the client's default is base64
    raw = await client.embeddings.create(model=EMBEDDING_MODEL, input=texts, encoding_format="base64")
    assert [item.index for item in packed.data] == [0, 1, 2]
    for plain, default, coded in zip(numbers.data, packed.data, raw.data, strict=True):
        assert len(plain.embedding) == 1536
        assert math.isclose(math.hypot(*plain.embedding), 1.0, rel_tol=1e-5)
        assert default.embedding == pytest.approx(plain.embedding, rel=1e-6)
        assert isinstance(coded.embedding, str)
        assert list(array("f", b64decode(coded.embedding))) == default.embedding
    assert numbers.usage == packed.usage
    assert numbers.usage.prompt_tokens == numbers.usage.total_tokens == 3


async def test_the_default_encoding_of_embeddings_is_the_clients_and_not_ours(
    client: AsyncOpenAI, setting: Setting
) -> None:
    model = fresh("fault-gzip")
    await client.embeddings.create(model=model, input="one")
    [seen] = setting.seen_upstream(model)
    assert json.loads(seen["body"]) == {"input": "one", "model": model, "encoding_format": "base64"}


async def test_embeddings_of_a_length_and_of_token_numbers(client: AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model=EMBEDDING_MODEL, input=[[1, 2, 3], [4]], dimensions=256)
    assert [len(item.embedding) for item in answer.data] == [256, 256]
    assert answer.usage.prompt_tokens == 4


async def test_models_are_listed_as_configured(client: AsyncOpenAI) -> None:
    page = await client.models.list()
    names = [model.id for model in page.data]
    assert [name for name in names if "/" not in name] == LISTED
    assert set(names) - set(LISTED) >= {row.chat for row in ROWS.values()}
    assert [model.id async for model in client.models.list()] == names
    assert {model.object for model in page.data} == {"model"}


async def test_a_model_is_retrieved(client: AsyncOpenAI) -> None:
    model = await client.models.retrieve(CHAT_MODEL)
    assert (model.id, model.owned_by, model.created) == (CHAT_MODEL, "tests", 1_700_000_000)


async def test_a_model_that_is_not_there_is_not_retrieved(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("no-such-model")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
