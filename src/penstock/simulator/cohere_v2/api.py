"""The operations of Cohere's API v2: chat and embed.

https://docs.cohere.com/reference/chat and https://docs.cohere.com/reference/embed (read 2026-11-23).
"""

from __future__ import annotations

from array import array

import msgspec

from penstock.simulator import tokens
from penstock.simulator.cohere_v2.answer import chat_body, chat_events
from penstock.simulator.cohere_v2.dialect import COHERE
from penstock.simulator.cohere_v2.request import read_request
from penstock.simulator.dialect import Prepared
from penstock.simulator.native import NativeQuestion, answered, only, refuse
from penstock.simulator.request_fields import Fields
from penstock.simulator.vectors import as_base64, unit_vector

EMBED_MEMBERS = frozenset(
    (
        *("model", "input_type", "texts", "images", "inputs", "max_tokens", "output_dimension", "embedding_types"),
        *("truncate", "priority"),
    )
)
INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")
DIMENSIONS = (256, 512, 1024, 1536)
MAX_INPUTS = 96


def prepare_chat(question: NativeQuestion) -> Prepared:
    """Answer a chat request.

    Raises:
        VendorError: Cohere would refuse it.
    """
    ask, stream = read_request(question)
    found = answered(ask)
    counted = found.completion_tokens()
    if stream:
        return Prepared(question.headers, events=chat_events(found, question.id), tokens=counted, dialect=COHERE)
    return Prepared(question.headers, chat_body(found, question.id), tokens=counted, dialect=COHERE)


def prepare_embed(question: NativeQuestion) -> Prepared:
    """Answer an embeddings request.

    Raises:
        VendorError: Cohere would refuse it.
    """
    body, model = question.body, question.model
    only(body, EMBED_MEMBERS)
    body.needed_choice("input_type", INPUT_TYPES)
    body.choice("truncate", ("NONE", "START", "END"))
    texts = _read_texts(body)
    kinds = body.array("embedding_types") if body.members.get("embedding_types") else ["float"]
    vectors = [unit_vector(_size(body, model), model, f"text:{text}") for text in texts]
    answer: dict[str, object] = {
        "id": question.id,
        "response_type": "embeddings_by_type",
        "embeddings": {str(kind): [_written(vector, kind) for vector in vectors] for kind in kinds or ()},
        "texts": texts,
        "meta": {
            "api_version": {"version": "2"},
            "billed_units": {"input_tokens": sum(tokens.count(text) for text in texts)},
        },
    }
    return Prepared(question.headers, msgspec.json.encode(answer), tokens=1, dialect=COHERE)


def _read_texts(body: Fields) -> list[str]:
    given = [name for name in ("texts", "images", "inputs") if body.has(name)]
    if len(given) != 1:
        refuse("exactly one of texts, images and inputs must be given", "texts")
    if given == ["images"]:
        refuse("images are not simulated", "images")
    if given == ["inputs"]:
        return [_read_input(fields) for fields in body.objects("inputs", most=MAX_INPUTS)]
    texts = body.array("texts", most=MAX_INPUTS) or []
    if not all(isinstance(text, str) and text for text in texts):
        refuse("texts must be strings that are not empty", "texts")
    return msgspec.convert(texts, list[str])


def _read_input(fields: Fields) -> str:
    parts = list(fields.objects("content"))
    for part in parts:
        part.needed_choice("type", ("text",))
    return "".join(part.needed_text("text") for part in parts)


def _size(body: Fields, model: str) -> int:
    asked = body.integer("output_dimension")
    if "v4" not in model and not model.startswith("fault-"):
        if asked is not None:
            refuse("output_dimension is only supported by embed-v4 models", "output_dimension")
        return 384 if "light" in model else 1024
    if asked is not None and asked not in DIMENSIONS:
        refuse(f"output_dimension must be one of {', '.join(map(str, DIMENSIONS))}", "output_dimension")
    return asked or DIMENSIONS[-1]


def _written(vector: array[float], kind: object) -> object:
    """Return a vector as one of Cohere's kinds of numbers."""
    if kind == "float":
        return vector.tolist()
    if kind == "base64":
        return as_base64(vector)
    if kind not in ("int8", "uint8"):
        refuse(f"embedding_types: {str(kind)[:40]} is unknown or not simulated", "embedding_types")
    return [round(component * 127) + (128 if kind == "uint8" else 0) for component in vector]
