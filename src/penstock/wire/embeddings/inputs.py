"""What every embeddings format asks of the caller's inputs: texts only, in batches, and a size the model has.

The words of the vendors and the shape of their bodies are in the modules of the formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from penstock.core.embeddings import EmbeddingInput, EmbeddingRequest
from penstock.core.errors import InvalidRequest
from penstock.core.loss import Loss
from penstock.core.model_facts import EmbeddingFacts


def text_of(one: EmbeddingInput) -> str:
    """Return the text of an input.

    Raises:
        InvalidRequest: it is token numbers, which only the model's own vendor can read.
    """
    if isinstance(one.content, str):
        return one.content
    msg = "This model's provider takes text only: send strings instead of token numbers, which are another vendor's."
    raise InvalidRequest(msg, code="unsupported_content", param=one.at)


def in_batches(
    inputs: Sequence[EmbeddingInput], most: int, alike: Callable[[EmbeddingInput], object] = lambda _: None
) -> Iterator[tuple[EmbeddingInput, ...]]:
    """Yield the inputs in their order, at most ``most`` together, and only those together that are ``alike``."""
    for _, group in groupby(inputs, alike):
        same = tuple(group)
        for start in range(0, len(same), most):
            yield same[start : start + most]


def below_weight(
    batch: tuple[EmbeddingInput, ...], most: int, weigh: Callable[[str], int]
) -> Iterator[tuple[EmbeddingInput, ...]]:
    """Yield the inputs of a batch in batches that weigh at most ``most``; one that is heavier goes alone."""
    start = weight = 0
    for index, one in enumerate(batch):
        weight += (own := weigh(text_of(one)))
        if weight > most and index > start:
            yield batch[start:index]
            start, weight = index, own
    yield batch[start:]


def size_asked(request: EmbeddingRequest, facts: EmbeddingFacts) -> int | None:
    """Return the size of vectors to be sent; None when none was asked for, or the only one there is.

    Raises:
        InvalidRequest: the model has no vectors of this size. One of another size is of no use to the caller.
    """
    if request.dimensions is None or facts.sizes == (request.dimensions,):
        return None
    if facts.sizes and request.dimensions not in facts.sizes:
        sizes = ", ".join(map(str, facts.sizes))
        msg = f"This model has vectors of {sizes} dimensions, not of {request.dimensions}."
        raise InvalidRequest(msg, code="unsupported_dimensions", param=request.path("dimensions"))
    return request.dimensions


def lost_everywhere(request: EmbeddingRequest, vendor: str) -> Iterator[Loss]:
    """Yield what no provider's own format carries: the end user's name, and another vendor's members."""
    if request.user:
        yield request.loss("user", f"{vendor} has no field for an end user")
    for name in request.extras:
        yield Loss(f"$.{name}", "dropped", f"not a member that {vendor} documents")


def lost_tasks(request: EmbeddingRequest, vendor: str) -> Iterator[Loss]:
    """Yield the tasks and titles of a request towards a vendor that has neither."""
    if any(one.task for one in request.inputs):
        yield request.loss("task", f"{vendor} makes the same vector for every task")
    if any(one.title for one in request.inputs):
        yield request.loss("title", f"{vendor} has no titles")
