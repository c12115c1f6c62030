"""The caller's side of OpenAI's embeddings format: its request read into the neutral form, and an answer written in it.

https://platform.openai.com/docs/api-reference/embeddings (read 2026-11-23), checked against the types of the Python SDK
3.54. Beside OpenAI's own members it reads what callers send to say what OpenAI cannot: Google's ``task_type``,
``title`` and ``auto_truncate`` and Cohere's ``input_type`` and ``truncate``, each understood for either vendor, Titan's
``normalize``, and inputs that are objects with ``content``, ``task_type`` and ``title``. An item of an answer says
``truncated`` where the vendor does. Relaying between two ends of this format reads less: ``wire.openai_embeddings``.
"""

from __future__ import annotations

import re
import sys
from array import array
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

from penstock.core.embedding_format import EmbeddingCaller
from penstock.core.embeddings import (
    EmbeddingAnswer,
    EmbeddingInput,
    EmbeddingRequest,
    EmbeddingTask,
    Truncation,
    VectorEncoding,
)
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import FLAG, TEXT, JsonObject
from penstock.wire.openai_chat.render_error import render_vendor_error

TASKS: Mapping[str, EmbeddingTask] = MappingProxyType(
    {
        "RETRIEVAL_DOCUMENT": "document",
        "RETRIEVAL_QUERY": "query",
        "CLASSIFICATION": "classification",
        "CLUSTERING": "clustering",
        "SEMANTIC_SIMILARITY": "similarity",
        "QUESTION_ANSWERING": "question_answering",
        "FACT_VERIFICATION": "fact_verification",
        "CODE_RETRIEVAL_QUERY": "code_query",
        "search_document": "document",
        "search_query": "query",
        "classification": "classification",
        "clustering": "clustering",
    }
)
"""Words of Google's ``task_type`` and of Cohere's ``input_type``; either member takes both."""

TRUNCATIONS: Mapping[str, Truncation] = MappingProxyType({"NONE": "none", "START": "start", "END": "end"})

MAX_INPUTS = 2048
_READ = frozenset(
    {
        "input",
        "model",
        "dimensions",
        "encoding_format",
        "user",
        "task_type",
        "input_type",
        "title",
        "auto_truncate",
        "truncate",
        "normalize",
    }
)

_TokenNumber = Annotated[int, msgspec.Meta(ge=0)]


class _Item(msgspec.Struct):
    content: str | list[str]
    task_type: str | None = None
    title: str | None = None


_Inputs = str | _Item | list[str | _TokenNumber | list[_TokenNumber] | _Item]
_inputs: msgspec.json.Decoder[_Inputs | None] = msgspec.json.Decoder(_Inputs | None)
_PLACE = re.compile(r" - at `\$(.*)`$")
_count: msgspec.json.Decoder[int | None] = msgspec.json.Decoder(Annotated[int, msgspec.Meta(ge=1)] | None)
_encoding: msgspec.json.Decoder[VectorEncoding | None] = msgspec.json.Decoder(VectorEncoding | None)


def lift(body: JsonObject) -> EmbeddingRequest:
    """Return what the caller asks for.

    Raises:
        InvalidRequest: the body is not of the format, an input is empty, or there are too many or none.
    """
    paths: dict[str, str] = {"encoding": "encoding_format"}
    task, paths["task"] = _read_task(body)
    truncate, paths["truncate"] = _read_truncation(body)
    return EmbeddingRequest(
        vendor="openai_embeddings",
        paths=paths,
        inputs=_read_inputs(body, task, body.read("title", TEXT)),
        model=body.read("model", TEXT),
        dimensions=body.read("dimensions", _count),
        encoding=body.read("encoding_format", _encoding) or "float",
        truncate=truncate,
        normalize=body.read("normalize", FLAG),
        user=body.read("user", TEXT),
        extras={name: msgspec.Raw(body.raw(name) or b"null") for name in body.names() if name not in _READ},
    )


def _read_task(body: JsonObject) -> tuple[EmbeddingTask | None, str]:
    """Return the task of all inputs, and the member that the caller knows for it."""
    for name in ("task_type", "input_type"):
        word = body.read(name, TEXT)
        if word is not None:
            return _task(word, name), name
    return None, "input_type"


def _task(word: str, path: str) -> EmbeddingTask:
    if word not in TASKS:
        msg = f'"{path}" must be one of: {", ".join(TASKS)}.'
        raise InvalidRequest(msg, code="invalid_value", param=path)
    return TASKS[word]


def _read_truncation(body: JsonObject) -> tuple[Truncation | None, str]:
    word = body.read("truncate", TEXT)
    if word is not None:
        if word not in TRUNCATIONS:
            msg = '"truncate" must be "NONE", "START" or "END".'
            raise InvalidRequest(msg, code="invalid_value", param="truncate")
        return TRUNCATIONS[word], "truncate"
    cut = body.read("auto_truncate", FLAG)
    return None if cut is None else "end" if cut else "none", "auto_truncate"


