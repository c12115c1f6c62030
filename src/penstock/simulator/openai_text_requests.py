"""Requests of OpenAI's older endpoints: completions (a text that goes on) and embeddings.

Both take a string, a list of strings, a list of token numbers or a list of such lists; all become a tuple of prompts.
Token numbers are a vendor's own, so they stand for themselves: each counts as one token, and no text is made of them.

https://developers.openai.com/api/reference/resources/completions and /embeddings (read 2026-11-23).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from penstock.simulator import tokens
from penstock.simulator.openai_chat_request import StreamOptions, read_model, read_sampling, read_stream_options
from penstock.simulator.openai_errors import invalid
from penstock.simulator.openai_messages import read_stop
from penstock.simulator.request_fields import Fields, refuse_type

MAX_INPUTS = 2048
MAX_INPUT_TOKENS = 8192
MAX_INPUT_TOKENS_TOGETHER = 300_000
DEFAULT_COMPLETION_TOKENS = 16
DEFAULT_DIMENSIONS = 1536
DIMENSIONS: dict[str, int] = {"text-embedding-3-large": 3072, "mistral-embed": 1024, "embed-v4.0": 1536}
"""Length of the vectors of well-known models, when the request does not ask for another."""
MAX_DIMENSIONS = 8192
_EXPECTED = "a string, an array of strings, an array of integers, or an array of arrays of integers"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One input: a text, or token numbers."""

    text: str
    token_numbers: tuple[int, ...] | None = None

    def tokens(self) -> int:
        """Return what it counts for."""
        return tokens.count(self.text) if self.token_numbers is None else len(self.token_numbers)

    def identity(self) -> str:
        """Return a text that no other prompt has."""
        return f"text:{self.text}" if self.token_numbers is None else f"tokens:{self.token_numbers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """A request to go on with each of some prompts."""

    model: str
    prompts: tuple[Prompt, ...]
    answers: int
    stop: tuple[str, ...]
    max_tokens: int
    echo: bool
    logprobs: int | None
    seed: int | None
    stream: StreamOptions | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequest:
    """A request for one vector for each of some inputs."""

    model: str
    inputs: tuple[Prompt, ...]
    dimensions: int
    encoding: Literal["float", "base64"]


def read_completion_request(body: Fields) -> CompletionRequest:
    """Read a completions request body.

    Raises:
        VendorError: OpenAI would refuse it.
    """
    model = read_model(body)
    prompts = _read_prompts(body, "prompt") if body.has("prompt") else (Prompt("<|endoftext|>"),)
    read_sampling(body)
    answers = body.integer("n", 1, 128) or 1
    best_of = body.integer("best_of", 1, 20)
    if best_of is not None and best_of < answers:
        message = "Invalid 'best_of': it must not be less than 'n'."
        raise invalid(message, param="best_of", code=None)
    max_tokens = body.integer("max_tokens", 0)
    return CompletionRequest(
        model=model,
        prompts=prompts,
        answers=answers,
        stop=read_stop(body, most=4),
        max_tokens=DEFAULT_COMPLETION_TOKENS if max_tokens is None else max_tokens,
        echo=body.flag("echo"),
        logprobs=body.integer("logprobs", 0, 5),
        seed=body.integer("seed"),
        stream=read_stream_options(body),
    )


def read_embedding_request(body: Fields) -> EmbeddingRequest:
    """Read an embeddings request body.

    Raises:
        VendorError: OpenAI would refuse it.
    """
    model = read_model(body)
    if not body.has("input"):
        body.refuse_missing("input")
    inputs = _read_prompts(body, "input")
    _check_inputs(inputs)
    dimensions = body.integer("dimensions", 1, MAX_DIMENSIONS)
    encoding = body.choice("encoding_format", ("float", "base64"))
    return EmbeddingRequest(
        model=model,
        inputs=inputs,
        dimensions=dimensions or DIMENSIONS.get(model, DEFAULT_DIMENSIONS),
        encoding="base64" if encoding == "base64" else "float",
    )


def _check_inputs(inputs: tuple[Prompt, ...]) -> None:
    together = 0
    for index, one in enumerate(inputs):
        if not one.text and not one.token_numbers:
            message = f"Invalid 'input[{index}]': an input must not be empty."
            raise invalid(message, param="input", code=None)
        counted = tokens.at_least(len(one.text))
        if counted <= MAX_INPUT_TOKENS:
            counted = one.tokens()
        if counted > MAX_INPUT_TOKENS:
            message = f"Invalid 'input[{index}]': maximum input length is {MAX_INPUT_TOKENS} tokens."
            raise invalid(message, param="input", code=None)
        together += counted
    if together > MAX_INPUT_TOKENS_TOGETHER:
        message = f"Invalid 'input': at most {MAX_INPUT_TOKENS_TOGETHER} tokens are allowed in one request."
        raise invalid(message, param="input", code="max_tokens_per_request")


def _read_prompts(body: Fields, name: str) -> tuple[Prompt, ...]:
    value = body.members.get(name)
    if isinstance(value, str):
        return (Prompt(value),)
    if not isinstance(value, list):
        body.refuse_type(name, _EXPECTED)
    items = body.array(name) or []
    if _is_tokens(items):
        return (_token_prompt(items),)
    items = body.array(name, most=MAX_INPUTS) or []
    return tuple(_read_prompt(item, f"{name}[{index}]") for index, item in enumerate(items))


def _read_prompt(item: object, place: str) -> Prompt:
    if isinstance(item, str):
        return Prompt(item)
    if not isinstance(item, list) or not _is_tokens(item):
        refuse_type(place, "a string or an array of integers", item)
    return _token_prompt(item)


def _is_tokens(items: list[object]) -> bool:
    return bool(items) and all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in items)


def _token_prompt(items: list[object]) -> Prompt:
    return Prompt("", tuple(item for item in items if isinstance(item, int)))
