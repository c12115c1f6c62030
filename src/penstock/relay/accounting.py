"""What is recorded of an exchange when it ends: metrics and one line of the access log.

Both read the same record, so that they agree. Label values are configured names and fixed words; a caller cannot make
new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import gmtime, strftime

from penstock.core.usage import UNREPORTED, Usage
from penstock.relay.exchange import Exchange
from penstock.telemetry.access_log import AccessLine, AccessLog
from penstock.telemetry.metrics import Counter, CounterFamily, Family, Histogram, HistogramFamily

TOKEN_TYPES = (
    ("input", "input_tokens"),
    ("cached_input", "cached_input_tokens"),
    ("cache_creation", "cache_creation_tokens"),
    ("output", "output_tokens"),
    ("reasoning", "reasoning_tokens"),
    ("audio_input", "audio_input_tokens"),
    ("audio_output", "audio_output_tokens"),
)
"""Label value to the field of ``Usage``. Cached and reasoning tokens are also part of input and output."""


class Accounting:
    """The metrics of the request path, and the access log."""

    def __init__(self, access_log: AccessLog | None, wall_clock: Callable[[], float]) -> None:
        """Count from zero; ``wall_clock`` returns Unix seconds."""
        self.access_log = access_log
        self._wall_clock = wall_clock
        where = ("endpoint", "model", "backend")
        self._requests = CounterFamily(
            "penstock_requests_total", "Requests answered.", (*where, "status", "outcome", "code")
        )
        self._tokens = CounterFamily("penstock_tokens_total", "Tokens that providers reported.", (*where, "type"))
        self._unreported = CounterFamily("penstock_usage_unreported_total", "Answers without reported usage.", where)
        self._durations = HistogramFamily(
            "penstock_request_duration_seconds", "From the whole request to the end of its answer.", where
        )
        self._first_events = HistogramFamily(
            "penstock_time_to_first_event_seconds", "From the whole request to the first event of a stream.", where
        )
        self._losses = CounterFamily("penstock_losses_total", "Fields that a provider could not be given.", where)
        self._second = 0
        self._second_text = ""
        self._requests_seen: dict[tuple[str, str, str, int, str, str], Counter] = {}
        self._places_seen: dict[tuple[str, str, str], _Place] = {}

    def families(self) -> Iterable[Family]:
        """Return the metric families, for exposition."""
        return (self._requests, self._tokens, self._unreported, self._durations, self._first_events, self._losses)

    def record(self, exchange: Exchange, now: float) -> None:
        """Record an exchange that has ended at loop time ``now``."""
        endpoint = exchange.endpoint.id if exchange.endpoint else ""
        model = exchange.model.name if exchange.model else ""
        backend = exchange.target.backend.name if exchange.target else ""
        code = exchange.error.code if exchange.error else ""
        key = (endpoint, model, backend, exchange.status, exchange.outcome, code)
        counter = self._requests_seen.get(key)
        if counter is None:
            labels = (endpoint, model, backend, str(exchange.status), exchange.outcome, code)
            counter = self._requests_seen[key] = self._requests.child(*labels)
        counter.add()
        if backend:
            self._record_at(endpoint, model, backend, exchange, now)
        if self.access_log is not None:
            self.access_log.write(self._line(exchange, now))

    def _record_at(self, endpoint: str, model: str, backend: str, exchange: Exchange, now: float) -> None:
        place = self._places_seen.get((endpoint, model, backend))
        if place is None:
            place = self._places_seen[endpoint, model, backend] = _Place(
                self._durations.child(endpoint, model, backend),
                self._first_events.child(endpoint, model, backend),
                self._unreported.child(endpoint, model, backend),
                self._losses.child(endpoint, model, backend),
                {kind: self._tokens.child(endpoint, model, backend, kind) for kind, _ in TOKEN_TYPES},
            )
        place.durations.observe(now - exchange.started_at)
        if exchange.first_event_at is not None:
            place.first_events.observe(exchange.first_event_at - exchange.started_at)
        if exchange.losses:
            place.losses.add(len(exchange.losses))
        if exchange.usage is not UNREPORTED:
            _count_tokens(place.tokens, exchange.usage)
        elif exchange.outcome == "done" and exchange.status < 400:
            place.unreported.add()

    def _timestamp(self, unix_s: float) -> str:
        """Return RFC 3339 in UTC with milliseconds; the text of the current second is kept."""
        second = int(unix_s)
        if second != self._second:
            self._second = second
            self._second_text = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{self._second_text}.{int((unix_s - second) * 1000):03d}Z"

    def _line(self, exchange: Exchange, now: float) -> AccessLine:
        request, started_at = exchange.request, exchange.started_at
        target, error = exchange.target, exchange.error
        return AccessLine(
            time=self._timestamp(self._wall_clock() - (now - started_at)),
            request_id=exchange.request_id,
            outcome=exchange.outcome,
            status=exchange.status,
            method=request.method,
            path=request.path[:200],
            peer=request.peer,
            duration_ms=_milliseconds(now - started_at),
            request_bytes=len(request.body),
            response_bytes=exchange.response_bytes,
            client_key=exchange.client_key,
            endpoint=exchange.endpoint.id if exchange.endpoint else None,
            model=exchange.model.name if exchange.model else None,
            backend=target.backend.name if target else None,
            provider=target.backend.provider.id if target else None,
            upstream_model=exchange.upstream_model,
            upstream_status=exchange.upstream_status,
            stream=exchange.stream,
            first_byte_ms=_since(started_at, exchange.first_byte_at),
            first_event_ms=_since(started_at, exchange.first_event_at),
            events=exchange.events,
            finish_reasons=exchange.finish_reasons,
            usage=None if exchange.usage is UNREPORTED else exchange.usage,
            losses=exchange.losses,
            error_code=error.code if error else None,
            error=(error.message if error else None) or exchange.upstream_error,
            detail=error.detail if error else None,
            fault=error.fault if error else None,
        )


class _Place:
    """The metric children of one endpoint, model and backend."""

    __slots__ = ("durations", "first_events", "losses", "tokens", "unreported")

    def __init__(
        self,
        durations: Histogram,
        first_events: Histogram,
        unreported: Counter,
        losses: Counter,
        tokens: dict[str, Counter],
    ) -> None:
        self.durations = durations
        self.first_events = first_events
        self.unreported = unreported
        self.losses = losses
        self.tokens = tokens


def _count_tokens(counters: dict[str, Counter], usage: Usage) -> None:
    for kind, name in TOKEN_TYPES:
        count: int | None = getattr(usage, name)
        if count:
            counters[kind].add(count)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _since(start: float, moment: float | None) -> float | None:
    return None if moment is None else _milliseconds(moment - start)
