"""Bedrock's InvokeModel: the body of each model's own vendor. Claude's messages, Titan's and Cohere's embeddings.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html,
.../model-parameters-titan-embed-text.html, .../model-parameters-embed.html (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from penstock.simulator import tokens
from penstock.simulator.anthropic.answer import message_body, message_events
from penstock.simulator.anthropic.api import BEDROCK_VERSION, data_of, read_hosted, stamp_of
from penstock.simulator.bedrock.dialect import INVOKE, METRICS, chunk
from penstock.simulator.dialect import Prepared
from penstock.simulator.native import NativeQuestion, answered, only, refuse
from penstock.simulator.request_fields import Fields
from penstock.simulator.script import Headers
from penstock.simulator.vectors import unit_vector

TITAN_DIMENSIONS = (1024, 512, 256)
TITAN_V1_DIMENSIONS = 1536
COHERE_DIMENSIONS = 1024
COHERE_V4_DIMENSIONS = (1536, 1024, 512, 256)
MAX_TITAN_CHARS = 50_000
MAX_COHERE_TEXTS = 96
MAX_COHERE_CHARS = 2048
INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")
_encode = msgspec.json.encode


def prepare_invoke(question: NativeQuestion) -> Prepared:
    """Answer InvokeModel by the model's name; a fault's model is of the vendor whose body it gets.

    Raises:
        VendorError: the model's vendor would refuse it.
    """
    model, body = question.model, question.body
    is_fault = model.startswith("fault-")
    if "titan-embed" in model or (is_fault and body.has("inputText")):
        return _prepare_titan(question)
    if "cohere.embed" in model or (is_fault and body.has("texts")):
        return _prepare_cohere(question)
    request = read_hosted(question, BEDROCK_VERSION, stream=False)
    found = answered(request.ask)
    counted = found.completion_tokens()
    headers = _counted(question, found.prompt_tokens, counted)
    return Prepared(headers, message_body(found, stamp_of(question, request)), tokens=counted, dialect=INVOKE)


def prepare_invoke_stream(question: NativeQuestion) -> Prepared:
    """Answer InvokeModelWithResponseStream, which embeddings have not.

    Raises:
        VendorError: Anthropic would refuse it.
    """
    if "embed" in question.model:
        refuse("The model is unsupported for streaming.")
    request = read_hosted(question, BEDROCK_VERSION, stream=True)
    found = answered(request.ask)
    counted = found.completion_tokens()
    metrics: dict[str, object] = {
        "inputTokenCount": found.prompt_tokens,
        "outputTokenCount": counted,
        "invocationLatency": 1,
        "firstByteLatency": 1,
    }
    events = _chunks(data_of(message_events(found, stamp_of(question, request))), metrics)
    return Prepared(question.headers, events=events, tokens=counted, dialect=INVOKE)


def _chunks(events: Iterator[bytes], metrics: dict[str, object]) -> Iterator[bytes]:
    """Yield each event in its frame; Bedrock passes no pings, and puts its own counts into the last."""
    for event in events:
        if event == b'{"type":"ping"}':
            continue
        if event == b'{"type":"message_stop"}':
            event = _encode({"type": "message_stop", METRICS: metrics})  # noqa: PLW2901  # the same event, with more in it
        yield chunk(event)


def _counted(question: NativeQuestion, prompt: int, answer: int = 0) -> Headers:
    return (
        *question.headers,
        (b"x-amzn-bedrock-input-token-count", b"%d" % prompt),
        (b"x-amzn-bedrock-output-token-count", b"%d" % answer),
    )


# --- embeddings


def _prepare_titan(question: NativeQuestion) -> Prepared:
    body, model = question.body, question.model
    is_first = "v1" in model or "g1" in model
    only(body, frozenset({"inputText", *(() if is_first else ("dimensions", "normalize", "embeddingTypes"))}))
    text = body.needed_text("inputText")
    if not text or len(text) > MAX_TITAN_CHARS:
        refuse(
            f"Malformed input request: expected minLength: 1, maxLength: {MAX_TITAN_CHARS}, actual: {len(text)}, "
            "please reformat your input and try again."
        )
    size = TITAN_V1_DIMENSIONS if is_first else body.integer("dimensions") or TITAN_DIMENSIONS[0]
    if not is_first and size not in TITAN_DIMENSIONS:
        refuse(f"Malformed input request: #/dimensions: {size} is not a valid enum value")
    body.flag("normalize")
    vector = unit_vector(size, model, f"text:{text}").tolist()
    counted = tokens.count(text)
    answer: dict[str, object] = {"embedding": vector, "inputTextTokenCount": counted}
    if not is_first:
        answer["embeddingsByType"] = {"float": vector}
    return Prepared(_counted(question, counted), _encode(answer), tokens=1, dialect=INVOKE)


def _prepare_cohere(question: NativeQuestion) -> Prepared:
    body, model = question.body, question.model
    is_fourth = "v4" in model
    known = ("texts", "input_type", "truncate", "embedding_types", "images")
    only(body, frozenset({*known, *(("output_dimension", "max_tokens", "inputs") if is_fourth else ())}))
    body.needed_choice("input_type", INPUT_TYPES)
    body.choice("truncate", ("NONE", "START", "END", "LEFT", "RIGHT"))
    texts = _read_texts(body)
    size = (body.integer("output_dimension") or COHERE_V4_DIMENSIONS[0]) if is_fourth else COHERE_DIMENSIONS
    if is_fourth and size not in COHERE_V4_DIMENSIONS:
        refuse(f"Malformed input request: #/output_dimension: {size} is not a valid enum value")
    vectors = [unit_vector(size, model, f"text:{text}").tolist() for text in texts]
    kinds = body.array("embedding_types")
    if kinds is not None and kinds != ["float"]:
        refuse("embedding_types other than 'float' are not simulated", "embedding_types")
    answer: dict[str, object] = {
        "id": question.id,
        "response_type": "embeddings_floats" if kinds is None else "embeddings_by_type",
        "embeddings": vectors if kinds is None else {"float": vectors},
        "texts": texts,
    }
    counted = sum(tokens.count(text) for text in texts)
    return Prepared(_counted(question, counted), _encode(answer), tokens=1, dialect=INVOKE)


def _read_texts(body: Fields) -> list[str]:
    if not body.has("texts"):
        refuse("Malformed input request: #: required key [texts] not found, please reformat your input and try again.")
    found = body.array("texts", most=MAX_COHERE_TEXTS) or []
    for index, text in enumerate(found):
        if not isinstance(text, str) or not 0 < len(text) <= MAX_COHERE_CHARS:
            refuse(
                f"Malformed input request: #/texts/{index}: expected a string with minLength: 1, maxLength: "
                f"{MAX_COHERE_CHARS}, please reformat your input and try again."
            )
    return msgspec.convert(found, list[str])
