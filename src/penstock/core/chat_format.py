"""What a chat wire format declares, so that the relay translates between any two of them by the same code.

A format that upstreams speak declares an ``UpstreamFormat``; one that callers speak a ``CallerFormat``. The functions
are pure: they take bytes and return bytes or neutral structs (``chat``, ``chat_answer``). This module only names their
shapes. Addresses, credentials and which provider speaks which format are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from penstock.core.chat import ChatRequest, Document, Image
from penstock.core.chat_answer import ChatAnswer, ChatEvent, VendorError
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.loss import Loss, LossKind
from penstock.core.model_facts import ModelFacts
from penstock.core.usage import Usage

FormatId = Literal["openai_chat", "anthropic_messages", "bedrock_converse", "gemini_generate", "cohere_chat"]
CountFormatId = Literal["bedrock_converse_count", "bedrock_invoke_count", "gemini_count", "gemini_vertex_count"]
"""Ways to ask for the number of tokens in a prompt, other than the callers' own."""
MOST_WORDS = 100
MOST_WORD_CHARS = 200
MOST_HELD_BYTES = 16 * 1024 * 1024
Framing = Literal["sse", "aws_eventstream"]
_ASKS_FOR_NOTHING = frozenset({b"null", b"false", b"[]", b'""'})
"""In whatever member. An empty object is not among them: ``"web_search_options": {}`` does ask for a search."""


class Losses:
    """Collects what a ``lower`` could not carry, by the caller's own paths."""

    __slots__ = ("_request", "found")

    def __init__(self, request: ChatRequest) -> None:
        """Collect for ``request``; what nobody reads of it is lost whatever the upstream's format."""
        self._request = request
        self.found: list[Loss] = []
        for path in request.unread:
            self.at(path, "not a member this format documents")

    def field(self, name: str, why: str, kind: LossKind = "dropped") -> None:
        """Report a field of the request, by its name in ``ChatRequest``."""
        self.found.append(Loss(path=f"$.{self._request.path(name)}", kind=kind, why=why))

    def one_choice(self, why: str) -> None:
        """Report, for a format that gives one answer, that another number of them was asked for."""
        if self._request.choices not in {None, 1}:
            self.field("choices", why, "clamped")

    def at(self, path: str, why: str, kind: LossKind = "dropped") -> None:
        """Report a place of the caller's body (a node's ``at``, or below it)."""
        self.found.append(Loss(path=f"$.{path}", kind=kind, why=why))

    def extra_member(self, name: str, value: msgspec.Raw, why: str) -> None:
        """Report a member among the request's extras, unless it asks for nothing."""
        if bytes(value) not in _ASKS_FOR_NOTHING:
            self.at(name, why)


class Lowered(msgspec.Struct, frozen=True, gc=False):
    """A request in an upstream's format."""

    body: bytes
    losses: tuple[Loss, ...]
    json_tool: str | None = None
    """Name of the tool that was forced to get structured output; its call is to be unwrapped to text."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further request headers that the body needs (``anthropic-beta``)."""


class TooMuchHeldError(ValueError):
    """A stream makes us hold more of it than we may: something in it begins and does not end."""


class AnswerContext(msgspec.Struct, kw_only=True, gc=False):
    """What a lift of an answer needs beside its bytes, and where it counts what it does not know and what it holds."""

    model: str
    """The model's name at the provider; stands in where the answer names none."""
    request_id: str
    """Our own id; stands in where the vendor sends none."""
    headers: Mapping[bytes, bytes] = {}
    """Headers of the upstream's answer, names in lower case (AWS sends its id there)."""
    created: int = 0
    """Unix seconds, where the vendor does not say when."""
    read_usage: Callable[[Mapping[str, object]], Usage] | None = None
    """The provider's own reading of ``usage``, of a vendor that speaks OpenAI chat and counts in another way."""
    unknown: list[str] = []
    """Vendor words outside our tables (``stop_reason=foo``), to be counted; never an error."""

    most_held_bytes: int = MOST_HELD_BYTES
    """How much of a stream may be held, in all its decoder, its encoder and what is between them, while it goes on."""
    held_bytes: int = 0

    def hold(self, size_bytes: int) -> None:
        """Count what is held of the stream from now on.

        Raises:
            TooMuchHeldError: it is more than may be held.
        """
        self.held_bytes += size_bytes
        if self.held_bytes > self.most_held_bytes:
            msg = f"more than {self.most_held_bytes} bytes of a stream would have to be held"
            raise TooMuchHeldError(msg)

    def release(self, size_bytes: int) -> None:
        """Count what is not held any more."""
        self.held_bytes -= size_bytes

    def note(self, word: str) -> None:
        """Note a word outside our tables; of a provider that says no end of them, the first ones, cut short."""
        if len(self.unknown) < MOST_WORDS:
            self.unknown.append(word[:MOST_WORD_CHARS])


def fetches_all(_block: Image | Document) -> bool:
    """Say of a format that no block needs to come as bytes: its providers fetch what is at a URL."""
    return False


class EventDecoder(Protocol):
    """Turns the upstream's events, one at a time, into neutral events.

    ``kind`` is the event's name where its framing has one (``event:`` of SSE, ``:event-type`` of AWS), else empty.
    Raises ``ValueError`` for an event that is not the format at all (not JSON, a needed member missing), and
    ``TooMuchHeldError`` where more would have to be held than the context allows.
    """

    def decode(self, kind: str, data: bytes) -> list[ChatEvent]:
        """Take one event."""
        ...

    def close(self) -> list[ChatEvent]:
        """Take the end of the body: what is now known to be complete (``End`` only if the stream did end well)."""
        ...


class EventEncoder(Protocol):
    """Turns neutral events into bytes of the caller's stream, framing included (empty where nothing is to be said).

    Raises ``TooMuchHeldError`` where more would have to be held than the context allows.
    """

    def encode(self, event: ChatEvent) -> bytes:
        """Take one event."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamFormat:
    """How to speak with a provider in its own format."""

    id: FormatId
    lower: Callable[[ChatRequest, str, ModelFacts], Lowered]
    """Request, the model's name there, facts of that model; ``InvalidRequest`` for what no provider could take."""
    lift_answer: Callable[[bytes, AnswerContext], ChatAnswer]
    """Body of a successful answer; ``ValueError`` when it is not the format."""
    decoder: Callable[[AnswerContext], EventDecoder]
    read_error: Callable[[int, bytes, Mapping[bytes, bytes]], VendorError]
    """Status, body (JSON or not) and headers of an error answer; never raises."""
    framing: Framing = "sse"
    ask_for_usage: Callable[[JsonEdit], None] | None = None
    """Makes a stream carry its usage, for formats where that must be asked for."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Member of the body to the field of :class:`ChatRequest` that it is made of, where their names differ; empty for
    what we ask for ourselves."""
    wants_bytes: Callable[[Image | Document], bool] = fetches_all
    """Whether a block whose source is a web address must come as bytes, since no provider of this format fetches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFormat:
    """How to speak with a caller in its format."""

    id: FormatId
    lift: Callable[[JsonObject], ChatRequest]
    """The caller's body; ``InvalidRequest`` naming the JSON path where it is not the format."""
    lower_answer: Callable[[ChatAnswer, ChatRequest], bytes]
    encoder: Callable[[ChatRequest, AnswerContext], EventEncoder]
    render_vendor_error: Callable[[VendorError, str], bytes]
    """The vendor's error and our request id to a body in the caller's format (the status stays the vendor's)."""
