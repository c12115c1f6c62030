"""One exchange: what is known of a caller's request and its answer, from the head to the log line.

A plain record that the stages of a request fill in; the accounting at its end reads it. It holds no socket.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Literal

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.endpoint import Endpoint, RequestFacts
from penstock.core.errors import GatewayError, InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.loss import Loss
from penstock.core.usage import UNREPORTED, Usage
from penstock.relay.fetched_media import Fetched, MediaFetcher
from penstock.relay.snapshot import Model, Target
from penstock.transport.server_request import ServerRequest

Outcome = Literal["done", "error", "cancelled"]

_PREFIX = f"req_{os.urandom(6).hex()}"
_numbers = itertools.count(16**9)
"""All of ten digits in hexadecimal."""


def new_request_id() -> str:
    """Return an id that no other request has: random for each process, then counted."""
    return _PREFIX + hex(next(_numbers))[2:]  # noqa: FURB116 - a quarter of the cost of formatting


class Exchange(msgspec.Struct, eq=False):
    """A caller's request, the answer it got, and how it went. It begins at loop time ``started_at``."""

    request: ServerRequest
    started_at: float
    request_id: str = msgspec.field(default_factory=new_request_id)
    endpoint: Endpoint | None = None
    body: JsonObject | None = None
    facts: RequestFacts | None = None
    chat: ChatRequest | None = None
    """The body in the neutral form, once it had to be translated."""
    fetcher: MediaFetcher | None = None
    """Fetches media for it; None where nothing may be fetched."""
    fetched: Fetched | None = None
    """Media that were fetched for an attempt; another one may need them too."""
    own_lines: bytes = b""
    """Headers of our own that every answer carries, rendered."""
    client_key: str | None = None
    model: Model | None = None
    target: Target | None = None
    upstream_model: str | None = None
    upstream_status: int | None = None
    stream: bool = False
    status: int = 0
    outcome: Outcome = "done"
    error: GatewayError | None = None
    upstream_error: str | None = None
    """That the upstream itself said something was wrong, in an answer that was passed on."""
    first_byte_at: float | None = None
    first_event_at: float | None = None
    events: int = 0
    response_bytes: int = 0
    finish_reasons: tuple[str, ...] = ()
    usage: Usage = UNREPORTED
    losses: tuple[Loss, ...] = ()
    failed_attempts: tuple[tuple[str, str], ...] = ()
    """Backend and error code of each attempt before the one that decided."""
    unknown: list[str] = msgspec.field(default_factory=list)
    """Words of the upstream that are in no table of ours."""

    def __repr__(self) -> str:
        """Name it; what callers say is in no text of ours."""
        return f"Exchange({self.request_id})"

    def note_losses(self, losses: Sequence[Loss]) -> None:
        """Note what is lost; refuse it where the model's route takes no losses.

        Raises:
            InvalidRequest: the route takes none (``code="translation_loss"``).
        """
        self.losses = tuple(losses)
        if losses and self.model is not None and self.model.losses == "reject":
            shown = ", ".join(loss.path for loss in losses[:20])
            msg = f"The provider cannot take this request as it is, and losses are not allowed here: {shown}."
            raise InvalidRequest(msg, code="translation_loss", param=losses[0].path.removeprefix("$."))

    def forget_attempt(self, code: str) -> None:
        """Note that an attempt failed with ``code``, and forget what was learnt from its answer."""
        if self.target is not None:
            self.failed_attempts += ((self.target.backend.name, code),)
        self.upstream_status = self.upstream_error = None
        self.first_byte_at = self.first_event_at = None
        self.events = 0
        self.finish_reasons = ()
        self.usage = UNREPORTED
        self.losses = ()
