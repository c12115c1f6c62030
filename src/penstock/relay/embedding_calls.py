"""Vectors from a provider with an embeddings API of its own: one request of the caller, one or more to the provider.

Calls run at the same time, a few at once, and are lifted together. The first that fails ends the attempt: a caller
cannot use half of its vectors. What the formats mean is in the wire modules; targets and retries are chosen elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from msgspec import structs

from penstock.core.chat_answer import VendorError
from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply
from penstock.core.errors import CredentialRejected, UpstreamFault, UpstreamInvalid, UpstreamRefused
from penstock.core.loss import summarise
from penstock.data import facts_of
from penstock.relay.backend_client import BackendClient, RenderedHead
from penstock.relay.content_coding import UnreadableCodingError, decode
from penstock.relay.exchange import Exchange
from penstock.relay.headers import ATTEMPTS, JSON_LINE, LOSSES, REQUEST_ID_OF_UPSTREAM, lines_down, told_wait
from penstock.relay.mutations import mutated
from penstock.relay.plan import Plan
from penstock.relay.snapshot import Limits
from penstock.transport.upstream_answer import AnswerHead, BodyReceiver
from penstock.wire.embedding_formats import find_embedding_caller

CALLS_AT_ONCE = 8
_NOT_OF_ONE_CALL = frozenset({b"content-type", b"content-encoding", b"etag"})


class _Reply:
    """Collects one answer, whole and bounded."""

    def __init__(self, finished: asyncio.Future[None], limit_bytes: int) -> None:
        self.head: AnswerHead | None = None
        self.body = bytearray()
        self._finished = finished
        self._limit_bytes = limit_bytes

    def on_head(self, head: AnswerHead) -> BodyReceiver:
        self.head = head
        return self

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        if len(self.body) <= self._limit_bytes:
            self.body += payload

    def on_end(self) -> None:
        if not self._finished.done():
            self._finished.set_result(None)

    def on_failure(self, error: UpstreamFault) -> None:
        if not self._finished.done():
            self._finished.set_exception(error)


class _Refused(Exception):
    """The provider answered one call with an error."""

    def __init__(self, error: VendorError, head: AnswerHead) -> None:
        super().__init__(error.kind)
        self.error, self.head = error, head


async def attempt_embeddings(
    exchange: Exchange,
    client: BackendClient,
    upstream_format: EmbeddingFormat,
    *,
    rendered: RenderedHead,
    lines: bytes,
    limits: Limits,
    plan: Plan,
) -> None:
    """Translate, call, translate back, answer.

    Raises:
        GatewayError: the target failed, or cannot take the request; nothing has been sent to the caller.
    """
    assert exchange.body is not None  # noqa: S101 - both are there before the first attempt
    assert exchange.upstream_model is not None  # noqa: S101
    caller = find_embedding_caller("openai_embeddings")
    request = caller.lift(exchange.body)
    lowered = upstream_format.lower(request, exchange.upstream_model, facts_of(exchange.upstream_model))
    exchange.note_losses(lowered.losses)
    calls = _Calls(
        client,
        upstream_format,
        rendered,
        lines,
        plan,
        header=exchange.request.header,
        limit_bytes=limits.inspected_answer_bytes,
    )
    try:
        replies = await calls.all(lowered.calls)
    except _Refused as refused:
        _answer_error(exchange, client, refused, plan.retry_statuses)
        return
    exchange.first_byte_at = monotonic()
    exchange.upstream_status = 200
    try:
        answer = upstream_format.lift_answer(replies, exchange.upstream_model)
    except ValueError as error:
        msg = f"The backend '{client.backend.name}' answered with a body that is not the JSON of its own format."
        raise UpstreamInvalid(msg) from error
    exchange.usage = answer.usage
    _respond(exchange, client, 200, b"", caller.lower_answer(answer, request))


class _Calls:
    """The calls of one attempt."""

    def __init__(
        self,
        client: BackendClient,
        upstream_format: EmbeddingFormat,
        rendered: RenderedHead,
        lines: bytes,
        plan: Plan,
        *,
        header: Callable[[bytes], bytes | None],
        limit_bytes: int,
    ) -> None:
        self._client = client
        self._format = upstream_format
        self._rendered = rendered
        self._lines = lines
        self._header = header
        self._timeouts = plan.timeouts
        self._mutations = plan.target.mutations
        self._limit_bytes = limit_bytes
        self._places = asyncio.Semaphore(CALLS_AT_ONCE)

    async def all(self, calls: tuple[EmbeddingCall, ...]) -> list[EmbeddingReply]:
        """Return the reply to each call; the first failure ends the others."""
        if len(calls) == 1:
            return [await self._one(calls[0])]
        tasks = [asyncio.ensure_future(self._one(call)) for call in calls]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, call: EmbeddingCall) -> EmbeddingReply:
        client = self._client
        async with self._places:
            lines, body = self._lines, mutated(call.body, self._mutations)
            if client.backend.credential_override is not None:
                lines += client.key_line(self._header)
            elif client.authorizer is not None:
                lines += await client.authorizer.lines(client.host, self._rendered.target, [body])
            head = b"%b%bcontent-length: %d\r\n\r\n" % (self._rendered.lines, lines, len(body))
            connection = client.pool.checkout_nowait() or await client.pool.checkout()
            finished: asyncio.Future[None] = client.loop.create_future()
            reply = _Reply(finished, self._limit_bytes)
            connection.send([head, body], reply, self._timeouts)
            try:
                await finished
            except asyncio.CancelledError:
                if finished.cancelled():
                    connection.cancel()
                raise
        return self._read(reply, call)

    def _read(self, reply: _Reply, call: EmbeddingCall) -> EmbeddingReply:
        head, name = reply.head, self._client.backend.name
        assert head is not None  # noqa: S101 - a body came behind it
        coding = head.fields.get(b"content-encoding", b"").lower()
        try:
            body = decode(bytes(reply.body), coding, self._limit_bytes)
        except UnreadableCodingError as error:
            msg = f"The backend '{name}' sent an answer that cannot be read: {error}."
            raise UpstreamInvalid(msg) from error
        if 300 <= head.status < 400:
            msg = f"The backend '{name}' answered with a redirect (status {head.status}), which is not followed."
            raise UpstreamInvalid(msg)
        if head.status >= 400:
            raise _Refused(self._format.read_error(head.status, body, head.fields), head)
        return EmbeddingReply(body, call.inputs, head.fields)


def _answer_error(exchange: Exchange, client: BackendClient, refused: _Refused, retry_statuses: frozenset[int]) -> None:
    """Tell the caller what the vendor says is wrong, unless that is ours to mend or another target will be tried."""
    error, name = refused.error, client.backend.name
    if error.kind == "authentication":
        if client.authorizer is not None:
            client.authorizer.refused()
        msg = f"The backend '{name}' does not accept the credential that this gateway has for it."
        raise CredentialRejected(msg)
    if error.status in retry_statuses:
        msg = f"The backend '{name}' answered with status {error.status}."
        raise UpstreamRefused(msg)
    if client.secret and client.secret in error.message.encode():
        error = structs.replace(error, message=f"The backend '{name}' reports an error.")
    exchange.upstream_status = error.status
    exchange.upstream_error = f"status {error.status}"
    head = refused.head
    headers = [item for item in head.headers if item[0] not in _NOT_OF_ONE_CALL]
    lines = lines_down(headers + told_wait(error.retry_after_s, head.fields), head.fields)
    body = find_embedding_caller("openai_embeddings").render_vendor_error(error, exchange.request_id)
    _respond(exchange, client, error.status, lines, body)


def _respond(exchange: Exchange, client: BackendClient, status: int, lines: bytes, body: bytes) -> None:
    lines += JSON_LINE + exchange.own_lines + client.answer_line
    lines += b"%b: %b\r\n" % (REQUEST_ID_OF_UPSTREAM, exchange.request_id.encode("ascii"))
    if exchange.losses:
        lines += b"%b: %b\r\n" % (LOSSES, summarise(exchange.losses).encode("ascii"))
    if exchange.failed_attempts:
        lines += b"%b: %d\r\n" % (ATTEMPTS, len(exchange.failed_attempts) + 1)
    exchange.status = status
    exchange.response_bytes = len(body)
    exchange.request.respond_block(status, lines, body)
