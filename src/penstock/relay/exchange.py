"""One exchange: what is known of a caller's request and its answer, from the head to the log line.

A plain record that the stages of a request fill in; the accounting at its end reads it. It holds no socket.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Literal

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

_PROCESS = os.urandom(6).hex()
_numbers = itertools.count(1)


def new_request_id() -> str:
    """Return an id that no other request has: random for each process, then counted."""
    return f"req_{_PROCESS}{next(_numbers):010x}"


class Exchange:
    """A caller's request, the answer it got, and how it went."""

    __slots__ = (
        "body",
        "chat",
        "client_key",
        "endpoint",
        "error",
        "events",
        "facts",
        "failed_attempts",
        "fetched",
        "fetcher",
        "finish_reasons",
        "first_byte_at",
        "first_event_at",
        "losses",
        "model",
        "outcome",
        "own_lines",
        "request",
        "request_id",
        "response_bytes",
        "started_at",
        "status",
        "stream",
        "target",
        "unknown",
        "upstream_error",
        "upstream_model",
        "upstream_status",
        "usage",
    )

    def __init__(self, request: ServerRequest, started_at: float) -> None:
        """Begin at loop time ``started_at``."""
        self.request = request
        self.request_id = new_request_id()
        self.started_at = started_at
        self.endpoint: Endpoint | None = None
        self.body: JsonObject | None = None
        self.facts: RequestFacts | None = None
        self.chat: ChatRequest | None = None
        """The body in the neutral form, once it had to be translated."""
        self.fetcher: MediaFetcher | None = None
        """Fetches media for it; None where nothing may be fetched."""
        self.fetched: Fetched | None = None
        """Media that were fetched for an attempt; another one may need them too."""
        self.own_lines = b""
        """Headers of our own that every answer carries, rendered."""
        self.client_key: str | None = None
        self.model: Model | None = None
        self.target: Target | None = None
        self.upstream_model: str | None = None
        self.upstream_status: int | None = None
        self.stream = False
        self.status = 0
        self.outcome: Outcome = "done"
        self.error: GatewayError | None = None
        self.upstream_error: str | None = None
        """That the upstream itself said something was wrong, in an answer that was passed on."""
        self.first_byte_at: float | None = None
        self.first_event_at: float | None = None
        self.events = 0
        self.response_bytes = 0
        self.finish_reasons: tuple[str, ...] = ()
        self.usage: Usage = UNREPORTED
        self.losses: tuple[Loss, ...] = ()
        self.failed_attempts: tuple[tuple[str, str], ...] = ()
        """Backend and error code of each attempt before the one that decided."""
        self.unknown: list[str] = []
        """Words of the upstream that are in no table of ours."""

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
