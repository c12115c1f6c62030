"""Gemini's ``countTokens`` on its two hosts.

On AI Studio the body has contents alone, or a whole request that names its model again; on Vertex AI some members of
one. https://ai.google.dev/api/tokens and
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens (read 2026-11-23).
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from penstock.simulator.dialect import Prepared
from penstock.simulator.gemini.dialect import GEMINI
from penstock.simulator.gemini.proto import message
from penstock.simulator.gemini.request import read_request
from penstock.simulator.native import NativeQuestion, refuse
from penstock.simulator.request_fields import Fields


def prepare_studio_count(question: NativeQuestion) -> Prepared:
    """Count on AI Studio.

    Raises:
        VendorError: it would refuse the body, or the request in it.
    """
    body = message(question.body, frozenset({"contents", "generateContentRequest"}))
    whole = body.fields("generateContentRequest")
    if whole is None:
        return _count(question, body)
    if body.has("contents"):
        refuse("contents and generate_content_request are mutually exclusive", "contents")
    if whole.needed_text("model") != f"models/{question.model}":
        refuse("* CountTokensRequest.generate_content_request.model: must be the model of the address", whole.path)
    return _count(question, Fields(whole.members))


def prepare_vertex_count(question: NativeQuestion) -> Prepared:
    """Count on Vertex AI.

    Raises:
        VendorError: it would refuse the body.
    """
    known = frozenset({"contents", "systemInstruction", "tools", "generationConfig", "instances", "model"})
    return _count(question, message(question.body, known))


def _count(question: NativeQuestion, body: Fields) -> Prepared:
    counted = read_request(replace(question, body=body)).ask.prompt_tokens()
    details = [{"modality": "TEXT", "tokenCount": counted}]
    answer = msgspec.json.encode({"totalTokens": counted, "promptTokensDetails": details})
    return Prepared(question.headers, answer, dialect=GEMINI)
