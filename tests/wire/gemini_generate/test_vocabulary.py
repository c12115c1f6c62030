from __future__ import annotations

from typing import get_args

from google.genai import types as genai

from penstock.core.chat_answer import ErrorKind, FinishReason
from penstock.data import all_rows
from penstock.wire.gemini_generate import vocabulary as words

RPC_CODES = {
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
}
"""google.rpc.Code but OK, https://cloud.google.com/apis/design/errors (read 2026-11-23)."""


def test_every_finish_reason_of_the_sdk_has_a_meaning() -> None:
    assert words.FINISH_REASONS.keys() == {reason.value for reason in genai.FinishReason}
    assert set(words.FINISH_REASONS.values()) <= set(get_args(FinishReason))


def test_every_block_reason_of_the_sdk_has_a_meaning() -> None:
    assert words.BLOCK_REASONS.keys() == {reason.value for reason in genai.BlockedReason}
    assert set(words.BLOCK_REASONS.values()) <= set(get_args(FinishReason))


def test_every_word_for_an_error_has_a_meaning() -> None:
    assert words.ERRORS.keys() == RPC_CODES
    kinds = {*words.ERRORS.values(), *words.ERRORS_BY_STATUS.values(), *words.ERRORS_BY_REASON.values()}
    assert kinds <= set(get_args(ErrorKind))


def test_what_is_said_to_gemini_is_in_its_vocabulary() -> None:
    assert set(words.TOOL_MODES.values()) <= {mode.value for mode in genai.FunctionCallingConfigMode}
    assert set(words.RESOLUTIONS.values()) <= {level.value for level in genai.PartMediaResolutionLevel}
    tools = {field.alias for field in genai.Tool.model_fields.values()}
    assert set(words.VENDOR_TOOLS.values()) <= tools


def test_levels_of_geminis_rows_are_ones_that_the_sdk_knows() -> None:
    rows = [row for row in all_rows() if row.pattern.startswith("gemini")]
    assert rows
    for row in rows:
        assert {effort.upper() for effort in row.facts.efforts} <= {level.value for level in genai.ThinkingLevel}
        assert row.facts.thinking != "level" or row.facts.efforts
        assert row.facts.thinking != "budget" or row.facts.thinking_budget
