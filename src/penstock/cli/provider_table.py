"""Which provider offers which endpoint, as text and as Markdown, and the reference page of all providers.

The provider files are the only source: ``penstock providers``, the table in the README and
``docs/reference/providers.md`` all come from here, so that none of them can say what the code does not do. The oddities
of a provider are described by its quirk functions' own words. Writing files and printing is not done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec

from penstock.core.endpoint import Endpoint
from penstock.core.provider import CredentialKind, Options, Provider
from penstock.data import real_clients
from penstock.endpoints import declared_endpoints
from penstock.providers import all_providers
from penstock.relay.way import find_way

Offer = Literal["same", "translated", "none"]
TEXT_MARKS: Mapping[Offer, str] = MappingProxyType({"same": "yes", "translated": "translated", "none": "-"})
MARKDOWN_MARKS: Mapping[Offer, str] = MappingProxyType({"same": "✓", "translated": "⇄", "none": "–"})
CREDENTIALS: Mapping[CredentialKind, str] = MappingProxyType(
    {
        "api_key": "an API key",
        "aws": "AWS credentials (`aws:`)",
        "entra": "Microsoft Entra ID (`entra:`)",
        "gcp": "Google Cloud credentials (`gcp:`)",
    }
)


def offer_of(provider: Provider, endpoint: Endpoint) -> Offer:
    """Return how a provider serves an endpoint under its default options."""
    way = find_way(provider, provider.options(), endpoint)
    if way is None:
        return "none"
    return "same" if way.translation is None and not way.embeddings else "translated"


def render_text() -> str:
    """Render the table for a terminal: aligned columns, no trailing spaces, a line feed at the end."""
    rows = [["PROVIDER", "NAME", *(endpoint.path for endpoint in declared_endpoints()), "KEY FROM", "REAL CLIENTS"]]
    tested = real_clients()
    rows += [[*_row(provider, TEXT_MARKS), str(tested.get(provider.id, "-"))] for provider in all_providers().values()]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def render_markdown() -> str:
    """Render the same table in Markdown."""
    header = ["`provider:`", "Name", *(f"`{endpoint.path}`" for endpoint in declared_endpoints()), "Key from"]
    rows = []
    for provider in all_providers().values():
        name, title, *offers, _key = _row(provider, MARKDOWN_MARKS)
        rows.append([f"`{name}`", title, *offers, _key_from(provider, _quoted)])
    lines = [header, ["---", "---", *(":-:" for _ in declared_endpoints()), "---"], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def render_reference() -> str:
    """Render the reference page: the table, then a section for each provider."""
    sections = "\n".join(_section(provider) for provider in all_providers().values())
    return f"""# Providers

<!-- Written by scripts/generate_provider_table.py from src/penstock/providers; do not edit. -->

A request for an endpoint that a model's provider does not offer is answered with 400, `endpoint_not_offered`.
Without a configuration file, the variables named here decide which providers there are. One more provider is one more
file: [Adding a provider](../adding-a-provider.md). ✓: the provider speaks the caller's format, and bodies pass as they
are. ⇄: they are translated, and what cannot be carried is reported in the answer's `x-penstock-losses` header.

{render_markdown()}
{sections}"""


def _row(provider: Provider, marks: Mapping[Offer, str]) -> list[str]:
    offers = [marks[offer_of(provider, endpoint)] for endpoint in declared_endpoints()]
    return [provider.id, provider.title, *offers, _key_from(provider, str)]


def _key_from(provider: Provider, show: Callable[[str], str]) -> str:
    if not provider.key_env:
        usual = provider.credentials[0]
        if usual != "api_key":
            return CREDENTIALS[usual].partition(" (")[0]
        return "your configuration" if provider.key_required else "no key"
    names = " or ".join(map(show, provider.key_env))
    return names if provider.key_required else f"{names} (optional)"


def _quoted(name: str) -> str:
    return f"`{name}`"


def _section(provider: Provider) -> str:
    facts = [
        ("Base URL", f"`{provider.base_url}`" if provider.base_url else "yours to give"),
        ("Base URL from", _code(provider.base_url_env)),
        ("Key from", _code(provider.key_env)),
        ("Credential", " or ".join(CREDENTIALS[kind] for kind in provider.credentials)),
        ("Key", "required" if provider.key_required else "not required"),
        ("Key header", f"`{provider.key_header.name}: {provider.key_header.prefix}…`"),
        ("Usage in streams", STREAM_USAGE[provider.stream_usage]),
        ("Media by URL", "" if provider.by_url else BYTES_ONLY),
        ("Model names", _code(provider.model_patterns)),
        ("Models, for example", _code(provider.models)),
        ("Options", "; ".join(_options(provider.options))),
        ("Read", f"{provider.verified}: " + ", ".join(f"<{url}>" for url in provider.docs)),
    ]
    lines = [f"## {provider.title}", "", f"`provider: {provider.id}`", ""]
    lines += [f"- {label}: {text}" for label, text in facts if text]
    for label, told in (("Oddities that are taken care of", _oddities(provider)), ("Notes", _notes(provider))):
        if told:
            lines += ["", f"{label}:", "", *(f"- {text}" for text in told)]
    return "\n".join(lines) + "\n"


BYTES_ONLY = "not fetched by the host: by the gateway, where `fetch.hosts` allows it"
STREAM_USAGE = {
    "on_request": "when `stream_options.include_usage` asks",
    "always": "always",
    "never": "not documented; none is asked for",
}


def _code(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _options(options: type[Options]) -> Iterator[str]:
    hints = get_type_hints(options)
    for option in msgspec.structs.fields(options):
        kind = hints[option.name]
        choices = f"{' or '.join(map(_quoted, get_args(kind)))}; " if get_origin(kind) is Literal else ""
        default = f"`{option.default}` unless given" if option.default != "" else "no default"
        yield f"`{option.name}` ({choices}{default})"


def _oddities(provider: Provider) -> list[str]:
    splices = provider.native_chat.splices if provider.native_chat else ()
    told = [_first_paragraph(quirk) for quirk in (*provider.request_quirks, *splices)]
    return told + ([f"Usage: {_first_paragraph(provider.read_usage)}"] if provider.read_usage else [])


def _notes(provider: Provider) -> Sequence[str]:
    return [provider.notes] if provider.notes else []


def _first_paragraph(function: object) -> str:
    paragraph = (function.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).replace("``", "`")
