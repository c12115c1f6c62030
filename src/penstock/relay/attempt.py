"""One attempt: one try of one target, from the caller's untouched bytes.

Prepares the upstream body (only what must change is spliced), takes a connection, sends, and looks at the head of the
answer to choose who relays its body. Which target to try, and whether to try another, is decided in
``life_of_a_request``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import monotonic

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.endpoint import Endpoint, MediaEdit
from penstock.core.errors import CredentialRejected, UpstreamFault
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.loss import Loss, summarise
from penstock.relay.answer import Answer
from penstock.relay.backend_client import BackendClient
from penstock.relay.content_coding import UnreadableCodingError
from penstock.relay.embedding_calls import attempt_embeddings
from penstock.relay.exchange import Exchange
from penstock.relay.fetched_media import refuse_urls, refuse_urls_in_place
from penstock.relay.headers import LOSSES
from penstock.relay.invoked_stream import InvokedStream
from penstock.relay.mutations import caller_lines, mutate_body
from penstock.relay.plan import Plan
from penstock.relay.snapshot import NO_MUTATIONS, Limits, Target
from penstock.relay.streaming import StreamRelay
from penstock.relay.translated import TranslatedAnswer, lower_request
from penstock.relay.way import Translation, Way
from penstock.relay.whole import ErrorRelay, RefusedRelay, WholeRelay
from penstock.transport.http_syntax import header_block
from penstock.transport.upstream_answer import AnswerHead, BodyReceiver
from penstock.wire.embedding_formats import find_embedding_format

EVENT_STREAM = b"text/event-stream"


class Attempt(Answer):
    """Receives the head of the upstream's answer."""

    __slots__ = ("in_frames",)

    in_frames: bool

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        """Choose who takes the body."""
        self.exchange.upstream_status = head.status
        self.exchange.first_byte_at = monotonic()
        if head.status >= 400:
            return RefusedRelay(self, head.status) if head.status in self.retry_statuses else ErrorRelay(self, head)
        if head.status >= 300:
            self.connection.cancel()
            self.finish(self.invalid(f"answered with a redirect (status {head.status}), which is not followed"))
            return None
        if self.in_frames and self.exchange.stream:
            return InvokedStream(self, head)
        if self.exchange.stream and self.endpoint.read_event is not None and _is_event_stream(head):
            try:
                return StreamRelay(self, head)
            except UnreadableCodingError as error:
                self.connection.cancel()
                self.finish(self.invalid(f"sent a stream that cannot be read: {error}"))
                return None
        return WholeRelay(self, head)

    def on_failure(self, error: UpstreamFault) -> None:
        """No answer came."""
        self.finish(error)


def _is_event_stream(head: AnswerHead) -> bool:
    return head.fields.get(b"content-type", b"").partition(b";")[0].strip().lower() == EVENT_STREAM


