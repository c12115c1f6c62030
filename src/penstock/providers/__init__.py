"""One file for each vendor, found by scanning this folder.

A file declares ``PROVIDER``, a :class:`penstock.core.provider.Provider`. See ``docs/adding-a-provider.md``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from penstock.core.provider import Provider


@cache
def all_providers() -> Mapping[str, Provider]:
    """Return every provider by id, in the order of their ids.

    Raises:
        RuntimeError: two files declare the same id, or a file declares none.
    """
    found: dict[str, Provider] = {}
    for module_info in pkgutil.iter_modules(__path__, __name__ + "."):
        provider = getattr(import_module(module_info.name), "PROVIDER", None)
        if not isinstance(provider, Provider):
            msg = f"{module_info.name} declares no PROVIDER"
            raise TypeError(msg)
        if provider.id in found:
            msg = f"two provider files declare the id {provider.id!r}"
            raise RuntimeError(msg)
        found[provider.id] = provider
    return MappingProxyType(dict(sorted(found.items())))
