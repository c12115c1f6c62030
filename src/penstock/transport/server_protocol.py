"""The HTTP/1.1 server: one asyncio protocol per connection, over httptools (llhttp).

Theory of operation. Each head goes through llhttp, which is strict; bodies do not: they are counted or scanned for
chunks, and kept in the pieces they came in. A complete request goes into ``_waiting`` and, when nothing is being
answered, to the application as one coroutine. Requests that arrive behind it (pipelining) wait in order. A
request that cannot be served carries a ``refusal`` and takes its turn in the same queue, so that answers never overtake
each other; after a refusal nothing more is read from the connection.

Invariants. At most one request is being answered (``_active``). ``deadline`` always says what the connection is waiting
for: a head, a body piece, the caller's reading, the next request. When the caller is gone the active run is cancelled
and every write becomes a no-op. A body answer that cannot be completed is ``abort``-ed: the connection is cut, never
ended cleanly.

The one module that catches every exception of the application is this one, wherever it asks it something: a defect ends
one request or its connection, not the process. TLS, listening and draining are ``server.py``'s; which paths exist is
the application's.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import Counter, deque
from typing import Protocol, cast

import httptools

from penstock.core.errors import (
    BodyTooLarge,
    GatewayError,
    HeadersTooLarge,
    InternalError,
    InvalidRequest,
    NotImplementedByServer,
    RequestTimeout,
    VersionNotSupported,
)
from penstock.transport.chunked import ChunkedBodyError, ChunkScanner
from penstock.transport.deadlines import NEVER, Deadlines
from penstock.transport.forwarded import name_peer
from penstock.transport.http_request import HttpRequest
from penstock.transport.http_syntax import (
    LENGTH_DIGITS,
    believe_target,
    check_request_head,
    read_request_line,
    says_close,
    split_target,
)
from penstock.transport.outbox import Outbox
from penstock.transport.repeated_head import RepeatedHead, remember
from penstock.transport.request_run import Latch, RequestRun
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import FlowControlled, ServerApp

log = logging.getLogger(__name__)

SWALLOWED_BODY_BYTES = 64 * 1024
"""A refused request's body up to this size is read away, so that the connection can go on."""
SLOWEST_BODY_BYTES_S = 1024
"""Each piece of a body buys as much time as it takes at this pace, so that one that drips comes to an end."""
MANY_PARTS = 1024
LINE_ENDS = b"\r\n"
MUCH_BYTES = 16 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
RESET = struct.pack("ii", 1, 0)
"""``SO_LINGER``: on, for no time."""


class OpenConnection(Protocol):
    """A connection of a listener, whatever it is about now."""

    transport: asyncio.Transport

    def forget_head(self) -> None:
        """Remember nothing that another application has said."""

    def serves(self, app: ServerApp) -> bool:
        """Say whether ``app`` was asked about a request that is not answered yet."""

    def close_when_idle(self) -> None:
        """Close now if nothing is being answered; otherwise after the answer in progress."""

    def cut(self) -> None:
        """Reset the connection."""


class ServerState:
    """What the connections of one listener share."""

    def __init__(self, app: ServerApp, limits: ServerLimits, loop: asyncio.AbstractEventLoop) -> None:
        """Serve ``app`` within ``limits``."""
        self.app = app
        self.limits = limits
        self.loop = loop
        self.deadlines = Deadlines(loop)
        self.outbox = Outbox(loop)
        self.connections: set[OpenConnection] = set()
        self.refused: Counter[str] = Counter()
        """Connections that were turned away before their first request, by reason."""
        self.draining = False


