"""Cutting bytes at arbitrary places, as a network does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st


def cuts(data: bytes) -> st.SearchStrategy[list[int]]:
    """Return places to cut ``data`` at, none to many."""
    return st.lists(st.integers(0, len(data)), max_size=12).map(sorted)


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """Return the pieces between the places; none is empty."""
    bounds = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(bounds) if start < end]
