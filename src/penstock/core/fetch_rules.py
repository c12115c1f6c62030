"""What the gateway may fetch for a caller, and reading a caller's URL against that.

A provider that takes bytes only needs the media behind a URL fetched, and the URL is the caller's: so only hosts that
the operator names, on the usual port of the scheme unless another is named, without credentials in the URL. Addresses
are checked once the name is resolved (:mod:`penstock.transport.address_guard`); nothing is opened here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple
from urllib.parse import quote, urlsplit

Network = IPv4Network | IPv6Network

DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST_URL = 8192
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\]")
_PATTERN = re.compile(r"(\*|(?:\*\.)?(?:%s))(?::([0-9]{1,5}))?" % _HOST.pattern)  # noqa: UP031 - braces in it
_NO_URL = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that parsers of URLs take out or read in two ways."""
_IN_TARGET = "%/:;=@!$&'()*+,?~-._[]"


class FetchRefused(Exception):
    """Nothing was fetched. The text completes "the URL ...", may be shown to a caller and names no address."""


class HostPattern(NamedTuple):
    """A host, ``*.`` and a host for all below it, or ``*``; ``port`` None is the usual one of the scheme."""

    host: str
    port: int | None

    def __str__(self) -> str:
        """Write the pattern as it is read."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def fits(self, host: str, port: int, usual_port: int) -> bool:
        """Say whether a URL's host and port fit."""
        if port != (usual_port if self.port is None else self.port):
            return False
        return self.host in {"*", host} or (self.host.startswith("*.") and host.endswith(self.host[1:]))


def read_host_pattern(text: str) -> HostPattern:
    """Read ``HOST``, ``*.HOST`` or ``*``, each with or without ``:PORT``.

    Raises:
        ValueError: it is none of these.
    """
    found = _PATTERN.fullmatch(text.lower())
    if found is None or (found[2] and not 0 < int(found[2]) < 65536):
        msg = "must be a host such as images.example.com, *.example.com for all below it, or *; with :PORT if unusual"
        raise ValueError(msg)
    return HostPattern(found[1].rstrip("."), int(found[2]) if found[2] else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """What may be fetched, and how much of it."""

    hosts: tuple[HostPattern, ...]
    networks: tuple[Network, ...] = ()
    """Addresses that are not public and may be connected to nevertheless."""
    allow_http: bool = False
    max_bytes: int = 10 * 1024 * 1024
    """Of one file."""
    max_per_request: int = 10
    timeout_s: float = 10.0
    """One file: look-up, connection and body."""


class FetchTarget(NamedTuple):
    """A URL that may be fetched, in its parts."""

    secure: bool
    host: str
    """A name in lower case, or an address without brackets."""
    port: int
    authority: str
    """The ``Host`` header."""
    path: str
    """Path and query, as sent."""


def read_target(url: str, rules: FetchRules) -> FetchTarget:
    """Read a caller's URL.

    Raises:
        FetchRefused: it is no URL that these rules allow.
    """
    if len(url) > LONGEST_URL or _NO_URL.search(url):
        msg = "is not a URL"
        raise FetchRefused(msg)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        msg = "is not a URL"
        raise FetchRefused(msg) from error
    scheme, usual_port = parts.scheme, DEFAULT_PORTS.get(parts.scheme)
    if usual_port is None or (scheme == "http" and not rules.allow_http):
        msg = "must begin with https://" + (" or http://" if rules.allow_http else "")
        raise FetchRefused(msg)
    if "@" in parts.netloc:
        msg = "must not hold a user or a password"
        raise FetchRefused(msg)
    host = (f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "").rstrip(".")
    if not _HOST.fullmatch(host):
        msg = "has no host name in ASCII letters"
        raise FetchRefused(msg)
    port = usual_port if port is None else port
    if not any(pattern.fits(host, port, usual_port) for pattern in rules.hosts):
        msg = "names a host, or a port of it, that this gateway does not fetch from"
        raise FetchRefused(msg)
    path = quote(parts.path or "/", safe=_IN_TARGET) + (
        f"?{quote(parts.query, safe=_IN_TARGET)}" if parts.query else ""
    )
    return FetchTarget(
        scheme == "https", host.strip("[]"), port, host if port == usual_port else f"{host}:{port}", path
    )
