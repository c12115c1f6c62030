"""What is recorded of an exchange when it ends: metrics and one line of the access log.

Both read the same record, so that they agree. Label values are configured names and fixed words; a caller cannot make
new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import gmtime, strftime

from msgspec.structs import astuple

from penstock.core.usage import UNREPORTED, Usage
from penstock.relay.exchange import Exchange
from penstock.relay.passthrough import PASSTHROUGH
from penstock.telemetry.access_line import AccessLine
from penstock.telemetry.access_log import AccessLog
from penstock.telemetry.log_format import LogFormat, Told, Value
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
_FRACTIONS = [f".{milliseconds:03d}Z" for milliseconds in range(1000)]
"""Ends of timestamps: to format a number each time costs more than all else about a timestamp."""
_COUNTED_TOGETHER = 2000
"""So many answers, of all places, are counted at once, or fewer when somebody asks: one by one costs three times as
much."""
_KEPT_WORDS = 20
_WORD_CHARS = 80


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
        self._failed_attempts = CounterFamily(
            "penstock_failed_attempts_total", "Attempts after which another target was tried.", (*where, "code")
        )
        self._unknown = CounterFamily(
            "penstock_unknown_words_total", "Words of providers that are in no table.", ("backend", "place")
        )
        self._second = 0
        self._second_text = ""
        self._places: dict[tuple[str, str, str], _Place] = {}
        self._uncounted: list[_Place] = []
        """Places with answers that are not counted yet, and how many these are together."""
        self._fresh = 0

    def families(self) -> Iterable[Family]:
        """Return the metric families, for exposition, with all that was recorded counted."""
        self._count()
        return (
            self._requests,
            self._tokens,
            self._unreported,
            self._durations,
            self._first_events,
            self._losses,
            self._failed_attempts,
            self._unknown,
        )

    def record(self, exchange: Exchange, now: float) -> None:
        """Record an exchange that has ended at monotonic time ``now``."""
        target = exchange.target
        key = (
            exchange.endpoint.id if exchange.endpoint else "",
            exchange.model.name if exchange.model else "",
            target.backend.name if target else "",
        )
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._new_place(key)
        result = (exchange.status, exchange.outcome, exchange.error.code if exchange.error else "")
        counter = place.requests.get(result)
        if counter is None:
            labels = (*key, str(exchange.status), *result[1:])
            counter = place.requests[result] = self._requests.child(*labels)
        counter.value += 1
        if target is not None:
            if not place.fresh_durations_s:
                self._uncounted.append(place)
            _record_attempt(place, exchange, now)
            self._fresh += 1
            if self._fresh >= _COUNTED_TOGETHER:
                self._count()
        if exchange.failed_attempts:
            for backend, code in exchange.failed_attempts:
                self._failed_attempts.child(*key[:2], backend, code).add()
        if exchange.unknown:
            for word in exchange.unknown:
                self._unknown.child(key[2], word.partition("=")[0]).add()
        if self.access_log is not None:
            line, line_format = self._line(exchange, place, now), self.access_log.line_format
            self.access_log.write(line if line_format is None else _write_by(line_format, line, exchange))

    def _count(self) -> None:
        """Count what was recorded and is not counted yet."""
        for place in self._uncounted:
            place.count()
        self._uncounted.clear()
        self._fresh = 0

    def _new_place(self, key: tuple[str, str, str]) -> _Place:
        kinds = {name: kind for kind, name in TOKEN_TYPES}
        counted = [kinds[name] for name in Usage.__struct_fields__ if name in kinds]
        is_read = bool(key[2]) and key[0] != PASSTHROUGH.id
        return _Place(
            *key,
            requests={},
            durations=self._durations.child(*key) if key[2] else Histogram(),
            first_events=self._first_events.child(*key) if is_read else Histogram(),
            unreported=self._unreported.child(*key) if is_read else Counter(),
            losses=self._losses.child(*key) if is_read else Counter(),
            tokens=[self._tokens.child(*key, kind) for kind in counted] if is_read else [],
        )

    def _timestamp(self, unix_s: float) -> str:
        """Return RFC 3339 in UTC with milliseconds; the text of the current second is kept."""
        second = int(unix_s)
        if second != self._second:
            self._second = second
            self._second_text = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return self._second_text + _FRACTIONS[int((unix_s - second) * 1000)]

    def _line(self, exchange: Exchange, place: _Place, now: float) -> AccessLine:
        """Build the line; by position, in the order of :class:`AccessLine`, since names cost a microsecond."""
        request, started_at = exchange.request, exchange.started_at
        target, error = exchange.target, exchange.error
        first_byte_at, first_event_at = exchange.first_byte_at, exchange.first_event_at
        line = AccessLine(
            self._timestamp(self._wall_clock() - (now - started_at)),
            exchange.request_id,
            exchange.outcome,
            exchange.status,
            request.method,
            request.path[:200],
            request.peer,
            int((now - started_at) * 100_000) / 100,
            len(request.body),
            exchange.response_bytes,
            exchange.client_key,
            place.endpoint or None,
            place.model or None,
            place.backend or None,
            target.backend.provider.id if target else None,
            exchange.upstream_model,
            exchange.upstream_status,
            exchange.stream,
            None if first_byte_at is None else int((first_byte_at - started_at) * 100_000) / 100,
            None if first_event_at is None else int((first_event_at - started_at) * 100_000) / 100,
            exchange.events,
            exchange.finish_reasons,
            None if exchange.usage is UNREPORTED else exchange.usage,
            exchange.losses,
        )
        if error is not None:
            line.error_code, line.error, line.detail, line.fault = error.code, error.message, error.detail, error.fault
        elif exchange.upstream_error is not None:
            line.error = exchange.upstream_error
        if exchange.failed_attempts:
            line.failed_attempts = exchange.failed_attempts
        if exchange.unknown:
            line.unknown = tuple([word[:_WORD_CHARS] for word in exchange.unknown[:_KEPT_WORDS]])
        return line


@dataclass(slots=True)
class _Place:
    """The names and metric children of one endpoint, model and backend (empty where a request did not get so far)."""

    endpoint: str
    model: str
    backend: str
    requests: dict[tuple[int, str, str], Counter]
    durations: Histogram
    first_events: Histogram
    unreported: Counter
    losses: Counter
    tokens: list[Counter]
    """In the order of the fields of ``Usage``."""
    fresh_durations_s: list[float] = field(default_factory=list)
    fresh_usages: list[Usage] = field(default_factory=list)
    """Recorded, but not counted yet."""

    def count(self) -> None:
        """Count what is not counted yet."""
        self.durations.observe_all(self.fresh_durations_s)
        # the total, last in a usage, is not counted
        for counter, counts in zip(self.tokens, zip(*map(astuple, self.fresh_usages), strict=True), strict=False):
            counter.value += sum(filter(None, counts))
        self.fresh_durations_s.clear()
        self.fresh_usages.clear()


def _write_by(line_format: LogFormat, line: AccessLine, exchange: Exchange) -> dict[str, Value] | str:
    """Make the line that an operator's format asks for."""
    facts, target = exchange.facts, exchange.target
    upstream = None
    if target is not None:
        host, port = target.backend.host, target.backend.port
        upstream = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return line_format.make(Told(line, exchange.request, facts.model if facts else None, upstream))


def _record_attempt(place: _Place, exchange: Exchange, now: float) -> None:
    place.fresh_durations_s.append(now - exchange.started_at)
    if exchange.first_event_at is not None:
        place.first_events.observe(exchange.first_event_at - exchange.started_at)
    if exchange.losses:
        place.losses.add(len(exchange.losses))
    usage = exchange.usage
    if usage is not UNREPORTED:
        place.fresh_usages.append(usage)
    elif exchange.outcome == "done" and exchange.status < 400:
        place.unreported.add()
