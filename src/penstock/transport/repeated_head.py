"""A request head that comes again on the same connection, recognised without reading it again.

Clients send the same head with each request of a connection; only the length of the body differs. A head that was
read, checked and accepted once is kept as the bytes around its ``content-length`` digits. When the next request begins
with exactly those bytes, everything that was found out about the first one holds: one comparison stands in for parsing,
checking and authenticating. Nothing is shared between connections, so that no caller can meet another's head, and
``notes`` (what the application found out) live as long as the connection.

Only plain heads are kept: one ``content-length`` in digits, no transfer coding, no expectation, no offer to upgrade;
and only short ones, so that an idle connection holds little.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from penstock.transport.http_request import HttpRequest

_LENGTH_LINE = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)(?=[ \t]*\r\n)", re.IGNORECASE)
_LENGTH_DIGITS = 15
_KEPT_BYTES = 8 * 1024
_NOT_PLAIN = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"http2-settings"})


class RepeatedHead:
    """What was found out about a head, and the bytes that it is known by."""

    __slots__ = ("_after", "_before", "_first", "_length")

    def __init__(self, before: bytes, after: bytes, length: bytes, request: HttpRequest) -> None:
        """Keep the bytes before and after the digits of the length, and what ``request`` says of its head."""
        self._before = before
        self._after = after
        self._length = length
        self._first = replace(request)

    def match(self, data: bytes) -> tuple[int, int, bytes] | None:
        """Return where the head ends in ``data``, and its length as number and digits, when it is this head again."""
        if not data.startswith(self._before):
            return None
        start = len(self._before)
        end = data.find(b"\r\n", start, start + _LENGTH_DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self._after, end):
            return None
        return end + len(self._after), int(digits), digits

    def again(self, digits: bytes) -> HttpRequest:
        """Return another request with this head, but for the digits of its length."""
        first = self._first
        if digits == self._length:
            return replace(first, parts=[])
        fields = {**first.fields, b"content-length": digits}
        headers = [item if item[0] != b"content-length" else (item[0], digits) for item in first.headers]
        return replace(first, parts=[], fields=fields, headers=headers)


def remember(head: bytes, request: HttpRequest) -> RepeatedHead | None:
    """Return a way to recognise ``head`` (with its empty line) when it comes again; None when it is not a plain one."""
    length = request.fields.get(b"content-length")
    if length is None or len(length) > _LENGTH_DIGITS or not _NOT_PLAIN.isdisjoint(request.fields):
        return None
    if len(head) > _KEPT_BYTES:
        return None
    found = _LENGTH_LINE.search(head)
    if found is None or found[1] != length:
        return None
    before, after = head[: found.start(1)], head[found.end(1) :]
    return RepeatedHead(before, after, length, request) if after.startswith(b"\r\n") else None
