"""One file for each vendor, found by scanning this folder.

A file declares ``PROVIDER``, a :class:`penstock.core.provider.Provider`. See ``docs/adding-a-provider.md``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from penstock.core.provider import Provider

PLAIN_HTTP = Provider(
    id="http",
    title="HTTP server",
    base_url=None,
    paths={},
    key_required=False,
    docs=("https://www.rfc-editor.org/rfc/rfc9110",),
    verified="2026-11-23",
    notes="Serves no models: only what is passed on as it is goes there.",
)
"""What a backend is that is no provider; it has no file, since there is nothing to say of it."""


def configurable_providers() -> Mapping[str, Provider]:
    """Return what a backend of a configuration may be, by id: every provider, or a plain HTTP server."""
    return {**all_providers(), PLAIN_HTTP.id: PLAIN_HTTP}


@cache
def all_providers() -> Mapping[str, Provider]:
    """Return every provider by id, in the order of their ids."""
    return find_providers(__path__, __name__)


def find_providers(folders: Iterable[str], package: str) -> Mapping[str, Provider]:
    """Return the providers that the modules of a package declare, by id, in the order of their ids.

    Raises:
        TypeError: a module declares no ``PROVIDER``.
        ValueError: a module is not named after its provider's id (``azure_openai.py`` for ``azure-openai``).
    """
    found: dict[str, Provider] = {}
    for module_info in pkgutil.iter_modules(folders, package + "."):
        provider = getattr(import_module(module_info.name), "PROVIDER", None)
        if not isinstance(provider, Provider):
            msg = f"{module_info.name} declares no PROVIDER"
            raise TypeError(msg)
        if module_info.name != f"{package}.{provider.id.replace('-', '_')}":
            msg = f"{module_info.name} declares the provider {provider.id!r}; file and id must have one name"
            raise ValueError(msg)
        found[provider.id] = provider
    return MappingProxyType(dict(sorted(found.items())))
