"""The neutral form of an embeddings request and its answer, between any two wire formats.

A request is some inputs, each a text or a list of token numbers, and how their vectors are to be made. What only one
caller's format has travels in ``extras``. Tasks (what a vector is for) are here because three vendors ask for them and
two of them require or prefer one: a query and a document that mean the same are not embedded alike. Images and other
media are not in this form, and neither is which word of a vendor means which word here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from penstock.core.loss import Loss, LossKind
from penstock.core.usage import UNREPORTED, Usage

EmbeddingTask = Literal[
    "document",
    "query",
    "classification",
    "clustering",
    "similarity",
    "question_answering",
    "fact_verification",
    "code_query",
]
"""What a vector is for. ``document`` and ``query`` are the two sides of a search."""

Truncation = Literal["none", "start", "end"]
"""What becomes of an input that is too long: an error, or the loss of its start or its end."""

VectorEncoding = Literal["float", "base64"]


class EmbeddingInput(msgspec.Struct, frozen=True):
    """One text or one list of token numbers; ``at`` is where it stood in the caller's body (``input[3]``)."""

    content: str | tuple[int, ...]
    task: EmbeddingTask | None = None
    title: str | None = None
    """Title of a document, which helps Google's models."""
    at: str = "input"


class EmbeddingRequest(msgspec.Struct):
    """What a caller asks for. A field that is None was not said, and is then not said to the provider either."""

    vendor: str
    """Id of the caller's format, whose vendor's bag may be in here."""
    paths: Mapping[str, str]
    """Field of this struct, or ``task`` and ``title`` of all inputs, to the caller's name of it, where it differs."""
    inputs: tuple[EmbeddingInput, ...]
    model: str | None = None
    dimensions: int | None = None
    encoding: VectorEncoding = "float"
    truncate: Truncation | None = None
    normalize: bool | None = None
    """Whether vectors are to have length one, as OpenAI's always have."""
    user: str | None = None
    extras: dict[str, msgspec.Raw] = {}
    """Further members of the caller's body, for an upstream of the same vendor; others report each as lost."""

    def path(self, field: str) -> str:
        """Return the caller's path of a field."""
        return self.paths.get(field, field)

    def loss(self, field: str, why: str, kind: LossKind = "dropped") -> Loss:
        """Return the report that a field could not be carried as it is."""
        return Loss(path=f"$.{self.path(field)}", kind=kind, why=why)


class Embedding(msgspec.Struct):
    """The vector of one input: numbers, or base64 of little-endian 32-bit floats, kept as it came."""

    vector: list[float] | str
    truncated: bool | None = None
    """Whether the input was cut to the model's limit, where the vendor says so."""


class EmbeddingAnswer(msgspec.Struct):
    """The vectors, in the order of the inputs."""

    model: str
    embeddings: list[Embedding]
    usage: Usage = UNREPORTED
