"""Parts that a whole answer and a stream of Cohere's chat have in common: citations, probabilities, finish words.

https://docs.cohere.com/reference/chat, ``…/docs/rag-citations`` and the types of Cohere's Python SDK 7.3 (read
2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Citation
from penstock.core.chat_answer import FinishReason, TokenLogprob
from penstock.core.chat_format import AnswerContext
from penstock.wire.cohere_chat.vocabulary import FINISH_REASONS, FORMAT


class SourceData(msgspec.Struct):
    """What is read of a document of the request, or of what a tool gave back."""

    title: object = None
    url: object = None


class Source(msgspec.Struct):
    """What a citation rests on."""

    document: SourceData | None = None
    tool_output: SourceData | None = None


class CitationBody(msgspec.Struct):
    """A citation; ``start`` and ``end`` are characters of the text that cites."""

    start: int | None = None
    end: int | None = None
    sources: list[Source] | None = None
    content_index: int | None = None
    type: str | None = None


class LogprobBody(msgspec.Struct):
    """A piece of text, and the log probability of each of its tokens."""

    text: str | None = None
    logprobs: list[float] | None = None


_citation = msgspec.json.Decoder(CitationBody)


def read_citation(raw: msgspec.Raw) -> CitationBody | None:
    """Return a citation; None when it is not as documented."""
    try:
        return _citation.decode(raw)
    except msgspec.DecodeError:
        return None


def lift_citation(found: CitationBody, raw: msgspec.Raw) -> list[Citation]:
    """Return one neutral citation for each source, of which each can have its own URL."""
    raw = raw.copy()  # it may be held, and would hold all that it stands in
    places = [source.document or source.tool_output or SourceData() for source in found.sources or ()]
    return [
        Citation(
            url=place.url if isinstance(place.url, str) else None,
            title=place.title if isinstance(place.title, str) else None,
            start=found.start,
            end=found.end,
            vendor=FORMAT,
            raw=raw,
        )
        for place in places or [SourceData()]
    ]


def lift_logprob(body: LogprobBody) -> TokenLogprob:
    """Return the probability of a piece of text: that of all its tokens together."""
    return TokenLogprob(body.text or "", sum(body.logprobs or ()))


def lift_finish(word: str | None, context: AnswerContext) -> FinishReason:
    """Return what a finish word means."""
    reason = FINISH_REASONS.get(word or "")
    if reason is None:
        context.note(f"finish_reason={word or ''}")
        return "unknown"
    return reason