class ServerConnection(asyncio.Protocol):
    """One caller's connection."""

    __slots__ = (
        "_active",
        "_buffer",
        "_drained",
        "_expects_continue",
        "_in_head",
        "_incoming",
        "_lingering",
        "_loose_parts",
        "_parser",
        "_reader",
        "_remaining",
        "_repeated",
        "_run",
        "_scanner",
        "_skipped",
        "_stopped",
        "_turn",
        "_unsent",
        "_waiting",
        "_write_paused",
        "deadline",
        "peer",
        "state",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, state: ServerState) -> None:
        """Belong to a listener; ``connection_made`` brings the transport."""
        self.state = state
        self.deadline = NEVER
        self.peer = ""
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[HttpRequest] = deque()
        self._active: HttpRequest | None = None
        self._incoming: HttpRequest | None = None
        self._run: RequestRun | None = None
        self._turn = Latch()
        self._reader: FlowControlled | None = None
        self._drained: asyncio.Future[None] | None = None
        self._buffer = b""
        self._remaining = 0
        self._skipped = 0
        self._loose_parts = 0
        self._scanner: ChunkScanner | None = None
        self._repeated: RepeatedHead | None = None
        self._in_head = True
        self._expects_continue = False
        self._stopped = False
        self._lingering = False
        self._write_paused = False
        self._unsent = b""

    # --- connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, or turn the caller away when the listener is full."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape, not by class
        self.peer = name_peer(transport.get_extra_info("peername"))
        state = self.state
        if len(state.connections) >= state.limits.connections:
            log.warning("connection refused: the listener has its %d connections", state.limits.connections)
            state.refused["limit"] += 1
            self.transport.abort()
            return
        state.connections.add(self)
        self.deadline = state.loop.time() + state.limits.header_s
        state.deadlines.guard(self)

    @property
    def draining(self) -> bool:
        """The server is going: the answer in progress is the last."""
        return self.state.draining

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone that the caller is gone."""
        self.state.connections.discard(self)
        self.state.deadlines.release(self)
        self._stopped = True
        self._repeated = None  # it refers back to the connection
        self._write_paused = False
        self._release_drain()
        for request in (self._active, *self._waiting):
            if request is not None:
                request.gone = True
        self._waiting.clear()
        if self._run is not None and (self._active is not None or self._turn.on_set is not None):
            self._run.cancel()  # else its answer was broken off already: it knows, and has a record to write
        self._reader = None

    def eof_received(self) -> bool:
        """Take the end of the caller's sending for its leaving, but let a quick answer to a GET go out."""
        self._stopped = True
        self.flush()
        quick = self._active is not None and self._active.method in {"GET", "HEAD", "OPTIONS"}
        if quick and self._active is not None:
            self._active.keep_alive = False
        return quick

    def expire(self) -> None:
        """Act on the passed deadline."""
        self.deadline = NEVER
        if self._lingering or self._write_paused:
            self.transport.abort()
        elif self._incoming is not None:
            waited_for = "headers" if self._in_head else "body"
            self._refuse(RequestTimeout(f"The request's {waited_for} did not arrive in time."))
        else:
            self._close()

    def forget_head(self) -> None:
        """Read the next head anew: the application that knew the last one is no longer asked."""
        self._repeated = None

    def serves(self, app: ServerApp) -> bool:
        """Say whether ``app`` was asked about a request that is not answered yet."""
        return any(
            request is not None and request.app is app for request in (self._active, self._incoming, *self._waiting)
        )

    def close_when_idle(self) -> None:
        """Close now if nothing is being answered; otherwise after the answer in progress (draining)."""
        if self._active is None and not self._waiting and self._incoming is None and not self._lingering:
            self._close()

    # --- reading

    def data_received(self, data: bytes) -> None:
        """Take heads and bodies by turns, until the data or our patience is at its end."""
        while data and not self._stopped:
            data = self._read_head(data) if self._in_head else self._read_body(data)

    def _read_head(self, data: bytes) -> bytes:
        """Take bytes of a head; return those behind it."""
        if self._incoming is None:
            known = self._repeated
            found = known.match(data) if known is not None else None
            if known is not None and found is not None and found[1] <= self.state.limits.body_bytes:
                return self._take_repeated(known, data, *found)
            self._begin_head()
        seen = len(self._buffer)
        if not seen and data[0] in LINE_ENDS:
            data = self._skip_empty_lines(data)
        buffer = self._buffer + data if seen else data
        end = buffer.find(b"\r\n\r\n", max(0, seen - 3)) + 4
        size = end if end > 3 else len(buffer)
        if size > self.state.limits.header_bytes:
            self._refuse(self._headers_too_large())
            return b""
        try:
            self._parser.feed_data(buffer[seen:size])
        except httptools.HttpParserUpgrade:
            pass  # an offer to upgrade may be ignored (RFC 9110, section 7.8)
        except httptools.HttpParserError as error:
            self._refuse(_describe_parser_error(error))
            return b""
        if end <= 3:
            self._buffer = buffer
            return b""
        self._buffer = b""
        if self._incoming is not None:
            self._end_of_head(self._incoming, buffer[:end])
        return buffer[end:]

    def _take_repeated(self, known: RepeatedHead, data: bytes, end: int, length: int, digits: bytes) -> bytes:
        """Take the head of a request that is the same as the one before; return the bytes behind it."""
        request = self._incoming = known.again(digits)
        self._scanner = None
        self._expects_continue = False
        self._begin_body(request, length)
        rest = data[end:]
        if not length or len(rest) != length or request.refusal is not None:
            return rest
        request.body = rest  # the usual request comes in one read, and alone
        self._end_of_request(request)
        return b""

    def _begin_head(self) -> None:
        self._incoming = HttpRequest(self, self.peer)
        self._parser = httptools.HttpRequestParser(self)
        self._skipped = 0
        if self._active is None:
            self.deadline = self.state.loop.time() + self.state.limits.header_s

    def _skip_empty_lines(self, data: bytes) -> bytes:
        """Skip line ends before a request line (RFC 9112, section 2.2), as many as a head may have bytes."""
        rest = data.lstrip(LINE_ENDS)
        self._skipped += len(data) - len(rest)
        if self._skipped > self.state.limits.header_bytes:
            self._refuse(self._headers_too_large())
            return b""
        return rest

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self._incoming is not None:
            self._incoming.headers.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head is whole: what llhttp knows only now."""
        if self._incoming is not None:
            self._incoming.keep_alive = self._parser.should_keep_alive()

    def _end_of_head(self, request: HttpRequest, head: bytes) -> None:
        """Check the head, and let the application refuse it before the body is read."""
        self._in_head = False
        fields = request.fields = dict(request.headers)
        refusal = self._check_head(request, head)
        length = fields.get(b"content-length", b"0")
        self._remaining = int(length) if len(length) <= LENGTH_DIGITS and length.isdigit() else 0
        self._expects_continue = b"expect" in fields
        self._scanner = ChunkScanner() if b"transfer-encoding" in fields else None
        if refusal is None and self._remaining > self.state.limits.body_bytes:
            self._refuse(self._body_too_large())
            return
        if refusal is not None:
            self._refuse_or_swallow(request, refusal)
            return
        self._repeated = remember(head, request)
        self._begin_body(request, self._remaining)

    def _begin_body(self, request: HttpRequest, length: int) -> None:
        """The head is in order: let the application refuse it, or go on to the body."""
        self._in_head = False
        self._remaining = length
        refusal = self.ask_application(request)
        if refusal is not None:
            self._refuse_or_swallow(request, refusal)
        elif not length and self._scanner is None:
            self._end_of_request(request)
        elif self._active is None:
            self.deadline = self.state.loop.time() + self.state.limits.body_s
            self._invite_body(request)

    def _refuse_or_swallow(self, request: HttpRequest, refusal: GatewayError) -> None:
        """Answer a refused request at once, or after reading a short body away, so that the connection can go on."""
        request.refusal = refusal
        in_doubt = self._scanner is not None or self._expects_continue or not request.path
        if in_doubt or self._remaining > SWALLOWED_BODY_BYTES:
            self._refuse(refusal)
        elif not self._remaining:
            self._end_of_request(request)
        elif self._active is None:
            self.deadline = self.state.loop.time() + self.state.limits.body_s

    def ask_application(self, request: HttpRequest) -> GatewayError | None:
        """Let the application refuse a request whose head is in order."""
        app = request.app = self.state.app
        try:
            return app.check_head(request)
        except Exception:
            log.exception("unhandled error while checking the head of %s %s", request.method, request.path)
            return InternalError("The gateway failed to serve this request.")

    def _invite_body(self, request: HttpRequest) -> None:
        """Ask for a body that its sender holds back until then; only of the request that is the next to be answered."""
        if self._expects_continue and not self._in_head and not request.received_bytes and request.http_minor:
            self._expects_continue = False
            self.write(CONTINUE)

    def _check_head(self, request: HttpRequest, head: bytes) -> GatewayError | None:
        line = read_request_line(head)
        if line is None:
            return InvalidRequest("The request line is not valid.", code="invalid_http")
        method, target, version = line
        if version not in {b"1.1", b"1.0"}:
            return VersionNotSupported("Only HTTP/1.0 and HTTP/1.1 are spoken here.")
        request.method = method.decode("ascii")
        request.http_minor = 1 if version == b"1.1" else 0
        if not request.http_minor and says_close(request.headers):
            request.keep_alive = False
        if len(request.headers) > self.state.limits.headers:
            return self._headers_too_large()
        if request.method == "CONNECT":
            return NotImplementedByServer("CONNECT is not served here.")
        error = check_request_head(request.http_minor, request.headers, request.fields)
        if error is not None:
            return error
        try:
            request.path, request.query = split_target(request.method, target)
        except InvalidRequest as invalid:
            return invalid
        if not target.startswith(b"/"):
            request.headers = believe_target(target, request.headers)
            request.fields = dict(request.headers)
        return None

    def _read_body(self, data: bytes) -> bytes:
        """Take bytes of a body; return those behind it."""
        request = self._incoming
        if request is None:
            return b""
        if self._active is None:
            longest = self.state.loop.time() + self.state.limits.body_s
            self.deadline = min(longest, self.deadline + len(data) / SLOWEST_BODY_BYTES_S)
        if self._scanner is None:
            piece, rest = (data, b"") if len(data) <= self._remaining else _split(data, self._remaining)
            self._remaining -= len(piece)
            ended = not self._remaining
        else:
            try:
                piece, _ = self._scanner.feed(data)
            except ChunkedBodyError as error:
                self._refuse(InvalidRequest(f"The request is not valid HTTP: {error}.", code="invalid_http"))
                return b""
            rest, ended = self._scanner.rest, self._scanner.done
        request.received_bytes += len(piece)
        if self._scanner is not None and request.received_bytes > self.state.limits.body_bytes:
            self._refuse(self._body_too_large())  # a promised length was judged with the head
            return b""
        if piece and request.refusal is None:
            self._keep(piece, request.parts)
        if ended:
            parts = request.parts
            request.body = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
            self._end_of_request(request)
        return rest

    def _keep(self, piece: bytes, parts: list[bytes]) -> None:
        """Keep a piece of a body; many are put together, since each alone costs more than the few bytes it may hold."""
        parts.append(piece)
        self._loose_parts += 1
        if self._loose_parts >= MANY_PARTS:
            self._loose_parts = 0
            parts[-MANY_PARTS:] = [b"".join(parts[-MANY_PARTS:])]

    def _end_of_request(self, request: HttpRequest) -> None:
        """A request is whole: let it take its turn."""
        self._incoming = None
        self._in_head = True
        if self.state.draining:
            request.keep_alive = False
        self._waiting.append(request)
        if len(self._waiting) > self.state.limits.pipelined_requests:
            request.keep_alive = False
        if not request.keep_alive:
            self._stopped = True
        if self._active is None and not self._write_paused:
            self._next()
        elif not self._stopped and len(self._waiting) == self.state.limits.pipelined_requests:
            self.transport.pause_reading()

    # --- answering

    def _next(self) -> None:
        """Begin with the next waiting request."""
        request = self._waiting.popleft()
        self._active = request
        self.deadline = NEVER
        if request.refusal is not None:
            self._answer_error(request, request.refusal)
            return
        self._turn.set()
        if self._run is None:
            self._run = RequestRun(self._serve(), self.state.loop)
            self._run.start()

    def _next_waiting(self) -> None:
        """Go on with the requests that came behind the one that is answered now."""
        if self._active is None and self._waiting and not self._write_paused:
            self._next()
        self._read_on()

    async def _serve(self) -> None:
        """Answer each request whose turn has come: one coroutine for all, since each that ends costs an exception."""
        while True:
            await self._turn
            self._turn.clear()
            request = self._active
            if request is None:
                continue
            try:
                await (request.app or self.state.app).handle(request)
            except asyncio.CancelledError:
                if request.gone:
                    request.context = None
                    raise
                log.exception("something that %s %s waited for was given up", request.method, request.path)
            except Exception:  # the one boundary: whatever the application raises ends only this request
                log.exception("unhandled error while answering %s %s", request.method, request.path)
            if not (request.ended or request.gone):
                self._answer_error(request, InternalError("The gateway failed to serve this request."))
            request.context = None  # it refers back to the request: a cycle would keep both until a collection
            del request  # or an idle connection would keep it, and what served it

    def _answer_error(self, request: HttpRequest, error: GatewayError) -> None:
        """Answer with an error, or cut an answer that has begun; nobody is left waiting because of a defect."""
        try:
            headers, body = (request.app or self.state.app).render_error(error, request)
            if request.began:
                request.abort()
            else:
                request.respond(error.status, headers, body)
        except Exception:
            log.exception("no error could be told about %s %s", request.method, request.path)
            request.abort()
        request.context = None

    def _refuse(self, error: GatewayError) -> None:
        """Stop reading; answer ``error`` when its turn comes, then close."""
        if self._stopped:
            return
        self._stopped = True
        request = self._incoming or HttpRequest(self, self.peer)
        self._incoming = None
        request.refusal = error
        request.keep_alive = False
        self._waiting.append(request)
        if self._active is None and not self._write_paused:
            self._next()

    def answered(self, request: HttpRequest) -> None:
        """Go on after an answer has been written whole."""
        if request is not self._active:
            return
        self._active = None
        self._reader = None
        if not request.keep_alive:
            self._finish(refused=request.refusal is not None)
        elif self._waiting:
            self.state.loop.call_soon(self._next_waiting)  # not from here: answers of many would be calls in calls
        elif self._incoming is None:
            self.deadline = self.state.loop.time() + self.state.limits.keep_alive_s
        else:
            limits = self.state.limits
            self.deadline = self.state.loop.time() + (limits.header_s if self._in_head else limits.body_s)
            self._invite_body(self._incoming)

    def _finish(self, *, refused: bool) -> None:
        """Close after the last answer; let a refused caller finish sending, or it would lose the answer."""
        self._stopped = True
        self._waiting.clear()
        if refused and not self.transport.is_closing():
            self._lingering = True
            self.deadline = self.state.loop.time() + self.state.limits.linger_s
            self.flush()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            return
        self._close()

    def _close(self) -> None:
        """Close; what is written already goes out first, but a caller that does not take it is not waited for long."""
        self._stopped = True
        self._lingering = True
        self.deadline = self.state.loop.time() + self.state.limits.body_s
        self.flush()
        self.transport.close()

    def break_off(self, *, visible: bool) -> None:
        """End an answer that is not whole: by closing, where the missing rest is ``visible``; else by a reset.

        Its handler is not cancelled: it knows, and has a record to write.
        """
        self._active = self._reader = None
        self._waiting.clear()
        if visible:
            self._close()
        else:
            self.cut()

    def cut(self) -> None:
        """Reset the connection: a caller that reads until its end must not take that for the end of the answer."""
        self._stopped = True
        self.flush()
        connected = None if self.transport.is_closing() else self.transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()

    # --- flow control

    def write(self, data: bytes) -> None:
        """Send ``data`` at the end of this turn of the loop, or at once when it is much."""
        if self._unsent:
            data = self._unsent + data
        else:
            self.state.outbox.add(self)
        self._unsent = data
        if len(data) > MUCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what was written, in one piece."""
        unsent = self._unsent
        if unsent:
            self._unsent = b""
            if not self.transport.is_closing():  # it may have been reset since
                self.transport.write(unsent)

    def couple(self, reader: FlowControlled | None) -> None:
        """Name who pauses while the caller is slow; tell it at once if it must."""
        self._reader = reader
        if reader is not None and self._write_paused:
            reader.pause_reading()

    def pause_writing(self) -> None:
        """The caller is slower than the answer."""
        self._write_paused = True
        self.deadline = self.state.loop.time() + self.state.limits.body_s
        self.transport.pause_reading()  # or answers to one who does not read would pile up
        if self._reader is not None:
            self._reader.pause_reading()

    def resume_writing(self) -> None:
        """The caller has caught up."""
        self._write_paused = False
        if not self._lingering:
            self.deadline = NEVER if self._active is not None else self.state.loop.time() + self.state.limits.body_s
        self._release_drain()
        self._next_waiting()
        if self._reader is not None:
            self._reader.resume_reading()

    def _read_on(self) -> None:
        """Read from the caller again, if nothing stands against it any more."""
        enough = len(self._waiting) >= self.state.limits.pipelined_requests
        if not enough and not self._write_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    async def drain(self) -> None:
        """Wait until the write buffer is low again."""
        if self._write_paused:
            if self._drained is None:
                self._drained = self.state.loop.create_future()
            await asyncio.shield(self._drained)

    def _release_drain(self) -> None:
        if self._drained is not None:
            if not self._drained.done():
                self._drained.set_result(None)
            self._drained = None

    # --- errors

    def _headers_too_large(self) -> HeadersTooLarge:
        limits = self.state.limits
        return HeadersTooLarge(
            f"The request's headers are over the limit of {limits.header_bytes} bytes or {limits.headers} headers."
        )

    def _body_too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The request body is over the limit of {self.state.limits.body_bytes} bytes.")


def _split(data: bytes, at: int) -> tuple[bytes, bytes]:
    return data[:at], data[at:]


def _describe_parser_error(error: httptools.HttpParserError) -> GatewayError:
    text = str(error)
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return NotImplementedByServer("The request method is not known.")
    if text == "Invalid HTTP version":
        return VersionNotSupported("Only HTTP/1.0 and HTTP/1.1 are spoken here.")
    return InvalidRequest(f"The request is not valid HTTP: {text}.", code="invalid_http")
