"""An answer in another chat format than the caller's: lifted to the neutral form and lowered to the caller's.

The same promises as for an answer that is passed on: a whole answer or a clean error; a stream ends in exactly one of
done, error, cancelled; before the first event nothing has been sent. What the formats mean is in the wire modules.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic, time

from msgspec import structs

from penstock.core.chat import ChatRequest
from penstock.core.chat_answer import ChatEvent, End, Finish, StreamFailure, UsageReport, VendorError
from penstock.core.chat_format import AnswerContext, Lowered, TooMuchHeldError
from penstock.core.endpoint import AnswerFacts
from penstock.core.errors import CredentialRejected, GatewayError, UpstreamBrokeOff, UpstreamFault
from penstock.core.usage import later_counts
from penstock.data import facts_of
from penstock.relay.answer import Answer
from penstock.relay.content_coding import IDENTITY, StreamUnpacker, UnreadableCodingError, decode
from penstock.relay.exchange import Exchange
from penstock.relay.headers import EVENTS_LINE, JSON_LINE, told_wait
from penstock.relay.stream_events import EventCutter, FramedError
from penstock.relay.way import Translation
from penstock.relay.whole import ERROR_BYTES, RefusedRelay
from penstock.transport.upstream_answer import AnswerHead, BodyReceiver
from penstock.wire.json_tool import EventUnwrapper, unwrap_answer

UNREADABLE = (ValueError, RecursionError)
"""What readers raise for bytes that are not their format: JSON may also be nested too deeply."""
_NOTED = frozenset({UsageReport, Finish, StreamFailure, End})
"""Events that say something of the answer beside what it consists of."""


def lower_request(exchange: Exchange, translation: Translation, upstream_model: str) -> Lowered:
    """Translate the caller's body for the provider; what another attempt has lifted is used again.

    Raises:
        InvalidRequest: the body is not the caller's format, or no provider of this format could take it.
    """
    assert exchange.body is not None  # noqa: S101 - read before the first attempt
    if exchange.chat is None:
        exchange.chat = translation.caller.lift(exchange.body)
    return translation.upstream.lower(exchange.chat, upstream_model, facts_of(upstream_model))


class TranslatedAnswer(Answer):
    """Receives the head of an answer that must be translated, and shares what its body's receivers need."""

    __slots__ = ("chat", "context", "in_frames", "json_tool", "translation")

    translation: Translation
    chat: ChatRequest
    json_tool: str | None
    in_frames: bool
    context: AnswerContext

    def translate(self, translation: Translation, json_tool: str | None, *, in_frames: bool) -> None:
        """Take what was made of the request: the answer is read accordingly."""
        assert self.exchange.chat is not None  # noqa: S101 - the request was lifted
        self.translation = translation
        self.chat = self.exchange.chat
        self.json_tool = json_tool
        self.in_frames = in_frames

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        """Choose who takes the body."""
        exchange = self.exchange
        exchange.upstream_status = head.status
        exchange.first_byte_at = monotonic()
        assert exchange.upstream_model is not None  # noqa: S101 - known since the attempt began
        self.context = AnswerContext(
            model=exchange.upstream_model,
            request_id=exchange.request_id,
            headers=head.fields,
            created=int(time()),
            unknown=exchange.unknown,
            read_usage=self.read_usage,
            most_held_bytes=self.limits.inspected_answer_bytes,
        )
        if 300 <= head.status < 400:
            self.connection.cancel()
            self.finish(self.invalid(f"answered with a redirect (status {head.status}), which is not followed"))
            return None
        coding = head.fields.get(b"content-encoding", b"").lower()
        if head.status in self.retry_statuses:
            return RefusedRelay(self, head.status)
        if head.status >= 400:
            return TranslatedError(self, head, coding)
        if not exchange.stream:
            return TranslatedWhole(self, head, coding)
        try:
            return TranslatedStream(self, head, coding)
        except UnreadableCodingError as error:
            self.connection.cancel()
            self.finish(self.invalid(f"sent a stream that cannot be read: {error}"))
            return None

    def on_failure(self, error: UpstreamFault) -> None:
        """No answer came."""
        self.finish(error)

    def send_error(self, head: AnswerHead, error: VendorError) -> None:
        """Send what the vendor says is wrong, in the caller's format."""
        if error.kind == "authentication":
            text = f"The backend '{self.backend.name}' does not accept the credential that this gateway has for it."
            self.finish(CredentialRejected(text))
            return
        if error.status in self.retry_statuses:
            self.finish(self.refused(error.status))
            return
        if self.repeats_key(error.message.encode()):
            error = structs.replace(error, message=f"The backend '{self.backend.name}' reports an error.")
        exchange = self.exchange
        exchange.upstream_error = f"status {error.status}"
        head.status = error.status
        head.headers += told_wait(error.retry_after_s, head.fields)
        self.replace_body(JSON_LINE)
        self.respond(head, self.translation.caller.render_vendor_error(error, exchange.request_id))


