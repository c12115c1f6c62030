"""No search for cyclic garbage while a configuration is read.

Reading makes very many objects that all stay until it is done, and each search walks over them: with a thousand routes
they are two fifths of the time. What the process collects at other times is not decided here.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep the cyclic collector from starting; afterwards it is as it was."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