async def attempt(exchange: Exchange, client: BackendClient, plan: Plan, limits: Limits) -> None:
    """Try one target; returns when the caller has its answer.

    Raises:
        GatewayError: the target failed and nothing has been sent to the caller.
    """
    endpoint, body, facts = exchange.endpoint, exchange.body, exchange.facts
    assert endpoint is not None  # noqa: S101 - all three are there before the first attempt
    assert body is not None  # noqa: S101
    assert facts is not None  # noqa: S101
    target, upstream_model, timeouts, retry_statuses = plan
    exchange.target = target
    exchange.upstream_model = upstream_model
    rendered = client.head(endpoint, upstream_model, stream=facts.stream)
    way = rendered.way
    if way.embeddings:
        await attempt_embeddings(
            exchange,
            client,
            find_embedding_format(client.embeddings_of(upstream_model).format),
            plan=plan,
            rendered=rendered,
            lines=caller_lines(exchange.request, client, target.mutations, stream=False),
            limits=limits,
        )
        return
    lowered = None
    losses: Sequence[Loss]
    if way.translation is None:
        edit = JsonEdit(body)
        if upstream_model != facts.model:
            edit.set("model", msgspec.json.encode(upstream_model))
        if way.edit_media is not None:
            await _bring_media(exchange, edit, way.edit_media)
        if endpoint.drop_foreign_marks is not None:
            endpoint.drop_foreign_marks(edit)
        if rendered.as_it_is and target.mutations is NO_MUTATIONS:
            upstream_body, losses = edit.pieces(), edit.losses
        else:
            upstream_body, losses = _spliced(edit, way, target, exchange, endpoint)
    else:
        if exchange.fetcher is not None or not way.translation.by_url:
            exchange.chat = exchange.chat or way.translation.caller.lift(body)
            await _bring_media_of(exchange, exchange.chat, way.translation)
        lowered = lower_request(exchange, way.translation, upstream_model)
        upstream_body, losses = [lowered.body], lowered.losses
        if way.edits_translated or target.mutations is not NO_MUTATIONS:
            edit = JsonEdit(JsonObject(lowered.body))
            edit.losses.extend(losses)
            upstream_body, losses = _spliced(edit, way, target, exchange, endpoint)
    lines = caller_lines(exchange.request, client, target.mutations, stream=facts.stream)
    if lowered is not None and lowered.headers:
        lines += header_block((name.encode(), value.encode()) for name, value in lowered.headers)
    if client.backend.credential_override is not None:
        lines += client.key_line(exchange.request.header)
    elif client.authorizer is not None:
        lines += await client.authorizer.lines(client.host, rendered.target, upstream_body)
    head = rendered.lines + lines + b"content-length: %d\r\n\r\n" % sum(map(len, upstream_body))
    if losses:
        exchange.note_losses(losses)
    connection = client.pool.checkout_nowait() or await client.pool.checkout()
    receiver: Answer
    if way.translation is None:
        receiver = Attempt(exchange, endpoint, client, connection, limits)
        receiver.in_frames = way.in_frames
        receiver.hide_usage_event = facts.stream and not facts.wants_usage_event
    else:
        assert lowered is not None  # noqa: S101 - lowered above
        receiver = TranslatedAnswer(exchange, endpoint, client, connection, limits)
        receiver.translate(way.translation, lowered.json_tool, in_frames=way.in_frames)
    receiver.retry_statuses = retry_statuses
    if losses:
        receiver.own_lines += b"%b: %b\r\n" % (LOSSES, summarise(losses).encode("ascii"))
    connection.send([head, *upstream_body], receiver, timeouts)
    try:
        await receiver.outcome()
    except CredentialRejected:
        if client.authorizer is not None:
            client.authorizer.refused()
        raise


async def _bring_media(exchange: Exchange, edit: JsonEdit, edit_media: MediaEdit) -> None:
    """Give a body that is relayed the bytes of its media, for a host that takes bytes only."""
    if exchange.fetcher is None:
        refuse_urls_in_place(edit, edit_media)
        return
    exchange.fetched = exchange.fetched or {}
    await exchange.fetcher.fetch_in_place(edit, edit_media, exchange.fetched)


async def _bring_media_of(exchange: Exchange, chat: ChatRequest, translation: Translation) -> None:
    """Give a request that is translated the bytes of its media, as far as the provider wants bytes."""
    if exchange.fetcher is None:
        refuse_urls(chat)
        return
    exchange.fetched = exchange.fetched or {}
    await exchange.fetcher.fetch_for(chat, translation, exchange.fetched)


def _spliced(
    edit: JsonEdit, way: Way, target: Target, exchange: Exchange, endpoint: Endpoint
) -> tuple[list[bytes | memoryview], Sequence[Loss]]:
    """Change what this provider, this host and the operator want otherwise; return the body and what it lost."""
    backend, mutations = target.backend, target.mutations
    provider, facts = backend.provider, exchange.facts
    assert facts is not None  # noqa: S101 - read before the first attempt
    if facts.stream and not facts.wants_usage_event and provider.stream_usage == "on_request":
        ask = endpoint.ask_for_usage if way.translation is None else way.translation.upstream.ask_for_usage
        if ask is not None:
            ask(edit)
    if way.quirks_of is not None:
        translated = len(edit.losses)
        for quirk in provider.request_quirks:
            quirk(way.quirks_of, edit)
        if way.translation is not None and exchange.chat is not None:
            edit.losses[translated:] = _as_asked(edit.losses[translated:], way.translation, exchange.chat)
    for splice in way.splices:
        splice(edit, backend.options, exchange.request.fields)
    if mutations is not NO_MUTATIONS:
        mutate_body(edit, mutations)
    return edit.pieces(), edit.losses


def _as_asked(losses: Iterable[Loss], translation: Translation, chat: ChatRequest) -> Iterator[Loss]:
    """Give losses of a body that we wrote the caller's own paths; to a caller it is none that a member was ours."""
    for loss in losses:
        member = loss.path.removeprefix("$.")
        field = translation.upstream.fields.get(member, member)
        if field:
            yield msgspec.structs.replace(loss, path=f"$.{chat.path(field)}")
