from __future__ import annotations

import pytest

from penstock.config.similar_names import find_similar, hint


@pytest.mark.parametrize(("wanted", "found"), [("opnai", "openai"), ("GROQ", "groq"), ("zzz", None)])
def test_most_similar_name_is_found_whatever_its_case(wanted: str, found: str | None) -> None:
    assert find_similar(wanted, ["groq", "openai", "openrouter"]) == found


def test_hint_is_the_similar_name_or_else_all_names() -> None:
    assert hint("opnai", ["openai", "groq"]) == '; did you mean "openai"?'
    assert hint("zzz", ["openai", "groq"]) == "; there are: openai, groq"
    assert hint("zzz", []) == ""


def test_hint_stays_short() -> None:
    assert hint("zzz", [f"name{number}" for number in range(1_000)]).endswith(", name29 and 970 more")
