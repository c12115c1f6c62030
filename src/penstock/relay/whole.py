"""A whole answer from the upstream to the caller: passed on as it is, once it is known to be one.

A body up to ``HELD_BYTES`` (never more than may be inspected) is held until it is complete, since a caller cannot use
half a JSON document, and so a truncated or unreadable answer becomes a clean error. A larger one is passed on as it
comes, under back-pressure, and a copy is kept (up to a limit) for its usage. A caller that asked for a stream reads
events, and would take any other answer for an empty one: it gets an error instead. Errors of the upstream are put into
the caller's format when they are not, and get a status that says so when they have none.
"""

from __future__ import annotations

from penstock.core.errors import CredentialRejected, UpstreamFault
from penstock.relay.answer import Answer
from penstock.relay.content_coding import SpoiltCodingError, UnreadableCodingError, decode
from penstock.relay.headers import JSON_LINE
from penstock.transport.upstream_answer import AnswerHead

HELD_BYTES = 1024 * 1024
ERROR_BYTES = 1024 * 1024
_NOT_A_STREAM = "answered a request for a stream with a whole answer"


class WholeRelay:
    """Takes the body of a successful answer that is not a stream."""

    __slots__ = ("_answer", "_begun", "_coding", "_head", "_kept", "_request", "_size")

    def __init__(self, answer: Answer, head: AnswerHead) -> None:
        """Begin; nothing is sent yet."""
        self._answer = answer
        self._head = head
        self._request = answer.exchange.request
        self._coding = head.fields.get(b"content-encoding", b"").lower()
        self._kept: list[bytes] | None = []
        self._size = 0
        self._begun = False

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Hold the piece, or pass it on."""
        self._size += len(payload)
        if self._kept is not None:
            self._kept.append(payload)
        if self._begun:
            self._answer.pass_on(payload, framed)
        elif self._kept is not None and self._size > min(HELD_BYTES, self._answer.limits.inspected_answer_bytes):
            if self._answer.exchange.stream:
                self._answer.connection.cancel()
                self._answer.finish(self._answer.invalid(_NOT_A_STREAM))
                return
            self._begun = True
            head = self._head
            self._answer.begin(head, head.content_length if head.framing == "length" else None)
            self._answer.pass_on(b"".join(self._kept), None)
        if self._size > self._answer.limits.inspected_answer_bytes:
            self._kept = None

    def on_end(self) -> None:
        """The body is whole: read its usage, and send it if that has not begun."""
        answer = self._answer
        kept = self._kept
        body = None if kept is None else kept[0] if len(kept) == 1 else b"".join(kept)
        if body is not None:
            problem = self._read(body)
            if problem is not None and not self._begun:
                answer.finish(answer.invalid(problem))
                return
            if answer.exchange.upstream_error is not None and not answer.exchange.finish_reasons and not self._begun:
                self._send_as_error(body)
                return
        if answer.exchange.stream:
            answer.finish(answer.invalid(_NOT_A_STREAM))
            return
        if not self._begun and body is not None:
            answer.respond(self._head, body)
            return
        self._request.couple(None)
        self._request.end()
        answer.finish()

    def _read(self, body: bytes) -> str | None:
        """Note what the answer says; return what is wrong with it, or None."""
        answer = self._answer
        try:
            plain = decode(body, self._coding, answer.limits.inspected_answer_bytes) if self._coding else body
        except SpoiltCodingError as error:
            return f"sent an answer that cannot be read: {error}"
        except UnreadableCodingError:
            return None  # a coding that only the caller understands is the caller's to read
        try:
            answer.note(answer.endpoint.read_answer(plain, answer.read_usage))
        except ValueError:
            return f"answered with status {self._head.status} and a body that is not the JSON of this endpoint"
        return None

    def _send_as_error(self, body: bytes) -> None:
        """Send an error that came with a status of success: by that status alone clients take it for an answer."""
        self._head.status = UpstreamFault.status
        relay = ErrorRelay(self._answer, self._head)
        relay.on_data(body, None)
        relay.on_end()

    def on_failure(self, error: UpstreamFault) -> None:
        """The body broke off."""
        if not self._begun:
            self._answer.finish(error)
            return
        self._answer.break_off(error)


class RefusedRelay:
    """Takes the body of an error that is not told, because another target will be tried; its connection lives on."""

    __slots__ = ("_answer", "_size", "_status")

    def __init__(self, answer: Answer, status: int) -> None:
        """Begin; nothing is kept."""
        self._answer = answer
        self._status = status
        self._size = 0

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Leave the piece out."""
        self._size += len(payload)
        if self._size > ERROR_BYTES:
            self._answer.connection.cancel()
            self.on_end()

    def on_end(self) -> None:
        """Let the next target be tried."""
        self._answer.finish(self._answer.refused(self._status))

    def on_failure(self, error: UpstreamFault) -> None:
        """The status is known, and decides."""
        self.on_end()


class ErrorRelay:
    """Takes the body of an error answer and sends it in the caller's format, with the upstream's status."""

    __slots__ = ("_answer", "_head", "_kept", "_size")

    def __init__(self, answer: Answer, head: AnswerHead) -> None:
        """Begin; errors are short, so the whole body is held."""
        self._answer = answer
        self._head = head
        self._kept: list[bytes] = []
        self._size = 0

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Hold the piece."""
        self._size += len(payload)
        if self._size > ERROR_BYTES:
            self._answer.connection.cancel()
            self._kept = []
            self.on_end()
            return
        self._kept.append(payload)

    def on_end(self) -> None:
        """Send the error."""
        answer, head = self._answer, self._head
        backend = answer.backend
        body = b"".join(self._kept)
        try:
            plain = decode(body, head.fields.get(b"content-encoding", b"").lower(), ERROR_BYTES)
        except UnreadableCodingError:
            plain = b""
        if answer.rejects_credential(head, plain):
            text = f"The backend '{backend.name}' does not accept the credential that this gateway has for it."
            answer.finish(CredentialRejected(text))
            return
        if answer.repeats_key(plain):
            plain = b""
        plain = answer.endpoint.adopt_error(head.status, plain, backend.name)
        if plain is not body:
            answer.replace_body(JSON_LINE)
        answer.exchange.upstream_error = answer.exchange.upstream_error or f"status {head.status}"
        answer.respond(head, plain)

    def on_failure(self, error: UpstreamFault) -> None:
        """Half an error is still an error: send what its status says."""
        self._kept = []
        self.on_end()
