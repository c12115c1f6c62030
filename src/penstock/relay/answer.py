"""The upstream's answer to one attempt: what the relays of its body share.

A relay (a stream of events, a whole body, an error) calls ``finish`` exactly once: with None when the caller has
its answer, or as much of it as could be sent; with a ``GatewayError`` when nothing has been sent yet and the request is
still open to another answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from types import coroutine

from penstock.core.endpoint import AnswerFacts, Endpoint
from penstock.core.errors import GatewayError, UpstreamInvalid, UpstreamRefused
from penstock.core.usage import UNREPORTED
from penstock.relay.backend_client import BackendClient
from penstock.relay.exchange import Exchange
from penstock.relay.headers import ATTEMPTS, lines_down
from penstock.relay.snapshot import Limits
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.request_run import Latch
from penstock.transport.upstream_answer import AnswerHead
from penstock.wire.chat_formats import find_upstream_format

NO_STATUSES: frozenset[int] = frozenset()
_KEPT_REASONS = 128
"""One for each choice that OpenAI lets a request ask for."""
_REASON_CHARS = 64


class Answer(Latch):
    """What the relays of one attempt share: the exchange, the connection, and how it ends."""

    __slots__ = (
        "backend",
        "connection",
        "endpoint",
        "error",
        "exchange",
        "hide_usage_event",
        "limits",
        "own_body",
        "own_lines",
        "read_usage",
        "retry_statuses",
        "secret",
    )

    def __init__(
        self,
        exchange: Exchange,
        endpoint: Endpoint,
        client: BackendClient,
        connection: UpstreamConnection,
        limits: Limits,
    ) -> None:
        """Prepare for the answer of ``client``'s backend."""
        self.is_set = False
        self.on_set = None
        self.error: GatewayError | None = None
        self.exchange = exchange
        self.endpoint = endpoint
        self.backend = client.backend
        self.connection = connection
        self.limits = limits
        self.own_lines = exchange.own_lines + client.answer_line
        """Headers of ours that the answer carries."""
        self.own_body = False
        """The caller gets another body than the upstream's."""
        self.secret = client.secret
        self.hide_usage_event = False
        self.retry_statuses: frozenset[int] = NO_STATUSES
        """Statuses for which another target is tried instead of telling the caller."""
        if exchange.failed_attempts:
            self.own_lines += b"%b: %d\r\n" % (ATTEMPTS, len(exchange.failed_attempts) + 1)
        self.read_usage = client.backend.provider.read_usage

    def finish(self, error: GatewayError | None = None) -> None:
        """Let the request go on; ``error``: nothing has been sent to the caller yet."""
        if not self.is_set:
            self.error = error
            self.set()

    @coroutine
    def outcome(self) -> Generator[Latch, None, None]:
        """Wait until the caller has its answer; a caller that leaves takes the upstream's request with it.

        Raises:
            GatewayError: the target failed and nothing has been sent to the caller.
        """
        if not self.is_set:
            try:
                yield self
            except asyncio.CancelledError:
                self.connection.cancel()
                raise
        if self.error is not None:
            raise self.error

    def begin(self, head: AnswerHead, content_length: int | None) -> None:
        """Send the head of the answer to the caller, who from now on sets the pace."""
        self.exchange.status = head.status
        request = self.exchange.request
        request.begin_block(head.status, self._lines(head), content_length)
        request.couple(self.connection)

    def pass_on(self, payload: bytes, framed: bytes | None) -> None:
        """Send a piece of the body, in the chunks it came in where the caller takes chunks."""
        request = self.exchange.request
        if framed is not None and request.takes_chunks:
            request.write_raw(framed)
        else:
            request.write_chunk(payload)
        self.exchange.response_bytes += len(payload)

    def break_off(self, error: GatewayError) -> None:
        """End an answer that was begun, so that it is seen not to be whole."""
        self.exchange.error = error
        self.exchange.request.abort()
        self.finish()

    def replace_body(self, type_line: bytes) -> None:
        """Say that the caller gets a body of ours; ``type_line`` is the header with its media type."""
        self.own_body = True
        self.own_lines = type_line + self.own_lines

    def respond(self, head: AnswerHead, body: bytes) -> None:
        """Send the whole answer to the caller, and finish."""
        self.exchange.status = head.status
        self.exchange.response_bytes = len(body)
        self.exchange.request.respond_block(head.status, self._lines(head), body)
        self.finish()

    def _lines(self, head: AnswerHead) -> bytes:
        lines = lines_down(head.headers, head.fields, own_body=self.own_body)
        if self.repeats_key(lines):
            headers = [item for item in head.headers if not self.repeats_key(item[1])]
            lines = lines_down(headers, head.fields, own_body=self.own_body)
        lines += self.own_lines
        name = self.endpoint.request_id_header
        if name not in head.fields:
            lines += b"%b: %b\r\n" % (name, self.exchange.request_id.encode("ascii"))
        return lines

    def note(self, facts: AnswerFacts) -> None:
        """Keep what the answer says about itself; a later report wins, as the format counts."""
        exchange = self.exchange
        if facts.usage != UNREPORTED:
            earlier = exchange.usage
            exchange.usage = facts.usage if earlier is UNREPORTED else self.endpoint.merge_usage(earlier, facts.usage)
        if facts.finish_reasons:
            for reason in facts.finish_reasons:
                if reason and len(exchange.finish_reasons) < _KEPT_REASONS:
                    exchange.finish_reasons += (reason[:_REASON_CHARS],)
        if facts.error is not None:
            exchange.upstream_error = "the upstream reports an error"  # its text may repeat a prompt

    def repeats_key(self, said: bytes) -> bool:
        """Say whether an upstream repeats the key that we sent it: no caller may learn it."""
        return bool(self.secret) and said.find(self.secret) >= 0  # ``in`` first tries it as a number, and fails dearly

    def rejects_credential(self, head: AnswerHead, body: bytes) -> bool:
        """Say whether an error answer refuses the credential that the gateway has: nothing of the caller's."""
        native = self.backend.provider.native_chat
        if head.status == 401 or native is None:
            return head.status == 401
        error = find_upstream_format(native.format).read_error(head.status, body, head.fields)
        return error.kind == "authentication"

    def refused(self, status: int) -> UpstreamRefused:
        """Return the error for a status that another target may be tried for."""
        return UpstreamRefused(f"The backend '{self.backend.name}' answered with status {status}.")

    def invalid(self, what: str) -> UpstreamInvalid:
        """Return the error for an answer that is not what this endpoint returns."""
        return UpstreamInvalid(f"The backend '{self.backend.name}' {what}.")
