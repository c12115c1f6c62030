"""Bedrock's CountTokens: the tokens of a request for Converse or for InvokeModel with Claude's body.

Only foundation models of Anthropic count, by their own ids: profiles of inference (``us.anthropic...``) and models of
others are refused.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html; which models count:
https://alchemy.run/providers/aws/bedrock/counttokens (read 2026-11-23).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import replace

import msgspec

from penstock.simulator.anthropic.api import BEDROCK_VERSION, read_hosted
from penstock.simulator.bedrock.converse import read_ask
from penstock.simulator.bedrock.dialect import CONVERSE
from penstock.simulator.conversation import Ask
from penstock.simulator.dialect import Prepared
from penstock.simulator.native import NativeQuestion, refuse
from penstock.simulator.prompt_cache import Prefix
from penstock.simulator.request_fields import Fields, read_body

COUNTING = ("anthropic.", "fault-")
"""How the names of models that count begin; those of faults are of any vendor."""


def prepare_count(question: NativeQuestion) -> Prepared:
    """Count the tokens of a prompt.

    Raises:
        VendorError: the model does not count, or Bedrock would refuse the request that is to be counted.
    """
    if not question.model.startswith(COUNTING):
        refuse("The provided model doesn't support counting tokens.")
    body = msgspec.json.encode({"inputTokens": _read(question).prompt_tokens()})
    return Prepared(question.headers, body, dialect=CONVERSE)


def _read(question: NativeQuestion) -> Ask:
    given = question.body.needed_fields("input")
    kinds = [name for name in ("converse", "invokeModel") if given.has(name)]
    if len(kinds) != 1:
        refuse("Exactly one of converse and invokeModel must be set in input.", "input")
    inner = given.needed_fields(kinds[0])
    if kinds == ["converse"]:
        return read_ask(replace(question, body=Fields(inner.members)), Prefix())
    text = inner.needed_text("body")
    try:
        invoked = read_body(b64decode(text, validate=True))
    except binascii.Error:
        refuse("The body of invokeModel is not base64.", inner.at("body"))
    return read_hosted(replace(question, body=invoked), BEDROCK_VERSION, stream=False).ask
