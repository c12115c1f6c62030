"""Who is calling, when a proxy of ours stands in between: the address that the proxies vouch for.

A header counts only when whoever sends it is trusted, and then from the right: each proxy appends the address that it
has seen, so the rightmost one that is no trusted proxy is the caller, and whatever stands left of it is the caller's
own invention. One header is looked at, the one that the proxies write; a caller may have sent the other.

``X-Forwarded-For``: addresses with commas between them. ``Forwarded``: RFC 7239 (read 2026-11-23), its ``for``
parameters. Nothing here speaks of schemes or hosts: no answer of the gateway depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from penstock.transport.server_request import HeaderList

ForwardedHeader = Literal["x-forwarded-for", "forwarded"]
UNIX = "unix"
"""What a caller at a Unix socket is called."""
UNKNOWN = "unknown"
"""What a caller is called who left before it could be asked for its address; nobody trusts it."""
MOST_HOPS = 64

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*"?([^;"\s]+)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\w+)?|([0-9.]+):\w+")


def name_peer(peername: object) -> str:
    """Return what the other end of a socket is called, by what a transport knows as its ``peername``."""
    if isinstance(peername, tuple):
        return str(peername[0])
    return UNKNOWN if peername is None else UNIX


class TrustedProxies:
    """The networks whose word is taken, and the header that they write."""

    def __init__(self, networks: Iterable[str], header: ForwardedHeader) -> None:
        """Trust ``networks`` (CIDR, or ``unix`` for whoever may connect to a Unix socket)."""
        names = tuple(networks)
        self._unix = UNIX in names
        found = [ip_network(name) for name in names if name != UNIX]
        self._v4 = [each for each in found if isinstance(each, IPv4Network)]
        self._v6 = [each for each in found if isinstance(each, IPv6Network)]
        self._header = header.encode()
        self._is_list = header == "x-forwarded-for"

    def trusts(self, address: str) -> bool:
        """Say whether the word of ``address`` is taken."""
        if address == UNIX:
            return self._unix
        parsed = _parse(address)
        if parsed is None:
            return False
        return any(parsed in network for network in (self._v4 if isinstance(parsed, IPv4Address) else self._v6))

    def caller(self, peer: str, headers: HeaderList) -> str:
        """Return who is calling, by the headers of a request that came from ``peer``."""
        if not self.trusts(peer):
            return peer
        lines = [value.decode("latin-1") for name, value in headers if name == self._header]
        # Every comma parts two hops: no quote of a caller's can swallow what a proxy has appended.
        hops = ",".join(lines).rsplit(",", MOST_HOPS)[-MOST_HOPS:] if lines else []
        caller = peer
        for hop in reversed(hops):
            parsed = _parse(_address_of(hop.strip() if self._is_list else _named(hop)))
            if parsed is None:
                return caller  # hidden, or unknown: who said so is the last that is known
            caller = str(parsed)
            if not self.trusts(caller):
                return caller
        return caller


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; one of IPv4 that is written as IPv6 is the one of IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _named(element: str) -> str:
    """Return what an element of ``Forwarded`` says of the one for whom it speaks; nothing where it does not."""
    found = _FOR.search(element)
    return found[1] if found else ""


def _address_of(text: str) -> str:
    """Leave out a port, and the brackets of IPv6."""
    found = _WITH_PORT.fullmatch(text)
    return (found[1] or found[2]) if found else text
