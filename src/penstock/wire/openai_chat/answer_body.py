"""Members of OpenAI chat answers, as they are written whole and in a stream.

Beside what OpenAI documents, by the names that clients of gateways know: ``reasoning_content`` (thinking, to be shown),
``thinking_blocks`` (thinking with its signature, to be sent back), ``extra_content.google.thought_signature`` (Gemini's
signature, in the place where Google's own OpenAI-compatible API has it), ``images`` and ``native_finish_reason``.
Members that have nothing to say are left out. Reading such members again is the work of ``lift_messages``.

https://developers.openai.com/api/reference/resources/chat, https://ai.google.dev/gemini-api/docs/openai (both read
2026-11-23), and the types of the Python SDK 3.54.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from penstock.core.chat import (
    Audio,
    Citation,
    Image,
    InlineData,
    RedactedThinking,
    Source,
    Thinking,
    UrlSource,
)
from penstock.core.chat_answer import TokenLogprob


class GoogleContent(msgspec.Struct):
    """Google's own."""

    thought_signature: str


class ExtraContent(msgspec.Struct):
    """What a vendor adds."""

    google: GoogleContent


class ThinkingBody(msgspec.Struct, omit_defaults=True, tag_field="type", tag="thinking", kw_only=True):
    """A block of thinking; ``index`` only in streams, where clients merge by it."""

    index: int | None = None
    thinking: str
    signature: str | None = None


class RedactedThinkingBody(msgspec.Struct, omit_defaults=True, tag_field="type", tag="redacted_thinking", kw_only=True):
    """A block of thinking that only its vendor can read."""

    index: int | None = None
    data: str


class FunctionBody(msgspec.Struct):
    """A called function."""

    name: str
    arguments: str


class CallBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A call of a tool."""

    index: int | None = None
    id: str
    type: str = msgspec.field(default_factory=lambda: "function")  # a factory, for plain defaults are left out
    function: FunctionBody
    extra_content: ExtraContent | None = None


class UrlCitation(msgspec.Struct):
    """Where a stretch of the content comes from; indexes in characters of the whole content."""

    start_index: int
    end_index: int
    url: str
    title: str


class AnnotationBody(msgspec.Struct, omit_defaults=True, tag_field="type", tag="url_citation", kw_only=True):
    """A citation."""

    index: int | None = None
    url_citation: UrlCitation


class LinkBody(msgspec.Struct):
    """A URL."""

    url: str


class ImageBody(msgspec.Struct, omit_defaults=True, tag_field="type", tag="image_url", kw_only=True):
    """A picture in an answer."""

    index: int | None = None
    image_url: LinkBody


class AudioBody(msgspec.Struct):
    """Sound in an answer; OpenAI's objects always have all four members."""

    id: str
    data: str
    expires_at: int = 0
    transcript: str = ""


class TopLogprob(msgspec.Struct):
    """An alternative token."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None


class LogprobBody(msgspec.Struct):
    """A token of the answer."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None
    top_logprobs: list[TopLogprob]


class LogprobsBody(msgspec.Struct):
    """All tokens of a choice, or of a chunk."""

    content: list[LogprobBody]
    refusal: None = None


def extra_content(signature: str | None) -> ExtraContent | None:
    """Return the place of a Gemini signature."""
    return None if signature is None else ExtraContent(GoogleContent(signature))


def thinking_body(block: Thinking | RedactedThinking, index: int | None = None) -> ThinkingBody | RedactedThinkingBody:
    """Return a member of ``thinking_blocks``."""
    if isinstance(block, Thinking):
        return ThinkingBody(index=index, thinking=block.text, signature=block.signature)
    return RedactedThinkingBody(index=index, data=block.data)


def annotation(citation: Citation, begin: int, end: int, index: int | None = None) -> AnnotationBody | None:
    """Return the citation of a text block that stands at ``begin`` to ``end`` of the content; None without a URL.

    OpenAI has annotations for URLs only: a citation of a document of the request has no place in its answers.
    """
    if citation.url is None:
        return None
    first = begin if citation.start is None else begin + citation.start
    last = end if citation.end is None else begin + citation.end
    return AnnotationBody(index=index, url_citation=UrlCitation(first, last, citation.url, citation.title or ""))


def image_body(image: Image, index: int | None = None) -> ImageBody | None:
    """Return a picture; None when it is only known to its vendor."""
    url = _url(image.source)
    return None if url is None else ImageBody(index=index, image_url=LinkBody(url))


def audio_body(audio: Audio, answer_id: str) -> AudioBody | None:
    """Return sound; None when its bytes are not in the answer."""
    return AudioBody(answer_id, audio.source.data) if isinstance(audio.source, InlineData) else None


def _url(source: Source) -> str | None:
    if isinstance(source, InlineData):
        return f"data:{source.media_type};base64,{source.data}"
    return source.url if isinstance(source, UrlSource) else None


def logprobs_body(tokens: Iterable[TokenLogprob]) -> LogprobsBody:
    """Return ``logprobs`` of these tokens."""
    return LogprobsBody(
        [
            LogprobBody(
                token.token,
                token.logprob,
                token.bytes,
                [TopLogprob(top.token, top.logprob, top.bytes) for top in token.top],
            )
            for token in tokens
        ]
    )
