"""Whose signature it is."""

from __future__ import annotations

import pytest

from penstock.wire.claude_signatures import is_claudes


@pytest.mark.parametrize(
    ("signature", "claudes"), [("EqQBCkYIBBgC+/==", True), ("gemini:EqQB", False), ("", False), (None, False)]
)
def test_signatures_of_other_vendors_are_marked(signature: str | None, claudes: bool) -> None:
    assert is_claudes(signature) is claudes
