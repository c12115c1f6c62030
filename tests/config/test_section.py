"""What every mapping of a configuration file has in common."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from penstock.config.section import Section, split_target


class Short(Section):
    has_short_form = True

    name: str = "nobody"

    @classmethod
    def expand(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value


class Strict(Section):
    name: str


def test_an_empty_value_is_an_empty_mapping() -> None:
    assert Short.model_validate(None).name == "nobody"


def test_a_short_form_becomes_the_long_one() -> None:
    assert Short.model_validate("me") == Short.model_validate({"name": "me"})


def test_a_key_that_is_no_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="nmae"):
        Strict.model_validate({"nmae": "x"})


def test_editors_are_told_what_may_stand_instead_of_the_mapping() -> None:
    assert Short.model_json_schema()["type"] == ["object", "string", "null"]
    assert Strict.model_json_schema()["type"] == ["object"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("groq", {"backend": "groq"}),
        ("groq/llama", {"backend": "groq", "model": "llama"}),
        ("groq/meta/llama", {"backend": "groq", "model": "meta/llama"}),
        ("groq/", {"backend": "groq", "model": ""}),
        ({"backend": "groq"}, {"backend": "groq"}),
        (5, 5),
    ],
)
def test_a_target_is_a_backend_and_a_model_behind_the_first_slash(short: object, long: object) -> None:
    assert split_target(short) == long
