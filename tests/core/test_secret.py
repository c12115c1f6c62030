"""A secret shows itself to nobody who does not ask for it by name."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.secret import MASK, Secret

VALUE = "sk-very-secret-value"


@dataclasses.dataclass
class Holder:
    name: str
    key: Secret


def test_the_value_is_there_for_who_asks() -> None:
    assert Secret(VALUE).reveal() == VALUE


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(VALUE)),
        str(Secret(VALUE)),
        f"{Secret(VALUE)}",
        f"{Secret(VALUE)!r:>40}",
        f"{Secret(VALUE)!s}",
        f"{Secret(VALUE):s}",
        "%s %r" % (Secret(VALUE), Secret(VALUE)),  # noqa: UP031 - the way logging formats
        ascii(Secret(VALUE)),
        str([Secret(VALUE)]),
        str({"key": Secret(VALUE)}),
        repr(Holder("a", Secret(VALUE))),
        str(ValueError(Secret(VALUE))),
    ],
)
def test_no_way_of_printing_shows_it(shown: str) -> None:
    assert VALUE not in shown
    assert MASK in shown


def test_a_log_line_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("key %s of %r", Secret(VALUE), Holder("a", Secret(VALUE)))
    assert VALUE not in caplog.text
    assert MASK in caplog.text


def test_a_traceback_with_its_locals_does_not_show_it() -> None:
    def fail(secret: Secret) -> None:
        raise RuntimeError(secret)

    with pytest.raises(RuntimeError) as caught:
        fail(Secret(VALUE))
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert VALUE not in text
    assert MASK in text


@pytest.mark.parametrize(
    "serialise", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.msgpack.encode]
)
def test_it_is_not_serialised(serialise: object) -> None:
    assert callable(serialise)
    with pytest.raises(TypeError) as caught:
        serialise(Secret(VALUE))
    assert VALUE not in str(caught.value)


def test_it_has_no_dictionary_to_look_into() -> None:
    assert not hasattr(Secret(VALUE), "__dict__")
    with pytest.raises(TypeError):
        vars(Secret(VALUE))


@given(st.text(), st.text())
def test_equal_secrets_are_equal_and_nothing_else_is(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) != one
    assert (hash(Secret(one)) == hash(Secret(other))) or one != other
    assert bool(Secret(one)) is bool(one)


def test_a_secret_that_came_from_the_environment_as_raw_bytes_can_be_compared() -> None:
    raw = b"\xff".decode("utf-8", "surrogateescape")
    assert Secret(raw) == Secret(raw)
    assert Secret(raw) != Secret("other")
