"""Which chat wire formats there are, found by their names and imported when first asked for.

A format's package declares itself: ``penstock.wire.<id>.upstream.UPSTREAM`` when providers speak it,
``penstock.wire.<id>.caller.CALLER`` when callers do. Nothing else is known of them here; which provider speaks
which is said by the providers.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from penstock.core.chat_format import CallerFormat, FormatId, UpstreamFormat


@cache
def find_upstream_format(format_id: FormatId) -> UpstreamFormat:
    """Return how to speak with providers in this format.

    Raises:
        LookupError: no provider speaks it.
    """
    found: object = _declared(format_id, "upstream", "UPSTREAM")
    if not isinstance(found, UpstreamFormat):
        msg = f"no provider speaks {format_id}"
        raise LookupError(msg)
    return found


@cache
def find_caller_format(format_id: FormatId) -> CallerFormat:
    """Return how to speak with callers in this format.

    Raises:
        LookupError: no caller speaks it.
    """
    found: object = _declared(format_id, "caller", "CALLER")
    if not isinstance(found, CallerFormat):
        msg = f"no caller speaks {format_id}"
        raise LookupError(msg)
    return found


def _declared(format_id: FormatId, module: str, name: str) -> object:
    path = f"penstock.wire.{format_id}.{module}"
    try:
        return getattr(import_module(path), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not path.startswith(error.name):
            raise  # the format is there, and lacks something
        return None
