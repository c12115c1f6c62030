"""Embedding vectors: unit length, fixed by what they stand for, equal in both encodings.

The components come from a hash, so the same input has the same vector for the same model and dimension, and another
input has another; near meanings are not near. Components are rounded to 32-bit floats before they are written, because
the base64 form carries those: a reader of either form sees the same numbers.
"""

from __future__ import annotations

import math
import sys
from array import array
from base64 import b64encode
from hashlib import shake_128


def unit_vector(dimensions: int, *identity: object) -> array[float]:
    """Return a vector of length one, of 32-bit floats."""
    raw = array("h", shake_128(repr(identity).encode("utf-8", "surrogatepass")).digest(2 * dimensions))
    if sys.byteorder == "big":
        raw.byteswap()
    length = math.sqrt(sum(component * component for component in raw))
    if not length:  # all components zero: one chance in 65536 for a single dimension
        return array("f", [1.0, *[0.0] * (dimensions - 1)])
    return array("f", [component / length for component in raw])


def as_base64(vector: array[float]) -> str:
    """Return the vector's bytes, little-endian, in base64."""
    if sys.byteorder == "big":
        vector = array("f", vector)
        vector.byteswap()
    return b64encode(vector.tobytes()).decode("ascii")
