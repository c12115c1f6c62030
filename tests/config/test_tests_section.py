import pytest
from pydantic import ValidationError

from penstock.config.tests_section import ConfigTestSection, ExpectationSection


def test_short_forms_stand_for_a_model_and_its_only_target() -> None:
    test = ConfigTestSection.model_validate({"request": "fast", "expect": "openai/gpt-5-mini"})

    assert test.request.model == "fast"
    assert test.request.path == "/v1/chat/completions"
    assert test.expect.targets is not None
    assert [(each.backend, each.model) for each in test.expect.targets] == [("openai", "gpt-5-mini")]


def test_an_error_is_a_code_or_a_mapping() -> None:
    short = ExpectationSection.model_validate({"error": "model_not_found"})
    long = ExpectationSection.model_validate({"error": {"status": 404}})

    assert short.error is not None
    assert (short.error.status, short.error.code) == (None, "model_not_found")
    assert long.error is not None
    assert (long.error.status, long.error.code) == (404, None)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "needs model, targets, losses or error"),
        ({"error": {}}, "needs status or code"),
        ({"error": "x", "targets": ["a"]}, "takes either error, or targets and losses"),
        ({"targets": []}, "at least 1 item"),
        ({"target": "a"}, "Extra inputs are not permitted"),
    ],
)
def test_expectations_that_say_nothing_or_two_things_are_refused(value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ExpectationSection.model_validate(value)
