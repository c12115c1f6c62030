"""One file for each public path: its wire format, how model and stream flag are found, what is metered.

A file declares ``ENDPOINT``, a :class:`penstock.core.endpoint.Endpoint`; files are found by scanning this folder.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from penstock.core.endpoint import Endpoint


@cache
def declared_endpoints() -> tuple[Endpoint, ...]:
    """Return every endpoint once.

    Raises:
        TypeError: a file declares no ENDPOINT.
    """
    found = []
    for module_info in pkgutil.iter_modules(__path__, __name__ + "."):
        endpoint = getattr(import_module(module_info.name), "ENDPOINT", None)
        if not isinstance(endpoint, Endpoint):
            msg = f"{module_info.name} declares no ENDPOINT"
            raise TypeError(msg)
        found.append(endpoint)
    return tuple(found)


@cache
def all_endpoints() -> Mapping[str, Endpoint]:
    """Return every endpoint by each of its paths.

    Raises:
        TypeError: a file declares no ENDPOINT.
    """
    return MappingProxyType(
        {path: endpoint for endpoint in declared_endpoints() for path in (endpoint.path, *endpoint.aliases)}
    )
