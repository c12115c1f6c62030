"""A stream of events from the upstream to the caller, in the same wire format.

Theory of operation. Events are passed on as the bytes, and in the HTTP chunks, they came in; each is looked at on its
way (usage, finish reason, error, end). An event that has not come whole is held back, so that a stream that breaks can
still end in a readable error. When the caller is slow its connection pauses ours to the upstream.

A stream ends in exactly one of: done (its last event came, or a finish reason did and the upstream ended), error (an
error event in the caller's format, then a visibly broken connection), cancelled (the caller left). Before the first
whole event nothing has been sent, and a failure is an ordinary error answer.
"""

from __future__ import annotations

from time import monotonic

from penstock.core.endpoint import PLAIN_EVENT, AnswerFacts
from penstock.core.errors import GatewayError, UpstreamBrokeOff, UpstreamFault
from penstock.relay.answer import Answer
from penstock.relay.content_coding import IDENTITY, StreamUnpacker, UnreadableCodingError
from penstock.transport.upstream_answer import AnswerHead
from penstock.wire.framing.sse import EventSplitter, event_data, without_blocks

LF, CR = b"\n\r"


class StreamRelay:
    """Takes the body of a streamed answer."""

    __slots__ = (
        "_answer",
        "_begun",
        "_endpoint",
        "_exchange",
        "_failure",
        "_finished",
        "_head",
        "_in_long_event",
        "_read_event",
        "_read_opening",
        "_read_usage",
        "_request",
        "_splitter",
        "_steady",
        "_unpacker",
    )

    def __init__(self, answer: Answer, head: AnswerHead) -> None:
        """Begin; nothing is sent before the first event.

        Raises:
            UnreadableCodingError: the stream is compressed in a way that cannot be read.
        """
        endpoint = answer.endpoint
        assert endpoint.read_event is not None  # noqa: S101 - chosen for endpoints that stream
        self._answer = answer
        self._exchange = answer.exchange
        self._endpoint = endpoint
        self._head = head
        self._request = answer.exchange.request
        self._read_event = endpoint.read_event
        self._read_opening = endpoint.read_opening
        """Reads events until the answer has begun; None from then on."""
        self._read_usage = answer.read_usage
        self._splitter = EventSplitter()
        self._begun = False
        self._failure: GatewayError | None = None
        self._finished = False
        self._steady = False
        """Nothing is held back, and the chunks of the next event may go to the caller as they are."""
        self._in_long_event = False
        """The caller has the beginning of an event that was too long to be held until it was whole."""
        coding = head.fields.get(b"content-encoding", b"").lower()
        self._unpacker = None if coding in IDENTITY else StreamUnpacker(coding, answer.limits.event_bytes)
        if self._unpacker is not None:
            head.headers = [item for item in head.headers if item[0] != b"content-encoding"]

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Pass on the events that are whole."""
        if framed is not None and self._steady and self._passes_as_it_is(payload):
            self._request.write_raw(framed)
            return
        if self._finished:
            return
        if self._unpacker is not None:
            framed = None
            try:
                payload = self._unpacker.feed(payload)
            except UnreadableCodingError as error:
                self._break(self._answer.invalid(f"sent a stream that cannot be read: {error}"))
                return
        self._take(payload, framed)

    def _take(self, payload: bytes, framed: bytes | None) -> None:
        """Take plain bytes of the stream."""
        whole, blocks = self._splitter.feed(payload)
        if whole is not payload:
            framed = None
        if blocks:
            hidden = self._look_at(blocks)
            if hidden:
                framed = None
                whole = without_blocks(whole, blocks, hidden)
        if len(self._splitter.held) > self._answer.limits.event_bytes:
            whole += self._splitter.give_up_holding()
            self._in_long_event = True
            framed = None
        if whole:
            self._send(whole, framed)
        if self._failure is not None:
            self._break(self._failure)
        elif self._finished:
            self._end()
        else:
            self._steady = self._is_steady()

    def _is_steady(self) -> bool:
        begun = self._request.takes_chunks and self._read_opening is None and self._exchange.first_event_at is not None
        return begun and not self._splitter.held and not self._in_long_event and self._unpacker is None

    def _passes_as_it_is(self, payload: bytes) -> bool:
        """Say whether this is what most pieces are: one event that says nothing a relay must know."""
        data = payload[6:-2]
        if LF in data or CR in data or payload != b"data: %b\n\n" % data:
            data = _data_of_named(payload)
            if not data:
                return False
        try:
            if self._read_event(data, self._read_usage) is not PLAIN_EVENT:
                return False
        except ValueError:
            return False
        exchange = self._exchange
        exchange.events += 1
        exchange.response_bytes += len(payload)
        return True

    def _look_at(self, blocks: list[bytes]) -> set[int]:
        """Look at each event; return the numbers of those that the caller is not to see.

        Sets ``_finished`` at the event that ends the stream, and ``_failure`` where the stream must not end well.
        """
        hidden: set[int] = set()
        answer = self._answer
        exchange = answer.exchange
        end = len(blocks)
        first = 1 if self._in_long_event else 0  # the rest of a long event cannot be read
        self._in_long_event = False
        for number, block in enumerate(blocks[first:], first):
            data = event_data(block)
            if not data:  # a comment, or empty data, which is no event to a client
                continue
            if exchange.first_event_at is None:
                exchange.first_event_at = monotonic()
            if data == self._endpoint.end_of_stream:
                if exchange.upstream_error is None:
                    self._finished, end = True, number + 1
                else:
                    self._failure, end = self._reported_error(), number
                break
            try:
                facts = self._read_event(data, self._read_usage) if self._read_opening is None else self._open(data)
            except ValueError:
                self._failure, end = answer.invalid("sent an event that is not of its own format"), number
                break
            exchange.events += 1
            if facts is PLAIN_EVENT:
                continue
            if facts.error is not None and answer.repeats_key(data):
                self._failure, end = self._reported_error(), number
                break
            answer.note(facts)
            if facts.usage_only and answer.hide_usage_event:
                hidden.add(number)
            if facts.ends:
                end = number + 1
                if exchange.upstream_error is None:
                    self._finished = True
                else:
                    self._failure = self._reported_error()
                break
        hidden.update(range(end, len(blocks)))
        return hidden

    def _open(self, data: bytes) -> AnswerFacts:
        """Read an event in front of which no answer has begun.

        Raises:
            ValueError: it is none that a stream of this format begins with.
        """
        assert self._read_opening is not None  # noqa: S101 - asked for by the caller
        facts = self._read_opening(data, self._read_usage)
        if facts is None:
            return PLAIN_EVENT
        self._read_opening = None
        return facts

    def _reported_error(self) -> GatewayError:
        return self._answer.invalid("reported an error in its stream")

    def _send(self, whole: bytes, framed: bytes | None) -> None:
        request = self._request
        if not self._begun:
            self._begun = True
            self._answer.begin(self._head, None)
        if framed is not None and request.takes_chunks:
            request.write_raw(framed)
        else:
            request.write_chunk(whole)
        self._answer.exchange.response_bytes += len(whole)

    def _end(self) -> None:
        """The caller has the whole stream."""
        self._finished, self._steady = True, False
        if not self._begun:
            self._begun = True
            self._answer.begin(self._head, None)
        self._request.couple(None)
        self._answer.connection.resume_reading()
        self._request.end()
        self._answer.finish()

    def _break(self, error: GatewayError) -> None:
        """End in an error: as an answer of its own if nothing was sent, else as the stream's last event."""
        self._finished, self._steady = True, False
        self._answer.connection.cancel()
        if not self._begun:
            self._answer.finish(error)
            return
        exchange = self._answer.exchange
        exchange.error = error
        render = self._endpoint.render_error_event
        if self._in_long_event:
            self._request.write_chunk(b"\n\n")
        if render is not None and exchange.upstream_error is None:
            self._request.write_chunk(render(error, exchange.request_id))
        self._request.abort()
        self._answer.finish()

    def on_end(self) -> None:
        """The upstream has ended its body: that is an end only if the stream said so."""
        if not self._finished and event_data(bytes(self._splitter.held)):
            self._take(b"\n\n", None)  # an event whose blank line never came
        if self._finished:
            return
        exchange = self._answer.exchange
        if exchange.finish_reasons and exchange.upstream_error is None and not self._in_long_event:
            self._send(self._endpoint.closing_event, None)
            self._end()
            return
        name = self._answer.backend.name
        if exchange.upstream_error is not None:
            self._break(self._reported_error())
        else:
            self._break(UpstreamBrokeOff(f"The backend '{name}' ended its stream before the answer was complete."))

    def on_failure(self, error: UpstreamFault) -> None:
        """The connection broke, or went silent."""
        if not self._finished:
            self._break(error)


def _data_of_named(payload: bytes) -> bytes:
    """Return the data of one event that has a name, as Anthropic writes them; nothing when it is not just that."""
    name, _, data = payload[7:-2].partition(b"\ndata: ")
    if LF in data or CR in data or LF in name or CR in name or payload != b"event: %b\ndata: %b\n\n" % (name, data):
        return b""
    return data
