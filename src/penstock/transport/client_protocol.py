"""The HTTP/1.1 client: one asyncio protocol per connection to an upstream.

Theory of operation. ``send`` takes a rendered request and names a receiver; requests of one turn of the event loop are
written together at its end. One whose connection ends or speaks before that was never sent, and fails as one that could
not be: another connection may take it. The head of the answer goes through httptools (llhttp), which is strict; the
body does not: it is counted (``content-length``), scanned for chunk boundaries (``chunked``) or taken until the end of
the connection, and handed to the receiver as it arrives. One exchange at a time; afterwards the connection goes back to
its pool, or is closed if anything about it is in doubt (bytes behind the answer, request not fully sent,
``connection: close``).

Each exchange ends in exactly one of ``on_end`` and ``on_failure``. Choosing backends, retrying and understanding bodies
are other modules' work.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
from collections.abc import Callable
from typing import cast

import httptools

from penstock.core.errors import (
    UpstreamBrokeOff,
    UpstreamFault,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from penstock.transport.chunked import ChunkedBodyError, ChunkScanner
from penstock.transport.deadlines import NEVER, Deadlines
from penstock.transport.outbox import Outbox
from penstock.transport.upstream_answer import (
    BODYLESS,
    OK,
    SWITCHING_PROTOCOLS,
    AnswerHead,
    BodyReceiver,
    ExchangeTimeouts,
    HeadReceiver,
    find_framing,
)

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?\r\n")
_USUAL_STATUS_LINE = b"HTTP/1.1 200 OK\r\n"

COPIED_BYTES = 64 * 1024
"""A request up to this size is cheaper to copy into one piece than to write in several."""


class UpstreamConnection(asyncio.Protocol):
    """One connection to an upstream."""

    __slots__ = (
        "_body_receiver",
        "_buffer",
        "_deadlines",
        "_fields",
        "_hard_deadline",
        "_head",
        "_head_receiver",
        "_headers",
        "_heard_at",
        "_keep",
        "_loop",
        "_max_head_bytes",
        "_on_free",
        "_outbox",
        "_parser",
        "_paused",
        "_poll",
        "_remaining",
        "_scanner",
        "_timeouts",
        "_unsent",
        "answers_head",
        "closed",
        "deadline",
        "exchanges",
        "name",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(
        self,
        name: str,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        *,
        outbox: Outbox,
        on_free: Callable[[UpstreamConnection, bool], None],
        max_head_bytes: int,
    ) -> None:
        """Belong to backend ``name``; ``on_free(self, reusable)`` is called after each exchange and at the end."""
        self.name = name
        self.deadline = NEVER
        self.closed = False
        self.answers_head = False
        """The request to be sent is a HEAD: its answer has no body, whatever its head says."""
        self.exchanges = 0
        self._loop = loop
        self._deadlines = deadlines
        self._outbox = outbox
        self._on_free = on_free
        self._max_head_bytes = max_head_bytes
        self._head_receiver: HeadReceiver | None = None
        self._body_receiver: BodyReceiver | None = None
        self._timeouts = ExchangeTimeouts(0, 0, 0)
        self._hard_deadline = NEVER
        self._heard_at = 0.0
        self._head: AnswerHead | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._fields: dict[bytes, bytes] = {}
        self._parser: httptools.HttpResponseParser | None = None
        self._buffer = b""
        self._scanner: ChunkScanner | None = None
        self._remaining = 0
        self._keep = True
        self._paused = False
        self._poll: select.poll | None = None
        self._unsent: list[bytes | memoryview] = []

    # --- use

    def send(self, request: list[bytes | memoryview], receiver: HeadReceiver, timeouts: ExchangeTimeouts) -> None:
        """Send a request, given in pieces, at the end of this turn of the loop; its answer goes to ``receiver``."""
        now = self._loop.time()
        self._head_receiver = receiver
        self._timeouts = timeouts
        self._hard_deadline = now + timeouts.total_s
        self.deadline = min(now + timeouts.first_byte_s, self._hard_deadline)
        self._head = None
        self._scanner = None
        self._buffer = b""
        self._keep = True
        self._parser = None
        self.exchanges += 1
        self._unsent = request
        self._outbox.add(self)

    def flush(self) -> None:
        """Write the request, unless the connection has gone since."""
        if self.closed or self.transport.is_closing():
            self._fail_unsent()
            return
        unsent, self._unsent = self._unsent, []
        if sum(map(len, unsent)) < COPIED_BYTES:
            self.transport.write(b"".join(unsent))
        else:
            self.transport.writelines(unsent)

    def cancel(self) -> None:
        """Give the exchange up at once: the connection is cut and its receiver hears nothing more."""
        self._head_receiver = self._body_receiver = None
        self.close()

    def close(self) -> None:
        """Cut the connection."""
        if not self.closed:
            self.closed = True
            self.transport.abort()

    def stale(self) -> bool:
        """Say whether an idle connection has been closed, or spoken to, by its peer without our noticing yet."""
        if self.closed or self.transport.is_closing():
            return True
        if self._poll is None:
            connected = self.transport.get_extra_info("socket")
            self._poll = select.poll()
            self._poll.register(connected.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(self._poll.poll(0))

    def pause_reading(self) -> None:
        """Stop reading from the upstream; its waits are suspended, the total one is not."""
        receiver = self._body_receiver or self._head_receiver  # who takes a head may be slow already
        if not self._paused and not self.closed and receiver is not None:
            self._paused = True
            self.deadline = self._hard_deadline
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        if self._paused and not self.closed:
            self._paused = False
            self._wait_for_more()
            self.transport.resume_reading()

    # --- connection

    async def connect(
        self, address: str, port: int, *, tls: ssl.SSLContext | None = None, server_name: str | None = None
    ) -> None:
        """Connect to ``address``; with ``tls``, to a server that proves to be ``server_name``.

        Raises:
            OSError: it cannot be reached, or (``ssl.SSLError``) not be trusted.
        """
        connected = False
        try:
            await self._loop.create_connection(lambda: self, address, port, ssl=tls, server_hostname=server_name)
            connected = True
        finally:
            if not connected:  # uvloop tells nobody of a connection that is given up in the moment in which it is made
                self._deadlines.release(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape, not by class
        self._deadlines.guard(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange in progress, if one is, and leave the pool."""
        self.closed = True
        self._deadlines.release(self)
        self._on_free(self, False)
        body_receiver = self._body_receiver
        if body_receiver is not None and self._head is not None and self._head.framing == "close" and exc is None:
            self._body_receiver = None
            body_receiver.on_end()
            return
        if self._unsent:
            self._fail_unsent()
            return
        when = "before answering" if body_receiver is None else "in the middle of its answer"
        self._fail(UpstreamBrokeOff(f"The backend '{self.name}' closed the connection {when}."))

    def eof_received(self) -> bool:
        """The upstream has said all it will: close."""
        return False

    def _wait_for_more(self) -> None:
        """Expect the next bytes of the body. Later ones only note when they came: ``expire`` looks at that."""
        self._heard_at = self._loop.time()
        self.deadline = min(self._heard_at + self._timeouts.idle_s, self._hard_deadline)

    def expire(self) -> None:
        """Act on the passed deadline, unless something was heard since it was set."""
        if self._body_receiver is not None and not self._paused:
            self.deadline = min(self._heard_at + self._timeouts.idle_s, self._hard_deadline)
            if self.deadline > self._loop.time():
                return
        self.deadline = NEVER
        if self._loop.time() >= self._hard_deadline:
            text = f"did not finish its answer within {self._timeouts.total_s:g} s"
        elif self._head_receiver is not None:
            text = f"did not begin to answer within {self._timeouts.first_byte_s:g} s"
        else:
            text = f"stopped answering for {self._timeouts.idle_s:g} s"
        self._fail(UpstreamTimeout(f"The backend '{self.name}' {text}."))

    def _fail(self, error: UpstreamFault) -> None:
        receiver = self._head_receiver or self._body_receiver
        self._head_receiver = self._body_receiver = None
        self.close()
        if receiver is not None:
            receiver.on_failure(error)

    def _fail_unsent(self) -> None:
        """No byte of the request was written."""
        self._unsent = []
        self._fail(UpstreamUnreachable(f"The backend '{self.name}' ended the connection before the request was sent."))

    def _invalid(self, what: str) -> None:
        self._fail(UpstreamInvalid(f"The backend '{self.name}' sent an answer that is not valid HTTP: {what}."))

    # --- reading

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer."""
        receiver = self._body_receiver
        if receiver is not None:
            self._heard_at = self._loop.time()
            self._read_body(data, receiver)
        elif self._unsent:
            self._fail_unsent()  # whatever it says, it does not say it to this request
        elif self._head_receiver is not None:
            while data and self._head_receiver is not None:
                data = self._read_head(data)
        else:
            self.close()  # an upstream that speaks unasked is not one to send the next request to

    def _read_head(self, data: bytes) -> bytes:
        """Take bytes of a head; return those behind it, if it was an interim one and another head is to come."""
        seen = len(self._buffer)
        buffer = self._buffer + data if seen else data
        end = buffer.find(b"\r\n\r\n", max(0, seen - 3))
        head_end = end + 4 if end >= 0 else len(buffer)
        if head_end > self._max_head_bytes:
            self._invalid("its headers are too large")
            return b""
        if self._parser is None:
            self._headers, self._fields = [], {}
            self._parser = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(buffer[seen:head_end])
        except httptools.HttpParserUpgrade:
            self._invalid("it wants to switch protocols")
            return b""
        except httptools.HttpParserError as error:
            self._invalid(str(error))
            return b""
        if end < 0:
            self._buffer = buffer
            return b""
        self._buffer = b""
        self._parser = None
        if buffer.startswith(_USUAL_STATUS_LINE):
            return self._end_of_head(OK, False, buffer[head_end:])
        line = _STATUS_LINE.match(buffer)
        if line is None:
            self._invalid("its first line is not a status line of HTTP/1.1")
            return b""
        return self._end_of_head(int(line[2]), line[1] == b"0", buffer[head_end:])

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer."""
        name = name.lower()
        value = value.strip()  # llhttp lets only spaces and tabs through
        self._headers.append((name, value))
        self._fields[name] = value

    def on_headers_complete(self) -> None:
        """The head is whole: what llhttp knows only now."""
        self._keep = self._parser is not None and self._parser.should_keep_alive()

    def _end_of_head(self, status: int, http_1_0: bool, rest: bytes) -> bytes:
        if status == SWITCHING_PROTOCOLS:
            self._invalid("it wants to switch protocols")
            return b""
        if status < OK:
            return rest
        head = AnswerHead(status, self._headers, self._fields)
        if status in BODYLESS or self.answers_head:
            self.answers_head = False
        else:
            problem = find_framing(head)
            if problem is not None:
                self._invalid(problem)
                return b""
            if head.framing == "length":
                self._remaining = head.content_length
            elif head.framing == "chunked":
                self._scanner = ChunkScanner()
        if head.framing == "close" or (http_1_0 and head.framing == "chunked"):
            self._keep = False  # RFC 9112, section 6.1: HTTP/1.0 knows no chunks, so this framing is not to be trusted
        self._wait_for_more()
        self._head = head
        head_receiver = self._head_receiver
        receiver = head_receiver.on_head(head) if head_receiver is not None else None
        self._head_receiver = None  # only now: were ``on_head`` to raise, its owner must still hear of a failure
        if receiver is None or self.closed:
            self.close()
            return b""
        self._body_receiver = receiver
        if head.framing == "none" or (head.framing == "length" and not head.content_length):
            self._complete(rest)
        elif rest:
            self._read_body(rest, receiver)
        return b""

    def _read_body(self, data: bytes, receiver: BodyReceiver) -> None:
        scanner = self._scanner
        if scanner is not None:
            try:
                payload, framed = scanner.feed(data)
            except ChunkedBodyError as error:
                self._invalid(str(error))
                return
            if payload:
                receiver.on_data(payload, framed)
            if scanner.done:
                self._complete(scanner.rest)
        elif self._head is not None and self._head.framing == "length":
            rest = b""
            if len(data) > self._remaining:
                data, rest = data[: self._remaining], data[self._remaining :]
            self._remaining -= len(data)
            receiver.on_data(data, None)
            if not self._remaining:
                self._complete(rest)
        else:
            receiver.on_data(data, None)

    def _complete(self, rest: bytes) -> None:
        """The answer is whole: free the connection, then tell the receiver."""
        receiver, self._body_receiver = self._body_receiver, None
        self.deadline = NEVER
        if self.closed:
            return
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        reusable = self._keep and not rest and not self.transport.get_write_buffer_size()
        if not reusable:
            self.close()
        self._on_free(self, reusable)
        if receiver is None:
            return
        told = False
        try:
            receiver.on_end()
            told = True
        finally:
            if not told:  # a defect of ours: nobody waits for ever because of it
                receiver.on_failure(UpstreamInvalid(f"The answer of the backend '{self.name}' could not be read."))
