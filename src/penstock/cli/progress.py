"""What a command shows on a terminal while it takes long: that it goes on, and for how long it has.

Only on a terminal, and only from the second second on; the line is gone when the work is done. What the work is, and
what comes of it, is the commands' business.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

FIRST_AFTER_S = 1.0
EVERY_S = 0.5
_CLEAR = "\r\x1b[K"


@contextmanager
def shown(what: str, *, first_after_s: float = FIRST_AFTER_S) -> Iterator[None]:
    """Show ``what`` and the seconds it has taken, for as long as the block lasts."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    showing = threading.Thread(target=_show, args=(what, done, first_after_s), daemon=True)
    showing.start()
    try:
        yield
    finally:
        done.set()
        showing.join()


def _show(what: str, done: threading.Event, first_after_s: float) -> None:
    begun_s = time.monotonic()
    wait_s = first_after_s
    while not done.wait(wait_s):
        click.echo(f"{_CLEAR}{what}: {time.monotonic() - begun_s:.0f} s", err=True, nl=False)
        wait_s = EVERY_S
    if wait_s == EVERY_S:
        click.echo(_CLEAR, err=True, nl=False)
