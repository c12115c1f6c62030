from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, AwareDatetime, TypeAdapter

from penstock.simulator.chance import chance
from penstock.simulator.schema.document import Node
from penstock.simulator.schema.strings import FORMATS, write_string

LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
READERS: dict[str, type[object]] = {
    "date": date,
    "time": time,
    "date-time": AwareDatetime,
    "duration": timedelta,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "uuid": UUID,
    "uri": AnyUrl,
    "iri": AnyUrl,
    "uri-reference": AnyUrl,
    "iri-reference": AnyUrl,
    "uri-template": AnyUrl,
    "regex": re.Pattern,
}
GRAMMARS = {
    "email": rf"[a-z0-9.]+@{LABEL}(\.{LABEL})+",
    "idn-email": rf"[a-z0-9.]+@{LABEL}(\.{LABEL})+",
    "hostname": rf"{LABEL}(\.{LABEL})*",
    "idn-hostname": rf"{LABEL}(\.{LABEL})*",
    "json-pointer": r"(/[^/~]*)*",
    "relative-json-pointer": r"\d(/[^/~]*)*",
}


def test_every_format_has_an_oracle() -> None:
    assert FORMATS.keys() == READERS.keys() | GRAMMARS.keys()


@pytest.mark.parametrize("form", READERS)
def test_each_spelling_of_a_format_is_read_by_its_python_type(form: str) -> None:
    reader: TypeAdapter[object] = TypeAdapter(READERS[form])
    for seed in range(20):
        texts = list(FORMATS[form](chance(seed)))
        assert texts
        for text in texts:
            reader.validate_python(text)


@pytest.mark.parametrize("form", GRAMMARS)
def test_each_spelling_of_a_format_keeps_its_grammar(form: str) -> None:
    for text in FORMATS[form](chance("seed")):
        assert re.fullmatch(GRAMMARS[form], text), text


def test_a_date_and_its_time_are_real() -> None:
    for seed in range(50):
        (text,) = FORMATS["date-time"](chance(seed))
        assert datetime.fromisoformat(text).tzinfo is not None


@given(st.integers(0, 300), st.integers(0, 50), st.integers())
def test_a_string_of_any_length_is_found(least: int, room: int, seed: int) -> None:
    text = write_string([Node(min_length=least, max_length=least + room)], "city", chance(seed))
    assert text is not None
    assert least <= len(text) <= least + room


def test_a_plain_string_says_that_it_is_simulated() -> None:
    assert write_string([Node()], "city", chance("seed")) == "simulated city"


def test_length_pattern_and_format_hold_together_or_nothing_is_found() -> None:
    both = [Node(pattern="^2026-02", format="date"), Node(max_length=10)]
    found = {write_string(both, "", chance(seed)) for seed in range(400)} - {None}
    assert found
    assert all(text is not None and re.fullmatch(r"2026-02.*", text) for text in found)
    assert write_string([Node(pattern="^a+$"), Node(pattern="b")], "", chance("seed")) is None
    assert write_string([Node(format="uuid", max_length=10)], "", chance("seed")) is None
