from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import Citation
from penstock.wire.gemini_generate.citations import read_citations


def read(metadata: Any, texts: Sequence[str | None]) -> list[tuple[int, Citation]]:
    return read_citations(msgspec.Raw(msgspec.json.encode(metadata)), texts)


def grounding(start: int, end: int, part: int = 0) -> dict[str, Any]:
    segment = {"startIndex": start, "endIndex": end, "partIndex": part}
    supports = [{"segment": segment, "groundingChunkIndices": [0, 7]}]
    return {"groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}], "groundingSupports": supports}


@given(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))
def test_places_in_bytes_become_places_in_characters(before: str, cited: str, after: str) -> None:
    start = len(before.encode())
    [(part, citation)] = read(grounding(start, start + len(cited.encode())), [before + cited + after])
    assert part == 0
    assert citation.start is not None
    assert (before + cited + after)[citation.start : citation.end] == cited
    assert citation.url == "https://a.example"


def test_without_the_text_a_citation_says_only_its_source() -> None:
    for texts in ([], [None]):
        [(_, citation)] = read(grounding(0, 4), texts)
        assert (citation.start, citation.end, citation.title) == (None, None, "A")


@pytest.mark.parametrize("odd", [None, [], {"groundingChunks": 5}, {"groundingSupports": [{"segment": 1}]}, {}])
def test_what_is_not_googles_has_no_citations(odd: object) -> None:
    assert read(odd, ["text"]) == []


def test_no_metadata_has_no_citations() -> None:
    assert read_citations(msgspec.Raw(b""), []) == []
