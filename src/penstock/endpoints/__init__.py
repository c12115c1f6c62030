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
def all_endpoints() -> Mapping[str, Endpoint]:
    """Return every endpoint by its path.

    Raises:
        TypeError: a file declares no ENDPOINT.
    """
    found: dict[str, Endpoint] = {}
    for module_info in pkgutil.iter_modules(__path__, __name__ + "."):
        endpoint = getattr(import_module(module_info.name), "ENDPOINT", None)
        if not isinstance(endpoint, Endpoint):
            msg = f"{module_info.name} declares no ENDPOINT"
            raise TypeError(msg)
        found[endpoint.path] = endpoint
    return MappingProxyType(found)
