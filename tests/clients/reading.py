"""Read streams as the SDKs hand them out, to their end or to the error that they end in."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TypeVar

import openai
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk

T = TypeVar("T")


async def read_until_error(items: AsyncIterable[T]) -> tuple[list[T], openai.APIError]:
    """Return what comes before the error; a stream that ends well fails the test."""
    found: list[T] = []
    try:
        async for item in items:
            found.append(item)  # noqa: PERF401 - what came before the error counts
    except openai.APIError as error:
        return found, error
    msg = f"the stream ended as if complete, after {len(found)} events"
    raise AssertionError(msg)


def pieces_of(chunks: Iterable[ChatCompletionChunk]) -> list[str]:
    """Return the pieces of the text, without empty ones."""
    return [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]


def words_in(chunks: Iterable[ChatCompletionChunk]) -> int:
    """Return how many words the text has."""
    return len("".join(pieces_of(chunks)).split())


def finish_reasons_of(chunks: Iterable[ChatCompletionChunk]) -> list[str]:
    """Return why the answers ended; nothing while they have not."""
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


def usages_of(chunks: Iterable[ChatCompletionChunk]) -> list[CompletionUsage]:
    """Return the counts that the stream has told."""
    return [chunk.usage for chunk in chunks if chunk.usage]
