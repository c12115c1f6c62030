"""The operations of Gemini on its two hosts, AI Studio and Vertex AI, and of Claude on Vertex AI.

https://ai.google.dev/api/generate-content, https://ai.google.dev/api/embeddings,
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api and
https://platform.claude.com/docs/en/api/claude-on-vertex-ai (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.simulator import tokens
from penstock.simulator.anthropic import api as anthropic
from penstock.simulator.callers import key_in
from penstock.simulator.dialect import Prepared
from penstock.simulator.gemini.answer import Stamp, response_body, response_events
from penstock.simulator.gemini.contents import read_part, wants_signatures
from penstock.simulator.gemini.dialect import API_KEY_INVALID, GEMINI
from penstock.simulator.gemini.proto import message
from penstock.simulator.gemini.request import read_request
from penstock.simulator.native import Knock, NativeQuestion, answered, refuse
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.request_fields import Fields
from penstock.simulator.vectors import unit_vector

MAX_BATCH = 100
MAX_INSTANCES = 250
GEMINI_DIMENSIONS = 3072
OTHER_DIMENSIONS = 768
_EMBED_MEMBERS = frozenset({"model", "content", "taskType", "title", "outputDimensionality", "autoTruncate"})
TASKS = (
    *("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING"),
    *("QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY", "TASK_TYPE_UNSPECIFIED"),
)
_encode = msgspec.json.encode
_check_key = key_in("x-goog-api-key")


def check_studio_caller(knock: Knock) -> None:
    """Check for an API key, as AI Studio does.

    Raises:
        VendorError: there is none (403), or another one is required (400).
    """
    try:
        _check_key(knock)
    except VendorError as error:
        if error.code == "missing_credentials":
            said = "Method doesn't allow unregistered callers (callers without established identity)."
            raise VendorError(403, said) from error
        said = "API key not valid. Please pass a valid API key."
        raise VendorError(400, said, code=API_KEY_INVALID) from error


def prepare_generate(question: NativeQuestion) -> Prepared:
    """Answer generateContent or streamGenerateContent.

    Raises:
        VendorError: Gemini would refuse it.
    """
    request = read_request(question)
    found = answered(request.ask)
    on_studio = question.service == STUDIO
    stamp = Stamp(question.id, question.model, request.shows_thoughts, wants_signatures(question.model), on_studio)
    counted = found.completion_tokens()
    if question.operation != "streamGenerateContent":
        return Prepared(question.headers, response_body(found, stamp), tokens=counted, dialect=GEMINI)
    if "alt=sse" not in question.query.split("&"):
        refuse("the simulator streams with '?alt=sse' only")
    return Prepared(question.headers, events=response_events(found, stamp), tokens=counted, dialect=GEMINI)


STUDIO = "Google Gemini"
"""Title of the service on AI Studio, whose calls of functions carry ids."""


# --- embeddings


def prepare_batch_embed(question: NativeQuestion) -> Prepared:
    """Answer batchEmbedContents of AI Studio.

    Raises:
        VendorError: it would refuse it.
    """
    body = message(question.body, frozenset({"requests"}))
    if not body.members.get("requests"):
        refuse("* BatchEmbedContentsRequest.requests: at least one request is required", "requests")
    values: list[dict[str, object]] = []
    counted = 0
    for fields in body.objects("requests"):
        one = message(fields, _EMBED_MEMBERS)
        if one.needed_text("model") != f"models/{question.model}":
            refuse("* BatchEmbedContentsRequest.requests.model: must be the model of the address", one.at("model"))
        vector, tokens_ = _vector(one, question.model)
        values.append({"values": vector})
        counted += tokens_
    if len(values) > MAX_BATCH:
        refuse(f"* BatchEmbedContentsRequest.requests: at most {MAX_BATCH} requests can be in one batch", "requests")
    answer: dict[str, object] = {"embeddings": values}
    if "gemini-embedding-001" not in question.model:  # older models report no counts
        answer["usageMetadata"] = {"promptTokenCount": counted}
    return Prepared(question.headers, _encode(answer), tokens=1, dialect=GEMINI)


def prepare_embed(question: NativeQuestion) -> Prepared:
    """Answer embedContent; Vertex AI has the settings in an object of their own too.

    Raises:
        VendorError: it would be refused.
    """
    body = message(question.body, _EMBED_MEMBERS | {"embedContentConfig"})
    config = body.fields("embedContentConfig")
    if config is not None:
        body.members |= message(config, _EMBED_MEMBERS - {"model", "content"}).members
    vector, counted = _vector(body, question.model)
    answer = {
        "embedding": {"values": vector},
        "usageMetadata": {"promptTokenCount": counted, "totalTokenCount": counted},
        "truncated": False,
    }
    return Prepared(question.headers, _encode(answer), tokens=1, dialect=GEMINI)


def prepare_predict(question: NativeQuestion) -> Prepared:
    """Answer predict of Vertex AI, which makes vectors.

    Raises:
        VendorError: it would refuse it.
    """
    body = message(question.body, frozenset({"instances", "parameters"}))
    if not body.members.get("instances"):
        refuse("Empty instances.", "instances")
    most = 1 if "gemini-embedding" in question.model else MAX_INSTANCES
    instances = list(body.objects("instances"))
    if len(instances) > most:
        refuse(f"{len(instances)} instance(s) is more than the maximum of {most} for this model.", "instances")
    parameters = body.fields("parameters") or Fields({}, "parameters")
    parameters = message(parameters, frozenset({"outputDimensionality", "autoTruncate"}))
    size = parameters.integer("outputDimensionality", 1, _size(question.model)) or _size(question.model)
    predictions = [_prediction(one, question.model, size) for one in instances]
    return Prepared(question.headers, _encode({"predictions": predictions}), tokens=1, dialect=GEMINI)


def _prediction(fields: Fields, model: str, size: int) -> dict[str, object]:
    instance = message(fields, frozenset({"content", "taskType", "title"}))
    text = instance.needed_text("content")
    instance.choice("taskType", TASKS)
    if not text:
        refuse("The text content is empty.", instance.at("content"))
    statistics = {"truncated": False, "token_count": tokens.count(text)}
    return {"embeddings": {"values": unit_vector(size, model, f"text:{text}").tolist(), "statistics": statistics}}


def _vector(request: Fields, model: str) -> tuple[list[float], int]:
    """Return the vector of an embedding request's content, and what the content counts for."""
    content = message(request.needed_fields("content"), frozenset({"role", "parts"}))
    if not content.members.get("parts"):
        refuse(f"* {content.at('parts')}: must not be empty", content.at("parts"))
    text = "".join(read_part(one).text for one in content.objects("parts"))
    if not text:
        refuse("* EmbedContentRequest.content: contains an empty Part.", content.path)
    request.choice("taskType", TASKS)
    size = request.integer("outputDimensionality", 1, _size(model)) or _size(model)
    return unit_vector(size, model, f"text:{text}").tolist(), tokens.count(text)


def _size(model: str) -> int:
    return GEMINI_DIMENSIONS if "gemini" in model else OTHER_DIMENSIONS


# --- Claude


def prepare_raw_predict(question: NativeQuestion) -> Prepared:
    """Answer rawPredict and streamRawPredict of Claude on Vertex AI.

    Raises:
        VendorError: Anthropic would refuse it.
    """
    stream = question.operation == "streamRawPredict"
    request = anthropic.read_hosted(question, anthropic.VERTEX_VERSION, stream=stream)
    return anthropic.prepare_answer(question, request, stream=stream)
