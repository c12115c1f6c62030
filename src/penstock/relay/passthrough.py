"""Requests that are passed on as they are, to a server that is no provider: any method, any body, answers unread.

A passage is looked up where no endpoint has the path; its targets are tried as a model's are, by the same loop and over
the same pools. Only what a proxy must change is changed: the connection's own headers, the address, what the operator
wants otherwise. Callers' credentials and cookies stay here unless the passage says so, and the key by which this
gateway knows a caller always does. Request bodies are whole before they are sent, within the listener's limit; answers
are passed on as they come, at the caller's pace. Protocol upgrades are not offered to the server.

RFC 9110, sections 7.6, 9.3.2 and 9.3.8 (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import cast

from penstock.core.endpoint import PLAIN_EVENT, Endpoint, EndpointId, RequestFacts
from penstock.core.errors import InvalidRequest, NotImplementedByServer, UpstreamFault
from penstock.endpoints import all_endpoints
from penstock.identity.client_keys import ANONYMOUS, find_key
from penstock.relay.answer import Answer
from penstock.relay.backend_client import BackendClient
from penstock.relay.exchange import Exchange
from penstock.relay.headers import is_credential, travels_down, travels_on, without_named
from penstock.relay.local_answers import is_models_path
from penstock.relay.plan import Plan
from penstock.relay.snapshot import HeaderChanges, Limits, Passage
from penstock.relay.whole import RefusedRelay
from penstock.routing.path_table import PathTable, climbs, plain_path, replace_prefix
from penstock.transport.http_syntax import LENGTH_DIGITS, header_block
from penstock.transport.server_request import HeaderList, ServerRequest
from penstock.transport.upstream_answer import AnswerHead, BodyReceiver
from penstock.wire.openai_errors import render_error

PASSTHROUGH = Endpoint(
    id=cast("EndpointId", "passthrough"),  # in no provider's table of paths, so no word of that vocabulary
    path="",
    title="Pass-through",
    streams=False,
    read_request=lambda _body: RequestFacts(None, False, False),
    read_answer=lambda _body, _read_usage: PLAIN_EVENT,
    render_error=render_error,
    adopt_error=lambda _status, body, _backend: body,
)
"""Stands for the endpoint of such a request, in errors and in what is recorded."""

_LENGTH_IS_SAID = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty bodies have a length too (RFC 9110, section 8.6)."""
_WITH_CREDENTIALS = frozenset({b"location", b"set-cookie", b"www-authenticate"})
_WITHOUT_CREDENTIALS = frozenset({b"location"})
"""Headers of answers that elsewhere stay here: a redirect leads nowhere without the first; the others belong to
credentials that travel."""


def find_passage(table: PathTable[Passage], request: ServerRequest) -> Passage | None:
    """Return the passage that takes a request.

    Raises:
        InvalidRequest: its path may mean another one than it seems to.
        NotImplementedByServer: its answer would repeat the credential that the server gets (RFC 9110, section 9.3.8).
    """
    host = request.header(b"host") or b""
    passage = table.find(request.path, request.method, host.decode("latin-1"), request.header)
    if passage is not None and climbs(request.path):
        msg = "A path with . or .. among its segments is not passed on."
        raise InvalidRequest(msg, code="invalid_path")
    if passage is not None and ((plain := plain_path(request.path)) in all_endpoints() or is_models_path(plain)):
        msg = f"The path is another way to write {plain[:200]}, and not passed on."
        raise InvalidRequest(msg, code="invalid_path")
    if passage is not None and request.method == "TRACE":
        msg = "TRACE is not passed on."
        raise NotImplementedByServer(msg)
    return passage


def is_preflight(request: ServerRequest) -> bool:
    """Say whether a browser asks if it may call: that is answered here, whoever serves the path."""
    return (
        request.method == "OPTIONS"
        and request.header(b"origin") is not None
        and request.header(b"access-control-request-method") is not None
    )


async def pass_on(exchange: Exchange, client: BackendClient, plan: Plan, limits: Limits) -> None:
    """Try one target; returns when the caller has its answer.

    Raises:
        GatewayError: the target failed and nothing has been sent to the caller.
    """
    passage, request = exchange.model, exchange.request
    assert isinstance(passage, Passage)  # noqa: S101 - chosen with the head
    exchange.target = plan.target
    target = _upstream_target(passage, client.backend.base_path, request)
    lines = client.plain_head(request.method, target, passage.host)
    lines += header_block(_headers_up(passage, client, plan, exchange))
    if client.backend.credential_override is not None:
        lines += client.key_line(request.header)
    elif client.authorizer is not None:
        lines += await client.authorizer.lines(client.host, target, [request.body])
    framed = request.body or b"content-length" in request.fields or request.method in _LENGTH_IS_SAID
    head = b"%b%b\r\n" % (lines, b"content-length: %d\r\n" % len(request.body) if framed else b"")
    connection = client.pool.checkout_nowait() or await client.pool.checkout()
    answer = PassedAnswer(exchange, PASSTHROUGH, client, connection, limits)
    answer.passage = passage
    answer.retry_statuses = plan.retry_statuses
    connection.answers_head = request.method == "HEAD"
    connection.send([head, request.body], answer, plan.timeouts)
    await answer.outcome()
    if exchange.upstream_status == 401 and client.authorizer is not None:
        client.authorizer.refused()


