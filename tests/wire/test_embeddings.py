"""Embeddings between formats, beyond the vectors: bounds, odd inputs, odd replies, and what must hold for any."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.embedding_format import EmbeddingFormatId, EmbeddingReply
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingRequest, EmbeddingTask
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import UNKNOWN_MODEL, EmbeddingFacts, ModelFacts
from penstock.wire.embedding_formats import find_embedding_format
from penstock.wire.embeddings import cohere_words, google_words
from penstock.wire.embeddings.openai_caller import TASKS, lift, lower_answer

FORMATS: tuple[EmbeddingFormatId, ...] = get_args(EmbeddingFormatId)

REPLIES: dict[EmbeddingFormatId, Callable[[list[list[float]]], dict[str, Any]]] = {
    "titan_embeddings": lambda vectors: {"embedding": vectors[0], "inputTextTokenCount": 1},
    "cohere_bedrock_embeddings": lambda vectors: {"embeddings": {"float": vectors}},
    "cohere_embed": lambda vectors: {"embeddings": {"float": vectors}, "meta": None},
    "vertex_predict_embeddings": lambda vectors: {"predictions": [{"embeddings": {"values": v}} for v in vectors]},
    "vertex_embed_content": lambda vectors: {"embedding": {"values": vectors[0]}},
    "gemini_batch_embed": lambda vectors: {"embeddings": [{"values": vector} for vector in vectors]},
}


def lifted(**members: object) -> EmbeddingRequest:
    return lift(JsonObject(json.dumps(members).encode()))


def refusal(**members: object) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequest) as refused:
        lifted(**members)
    return refused.value.code, refused.value.param


def contents(request: EmbeddingRequest) -> list[str | tuple[int, ...]]:
    return [one.content for one in request.inputs]


# --- the caller's request


@pytest.mark.parametrize(
    ("given_input", "read"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        ([1, 2, 3], [(1, 2, 3)]),
        ([[1, 2], [3]], [(1, 2), (3,)]),
        (["a", [1]], ["a", (1,)]),
        ({"content": "a"}, ["a"]),
        ([{"content": ["a", "b"]}, "c"], ["a", "b", "c"]),
    ],
)
def test_inputs_are_read_in_every_form(given_input: object, read: list[object]) -> None:
    assert contents(lifted(input=given_input)) == read


@pytest.mark.parametrize(
    ("given_input", "code", "param"),
    [
        (None, "missing_field", "input"),
        ("", "invalid_value", "input"),
        ([], "invalid_value", "input"),
        (["a", ""], "invalid_value", "input[1]"),
        ([[]], "invalid_value", "input[0]"),
        ([{"content": ["a", ""]}], "invalid_value", "input[0].content[1]"),
        (7, "invalid_type", "input"),
        (["a", 1.5], "invalid_type", "input[1]"),
        (["a", None], "invalid_type", "input[1]"),
        (["a", 1], "invalid_type", "input[1]"),
        ([1, "a"], "invalid_type", "input[1]"),
        ([1, -1], "invalid_type", "input[1]"),
        ([[1, "a"]], "invalid_type", "input[0][1]"),
        ([{"text": "a"}], "invalid_type", "input[0]"),
        ([{"content": "a", "task_type": "SINGING"}], "invalid_value", "input[0].task_type"),
        (["x"] * 2049, "too_many_inputs", "input"),
    ],
)
def test_inputs_that_are_none_are_refused_by_their_place(given_input: object, code: str, param: str) -> None:
    assert refusal(input=given_input) == (code, param)


def test_as_many_inputs_as_openai_takes_are_taken() -> None:
    assert len(lifted(input=["x"] * 2048).inputs) == 2048


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("dimensions", 0, "invalid_type"),
        ("dimensions", "many", "invalid_type"),
        ("encoding_format", "hex", "invalid_type"),
        ("task_type", "SINGING", "invalid_value"),
        ("truncate", "MIDDLE", "invalid_value"),
        ("auto_truncate", "yes", "invalid_type"),
        ("user", 7, "invalid_type"),
    ],
)
def test_members_of_another_kind_are_refused(member: str, value: object, code: str) -> None:
    assert refusal(input="a", **{member: value}) == (code, member)


def test_nulls_say_nothing() -> None:
    nothing = lifted(input="a", dimensions=None, encoding_format=None, user=None, task_type=None, truncate=None)
    assert nothing == lifted(input="a")


def test_every_task_can_be_said_in_googles_words_and_coheres_words_are_understood() -> None:
    assert set(TASKS.values()) == set(get_args(EmbeddingTask))
    assert {word: TASKS[word] for word in google_words.TASKS.values()} == {
        word: task for task, word in google_words.TASKS.items()
    }
    assert {task for task, word in cohere_words.TASKS.items() if TASKS[word] == task} == cohere_words.EXACT_TASKS


# --- towards providers and back


@pytest.mark.parametrize("name", FORMATS)
def test_the_request_that_openai_documents_loses_nothing_but_a_required_task(name: EmbeddingFormatId) -> None:
    request = lifted(model="m", input=["a", "b"], encoding_format="float", dimensions=256)
    losses = find_embedding_format(name).lower(request, "m", UNKNOWN_MODEL).losses
    assert [loss.kind for loss in losses] == (["approximated"] if name.startswith("cohere") else [])


@pytest.mark.parametrize("name", FORMATS)
@given(
    inputs=st.lists(st.text(min_size=1), min_size=1, max_size=120),
    task=st.sampled_from([*TASKS, None]),
    vectors=st.data(),
)
def test_every_input_gets_its_own_vector(
    name: EmbeddingFormatId, inputs: list[str], task: str | None, vectors: st.DataObject
) -> None:
    upstream = find_embedding_format(name)
    calls = upstream.lower(lifted(input=inputs, task_type=task), "m", UNKNOWN_MODEL).calls
    assert sum(call.inputs for call in calls) == len(inputs)
    sizes = iter(range(len(inputs)))
    replies = [
        EmbeddingReply(
            json.dumps(REPLIES[name]([[float(next(sizes))] for _ in range(call.inputs)])).encode(), call.inputs, {}
        )
        for call in calls
    ]
    answer = upstream.lift_answer(replies, "m")
    assert [one.vector for one in answer.embeddings] == [[float(index)] for index in range(len(inputs))]


@pytest.mark.parametrize("name", FORMATS)
def test_texts_reach_the_provider_whole_and_in_order(name: EmbeddingFormatId) -> None:
    texts = ["first", 'se"cond\\', "третий\u2028", "fourth\x00"]
    calls = find_embedding_format(name).lower(lifted(input=texts), "m", UNKNOWN_MODEL).calls
    found = [text for call in calls for text in strings_in(json.loads(call.body)) if text in texts]
    assert found == texts


def strings_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inner for text in strings_in(one)]


def test_long_texts_go_to_vertex_in_smaller_batches() -> None:
    texts = ["x" * 10_000] * 9 + ["y" * 100_000, "z"]
    facts = ModelFacts(embeddings=EmbeddingFacts(inputs_per_call=250))
    calls = find_embedding_format("vertex_predict_embeddings").lower(lifted(input=texts), "m", facts).calls
    assert [call.inputs for call in calls] == [3, 3, 3, 1, 1]
    assert [text for call in calls for text in strings_in(json.loads(call.body))] == texts


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"titan_embeddings", "vertex_embed_content"}])
@pytest.mark.parametrize("vectors", [1, 3])
def test_a_vector_too_few_or_too_many_is_refused(name: EmbeddingFormatId, vectors: int) -> None:
    body = json.dumps(REPLIES[name]([[1.0]] * vectors)).encode()
    with pytest.raises(ValueError, match="vectors for 2 inputs"):
        find_embedding_format(name).lift_answer([EmbeddingReply(body, 2, {})], "m")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"embedding":"x"}', b'{"embeddings":[["x"]]}', b"\xff"]
)
def test_a_reply_of_another_kind_is_refused(name: EmbeddingFormatId, body: bytes) -> None:
    with pytest.raises(ValueError, match="not an embeddings answer"):
        find_embedding_format(name).lift_answer([EmbeddingReply(body, 1, {})], "m")


@pytest.mark.parametrize("name", FORMATS)
def test_a_vector_of_no_length_is_refused(name: EmbeddingFormatId) -> None:
    body = json.dumps(REPLIES[name]([[]])).encode()
    with pytest.raises(ValueError, match="without numbers"):
        find_embedding_format(name).lift_answer([EmbeddingReply(body, 1, {})], "m")


@pytest.mark.parametrize("count", [b"-1", b"many", b"9" * 40, b""])
def test_a_count_of_bedrock_that_is_none_is_not_reported(count: bytes) -> None:
    body = json.dumps(REPLIES["cohere_bedrock_embeddings"]([[1.0]])).encode()
    headers = {b"x-amzn-bedrock-input-token-count": count}
    answer = find_embedding_format("cohere_bedrock_embeddings").lift_answer([EmbeddingReply(body, 1, headers)], "m")
    assert answer.usage.input_tokens is None


# --- the answer


def test_a_vector_in_base64_stays_as_it_is_or_becomes_numbers() -> None:
    answer = EmbeddingAnswer("m", [Embedding("AACAPgAAAL8AAAA+")])
    assert json.loads(lower_answer(answer, lifted(input="a", encoding_format="base64")))["data"][0] == {
        "object": "embedding",
        "index": 0,
        "embedding": "AACAPgAAAL8AAAA+",
    }
    assert json.loads(lower_answer(answer, lifted(input="a")))["data"][0]["embedding"] == [0.25, -0.5, 0.125]


@pytest.mark.parametrize("vector", ["AAA", "AAAA", "!", "é"])
def test_what_is_no_vector_in_base64_is_an_error(vector: str) -> None:
    with pytest.raises(ValueError, match="not a vector in base64"):
        lower_answer(EmbeddingAnswer("m", [Embedding(vector)]), lifted(input="a"))


# --- errors


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"message":7}', b'{"error":7}', b"\xff", b"[" * 5000]
)
def test_any_error_body_is_read(name: EmbeddingFormatId, body: bytes) -> None:
    error = find_embedding_format(name).read_error(500, body, {})
    assert error.message
    assert error.kind == "server"
