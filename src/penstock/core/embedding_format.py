"""What an embeddings wire format declares, so that the relay translates between any two of them by the same code.

Providers differ in how many inputs one call takes, so one request becomes one or more calls, which the relay may send
at the same time; their replies, in the order of the calls, are lifted together. The functions are pure. Addresses,
credentials and how many calls run at once are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from penstock.core.chat_answer import VendorError
from penstock.core.embeddings import EmbeddingAnswer, EmbeddingRequest
from penstock.core.json_object import JsonObject
from penstock.core.loss import Loss
from penstock.core.model_facts import ModelFacts

EmbeddingFormatId = Literal[
    "titan_embeddings",
    "cohere_bedrock_embeddings",
    "vertex_predict_embeddings",
    "vertex_embed_content",
    "gemini_batch_embed",
    "cohere_embed",
]
EmbeddingCallerId = Literal["openai_embeddings"]


class EmbeddingCall(NamedTuple):
    """One request to the provider, and how many of the caller's inputs it carries."""

    body: bytes
    inputs: int


class LoweredEmbeddings(NamedTuple):
    """A request in an upstream's format; the calls carry the inputs in their order."""

    calls: tuple[EmbeddingCall, ...]
    losses: tuple[Loss, ...]


class EmbeddingReply(NamedTuple):
    """The successful answer to one call, and how many vectors it must hold."""

    body: bytes
    inputs: int
    headers: Mapping[bytes, bytes]
    """Names in lower case (AWS counts tokens there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingFormat:
    """How to ask a provider for vectors in its own format."""

    id: EmbeddingFormatId
    lower: Callable[[EmbeddingRequest, str, ModelFacts], LoweredEmbeddings]
    """Request, the model's name there, facts of that model; ``InvalidRequest`` for what the provider cannot take."""
    lift_answer: Callable[[Sequence[EmbeddingReply], str], EmbeddingAnswer]
    """Replies in the order of the calls, and the model's name; ``ValueError`` when one is not the format."""
    read_error: Callable[[int, bytes, Mapping[bytes, bytes]], VendorError]
    """Status, body (JSON or not) and headers of an error answer; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingCaller:
    """How to speak with a caller that asks for vectors."""

    id: EmbeddingCallerId
    lift: Callable[[JsonObject], EmbeddingRequest]
    """The caller's body; ``InvalidRequest`` naming the JSON path where it is not the format."""
    lower_answer: Callable[[EmbeddingAnswer, EmbeddingRequest], bytes]
    render_vendor_error: Callable[[VendorError, str], bytes]
    """The vendor's error and our request id to a body in the caller's format (the status stays the vendor's)."""
