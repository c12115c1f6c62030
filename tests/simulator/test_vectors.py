from __future__ import annotations

import math
import struct
from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.vectors import as_base64, unit_vector

DIMENSIONS = st.integers(min_value=1, max_value=3000)


@given(DIMENSIONS, st.text())
def test_a_vector_has_its_dimensions_and_length_one(dimensions: int, text: str) -> None:
    vector = unit_vector(dimensions, text)
    assert len(vector) == dimensions
    assert math.isclose(math.hypot(*vector), 1, rel_tol=1e-5)


@given(DIMENSIONS, st.text())
def test_both_encodings_are_the_same_numbers(dimensions: int, text: str) -> None:
    vector = unit_vector(dimensions, text)
    assert list(struct.unpack(f"<{dimensions}f", b64decode(as_base64(vector)))) == vector.tolist()


@given(st.text(), st.text())
def test_vectors_are_equal_when_what_they_stand_for_is(one: str, other: str) -> None:
    assert (unit_vector(16, "model", one) == unit_vector(16, "model", other)) == (one == other)


def test_no_vector_is_all_zero() -> None:
    """A hash gives zero for a single dimension once in 65536 times: for 19232, as it happens."""
    assert {abs(unit_vector(1, number)[0]) for number in range(20_000)} == {1.0}
