"""The ``fetch`` mapping of a native configuration: what the gateway may fetch for providers that take bytes only.

Off unless it names hosts. What the rules mean is in :mod:`penstock.core.fetch_rules`.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from penstock.config.fields import Count, Seconds, Size, Switch
from penstock.config.section import Section, no_items
from penstock.config.value_readers import read_text, refuse
from penstock.core.fetch_rules import FetchRules, HostPattern, Network, read_host_pattern

_DEFAULT = FetchRules(hosts=())


def _read_pattern(value: object) -> HostPattern:
    return read_host_pattern(read_text(value))


def _read_network(value: object) -> Network:
    try:
        return ip_network(read_text(value))
    except ValueError:
        refuse("must be a network such as 10.1.0.0/16, or an address")


_HostPattern = Annotated[
    HostPattern, PlainValidator(_read_pattern), WithJsonSchema({"title": "host pattern", "type": "string"})
]
_NetworkText = Annotated[Network, PlainValidator(_read_network), WithJsonSchema({"title": "network", "type": "string"})]


class FetchSection(Section):
    """Pictures and PDFs by URL, for providers that take bytes only; nothing is fetched unless hosts are named."""

    hosts: list[_HostPattern] = Field(
        default_factory=no_items,
        description="Hosts to fetch from: `images.example.com`, `*.example.com` for all below, `*` for every public "
        "one; with `:PORT` where it is not the usual one.",
    )
    allow_addresses: list[_NetworkText] = Field(
        default_factory=no_items,
        description="Networks, such as `10.1.0.0/16`, to connect to although they are not public.",
    )
    allow_http: Switch = Field(
        _DEFAULT.allow_http, description="Fetch from `http://` too; anyone between may change it."
    )
    max_bytes: Size = Field(_DEFAULT.max_bytes, description="Largest file.")
    max_per_request: Count = Field(_DEFAULT.max_per_request, description="Files fetched for one request.")
    timeout_s: Seconds = Field(_DEFAULT.timeout_s, description="Longest wait for one file.")

    def rules(self) -> FetchRules | None:
        """Return the rules; None when nothing is to be fetched."""
        if not self.hosts:
            return None
        return FetchRules(
            hosts=tuple(self.hosts),
            networks=tuple(self.allow_addresses),
            allow_http=self.allow_http,
            max_bytes=self.max_bytes,
            max_per_request=self.max_per_request,
            timeout_s=self.timeout_s,
        )
