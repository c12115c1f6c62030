"""What the text of an answer rests on: Gemini's ``groundingMetadata`` as citations.

A support names a stretch of a part (in bytes of UTF-8) and the numbers of the sources for it. Only sources with an
address are citations; the whole object stays among the choice's extras.
https://ai.google.dev/api/generate-content#GroundingMetadata (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.chat import Citation
from penstock.wire.gemini_generate.vocabulary import FORMAT


class _Segment(msgspec.Struct, rename="camel"):
    start_index: int = 0
    end_index: int | None = None
    part_index: int = 0


class _Source(msgspec.Struct):
    uri: str | None = None
    title: str | None = None


class _Chunk(msgspec.Struct, rename="camel"):
    web: _Source | None = None
    maps: _Source | None = None
    retrieved_context: _Source | None = None


class _Support(msgspec.Struct, rename="camel"):
    segment: _Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class _Grounding(msgspec.Struct, rename="camel"):
    grounding_chunks: list[msgspec.Raw] | None = None
    grounding_supports: list[_Support] | None = None


_grounding = msgspec.json.Decoder(_Grounding)
_chunk = msgspec.json.Decoder(_Chunk)


def read_citations(metadata: msgspec.Raw, texts: Sequence[str | None]) -> list[tuple[int, Citation]]:
    """Return ``(part, citation)`` for each source of each support.

    ``texts`` has the text of each part, None for a part that is none or whose text is not at hand: then the citation
    does not say where in the text it belongs. An object that is not what Google documents has no citations.
    """
    try:
        grounding = _grounding.decode(metadata) if bytes(metadata) else _Grounding()
        chunks = [(raw, _chunk.decode(raw)) for raw in grounding.grounding_chunks or ()]
    except msgspec.DecodeError:
        return []
    return [found for support in grounding.grounding_supports or () for found in _cite(support, chunks, texts)]


def _cite(
    support: _Support, chunks: Sequence[tuple[msgspec.Raw, _Chunk]], texts: Sequence[str | None]
) -> Iterator[tuple[int, Citation]]:
    segment = support.segment or _Segment()
    text = texts[segment.part_index] if 0 <= segment.part_index < len(texts) else None
    start = end = None
    if text is not None and segment.end_index is not None:
        encoded = text.encode()
        start = len(encoded[: segment.start_index].decode(errors="ignore"))
        end = len(encoded[: segment.end_index].decode(errors="ignore"))
    for number in support.grounding_chunk_indices or ():
        if not 0 <= number < len(chunks):
            continue
        raw, chunk = chunks[number]
        source = chunk.web or chunk.maps or chunk.retrieved_context
        if source is not None and source.uri:
            citation = Citation(source.uri, source.title, start=start, end=end, vendor=FORMAT, raw=raw.copy())
            yield segment.part_index, citation
