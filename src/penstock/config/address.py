"""Addresses as an operator writes them: ``HOST:PORT`` or ``unix:PATH`` to listen on, and base URLs to send to.

Both are read strictly, since what is guessed here is listened on, or is sent a key. Messages never repeat a base URL:
a credential may stand in it. Nothing is resolved or connected.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

_HOST_NAME = re.compile(
    r"(?=.{1,253}\.?$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL_CHARACTERS = re.compile(r"[!-~]+")
UNIX_PREFIX = "unix:"
LONGEST_UNIX_PATH_BYTES = 107
"""What Linux keeps for it, less the zero at its end (unix(7), read 2026-11-23)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. ``host`` has no brackets; port 0 lets the system choose."""

    host: str = ""
    port: int = 0
    path: str | None = None
    """A Unix socket, instead of host and port."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.path is not None or is_loopback(self.host)

    def __str__(self) -> str:
        if self.path is not None:
            return UNIX_PREFIX + self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """Where a backend is. ``host`` has no brackets; ``path`` begins with a slash and ends without, or is empty."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read_address(text: str) -> Address:
    """Read ``HOST:PORT`` or ``[IPV6]:PORT``.

    Raises:
        ValueError: another form; the text says what to write.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port[:6]) > 65_535:
        msg = "must be HOST:PORT with a port up to 65535, such as 127.0.0.1:1975"
        raise ValueError(msg)
    if not host:
        msg = f"needs a host before the port: 127.0.0.1:{port} for this machine only, 0.0.0.0:{port} for every network"
        raise ValueError(msg)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        msg = "an IPv6 address stands in brackets, such as [::1]:1975"
        raise ValueError(msg)
    if not _is_host(host):
        msg = "is neither a host name nor an IP address before the port"
        raise ValueError(msg)
    return Address(host, int(port))


def read_listen_address(text: str, directory: Path) -> Address:
    """Read ``HOST:PORT``, ``[IPV6]:PORT`` or ``unix:PATH``; a relative path starts at ``directory``.

    Raises:
        ValueError: another form; the text says what to write.
    """
    if not text.startswith(UNIX_PREFIX):
        try:
            return read_address(text)
        except ValueError as error:
            if text.startswith(("/", ".", "@")):
                msg = "is a path: write it as unix:PATH for a Unix socket"
                raise ValueError(msg) from error
            raise
    name = text.removeprefix(UNIX_PREFIX)
    if name.rpartition("/")[2] in {"", ".", ".."} or name.startswith("@") or "\0" in name:
        msg = "must name a file for the socket, such as unix:/run/penstock/gateway.sock"
        raise ValueError(msg)
    path = os.path.normpath(directory.absolute() / name)
    if len(os.fsencode(path)) > LONGEST_UNIX_PATH_BYTES:
        msg = f"is too long for a Unix socket: its whole path may have {LONGEST_UNIX_PATH_BYTES} bytes"
        raise ValueError(msg)
    return Address(path=path)


def read_base_url(text: str) -> BaseUrl:
    """Read the URL that a provider's paths are appended to.

    Raises:
        ValueError: not http or https, a credential, query or fragment in it, or a bad host or port.
    """
    if not _URL_CHARACTERS.fullmatch(text):
        msg = "a base URL has no spaces and only ASCII characters (write international host names as xn--...)"
        raise ValueError(msg)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        msg = "is not a URL: the host or the port is malformed"
        raise ValueError(msg) from None
    if parts.scheme not in _DEFAULT_PORTS:
        msg = "must begin with https:// or http://"
        raise ValueError(msg)
    if "@" in parts.netloc:
        msg = "must not hold a user name or password; the key belongs in api_key"
        raise ValueError(msg)
    if "?" in text or "#" in text:
        msg = "must not hold a query (?) or a fragment (#)"
        raise ValueError(msg)
    if not _is_host(parts.hostname or "") or port == 0:
        msg = "needs a host name or IP address, and a port from 1 to 65535 if any"
        raise ValueError(msg)
    if {".", ".."} & set(parts.path.split("/")) or "\\" in parts.path:
        msg = "must not hold . or .. in its path"
        raise ValueError(msg)
    return BaseUrl(parts.scheme, parts.hostname or "", port or _DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"))


def is_loopback(host: str) -> bool:
    """Say whether a host can only mean this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        # Names of digits and dots only are misspelt IPv4 addresses.
        return _HOST_NAME.fullmatch(host) is not None and not re.fullmatch(r"[0-9.]+", host)
    return "%" not in host
