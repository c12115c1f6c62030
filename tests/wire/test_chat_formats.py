"""Formats are found by name, and what nobody speaks is said."""

from __future__ import annotations

from typing import cast, get_args

import pytest

from penstock.core.chat_format import FormatId
from penstock.wire.chat_formats import find_caller_format, find_upstream_format


def test_openai_chat_is_spoken_by_callers() -> None:
    assert find_caller_format("openai_chat").id == "openai_chat"


@pytest.mark.parametrize("format_id", ["bedrock_converse", "gemini_generate", "cohere_chat"])
def test_no_caller_speaks_the_formats_of_providers_alone(format_id: FormatId) -> None:
    with pytest.raises(LookupError, match=f"no caller speaks {format_id}"):
        find_caller_format(format_id)


def test_a_format_that_is_not_there_is_not_found() -> None:
    with pytest.raises(LookupError, match="no provider speaks klingon"):
        find_upstream_format(cast(FormatId, "klingon"))


@pytest.mark.parametrize("format_id", get_args(FormatId))
def test_what_a_format_declares_has_its_own_name(format_id: FormatId) -> None:
    for find in (find_caller_format, find_upstream_format):
        try:
            declared = find(format_id)
        except LookupError:
            continue
        assert declared.id == format_id
