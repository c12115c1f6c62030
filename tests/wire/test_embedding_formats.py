"""Formats are found by their ids."""

from __future__ import annotations

from typing import get_args

import pytest

from penstock.core.embedding_format import EmbeddingCallerId, EmbeddingFormatId
from penstock.wire.embedding_formats import find_embedding_caller, find_embedding_format


@pytest.mark.parametrize("name", get_args(EmbeddingFormatId))
def test_every_upstream_format_is_found_under_its_own_id(name: EmbeddingFormatId) -> None:
    assert find_embedding_format(name).id == name


@pytest.mark.parametrize("name", get_args(EmbeddingCallerId))
def test_every_callers_format_is_found_under_its_own_id(name: EmbeddingCallerId) -> None:
    assert find_embedding_caller(name).id == name
