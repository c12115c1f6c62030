"""OpenAI embeddings, as far as a relay between two ends of this format must understand them: model, usage and errors.

https://platform.openai.com/docs/api-reference/embeddings (read 2026-11-23), checked against the types of the Python SDK
3.54. Vectors are never decoded here.
"""

from __future__ import annotations

import msgspec

from penstock.core.endpoint import AnswerFacts, RequestFacts, UsageReader
from penstock.core.json_object import TEXT, JsonObject
from penstock.core.usage import UNREPORTED
from penstock.wire.openai_errors import describe_error
from penstock.wire.openai_usage import read_openai_usage


class _Answer(msgspec.Struct):
    usage: object = None
    model: object = None
    error: object = None
    data: msgspec.Raw = msgspec.Raw(b"")


_answer_decoder = msgspec.json.Decoder(_Answer)


def read_request(body: JsonObject) -> RequestFacts:
    """Return what a relay must know of the request; embeddings never stream.

    Raises:
        InvalidRequest: a field it needs has another type, or stands twice.
    """
    return RequestFacts(model=body.read("model", TEXT), stream=False, wants_usage_event=False)


def read_answer(body: bytes, read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of a whole answer.

    Raises:
        ValueError: not JSON, or neither vectors nor an error.
    """
    try:
        answer = _answer_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not an embeddings answer: {error}"
        raise ValueError(msg) from error
    if not answer.error and not bytes(answer.data).startswith(b"["):
        msg = "an answer without vectors"
        raise ValueError(msg)
    return AnswerFacts(
        usage=(read_usage or read_openai_usage)(answer.usage) if isinstance(answer.usage, dict) else UNREPORTED,
        model=answer.model if isinstance(answer.model, str) else None,
        error=describe_error(answer.error) if answer.error else None,
    )
