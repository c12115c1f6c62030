"""What a provider file declares: where a vendor is, how it wants its key, which endpoints it offers, its oddities.

A provider is data, plus small named functions for what its documentation proves to be odd. Adding one is adding a file
to ``penstock.providers``; nothing else lists them. Sockets, formats and model facts are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from penstock.core.chat_format import CountFormatId, FormatId
from penstock.core.embedding_format import EmbeddingFormatId
from penstock.core.endpoint import EndpointId, UsageReader
from penstock.core.json_object import JsonEdit

StreamUsage = Literal["on_request", "always", "never"]
"""How a provider's streams carry usage: when ``stream_options.include_usage`` asks, always, or not at all."""

RequestQuirk = Callable[[EndpointId, JsonEdit], None]
"""Changes a request body that the vendor would refuse or misread, and reports what is lost, both through the edit.

The edit's ``model`` is the provider's name of the model by then, not the caller's.
"""


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """The request header that carries the API key, and what stands before the key in it."""

    name: str = "authorization"
    prefix: str = "Bearer "


BEARER = KeyHeader()


CredentialKind = Literal["api_key", "aws", "entra", "gcp"]
"""Ways to prove who we are: a key in a header, AWS signatures, tokens of Microsoft Entra ID or of Google Cloud."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider's own settings of a backend; most have none."""

    def url_values(self) -> dict[str, str]:
        """Return what may stand in braces in the base URL and in paths, by name."""
        return {name: str(value) for name, value in msgspec.structs.asdict(self).items()}

    def missing(self) -> tuple[str, ...]:
        """Return the options that have no default and were not given."""
        return ()


CallerHeaders = Mapping[bytes, bytes]
"""The caller's request headers by lower-case name."""

HostSplice = Callable[[JsonEdit, Options, CallerHeaders], None]
"""Changes a body of the right format to what this host of the format wants (a version in it, no model in it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeChat:
    """A provider's chat API in a format that is not OpenAI's; paths are below the base URL, ``{model}`` may be in them.

    A caller of the same format is relayed byte for byte, any other is translated.
    """

    format: FormatId
    path: str
    stream_path: str
    splices: tuple[HostSplice, ...] = ()
    in_frames: bool = False
    """The host wraps each event of a stream in an AWS frame, base64 (Bedrock's InvokeModel)."""


PathTable = Mapping[EndpointId, str]
"""Endpoint to path below the base URL. ``{model}`` and the provider's option names may stand in it."""


def as_given(base_url: str) -> str:
    """Read a base URL variable whose value is the base URL."""
    return base_url.rstrip("/")


def below_root(prefix: str) -> Callable[[str], str]:
    """Return a reading of a base URL variable by which the vendor means the address without this path prefix."""

    def read(base_url: str) -> str:
        base_url = base_url.rstrip("/")
        return base_url if base_url.endswith(prefix) else base_url + prefix

    return read


class NativeEmbeddings(NamedTuple):
    """A provider's embeddings API in a format of its own; the path is below the base URL."""

    format: EmbeddingFormatId
    path: str


class NativeCount(NamedTuple):
    """A provider's API that counts the tokens of a prompt; the path is below the base URL."""

    format: CountFormatId
    path: str
    counted_model: Callable[[str], str] = str
    """The model's name in this path by the one that it has elsewhere at the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One vendor (or one kind of server) and how to speak with it."""

    id: str
    title: str
    schema_name: str = "OpenAI"
    """``spec.schema.name`` of the Envoy AI Gateway's AIServiceBackend."""
    base_url: str | None
    """Default base URL, path prefix included; names of options may stand in braces. None when only the operator can
    know it."""
    paths: PathTable | Callable[[Options], PathTable]
    native_chat: NativeChat | None = None
    native_embeddings: Callable[[str], NativeEmbeddings | None] | None = None
    """The API for a model by its name; None for a model that makes no vectors there."""
    native_count: NativeCount | None = None
    by_url: bool = True
    """The host fetches media at URLs where its formats have them; False: it takes bytes only."""
    credentials: tuple[CredentialKind, ...] = ("api_key",)
    """What the provider takes; the first is the usual one."""
    key_header: KeyHeader = BEARER
    key_required: bool = True
    key_env: tuple[str, ...] = ()
    """Environment variables that hold the key, first found wins."""
    credential_env: tuple[str, ...] = ()
    """Environment variables any of which says that the cloud's own chain of credentials has something to offer."""
    header_env: Mapping[str, str] = field(default_factory=dict)
    """Request header to the environment variable that holds its value (an organisation, a project)."""
    base_url_env: tuple[str, ...] = ()
    """Environment variables that hold another base URL, first found wins."""
    read_base_url: Callable[[str], str] = as_given
    """Turns what ``base_url_env`` holds into a base URL as ``base_url`` means it; ``ValueError`` when it cannot."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of every request (an API version, say)."""
    default_headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of requests whose caller does not send them (the version of an API that the caller may know better)."""
    options: type[Options] = Options
    option_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Environment variables of options, first found wins."""
    stream_usage: StreamUsage = "on_request"
    request_quirks: tuple[RequestQuirk, ...] = ()
    read_usage: UsageReader | None = None
    """Another reading of the usage object than the format's own."""
    model_patterns: tuple[str, ...] = ()
    """Shell-style patterns of model names that mean this provider when nothing else says so (``gpt-*``)."""
    models: tuple[str, ...] = ()
    """A few well-known model names, to show and to list when no configuration names any."""
    docs: tuple[str, ...]
    verified: str
    """Day the documentation was read (ISO date)."""
    notes: str = ""

    def path_table(self, options: Options) -> PathTable:
        """Return the paths under these options."""
        return self.paths(options) if callable(self.paths) else self.paths

    def endpoints(self) -> tuple[EndpointId, ...]:
        """Return the endpoints offered under default options."""
        return tuple(self.path_table(self.options()))


def fill_path(template: str, model: str, options: Options) -> str:
    """Fill a path template; the model name and the options are each quoted as one path segment."""
    return _fill(template, {**options.url_values(), "model": model})


def fill_base_url(template: str, options: Options) -> str:
    """Fill a provider's default base URL; raises ``KeyError`` for an option that there is not."""
    return _fill(template, options.url_values())


def _fill(template: str, values: Mapping[str, str]) -> str:
    needed = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format_map({name: quote(values[name], safe=":@!$,-._~") for name in needed})