class _Kept:
    """Holds a whole body, up to a bound."""

    __slots__ = ("_answer", "_coding", "_head", "_kept", "_size")

    def __init__(self, answer: TranslatedAnswer, head: AnswerHead, coding: bytes) -> None:
        self._answer = answer
        self._head = head
        self._coding = coding
        self._kept: list[bytes] = []
        self._size = 0


class TranslatedError(_Kept):
    """Takes the body of an error answer."""

    __slots__ = ()

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Hold the piece; of an error that is too long, only its status is told."""
        self._size += len(payload)
        if self._size > ERROR_BYTES:
            self._answer.connection.cancel()
            self.on_failure(UpstreamBrokeOff(""))
            return
        self._kept.append(payload)

    def on_end(self) -> None:
        """Send the error."""
        answer, head = self._answer, self._head
        try:
            plain = decode(b"".join(self._kept), self._coding, ERROR_BYTES)
        except UnreadableCodingError:
            plain = b""
        answer.send_error(head, answer.translation.upstream.read_error(head.status, plain, head.fields))

    def on_failure(self, error: UpstreamFault) -> None:
        """Half an error is still an error: send what its status says."""
        self._kept = []
        self.on_end()


class TranslatedWhole(_Kept):
    """Takes the body of a successful answer that is not a stream."""

    __slots__ = ()

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Hold the piece: an answer can only be translated whole."""
        self._size += len(payload)
        if self._size > self._answer.limits.inspected_answer_bytes:
            self._answer.connection.cancel()
            self._answer.finish(self._answer.invalid("sent an answer that is too long to be translated"))
            return
        self._kept.append(payload)

    def on_end(self) -> None:
        """Translate, and send."""
        answer, head = self._answer, self._head
        translation = answer.translation
        try:
            plain = decode(b"".join(self._kept), self._coding, answer.limits.inspected_answer_bytes)
            lifted = translation.upstream.lift_answer(plain, answer.context)
        except UNREADABLE:
            text = f"answered with status {head.status} and a body that is not the JSON of its own format"
            answer.finish(answer.invalid(text))
            return
        if answer.json_tool is not None:
            lifted = unwrap_answer(lifted, answer.json_tool)
        answer.note(AnswerFacts(lifted.usage, lifted.model, tuple(choice.finish for choice in lifted.choices)))
        answer.replace_body(JSON_LINE)
        answer.respond(head, translation.caller.lower_answer(lifted, answer.chat))

    def on_failure(self, error: UpstreamFault) -> None:
        """The body broke off."""
        self._answer.finish(error)


