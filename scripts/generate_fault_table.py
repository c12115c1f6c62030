"""Write ``docs/reference/faults.md``: what a caller sees of each fault of a provider, from the table that tests hold.

With ``--check`` nothing is written, and the exit status is 1 when the page is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from penstock.simulator.faults import BY_NAME, PREFIX
from scripts.generated_file import bring_up_to_date
from scripts.repository import ROOT
from tests.clients.fault_table import ROWS, Row

PAGE = ROOT / "docs" / "reference" / "faults.md"
INTRODUCTION = """\
# What a caller sees when a provider fails

<!-- Written by scripts/generate_fault_table.py from tests/clients/fault_table.py; do not edit. -->

The official OpenAI Python client, its own retries off, behind a gateway in front of `penstock simulate`, which
misbehaves when it is asked for the model in the first column. Silence is waited for as long as `first_byte_s` and
`idle_s` of the backend say. The tests hold the gateway to every row.

None of these is ever seen: a part of an answer that looks like all of it, an error that looks like an answer, a wait
without an end.

| model | what the provider does | who waits for a whole answer sees | who reads a stream sees |
| --- | --- | --- | --- |
"""


def render() -> str:
    """Return the page."""
    return INTRODUCTION + "".join(_render_row(name, row) for name, row in ROWS.items())


def _render_row(name: str, row: Row) -> str:
    stream = "the same" if row.stream == row.whole else row.stream
    return f"| `{PREFIX}{name}` | {BY_NAME[name].does} | {row.whole} | {stream} |\n"


def refresh(page: Path, *, check: bool) -> int:
    """Bring the page up to date, or with ``check`` only say whether it is; returns the exit status."""
    return bring_up_to_date(page, render(), check=check)


if __name__ == "__main__":
    sys.exit(refresh(PAGE, check="--check" in sys.argv[1:]))