def _read_inputs(body: JsonObject, task: EmbeddingTask | None, title: str | None) -> tuple[EmbeddingInput, ...]:
    found = _decode_inputs(body.raw("input") or b"null")
    if found is None:
        if "messages" in body:
            msg = 'Messages are not embedded here; send texts as "input".'
            raise InvalidRequest(msg, code="unsupported_content", param="messages")
        msg = 'The field "input" is missing: a string, or an array of strings or of token numbers.'
        raise InvalidRequest(msg, code="missing_field", param="input")
    inputs = tuple(_inputs_of(found, task, title))
    if not inputs:
        msg = 'The field "input" is an empty array; at least one input is needed.'
        raise InvalidRequest(msg, code="invalid_value", param="input")
    if len(inputs) > MAX_INPUTS:
        msg = f"At most {MAX_INPUTS} inputs can be sent together; these are {len(inputs)}."
        raise InvalidRequest(msg, code="too_many_inputs", param="input")
    for one in inputs:
        if not one.content:
            msg = f'"{one.at}" is empty; an input must not be.'
            raise InvalidRequest(msg, code="invalid_value", param=one.at)
    return inputs


def _decode_inputs(raw: bytes) -> _Inputs | None:
    try:
        return _inputs.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        place = _PLACE.search(str(error))
        at = "input" + (place[1] if place else "")
        msg = f'"{at}" is not valid: a string, or an array of strings or of token numbers, is expected.'
        raise InvalidRequest(msg, code="invalid_type", param=at) from error


def _inputs_of(found: _Inputs, task: EmbeddingTask | None, title: str | None) -> list[EmbeddingInput]:
    if isinstance(found, str):
        return [EmbeddingInput(found, task, title)]
    if isinstance(found, _Item):
        return _of_item(found, "input", task, title)
    if found and isinstance(found[0], int):
        return [EmbeddingInput(_numbers(found), task, title)]
    inputs: list[EmbeddingInput] = []
    for index, one in enumerate(found):
        at = f"input[{index}]"
        if isinstance(one, str):
            inputs.append(EmbeddingInput(one, task, title, at))
        elif isinstance(one, _Item):
            inputs += _of_item(one, at, task, title)
        elif isinstance(one, list):
            inputs.append(EmbeddingInput(tuple(one), task, title, at))
        else:
            _refuse_mixture(at)
    return inputs


def _numbers(found: list[str | int | list[int] | _Item]) -> tuple[int, ...]:
    numbers = tuple(one for one in found if isinstance(one, int))
    if len(numbers) != len(found):
        _refuse_mixture(f"input[{next(index for index, one in enumerate(found) if not isinstance(one, int))}]")
    return numbers


def _refuse_mixture(at: str) -> None:
    msg = f'"{at}" is of another kind than the inputs before it: token numbers stand in an array of their own.'
    raise InvalidRequest(msg, code="invalid_type", param=at)


def _of_item(item: _Item, at: str, task: EmbeddingTask | None, title: str | None) -> list[EmbeddingInput]:
    """Return the inputs of an object; what the whole request says goes before what the object says."""
    task = task or (None if item.task_type is None else _task(item.task_type, f"{at}.task_type"))
    title = title or item.title
    if isinstance(item.content, str):
        return [EmbeddingInput(item.content, task, title, f"{at}.content")]
    return [EmbeddingInput(text, task, title, f"{at}.content[{index}]") for index, text in enumerate(item.content)]


class _Datum(msgspec.Struct, omit_defaults=True):
    object: str
    index: int
    embedding: list[float] | str
    truncated: bool | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    total_tokens: int


class _Answer(msgspec.Struct, omit_defaults=True):
    object: str
    data: list[_Datum]
    model: str
    usage: _Usage


_encoder = msgspec.json.Encoder()


def lower_answer(answer: EmbeddingAnswer, request: EmbeddingRequest) -> bytes:
    """Write an answer; where the provider counted nothing, ``usage`` says zero: clients read it without looking.

    OpenAI's format requires the member and has no word for "not reported". The log and the metrics do not say zero.

    Raises:
        ValueError: a vector in base64 is not one.
    """
    change = _as_base64 if request.encoding == "base64" else _as_numbers
    data = [
        _Datum("embedding", index, change(one.vector), one.truncated) for index, one in enumerate(answer.embeddings)
    ]
    tokens = answer.usage.input_tokens or 0
    usage = _Usage(tokens, answer.usage.total_tokens or tokens)
    return _encoder.encode(_Answer("list", data, answer.model, usage))


def _as_base64(vector: list[float] | str) -> str:
    return vector if isinstance(vector, str) else b64encode(_swapped(array("f", vector)).tobytes()).decode("ascii")


def _as_numbers(vector: list[float] | str) -> list[float]:
    if not isinstance(vector, str):
        return vector
    try:
        numbers = array("f", b64decode(vector, validate=True))
    except (Base64Error, ValueError) as error:
        msg = f"not a vector in base64: {error}"
        raise ValueError(msg) from error
    return _swapped(numbers).tolist()


def _swapped(numbers: array[float]) -> array[float]:
    """Turn between this machine's byte order and that of the format, little-endian."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


CALLER = EmbeddingCaller(
    id="openai_embeddings", lift=lift, lower_answer=lower_answer, render_vendor_error=render_vendor_error
)
