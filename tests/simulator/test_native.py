from __future__ import annotations

import re

import pytest

from penstock.simulator.anthropic.dialect import ANTHROPIC
from penstock.simulator.conversation import Ask, JsonOutput, Message
from penstock.simulator.dialect import Prepared
from penstock.simulator.native import CONTEXT_WINDOW_TOKENS, Operation, answered, only, refuse, worded
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.request_fields import Fields

OPERATION = Operation(
    name="x",
    path=re.compile(r"/m/(?P<model>[^/]+)/do"),
    dialect=ANTHROPIC,
    check_caller=lambda _knock: None,
    prepare=lambda question: Prepared(question.headers),
)


@pytest.mark.parametrize(
    ("path", "model"), [("/m/a%2Fb%3A1/do", "a/b:1"), ("/m/a/do", "a"), ("/m/a/b/do", None), ("/m//do", None)]
)
def test_a_model_is_read_from_a_path(path: str, model: str | None) -> None:
    assert OPERATION.model(path) == model


def test_a_prompt_beyond_the_window_is_refused_with_its_size() -> None:
    ask = Ask(vendor="", model="m", messages=(Message("user", "a b " * CONTEXT_WINDOW_TOKENS),))
    with pytest.raises(VendorError) as found:
        answered(ask)
    assert found.value.facts["window"] == CONTEXT_WINDOW_TOKENS


def test_a_schema_that_nothing_obeys_is_refused() -> None:
    ask = Ask(vendor="", model="m", messages=(), json_output=JsonOutput(schema=False))
    with pytest.raises(VendorError, match="Invalid schema"):
        answered(ask)


def test_members_that_are_not_known_are_refused_with_their_place() -> None:
    with pytest.raises(VendorError) as found:
        only(Fields({"a": 1, "b": 2}, "x[0]"), frozenset({"a"}))
    assert (found.value.param, found.value.code) == ("x[0].b", "unknown_member")


def test_a_refusal_has_the_vendor_s_words_where_there_are_any() -> None:
    with pytest.raises(VendorError) as found:
        refuse("ours", "a.b", "some_code")
    assert worded(found.value, {"some_code": "at {place}"}, "a/b") == "at a/b (simulated)"
    assert worded(found.value, {}, "a/b") == "ours (simulated)"
