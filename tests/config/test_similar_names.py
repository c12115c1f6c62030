from __future__ import annotations

import pytest

from penstock.config.similar_names import describe_unset, find_similar, hint


@pytest.mark.parametrize(("wanted", "found"), [("opnai", "openai"), ("GROQ", "groq"), ("zzz", None)])
def test_most_similar_name_is_found_whatever_its_case(wanted: str, found: str | None) -> None:
    assert find_similar(wanted, ["groq", "openai", "openrouter"]) == found


def test_hint_is_the_similar_name_or_else_all_names() -> None:
    assert hint("opnai", ["openai", "groq"]) == '; did you mean "openai"?'
    assert hint("zzz", ["openai", "groq"]) == "; there are: openai, groq"
    assert hint("zzz", []) == ""


def test_hint_stays_short() -> None:
    assert hint("zzz", [f"name{number}" for number in range(1_000)]).endswith(", name29 and 970 more")


def test_a_variable_that_is_not_set_may_be_another_one_or_have_a_default() -> None:
    assert describe_unset("OPNAI_KEY", {"OPENAI_KEY": "x"}) == (
        'the environment variable OPNAI_KEY is not set; did you mean "OPENAI_KEY"?'
    )
    assert describe_unset("ZZZ", {}) == "the environment variable ZZZ is not set; set it, or write ${ZZZ:-default}"
