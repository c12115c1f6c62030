"""What an endpoint declares: a public path of ours, its wire format, and what can be metered in its answers.

The functions come from the endpoint's wire module; this module only names their shapes, so that the relay serves every
endpoint by the same code. It does no I/O and knows no format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from penstock.core.chat import InlineData
from penstock.core.chat_format import FormatId
from penstock.core.errors import GatewayError
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.usage import UNREPORTED, Usage, later_counts

EndpointId = Literal["chat_completions", "completions", "embeddings", "messages", "count_tokens"]
JsonMap = Mapping[str, object]
UsageReader = Callable[[JsonMap], Usage]
"""Turns the JSON object that holds the counts (a provider's ``usage``) into a :class:`Usage`."""


class AnswerFacts(msgspec.Struct, frozen=True, gc=False):
    """What one whole answer, or one event of a stream, says about itself."""

    usage: Usage = UNREPORTED
    model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    error: str | None = None
    usage_only: bool = False
    """True for the extra last event of a stream that carries the counts and nothing else."""
    ends: bool = False
    """True for the event that ends a stream, in formats where that is an event like any other: well, or in an error."""


AnswerReader = Callable[[bytes, UsageReader | None], AnswerFacts]
"""Reads an answer or an event; without a reader of the provider's own, usage is read as the format documents it."""


OpeningReader = Callable[[bytes, UsageReader | None], AnswerFacts | None]
"""Reads an event in front of which no answer has begun: None where it says nothing of one (a ping), so that the next
one is read in this way too; raises ``ValueError`` where no stream begins so."""


PLAIN_EVENT = AnswerFacts()
"""Facts of an event that says nothing a relay must know; readers return this very object for most events."""


class RequestFacts(msgspec.Struct, frozen=True, gc=False):
    """What the relay must know of a request body."""

    model: str | None
    stream: bool
    wants_usage_event: bool
    """The caller itself asked for the counts in the stream."""


class MediaByUrl(NamedTuple):
    """A picture or a document that a body names by its URL."""

    at: str
    """Where it stands in the caller's body."""
    url: str
    is_image: bool


MediaEdit = Callable[[JsonEdit, Callable[[MediaByUrl], InlineData | None]], None]
"""Asks for the bytes of each picture and document that a body names by URL, and puts what it is given in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One public path, served by POST with a JSON body."""

    id: EndpointId
    path: str
    title: str
    streams: bool
    request_id_header: bytes = b"x-request-id"
    """The answer header where clients of this format look for a request's id."""
    aliases: tuple[str, ...] = ()
    """Further paths of the same endpoint."""
    chat_format: FormatId | None = None
    """The format that its callers speak, for a provider that speaks another; None where nothing is translated."""
    read_request: Callable[[JsonObject], RequestFacts]
    read_answer: AnswerReader
    """Facts of a whole answer body; raises ``ValueError`` when it is not the format."""
    render_error: Callable[[GatewayError, str], bytes]
    """Error and request id to a body in the client's format."""
    adopt_error: Callable[[int, bytes, str], bytes]
    """Status, body and backend name of an upstream's error to a body in the client's format (the same when it is)."""
    ask_for_usage: Callable[[JsonEdit], None] | None = None
    """Makes a stream carry its usage, for formats where that must be asked for."""
    drop_foreign_marks: Callable[[JsonEdit], None] | None = None
    """Takes out of a body that is not translated what answers of other vendors have left in it, and reports it."""
    edit_media: MediaEdit | None = None
    """Finds the media by URL in a body that is not translated, for a host that takes bytes only."""
    read_event: AnswerReader | None = None
    """Facts of one event's data; raises ``ValueError`` when it is not the format. None where nothing streams."""
    read_opening: OpeningReader | None = None
    """Reads the events of a stream up to the one that its answer begins with; None where any event may be that."""
    end_of_stream: bytes = b""
    """Data of the event that ends a stream cleanly (``[DONE]``); empty where ``AnswerFacts.ends`` says so."""
    closing_event: bytes = b""
    """The whole event that ends a stream cleanly, framing included, for an upstream that has finished without it."""
    merge_usage: Callable[[Usage, Usage], Usage] = later_counts
    """What earlier events and a later one of the same stream report together."""
    render_error_event: Callable[[GatewayError, str], bytes] | None = None
    """An error as one whole event, framing included, for a stream that has begun."""
