"""Where callers and operators connect: the listeners of a document, and what one address means to another.

``listen`` is a listener, unless only ``listeners`` says where. What the command line names stands instead of all their
addresses; a listener that was configured there keeps what was said of it, any other is as ``listen`` is. Nothing is
bound here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from penstock.config.address import Address, is_loopback
from penstock.config.certificates import check_certificate
from penstock.config.document import Document
from penstock.config.listener_sections import ListenerSection
from penstock.config.loaded import Overrides
from penstock.config.problems import Findings, write_path
from penstock.config.yaml_tree import KeyPath
from penstock.relay.snapshot import ClientTimeouts, Cors, Limits, Listener

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound


@dataclass(frozen=True, slots=True)
class _Place:
    """An address with the section that describes it, and where that stands."""

    path: KeyPath
    address: Address
    section: ListenerSection


def build_listeners(document: Document, overrides: Overrides, has_keys: bool, findings: Findings) -> list[Listener]:
    """Return the listeners, at least one; the first one's limits, waits and browsers are those of all."""
    has_keys = has_keys or findings.breaks_under(("client_keys",)) or findings.breaks_under(("client_tokens",))
    places = _choose_places(document, overrides)
    for place in places:
        _check_door(place, overrides, has_keys, findings)
        _check_proxies(place, findings)
        if place.section.tls is not None:
            check_certificate(place.section.tls.build(), (*place.path, "tls"), findings)
    if has_keys and overrides.allow_anonymous and not document.listen.allow_anonymous:
        _say_needless(("listen", "allow_anonymous"), findings)
    admin = _Place(("admin",), overrides.admin or document.admin, document.listen)
    _check_apart(places, admin, findings)
    if not admin.address.is_local:
        findings.warning(("admin",), f"{admin.address} can be reached by others, and asks for no key")
    return [_build(place, document, overrides) for place in places]


def _choose_places(document: Document, overrides: Overrides) -> list[_Place]:
    listen = _Place(("listen",), document.listen.address, document.listen)
    further = [
        _Place(("listeners", index), section.address, section) for index, section in enumerate(document.listeners)
    ]
    said = document.listen.model_fields_set - {"cors"}
    configured = [listen, *further] if said or not further else further
    if not overrides.listen:
        return configured
    sections = {place.address: place.section for place in reversed(configured)}
    first = configured[0].section
    return [_Place(("listen",), each, sections.get(each, first)) for each in overrides.listen]


def _build(place: _Place, document: Document, overrides: Overrides) -> Listener:
    address, section, cors = place.address, place.section, document.listen.cors
    return Listener(
        host=address.host,
        port=address.port,
        unix=address.path,
        unix_mode=section.unix_mode,
        tls=section.tls.build() if section.tls else None,
        proxy_protocol=section.proxy_protocol,
        trusted_proxies=section.trusted_proxies,
        forwarded_header=section.forwarded_header,
        cors=Cors(allow_origins=cors.allow_origins, max_age_s=cors.max_age_s),
        limits=_build_limits(document),
        timeouts=ClientTimeouts(**dict(document.timeouts)),
        allow_anonymous=overrides.allow_anonymous or section.allow_anonymous,
    )


def _build_limits(document: Document) -> Limits:
    limits = document.limits
    return Limits(
        body_bytes=limits.body,
        header_bytes=limits.headers,
        headers=limits.header_count,
        upstream_header_bytes=limits.upstream_headers,
        inspected_answer_bytes=limits.inspected_answer,
        event_bytes=limits.event,
        connections=limits.connections,
        pipelined_requests=limits.pipelined_requests,
    )


def _check_door(place: _Place, overrides: Overrides, has_keys: bool, findings: Findings) -> None:
    """Refuse to serve everybody who can reach an address, unless that was asked for."""
    asked_for = overrides.allow_anonymous or place.section.allow_anonymous
    if not has_keys and not asked_for and not place.address.is_local:
        message = (
            f"{place.address} can be reached by others, and no client_keys are configured: whoever reaches it spends "
            "your keys; configure client_keys, client_tokens, or allow_anonymous (--allow-anonymous) if that is meant"
        )
        findings.error((*place.path, "address"), message)
    if has_keys and place.section.allow_anonymous:
        _say_needless((*place.path, "allow_anonymous"), findings)


def _say_needless(path: KeyPath, findings: Findings) -> None:
    findings.warning(path, "has no effect: callers have to show a key or a token")


def _check_proxies(place: _Place, findings: Findings) -> None:
    section = place.section
    if section.proxy_protocol and not section.trusted_proxies and not place.address.is_local:
        message = "believes whoever reaches this address; name the balancers in trusted_proxies"
        findings.warning((*place.path, "proxy_protocol"), message)
    if "forwarded_header" in section.model_fields_set and not section.trusted_proxies:
        findings.warning((*place.path, "forwarded_header"), "has no effect without trusted_proxies")
    if "unix_mode" in section.model_fields_set and place.address.path is None:
        findings.warning((*place.path, "unix_mode"), "has no effect: this is no Unix socket")


def _check_apart(places: Sequence[_Place], admin: _Place, findings: Findings) -> None:
    """Refuse addresses that are one, or that take each other in."""
    for index, place in enumerate(places):
        for earlier in places[:index]:
            if place.address == earlier.address:
                findings.error((*place.path, "address"), f"is the same address as that of {write_path(earlier.path)}")
            elif _overlap(place.address, earlier.address):
                message = f"{place.address} and {earlier.address} overlap; one of them is enough"
                findings.error((*place.path, "address"), message)
        if place.address == admin.address and not (place.address.path is None and place.address.port == 0):
            findings.error(admin.path, "is the address where callers connect; it needs its own")
        elif _overlap(place.address, admin.address):
            message = f"{admin.address} and {place.address}, where callers connect, overlap"
            findings.error(admin.path, message)


def _overlap(first: Address, second: Address) -> bool:
    """Say whether a port is taken at every address of a family and at one of them too."""
    if first.path is not None or second.path is not None or first.port != second.port or not first.port:
        return False
    versions = {_version(first.host), _version(second.host)}
    return len(versions) == 1 and None not in versions and bool({first.host, second.host} & _EVERYWHERE)


def _version(host: str) -> int | None:
    """Return the version of an address; a name of this machine is taken for one of version 4."""
    try:
        return ip_address(host).version
    except ValueError:
        return 4 if is_loopback(host) else None
