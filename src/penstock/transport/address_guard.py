"""Which addresses may be connected to on behalf of a URL that a caller chose.

Public unicast addresses only: a name may resolve to this machine, the network behind it, or a cloud's metadata service,
and those would answer the gateway what they would not answer the caller. An IPv6 address that carries an IPv4 address
(mapped, 6to4, NAT64) is as public as that one. Networks that the operator names are allowed besides.

https://www.iana.org/assignments/iana-ipv4-special-registry, .../iana-ipv6-special-registry; RFC 6052, section 2.1 and
RFC 3056, section 2 (read 2026-11-23). Resolving and connecting are not done here.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from penstock.core.fetch_rules import Network

Address = IPv4Address | IPv6Address

NEVER_PUBLIC: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # Azure's host, at a public address
            "192.0.0.0/24",  # protocol assignments; a metadata service of Oracle is there
            "192.88.99.0/24",  # relays of 6to4, given up
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
"""Special networks that the standard library of some supported versions calls public."""
GLOBAL_UNICAST = ip_network("2000::/3")
NAT64 = ip_network("64:ff9b::/96")


def may_connect(text: str, allowed: Iterable[Network] = ()) -> bool:
    """Say whether an address is public, or in one of the ``allowed`` networks."""
    try:
        address = _carried(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return any(address in network for network in allowed) or _is_public(address)


def _carried(address: Address) -> Address:
    """Return the IPv4 address in an IPv6 address that carries one, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and address in NAT64:
        carried = IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or any(address in network for network in NEVER_PUBLIC):
        return False
    return address in GLOBAL_UNICAST if isinstance(address, IPv6Address) else not address.is_reserved
