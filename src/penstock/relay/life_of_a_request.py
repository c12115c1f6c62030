"""The life of a request, as a table of contents.

``check_head``: the path, the method, the caller. ``handle``: the body, the model, the target, the attempt; then the
answer or the error, and the record of it. Each step is a few lines here and a module of its own elsewhere. The request
sees one snapshot from first byte to last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from random import random
from time import monotonic
from typing import NamedTuple

from penstock.core.endpoint import Endpoint, EndpointId, RequestFacts
from penstock.core.errors import (
    EndpointNotOffered,
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    UnknownPath,
    UpstreamBrokeOff,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from penstock.core.json_object import JsonObject
from penstock.identity.client_keys import identify, index_keys
from penstock.identity.client_tokens import HeaderLookup, TokenCallers
from penstock.identity.token_keys import KeySource
from penstock.relay.accounting import Accounting
from penstock.relay.answer import NO_STATUSES
from penstock.relay.attempt import attempt
from penstock.relay.backend_client import BackendClient
from penstock.relay.exchange import Exchange
from penstock.relay.fetched_media import MediaFetcher
from penstock.relay.headers import BACKEND, MODEL_CHOICE, REQUEST_ID, REQUEST_ID_OF_UPSTREAM, refuse_repeated
from penstock.relay.local_answers import (
    answer_models,
    cors_headers,
    is_models_path,
    preflight_headers,
    speaks_anthropic,
)
from penstock.relay.passthrough import PASSTHROUGH, find_passage, is_preflight, pass_on
from penstock.relay.plan import Plan
from penstock.relay.snapshot import Limits, Model, Passage, Retry, RetryCause, RuleTimeouts, Snapshot, Target
from penstock.routing.choose_model import choose, name_upstream
from penstock.routing.order_targets import order_targets
from penstock.transport.http_syntax import header_block
from penstock.transport.server_request import HeaderList, ServerRequest
from penstock.transport.upstream_answer import ExchangeTimeouts
from penstock.wire.anthropic_messages.caller_errors import render_error as render_anthropic_error
from penstock.wire.openai_errors import render_error as render_openai_error

JSON = (b"content-type", b"application/json")
_REQUEST_ID_START = REQUEST_ID + b": "
CLIENT_CLOSED_REQUEST = 499
"""Status in the log of an exchange whose caller left before an answer began (nginx's number for it)."""


Attempting = Callable[[Exchange, BackendClient, Plan, Limits], Awaitable[None]]
"""Tries one target, as :func:`penstock.relay.attempt.attempt` does."""

RETRY_CAUSES: tuple[tuple[type[GatewayError], RetryCause], ...] = (
    (UpstreamUnreachable, "connect_failure"),
    (UpstreamBrokeOff, "reset"),
    (UpstreamInvalid, "reset"),
    (UpstreamTimeout, "timeout"),
)
"""Error to the cause by which a route chooses whether it is tried again; others always are, if they may."""


class _Known(NamedTuple):
    """What a head that was accepted says; the same head need not be asked again."""

    endpoint: Endpoint | None
    client_key: str


class Gateway:
    """The application behind the data listener; one per process and snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        endpoints: Mapping[str, Endpoint],
        clients: Mapping[str, BackendClient],
        accounting: Accounting,
        key_sources: Mapping[str, KeySource] | None = None,
    ) -> None:
        """Serve ``snapshot``: ``endpoints`` by path, ``clients`` by backend, ``key_sources`` by issuer of tokens."""
        self.snapshot = snapshot
        self.in_flight = 0
        self._endpoints = endpoints
        self._clients = clients
        self._accounting = accounting
        self._only_plans: dict[tuple[int, EndpointId], tuple[BackendClient, Plan] | None] = {}
        keys = index_keys((key.name, key.sha256) for key in snapshot.client_keys)
        self._identify: Callable[[HeaderLookup], str] = partial(identify, keys=keys)
        if snapshot.token_issuers:
            self._identify = TokenCallers(snapshot.token_issuers, key_sources or {}, keys).identify
        self._fetcher = None if snapshot.fetching is None else MediaFetcher(snapshot.fetching)
        self._limits = snapshot.listener.limits
        self._cors = snapshot.listener.cors

    # --- the head

    def check_head(self, request: ServerRequest) -> GatewayError | None:
        """Refuse what needs no body to be refused: unknown path, wrong method, unknown caller."""
        exchange = Exchange(request, monotonic())
        request.context = exchange
        known = request.notes.get(self)
        if isinstance(known, _Known):
            exchange.endpoint, exchange.client_key = known.endpoint, known.client_key
            return None
        try:
            allow = self._find_path(exchange)
            if request.method == "OPTIONS" and (exchange.model is None or is_preflight(request)):
                return None
            if request.method not in allow:
                msg = f"{request.path[:200]} takes {allow}, not {request.method}."
                return MethodNotAllowed(msg, headers=(("allow", allow),))
            exchange.client_key = self._identify(request.header)
            if exchange.model is None and not self.snapshot.token_issuers:  # a token expires
                request.notes[self] = _Known(exchange.endpoint, exchange.client_key)
        except GatewayError as error:
            return error
        return None

    def _find_path(self, exchange: Exchange) -> str:
        """Find the endpoint of the path; return the methods it takes."""
        path = exchange.request.path
        exchange.endpoint = self._endpoints.get(path)
        if exchange.endpoint is not None:
            return "POST, OPTIONS"
        if is_models_path(path):
            return "GET, HEAD, OPTIONS"
        if self.snapshot.passages is not None:
            exchange.model = find_passage(self.snapshot.passages, exchange.request)
            if exchange.model is not None:
                return f"{exchange.request.method}, OPTIONS"
        known = ", ".join([*self._endpoints, "/v1/models"])
        msg = f"No endpoint has the path {path[:200]}. Paths here: {known}."
        raise UnknownPath(msg)

    # --- the request

    async def handle(self, request: ServerRequest) -> None:
        """Answer one request, whatever comes, and record how it went."""
        exchange = request.context
        assert isinstance(exchange, Exchange)  # noqa: S101 - check_head made it
        exchange.started_at = monotonic()
        self.in_flight += 1
        try:
            await self._serve(exchange)
        except GatewayError as error:
            headers, body = self._error_answer(exchange, error)
            self._respond(exchange, error.status, headers, body)
        except asyncio.CancelledError:
            if request.gone:  # else it is a defect, which the server answers
                if exchange.error is None:  # else the caller has not left: its connection was cut because of the error
                    exchange.outcome = "cancelled"
                    exchange.status = exchange.status or CLIENT_CLOSED_REQUEST
                self._record(exchange)
            raise
        finally:
            self.in_flight -= 1
        self._record(exchange)

    def _record(self, exchange: Exchange) -> None:
        if exchange.error is not None:
            exchange.outcome = "error"
        self._accounting.record(exchange, monotonic())

    async def _serve(self, exchange: Exchange) -> None:
        """Take a request through its stages."""
        request, endpoint = exchange.request, exchange.endpoint
        if request.method == "OPTIONS" and (exchange.model is None or is_preflight(request)):
            headers = preflight_headers(self._cors, request, self._find_path(exchange))
            self._respond(exchange, 204, [*headers, *self._request_ids(exchange)], b"")
            return
        if endpoint is None:
            if isinstance(exchange.model, Passage):
                await self._pass_on(exchange, exchange.model)
                return
            body = answer_models(self.snapshot, request)
            headers = [JSON, *self._request_ids(exchange), *cors_headers(self._cors, request)]
            self._respond(exchange, 200, headers, body)
            return
        exchange.fetcher = self._fetcher
        exchange.own_lines = _REQUEST_ID_START + exchange.request_id.encode("ascii") + b"\r\n"
        if self._cors.allow_origins:
            exchange.own_lines += header_block(cors_headers(self._cors, request))
        name, model = self.choose(exchange, endpoint)
        only = self._only_plan(model, endpoint)
        if only is None:
            await self._try_targets(exchange, model, name, self.offering(model, endpoint))
            return
        try:
            await attempt(exchange, *only, self._limits)
        except UpstreamUnreachable as error:
            await self._try_once_more(exchange, error, model.retry, *only)

    async def _pass_on(self, exchange: Exchange, passage: Passage) -> None:
        """Pass a request on as it is."""
        exchange.endpoint = PASSTHROUGH
        exchange.own_lines = header_block(self._common_headers(exchange))
        await self._try_targets(exchange, passage, "", passage.targets, pass_on)

    def choose(self, exchange: Exchange, endpoint: Endpoint) -> tuple[str, Model]:
        """Read the body; return the model's name as the caller has it, and the rule that serves it.

        Raises:
            InvalidRequest: the body cannot be read, or no model is named.
            ModelNotFound: there is no such model.
        """
        request = exchange.request
        exchange.body = JsonObject(request.body)
        exchange.facts = endpoint.read_request(exchange.body)
        exchange.stream = exchange.facts.stream
        name = self._model_name(request, exchange.facts)
        exchange.model = self._choose_model(request, name)
        return name, exchange.model

    def _choose_model(self, request: ServerRequest, name: str) -> Model:
        """Return the rule that serves the request: of the routes, or by its name alone."""
        snapshot = self.snapshot
        if snapshot.routes is not None:
            host = request.header(b"host") or b""
            rule = snapshot.routes.find(name, host.decode("latin-1"), request.header)
            if rule is not None:
                return rule
        return snapshot.models.get(name) or choose(snapshot.models, snapshot.patterns, name)[0]

    async def _try_once_more(
        self, exchange: Exchange, error: UpstreamUnreachable, retry: Retry, client: BackendClient, plan: Plan
    ) -> None:
        """Try an only target again, which could not be reached."""
        if not _may_retry(error, retry):
            raise error
        exchange.forget_attempt(error.code)
        await self._back_off(retry, 1)
        await attempt(exchange, client, plan, self._limits)

    def _only_plan(self, model: Model, endpoint: Endpoint) -> tuple[BackendClient, Plan] | None:
        """Return how a model's only target is tried, where that is the same for every request: most models are so.

        Found once, since the snapshot keeps its models.
        """
        place = (id(model), endpoint.id)
        try:
            return self._only_plans[place]
        except KeyError:
            first, *others = self.offering(model, endpoint)
        known = None
        fixed = first.model is not None and "*" not in first.model and model.timeouts is None
        if fixed and not others and model.retry.attempts is None and model.retry.per_priority is None:
            client = self._clients[first.backend.name]
            known = client, Plan(first, first.model or "", client.timeouts, NO_STATUSES)
        self._only_plans[place] = known
        return known

    async def _try_targets(
        self, exchange: Exchange, model: Model, name: str, offering: Sequence[Target], attempt_one: Attempting = attempt
    ) -> None:
        """Try the targets in their order until one has answered, or the attempts are used up."""
        retry, timeouts = model.retry, model.timeouts
        targets = order_targets(offering, random, retry.per_priority)
        once = max(len(targets), 2)  # an only target that could not be reached is tried again
        attempts = retry.attempts or once
        for number in range(attempts):
            target = targets[number % len(targets)]
            client = self._clients[target.backend.name]
            is_last = number + 1 == attempts or (retry.attempts is None and number + 1 == len(targets))
            statuses = NO_STATUSES if is_last else retry.statuses
            waits = client.timeouts if timeouts is None else _waits(client.timeouts, timeouts, exchange.started_at)
            plan = Plan(target, name_upstream(model, target, name), waits, statuses)
            try:
                await attempt_one(exchange, client, plan, self._limits)
                return
            except GatewayError as error:
                unreachable = isinstance(error, UpstreamUnreachable)
                if number + 1 == attempts or not _may_retry(error, retry) or (is_last and not unreachable):
                    raise
                exchange.forget_attempt(error.code)
            await self._back_off(retry, _tries_of_next(targets, number))

    async def _back_off(self, retry: Retry, rounds: int) -> None:
        """Wait before a target is tried again: a random time, so that many callers do not come back together."""
        if rounds:
            longest_s = min(retry.backoff_s * 2 ** min(rounds - 1, 16), retry.backoff_max_s)
            await asyncio.sleep(longest_s * (0.5 + random() / 2))  # noqa: S311 - no secret

    def _model_name(self, request: ServerRequest, facts: RequestFacts) -> str:
        """Return the model's name: from the header, which wins, or from the body."""
        chosen = request.header(MODEL_CHOICE)
        if chosen:
            if len(request.fields) < len(request.headers):  # some are repeated: another reader may take the first one
                refuse_repeated(request.headers, MODEL_CHOICE)
            return chosen.decode("utf-8", "replace")
        if facts.model:
            return facts.model
        msg = "The request names no model: set the field 'model', or the header 'x-ai-eg-model'."
        raise InvalidRequest(msg, code="missing_model", param="model")

    def offering(self, model: Model, endpoint: Endpoint) -> list[Target]:
        """Return the targets that offer the endpoint.

        Raises:
            EndpointNotOffered: none does.
        """
        offering = [target for target in model.targets if self._clients[target.backend.name].way(endpoint) is not None]
        if offering:
            return offering
        titles = ", ".join(dict.fromkeys(target.backend.provider.title for target in model.targets))
        msg = f'The model "{model.name}" cannot be used with {endpoint.path}: {titles} does not offer it.'
        raise EndpointNotOffered(msg, param="model")

    # --- answers of our own

    def render_error(self, error: GatewayError, request: ServerRequest | None) -> tuple[HeaderList, bytes]:
        """Render and record an error that the server met: bad HTTP, a refused head, a defect of ours."""
        if request is None:
            return [JSON], render_openai_error(error, "")
        exchange = request.context
        if not isinstance(exchange, Exchange):
            exchange = Exchange(request, monotonic())
        if isinstance(exchange.model, Passage):
            exchange.endpoint = PASSTHROUGH
        headers, body = self._error_answer(exchange, error)
        self._note_answer(exchange, error.status, body)
        self._record(exchange)
        return headers, body

    def _error_answer(self, exchange: Exchange, error: GatewayError) -> tuple[HeaderList, bytes]:
        exchange.error = error
        if exchange.endpoint is not None:
            render = exchange.endpoint.render_error
        else:
            render = render_anthropic_error if speaks_anthropic(exchange.request) else render_openai_error
        headers: HeaderList = [JSON, *self._common_headers(exchange)]
        if exchange.target is not None:
            headers.append((BACKEND, exchange.target.backend.name.encode("ascii", "replace")))
        name = exchange.endpoint.request_id_header if exchange.endpoint else REQUEST_ID_OF_UPSTREAM
        headers.append((name, exchange.request_id.encode("ascii")))
        headers += [(name.encode("ascii"), value.encode("ascii", "replace")) for name, value in error.headers]
        return headers, render(error, exchange.request_id)

    def _respond(self, exchange: Exchange, status: int, headers: HeaderList, body: bytes) -> None:
        self._note_answer(exchange, status, body)
        exchange.request.respond(status, headers, body)

    def _note_answer(self, exchange: Exchange, status: int, body: bytes) -> None:
        exchange.status = status
        exchange.response_bytes = 0 if exchange.request.method == "HEAD" else len(body)

    def _request_ids(self, exchange: Exchange) -> HeaderList:
        request_id = exchange.request_id.encode("ascii")
        return [(REQUEST_ID, request_id), (REQUEST_ID_OF_UPSTREAM, request_id)]

    def _common_headers(self, exchange: Exchange) -> HeaderList:
        headers: HeaderList = [(REQUEST_ID, exchange.request_id.encode("ascii"))]
        if self._cors.allow_origins:
            headers += cors_headers(self._cors, exchange.request)
        return headers


def _tries_of_next(targets: Sequence[Target], number: int) -> int:
    """Say how often the target that is tried after try ``number`` (from 0) has been tried already."""
    rounds, place = divmod(number + 1, len(targets))
    following = targets[place]
    return rounds * targets.count(following) + targets[:place].count(following)


def _may_retry(error: GatewayError, retry: Retry) -> bool:
    """Say whether another target may do better, and the route wants it tried."""
    if not error.retryable:
        return False
    cause = next((cause for kind, cause in RETRY_CAUSES if isinstance(error, kind)), None)
    return cause is None or cause in retry.causes


def _waits(backend: ExchangeTimeouts, rule: RuleTimeouts, started_at: float) -> ExchangeTimeouts:
    """Return the waits of one attempt; what earlier attempts took is no longer there for it.

    Raises:
        UpstreamTimeout: the rule's whole time is over.
    """
    left_s = backend.total_s
    if rule.total_s is not None:
        left_s = rule.total_s - (monotonic() - started_at)
        if left_s <= 0:
            msg = f"No backend answered within {rule.total_s:g} s."
            raise UpstreamTimeout(msg)
    return ExchangeTimeouts(
        min(left_s, backend.first_byte_s if rule.attempt_s is None else rule.attempt_s),
        backend.idle_s if rule.idle_s is None else rule.idle_s,
        left_s,
    )
