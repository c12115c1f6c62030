"""HTTP/1.1 rules that llhttp leaves to its user, as pure functions over bytes.

llhttp checks the grammar of a message; it accepts a request without ``Host``, any ``Host``, and any target its URL
scanner can read. RFC 9112 (sections 3.2, 6.1) and RFC 9110 (section 7.2) say more, and a gateway that authenticates and
dispatches by path must not be read otherwise by the next hop. Status lines and header blocks are rendered here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus

from penstock.core.errors import ExpectationFailed, GatewayError, InvalidRequest, NotImplementedByServer

Headers = Iterable[tuple[bytes, bytes]]

_REQUEST_LINE = re.compile(rb"([A-Z-]+) ([!-~]+) HTTP/([0-9]\.[0-9])\r\n")
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ORIGIN_FORM = re.compile(rb"(/[!-\"$-~]*?)(?:\?([!-\"$-~]*))?")
_ABSOLUTE_FORM = re.compile(rb"https?://([^/?#@]+)(?=[/?]|$)", re.IGNORECASE)
_UNSAFE_IN_VALUE = re.compile(rb"[\r\n\x00]")

HOST_BYTES = 512
LENGTH_DIGITS = 20
"""Digits of a Content-Length; llhttp refuses larger numbers, but counts no leading zeros."""

STATUS_LINES = {
    status: b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode()) for status in map(int, HTTPStatus)
}

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
"""Headers that belong to one connection and are never passed on (RFC 9110, section 7.6.1)."""


def status_line(status: int) -> bytes:
    """Return ``HTTP/1.1 200 OK`` with its line end; an unregistered status gets an empty phrase."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def header_block(headers: Headers) -> bytes:
    """Render header lines.

    Raises:
        ValueError: a value would break out of its line.
    """
    lines = []
    for name, value in headers:
        if _UNSAFE_IN_VALUE.search(value) or _UNSAFE_IN_VALUE.search(name):
            msg = f"header {name!r} has a line break or NUL in it"
            raise ValueError(msg)
        lines.append(name + b": " + value + b"\r\n")
    return b"".join(lines)


def read_request_line(head: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Return method, target and version of a head that llhttp has accepted; None when it was too kind.

    llhttp takes several spaces for one, and RTSP and ICE for HTTP.
    """
    line = _REQUEST_LINE.match(head)
    return None if line is None else (line[1], line[2], line[3])


@lru_cache(maxsize=64)
def split_target(method: str, target: bytes) -> tuple[str, str]:
    """Return path and query of a request target, as sent.

    Raises:
        InvalidRequest: the target is not in origin form, absolute form, or ``*`` for OPTIONS.
    """
    if target == b"*" and method == "OPTIONS":
        return "*", ""
    absolute = _ABSOLUTE_FORM.match(target)
    if absolute is not None:
        if _HOST.fullmatch(absolute[1]) is None:
            raise _bad_target(target)
        target = target[absolute.end() :]
        target = target if target.startswith(b"/") else b"/" + target
    match = _ORIGIN_FORM.fullmatch(target)
    if match is None:
        raise _bad_target(target)
    return match[1].decode("ascii"), (match[2] or b"").decode("ascii")


def believe_target(target: bytes, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with the host of a target in absolute form in place of ``Host``'s (RFC 9112, 3.2.2)."""
    absolute = _ABSOLUTE_FORM.match(target)
    if absolute is None:
        return headers
    return [(name, absolute[1] if name == b"host" else value) for name, value in headers]


def _bad_target(target: bytes) -> InvalidRequest:
    shown = target[:80].decode("ascii", "backslashreplace")
    return InvalidRequest(f"The request target {shown!r} is not a valid path.", code="invalid_target")


def check_request_head(
    http_minor: int, headers: list[tuple[bytes, bytes]], fields: dict[bytes, bytes]
) -> GatewayError | None:
    """Check what llhttp does not: ``Host``, transfer codings, ``Expect``. Return the error, or None.

    ``fields`` is ``dict(headers)``: it has fewer entries when a name is repeated, and only then is each looked at.
    """
    if len(fields) != len(headers):
        names = [name for name, _ in headers]
        if names.count(b"host") > 1:
            return InvalidRequest("The request must have exactly one Host header.", code="invalid_host")
        if names.count(b"content-length") > 1 or names.count(b"transfer-encoding") > 1:
            return InvalidRequest("The length of the request body is ambiguous.", code="ambiguous_length")
    host = fields.get(b"host")
    if host is None:
        if http_minor:
            return InvalidRequest("The request must have exactly one Host header.", code="invalid_host")
    elif len(host) > HOST_BYTES or not _is_host(host):
        return InvalidRequest("The Host header is not a valid host.", code="invalid_host")
    expectation = fields.get(b"expect")
    if expectation is not None and expectation.lower() != b"100-continue":
        return ExpectationFailed("Only 'Expect: 100-continue' is understood.")
    if len(fields.get(b"content-length", b"")) > LENGTH_DIGITS:
        return InvalidRequest("The length of the request body is ambiguous.", code="ambiguous_length")
    coding = fields.get(b"transfer-encoding")
    if coding is None:
        return None
    if not http_minor or b"content-length" in fields:
        return InvalidRequest("The length of the request body is ambiguous.", code="ambiguous_length")
    if coding.lower() != b"chunked":
        return NotImplementedByServer("The only transfer coding understood is 'chunked'.")
    return None


def says_close(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether ``Connection: close`` stands anywhere; for HTTP/1.0, where llhttp lets ``keep-alive`` win."""
    values = [value.lower() for name, value in headers if name == b"connection"]
    return any(token.strip() == b"close" for value in values for token in value.split(b","))


@lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None
