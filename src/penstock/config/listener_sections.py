"""The parts of a native configuration file about where callers connect."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from penstock.config.address import Address
from penstock.config.fields import Count, FileMode, FilePath, ListenAddress, Networks, Origins, PemText, Switch
from penstock.config.pem_sources import either, one_of, required
from penstock.config.section import Section
from penstock.relay.snapshot import Cors, Listener, ListenerTls
from penstock.transport.forwarded import ForwardedHeader

_LISTENER = Listener()
DEFAULT_LISTEN = Address(_LISTENER.host, _LISTENER.port)


def address_field(default: Address, description: str) -> Address:
    """Declare an address whose default the JSON Schema can show."""
    field: Address = Field(
        default_factory=lambda: default, description=description, json_schema_extra={"default": str(default)}
    )
    return field


class ListenerTlsSection(Section):
    """The certificate that callers see: each of its two parts a file, or text."""

    model_config = ConfigDict(json_schema_extra={"allOf": [one_of("cert"), one_of("key")]})

    cert_file: FilePath | None = Field(None, description="Certificate chain, PEM.")
    key_file: FilePath | None = Field(None, description="Private key, PEM.")
    cert: PemText | None = Field(None, description="Certificate chain as text, instead of `cert_file`.")
    key: PemText | None = Field(None, description="Private key as text, such as `${TLS_KEY}`, instead of `key_file`.")

    @model_validator(mode="after")
    def _has_both_parts(self) -> Self:
        self.build()
        return self

    def build(self) -> ListenerTls:
        """Return what a listener shows; ``ValueError`` unless each part is there, once."""
        return ListenerTls(
            cert=required("cert", either("cert", self.cert_file, self.cert)),
            key=required("key", either("key", self.key_file, self.key)),
        )


class CorsSection(Section):
    """Browsers that may call."""

    allow_origins: Origins = Field(
        default_factory=tuple, description="Origins of pages that may call, or `*` for every page."
    )
    max_age_s: Count = Field(Cors().max_age_s, description="How long a browser may remember that it may call.")


class ListenerSection(Section):
    """A further address where the gateway listens for callers."""

    has_short_form = True

    address: ListenAddress = Field(
        description="Where callers connect: `0.0.0.0:443`, `[::1]:1975`, `unix:/run/penstock/gateway.sock`."
    )
    tls: ListenerTlsSection | None = Field(None, description="Serve HTTPS with this certificate.")
    unix_mode: FileMode = Field(
        _LISTENER.unix_mode,
        description="Permissions of a Unix socket's file: who may call.",
        json_schema_extra={"default": f"{_LISTENER.unix_mode:04o}"},
    )
    proxy_protocol: Switch = Field(
        _LISTENER.proxy_protocol,
        description="Every connection begins with a preamble of the PROXY protocol (1 or 2), before TLS if any.",
    )
    trusted_proxies: Networks = Field(
        default_factory=tuple,
        description="Proxies whose word about the caller's address is taken: networks, or `unix` at a Unix socket. "
        "With `proxy_protocol`, connections from elsewhere are refused.",
    )
    forwarded_header: ForwardedHeader = Field(
        _LISTENER.forwarded_header, description="The header that these proxies write; the other is not believed."
    )
    allow_anonymous: Switch = Field(
        _LISTENER.allow_anonymous, description="Serve without client keys on an address that is not loopback."
    )

    @classmethod
    def expand(cls, value: object) -> object:
        """Read the address alone."""
        return {"address": value} if isinstance(value, str) else value


class ListenSection(ListenerSection):
    """Where the gateway listens for callers."""

    address: ListenAddress = address_field(
        DEFAULT_LISTEN, "Where callers connect; `[::1]:1975` for IPv6, `unix:PATH` for a Unix socket."
    )
    cors: CorsSection = Field(default_factory=CorsSection, description="Browsers that may call, at whichever address.")
