"""A search result that a caller of Anthropic's format gives its model to read, for the other formats.

It is what the question rests on, as a document is, so a format without such a block gives its text to the model. AWS
has the block and reads it here too. https://platform.claude.com/docs/en/build-with-claude/search-results (read
2026-11-23). Results of a search that a vendor ran itself are not this: nobody but that vendor reads them.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import CacheMarker, Text, VendorBlock
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest

KIND = "search_result"


class _Text(msgspec.Struct):
    text: str


class _Citations(msgspec.Struct):
    enabled: bool = False


class _Marker(msgspec.Struct):
    ttl: str | None = None


class SearchResult(msgspec.Struct):
    """The block as Anthropic writes it."""

    source: str
    title: str
    content: list[_Text]
    citations: _Citations | None = None
    cache_control: _Marker | None = None

    @property
    def cache(self) -> CacheMarker | None:
        """Return its cache marker."""
        return None if self.cache_control is None else CacheMarker(self.cache_control.ttl)


_decoder = msgspec.json.Decoder(SearchResult)


def read_search_result(block: VendorBlock) -> SearchResult:
    """Return what the block says.

    Raises:
        InvalidRequest: it is no search result.
    """
    try:
        return _decoder.decode(block.raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        msg = f"Not a search result: {error}."
        raise InvalidRequest(msg, param=block.at) from error


def read_text(block: VendorBlock, losses: Losses) -> Text:
    """Return a search result as text, and report that it is that.

    Raises:
        InvalidRequest: it is no search result.
    """
    found = read_search_result(block)
    losses.at(block.at, "the search result is given as text", "approximated")
    texts = "\n".join([part.text for part in found.content])
    return Text(f"{found.title}\n{found.source}\n\n{texts}", found.cache, at=block.at)