class TranslatedStream:
    """Takes the body of a streamed answer, event by event."""

    __slots__ = (
        "_answer",
        "_begun",
        "_cutter",
        "_decode",
        "_decoder",
        "_encode",
        "_exchange",
        "_finished",
        "_head",
        "_unpacker",
        "_unwrapper",
    )

    def __init__(self, answer: TranslatedAnswer, head: AnswerHead, coding: bytes) -> None:
        """Begin; nothing is sent before the first event.

        Raises:
            UnreadableCodingError: the stream is compressed in a way that cannot be read.
        """
        translation = answer.translation
        framing = "invoke" if answer.in_frames else translation.upstream.framing
        limit_bytes = answer.limits.event_bytes
        self._answer = answer
        self._exchange = answer.exchange
        self._head = head
        self._unpacker = None if coding in IDENTITY else StreamUnpacker(coding, limit_bytes)
        self._cutter = EventCutter(framing, limit_bytes)
        self._decoder = translation.upstream.decoder(answer.context)
        self._decode = self._decoder.decode
        self._unwrapper = None if answer.json_tool is None else EventUnwrapper(answer.json_tool, answer.context)
        self._encode = translation.caller.encoder(answer.chat, answer.context).encode
        self._begun = False
        self._finished = False

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Translate the events that are whole, and send them together."""
        if self._finished:
            return
        failure: GatewayError | None = None
        out: list[bytes] = []
        try:
            if self._unpacker is not None:
                payload = self._unpacker.feed(payload)
            only = self._cutter.only_event(payload)
            for kind, data in self._cutter.feed(payload) if only is None else (only,):
                failure = self._take(self._decode(kind, data), out)
                if failure is not None or self._finished:
                    break
        except FramedError as error:
            failure = self._take([StreamFailure(self._read_framed(error))], out)
        except UnreadableCodingError as error:
            failure = self._answer.invalid(f"sent a stream that cannot be read: {error}")
        except UNREADABLE as error:
            failure = self._unreadable(error)
        self._send(out[0] if len(out) == 1 else b"".join(out), failure)

    def on_end(self) -> None:
        """The upstream has ended its body: that is an end only if the stream said so."""
        if self._finished:
            return
        out: list[bytes] = []
        failure: GatewayError | None = None
        try:
            for kind, data in self._cutter.rest():
                failure = self._take(self._decode(kind, data), out)
            if failure is None and not self._finished:
                failure = self._take(self._decoder.close(), out)
        except UNREADABLE as error:
            failure = self._unreadable(error)
        self._send(b"".join(out), failure or self._truncated())

    def _unreadable(self, error: Exception) -> GatewayError:
        if isinstance(error, TooMuchHeldError):
            return self._answer.invalid("sent too much of something that can only be translated whole")
        return self._answer.invalid("sent an event that is not of its own format")

    def _truncated(self) -> GatewayError | None:
        if self._finished:
            return None
        name = self._answer.backend.name
        return UpstreamBrokeOff(f"The backend '{name}' ended its stream before the answer was complete.")

    def on_failure(self, error: UpstreamFault) -> None:
        """The connection broke, or went silent."""
        if not self._finished:
            self._send(b"", error)

    def _take(self, events: list[ChatEvent], out: list[bytes]) -> GatewayError | None:
        """Note what events say, and encode them; return the error that the stream must end in, if there is one."""
        if self._unwrapper is not None:
            events = self._unwrapper.unwrap(events)
        for event in events:
            if type(event) in _NOTED:
                if isinstance(event, StreamFailure):
                    return self._report(event.error, out)
                self._note(event)
            encoded = self._encode(event)
            if encoded:
                out.append(encoded)
        if events:
            exchange = self._exchange
            exchange.events += 1
            if exchange.first_event_at is None:
                exchange.first_event_at = monotonic()
        return None

    def _note(self, event: ChatEvent) -> None:
        if isinstance(event, UsageReport):
            self._exchange.usage = later_counts(self._exchange.usage, event.usage)
        elif isinstance(event, Finish):
            self._answer.note(AnswerFacts(finish_reasons=(event.reason,)))
        elif isinstance(event, End):
            self._finished = True

    def _read_framed(self, error: FramedError) -> VendorError:
        headers = {b"x-amzn-errortype": error.name.encode("ascii", "replace")}
        return self._answer.translation.upstream.read_error(error.status, error.payload, headers)

    def _report(self, error: VendorError, out: list[bytes]) -> GatewayError:
        """Say what the vendor reports: as an answer of its own if nothing was sent, else as the last event."""
        answer = self._answer
        if self._begun or out:
            if not answer.repeats_key(error.message.encode()):
                out.append(self._encode(StreamFailure(error)))
                answer.exchange.upstream_error = "the upstream reports an error"
            return answer.invalid("reported an error in its stream")
        self._finished = True
        answer.connection.cancel()
        answer.send_error(self._head, error)
        return answer.invalid("reported an error in its stream")

    def _send(self, out: bytes, failure: GatewayError | None) -> None:
        answer = self._answer
        if answer.is_set:
            return
        if failure is not None and self._unwrapper is not None:  # nothing will tell any more what its text is
            with suppress(TooMuchHeldError):
                out += b"".join([self._encode(event) for event in self._unwrapper.close()])
        if out:
            if not self._begun:
                self._begin()
            self._exchange.request.write_chunk(out)
            self._exchange.response_bytes += len(out)
        if failure is not None:
            self._break(failure)
        elif self._finished:
            self._end()

    def _end(self) -> None:
        answer, request = self._answer, self._exchange.request
        self._begin()
        request.couple(None)
        answer.connection.resume_reading()
        request.end()
        answer.finish()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._answer.replace_body(EVENTS_LINE)
            self._answer.begin(self._head, None)

    def _break(self, error: GatewayError) -> None:
        """End in an error: as an answer of its own if nothing was sent, else as the stream's last event."""
        self._finished = True
        answer = self._answer
        answer.connection.cancel()
        if not self._begun:
            answer.finish(error)
            return
        exchange = answer.exchange
        exchange.error = error
        render = answer.endpoint.render_error_event
        if render is not None and exchange.upstream_error is None:
            exchange.request.write_chunk(render(error, exchange.request_id))
        exchange.request.abort()
        answer.finish()
