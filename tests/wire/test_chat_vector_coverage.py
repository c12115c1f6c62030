"""Every pair of formats has a vector of each kind of exchange, whole and streamed.

The folder of a case has the name of its kind, with ``stream-`` in front where the answer is streamed. A format that
cannot carry what a kind is about has the folder too: it shows the losses, or the refusal. Longer names
(``image-url``, ``stream-structured-output-by-tool``) are for variants, which stand beside these and never for them.
The stream of an error begins well and fails after its first text; an error before that is no stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple, get_args

import pytest

from penstock.core.chat_format import FormatId
from penstock.wire.chat_formats import find_caller_format
from tests.wire.chat_vector import Vector, find_vectors


class Kind(NamedTuple):
    """What makes a vector one of its kind: patterns in what the caller sends and in what it gets, spaces left out."""

    asked: str = ""
    told: str = ""


REQUIRED: Mapping[str, Kind] = {
    "plain": Kind(),
    "system": Kind(asked='"system"'),
    "multi-turn": Kind(asked='"role":"assistant"'),
    "image": Kind(asked='"type":"image(_url)?"'),
    "document": Kind(asked='"type":"(document|file)"'),
    "one-tool": Kind(asked='"tools"', told='"type":"(tool_use|function)"'),
    "parallel-tools": Kind(asked='"tools"', told='("type":"(tool_use|function)".*){2}'),
    "tool-results-with-errors": Kind(asked='"is_error":true'),
    "structured-output": Kind(asked='"type":"json_schema"'),
    "reasoning-multi-turn": Kind(asked='"role":"assistant".*("type":"thinking"|"reasoning_content")'),
    "cache-markers": Kind(asked='"cache_control"'),
    "refusal": Kind(told='"(refusal|content_filter)"|cannot'),  # some vendors say so in the model's words alone
    "length-stop": Kind(told='"(length|max_tokens)"'),
    "content-filter": Kind(told='"(content_filter|refusal)"'),
    "error-json": Kind(told='"error":{'),
    "error-not-json": Kind(told='"error":{'),
}


def callers() -> Iterator[FormatId]:
    """Yield the formats that callers speak."""
    for format_id in get_args(FormatId):
        try:
            yield find_caller_format(format_id).id
        except LookupError:
            continue


VECTORS = {vector.id: vector for vector in find_vectors()}
NEEDED = [
    f"{caller}/{upstream}/{stream}{kind}"
    for caller, upstream, kind, stream in product(callers(), get_args(FormatId), REQUIRED, ("", "stream-"))
]


def without_spaces(vector: Vector, *names: str) -> str:
    return "".join("".join(vector.read(name).decode().split()) for name in names if vector.has(name))


def test_no_kind_of_exchange_is_missing() -> None:
    assert sorted(set(NEEDED) - VECTORS.keys()) == []


@pytest.mark.parametrize("name", [name for name in NEEDED if name in VECTORS])
def test_a_vector_is_what_it_is_named_after(name: str) -> None:
    vector = VECTORS[name]
    kind = REQUIRED[name.rpartition("/")[2].removeprefix("stream-")]
    assert re.search(kind.asked, without_spaces(vector, "client_request.json"))
    if vector.case.refused is None and vector.case.unreadable is None:
        assert re.search(kind.told, without_spaces(vector, "client_answer.json", "client_stream.sse"))


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_stream_is_named_and_asked_for_as_one(vector: Vector) -> None:
    named = vector.id.rpartition("/")[2].startswith("stream-")
    asked = '"stream":true' in without_spaces(vector, "client_request.json")
    assert (named, asked) == (vector.case.stream, vector.case.stream)