class PassedAnswer(Answer):
    """Receives the head of a server's answer."""

    __slots__ = ("passage",)

    passage: Passage

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        """Tell the caller, unless another target is tried for this status."""
        self.exchange.upstream_status = head.status
        self.exchange.first_byte_at = monotonic()
        if head.status in self.retry_statuses:
            return RefusedRelay(self, head.status)
        return _PassedBody(self, head)

    def on_failure(self, error: UpstreamFault) -> None:
        """No answer came."""
        self.finish(error)

    def _lines(self, head: AnswerHead) -> bytes:
        kept = _WITH_CREDENTIALS if self.passage.forwards_credentials else _WITHOUT_CREDENTIALS
        headers = [
            item
            for item in without_named(head.headers, head.fields)
            if (item[0] in kept or travels_down(item[0])) and not self.repeats_key(item[1])
        ]
        lines = header_block(changed(headers, self.passage.answer)) + self.own_lines
        name = self.endpoint.request_id_header
        if name not in head.fields:
            lines += b"%b: %b\r\n" % (name, self.exchange.request_id.encode("ascii"))
        return lines


class _PassedBody:
    """Takes the body of an answer and passes it on as it comes."""

    __slots__ = ("_answer", "_has_body", "_head", "_request")

    def __init__(self, answer: PassedAnswer, head: AnswerHead) -> None:
        """Send the head, where a body or the length of one is to follow it."""
        self._answer = answer
        self._head = head
        self._request = answer.exchange.request
        self._has_body = head.framing != "none" or self._request.method == "HEAD"
        if self._has_body:
            answer.begin(head, _told_length(head))

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Pass the piece on."""
        self._answer.pass_on(payload, framed)

    def on_end(self) -> None:
        """The answer is whole."""
        if not self._has_body:
            self._answer.respond(self._head, b"")
            return
        self._request.couple(None)
        self._request.end()
        self._answer.finish()

    def on_failure(self, error: UpstreamFault) -> None:
        """The body broke off, and must be seen to have."""
        if not self._has_body:
            self._answer.finish(error)
            return
        self._answer.break_off(error)


def changed(headers: HeaderList, changes: HeaderChanges) -> HeaderList:
    """Return headers with the operator's changes made."""
    gone = changes.remove.union(name for name, _ in changes.set)
    return [*(item for item in headers if item[0] not in gone), *changes.set, *changes.add]


def _told_length(head: AnswerHead) -> int | None:
    """Return the length that the answer says its body has, or would have had; None where it says none."""
    length = head.fields.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) <= LENGTH_DIGITS else None


def _upstream_target(passage: Passage, base_path: str, request: ServerRequest) -> str:
    """Return path and query as the server gets them."""
    path = request.path
    if passage.new_path is not None:
        path = passage.new_path
    elif passage.new_prefix is not None:
        path = replace_prefix(path, passage.path, passage.new_prefix)
    return f"{base_path}{path}?{request.query}" if request.query else base_path + path


def _headers_up(passage: Passage, client: BackendClient, plan: Plan, exchange: Exchange) -> HeaderList:
    """Return what of a caller's headers the server gets, with the changes made.

    What the backend has of its own is neither the caller's to send nor a passage's to change.
    """
    request = exchange.request
    goes = _may_go(passage, exchange)
    headers = [item for item in without_named(request.headers, request.fields) if goes(*item)]
    mutations = plan.target.mutations
    for_backend = HeaderChanges(
        set=tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in mutations.set_headers),
        remove=frozenset(name.encode("ascii") for name in mutations.remove_headers),
    )
    headers = changed(changed(headers, for_backend), passage.request)
    present = {name for name, _ in headers}
    headers += [item for item in client.default_headers if item[0] not in present]
    return [item for item in headers if item[0] not in client.plain_names]


def _may_go(passage: Passage, exchange: Exchange) -> Callable[[bytes, bytes], bool]:
    """Return which of a caller's headers go on; never one that holds the key by which this gateway knows it."""
    if not passage.forwards_credentials:
        return lambda name, _value: travels_on(name) and not is_credential(name)
    key = find_key(exchange.request.header) if exchange.client_key != ANONYMOUS else None
    return lambda name, value: travels_on(name) and not (key and key in value)
