"""The vendors that one simulator stands in for, each below its own path.

They follow from the provider declarations: a vendor whose base URL is ``https://api.groq.com/openai/v1`` is simulated
below ``/groq/openai/v1``, with the endpoints, models and key header that its file declares. A vendor serves whatever
model it is asked for, but not one that another vendor's file claims: a request that went to the wrong vendor is found
out. The paths without a prefix (``/v1/…``) belong to the simulator itself, which serves every name. Vendors whose
format is not OpenAI's are left out. What is answered is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from penstock.core.endpoint import EndpointId
from penstock.core.provider import BEARER, KeyHeader, Options, Provider, StreamUsage
from penstock.providers import all_providers
from penstock.providers.azure_openai import AzureOptions
from penstock.simulator.openai_chat_request import UsagePlace

FINGERPRINT = "fp_penstock_simulator"
MODELS_CREATED = 1_767_225_600
"""1 January 2026: what every simulated model gives as its day of creation."""
OWN_MODELS = ("simulated-chat", "simulated-completion", "simulated-embedding")
OWN_PATHS: dict[str, EndpointId] = {
    "/v1/chat/completions": "chat_completions",
    "/v1/completions": "completions",
    "/v1/embeddings": "embeddings",
}
_OBFUSCATING = ("penstock-simulator", "openai", "azure-openai")
_USAGE_PLACES: dict[StreamUsage, UsagePlace | None] = {"on_request": None, "always": "last_choice", "never": "nowhere"}
_FOREIGN_MARKS = frozenset({"reasoning_content", "thinking_blocks", "extra_content"})
_REFUSED_IN_MESSAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("openai", "azure-openai", "groq", "mistral"), _FOREIGN_MARKS),
        "gemini": _FOREIGN_MARKS - {"extra_content"},
    }
)
"""What answers of other vendors leave in messages, by the vendor that refuses it (sources: the provider files)."""
_OTHER_OPTIONS: dict[str, tuple[Options, ...]] = {"azure-openai": (AzureOptions(api="deployments"),)}
"""Options besides the default ones under which a vendor has other paths."""


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A path with the model's name in the middle."""

    before: str
    after: str
    endpoint: EndpointId

    def model(self, path: str) -> str | None:
        """Return the model's name in the path, or None when the path is another."""
        if not path.startswith(self.before) or not path.endswith(self.after):
            return None
        name = path[len(self.before) : len(path) - len(self.after)]
        return unquote(name) if name and "/" not in name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One simulated vendor."""

    id: str
    title: str
    """The vendor's name, for people; empty for the simulator itself."""
    paths: dict[str, EndpointId]
    """Whole path to endpoint."""
    patterns: tuple[PathPattern, ...] = ()
    base_path: str
    """Path of the vendor's base URL on this simulator, as a backend is configured."""
    models_path: str
    key_header: KeyHeader = BEARER
    takes_tokens: bool = False
    """A bearer token will do instead of a key, as one of Microsoft Entra ID does."""
    models: tuple[str, ...]
    model_patterns: tuple[str, ...] = ()
    stream_usage: StreamUsage = "on_request"
    foreign_models: tuple[str, ...] = ()
    """Names and patterns of names that other vendors claim."""
    refused_in_messages: frozenset[str] = frozenset()
    fingerprint: str = FINGERPRINT

    @property
    def usage_place(self) -> UsagePlace | None:
        """Where this vendor's streams have their counts, whatever is asked; None when it is as asked."""
        return _USAGE_PLACES[self.stream_usage]

    @property
    def obfuscates(self) -> bool:
        """Whether events of streams carry padding, as OpenAI's do."""
        return self.id in _OBFUSCATING

    def has_model(self, name: str) -> bool:
        """Say whether the vendor serves this model."""
        own = name in self.models or any(fnmatchcase(name, one) for one in self.model_patterns)
        return own or not any(fnmatchcase(name, one) for one in self.foreign_models)


def _own() -> Vendor:
    return Vendor(
        id="penstock-simulator",
        title="",
        paths=OWN_PATHS,
        base_path="/v1",
        models_path="/v1/models",
        models=OWN_MODELS,
    )


def _of_provider(provider: Provider, foreign: Iterable[str]) -> Vendor:
    base = f"/{provider.id}{urlsplit(provider.base_url or '').path.rstrip('/')}"
    paths: dict[str, EndpointId] = {}
    patterns: list[PathPattern] = []
    for options in (provider.options(), *_OTHER_OPTIONS.get(provider.id, ())):
        for endpoint, template in provider.path_table(options).items():
            before, in_path, after = (base + template.partition("?")[0]).partition("{model}")
            if in_path:
                patterns.append(PathPattern(before, after, endpoint))
            else:
                paths[before] = endpoint
    chat_path = next((path for path, endpoint in paths.items() if endpoint == "chat_completions"), base)
    return Vendor(
        id=provider.id,
        title=provider.title,
        paths=paths,
        patterns=tuple(patterns),
        base_path=base,
        models_path=f"{chat_path.removesuffix('/chat/completions')}/models",
        key_header=provider.key_header,
        takes_tokens="entra" in provider.credentials,
        models=provider.models or OWN_MODELS,
        model_patterns=provider.model_patterns,
        stream_usage=provider.stream_usage,
        refused_in_messages=_REFUSED_IN_MESSAGES.get(provider.id, frozenset()),
        foreign_models=tuple(foreign) if provider.model_patterns else (),
        fingerprint=f"{FINGERPRINT}_{provider.id.replace('-', '_')}",
    )


@cache
def all_vendors() -> tuple[Vendor, ...]:
    """Return every simulated vendor, the simulator itself first."""
    providers = [one for one in all_providers().values() if "chat_completions" in one.endpoints()]
    claimed = {one.id: [*one.models, *one.model_patterns] for one in providers if one.key_required}
    vendors = [
        _of_provider(one, (name for id_, names in claimed.items() if id_ != one.id for name in names))
        for one in providers
    ]
    return (_own(), *vendors)
