from __future__ import annotations

import pytest

from penstock.simulator.openai_errors import VendorError
from penstock.simulator.openai_text_requests import (
    DEFAULT_COMPLETION_TOKENS,
    DEFAULT_DIMENSIONS,
    DIMENSIONS,
    MAX_INPUT_TOKENS,
    MAX_INPUTS,
    CompletionRequest,
    EmbeddingRequest,
    Prompt,
    read_completion_request,
    read_embedding_request,
)
from penstock.simulator.request_fields import Fields

PROMPTS: list[tuple[object, tuple[Prompt, ...]]] = [
    ("one", (Prompt("one"),)),
    (["one", "two"], (Prompt("one"), Prompt("two"))),
    ([1, 2, 3], (Prompt("", (1, 2, 3)),)),
    ([[1, 2], [3]], (Prompt("", (1, 2)), Prompt("", (3,)))),
    (["one", [2]], (Prompt("one"), Prompt("", (2,)))),
]


def completion(**members: object) -> CompletionRequest:
    return read_completion_request(Fields({"model": "m", "prompt": "Once", **members}))


def embedding(**members: object) -> EmbeddingRequest:
    return read_embedding_request(Fields({"model": "m", "input": "Once", **members}))


def refused(endpoint: str, **members: object) -> tuple[str | None, str | None]:
    """Return code and place of the refusal."""
    with pytest.raises(VendorError) as found:
        (completion if endpoint == "completions" else embedding)(**members)
    assert found.value.status == 400
    return found.value.code, found.value.param


@pytest.mark.parametrize(("given", "prompts"), PROMPTS)
def test_both_endpoints_take_texts_and_tokens_one_or_several(given: object, prompts: tuple[Prompt, ...]) -> None:
    assert completion(prompt=given).prompts == prompts
    assert embedding(input=given).inputs == prompts


def test_each_token_number_counts_as_one_and_stands_for_itself() -> None:
    assert Prompt("", (7, 8, 9)).tokens() == 3
    assert Prompt("", (1, 2)).identity() != Prompt("(1, 2)").identity()


def test_a_completion_is_short_unless_more_is_asked_for() -> None:
    assert completion().max_tokens == DEFAULT_COMPLETION_TOKENS
    assert completion(max_tokens=0).max_tokens == 0


def test_a_completion_without_a_prompt_goes_on_from_nothing() -> None:
    assert completion(prompt=None).prompts == (Prompt("<|endoftext|>"),)


def test_dimensions_are_those_asked_for_or_the_model_s() -> None:
    assert embedding(dimensions=8).dimensions == 8
    assert embedding().dimensions == DEFAULT_DIMENSIONS
    for model, dimensions in DIMENSIONS.items():
        assert embedding(model=model).dimensions == dimensions


@pytest.mark.parametrize(("given", "encoding"), [(None, "float"), ("float", "float"), ("base64", "base64")])
def test_encodings(given: object, encoding: str) -> None:
    assert embedding(encoding_format=given).encoding == encoding


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"prompt": 7}, "invalid_type", "prompt"),
        ({"prompt": []}, "empty_array", "prompt"),
        ({"prompt": ["a", 7]}, "invalid_type", "prompt[1]"),
        ({"prompt": [1, -2]}, "invalid_type", "prompt[0]"),
        ({"prompt": [True]}, "invalid_type", "prompt[0]"),
        ({"prompt": ["a"] * (MAX_INPUTS + 1)}, "array_above_max_length", "prompt"),
        ({"n": 3, "best_of": 2}, None, "best_of"),
        ({"logprobs": 6}, "integer_above_max_value", "logprobs"),
        ({"echo": "yes"}, "invalid_type", "echo"),
        ({"model": None}, "missing_required_parameter", "model"),
    ],
)
def test_a_completion_that_the_vendor_refuses(members: dict[str, object], code: str | None, place: str) -> None:
    assert refused("completions", **members) == (code, place)


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"input": None}, "missing_required_parameter", "input"),
        ({"input": ""}, None, "input"),
        ({"input": ["a", ""]}, None, "input"),
        ({"input": {"a": 1}}, "invalid_type", "input"),
        ({"dimensions": 0}, "integer_below_min_value", "dimensions"),
        ({"encoding_format": "hex"}, "invalid_value", "encoding_format"),
        ({"input": [1] * (MAX_INPUT_TOKENS + 1)}, None, "input"),
        ({"input": "a " * (MAX_INPUT_TOKENS + 1)}, None, "input"),
        ({"input": [[1] * MAX_INPUT_TOKENS] * 37}, "max_tokens_per_request", "input"),
    ],
)
def test_an_embedding_that_the_vendor_refuses(members: dict[str, object], code: str | None, place: str) -> None:
    assert refused("embeddings", **members) == (code, place)


def test_an_input_of_just_so_many_tokens_is_taken() -> None:
    (one,) = embedding(input=[1] * MAX_INPUT_TOKENS).inputs
    assert one.tokens() == MAX_INPUT_TOKENS
