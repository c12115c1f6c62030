"""Write the table of faults in ``docs/simulator.md`` from the simulator's own.

It stands between ``<!-- faults:begin -->`` and ``<!-- faults:end -->``; the rest of the page is written by hand. With
``--check`` nothing is written, and the exit status is 1 when the table is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from penstock.simulator.faults import FAULTS, PREFIX, Fault
from scripts.generated_file import bring_up_to_date
from scripts.repository import ROOT

PAGE = ROOT / "docs" / "simulator.md"
BEGIN = "<!-- faults:begin -->\n"
END = "<!-- faults:end -->\n"
HEAD = """\
| model | what happens | seconds | scenario |
| --- | --- | --- | --- |
"""


def render() -> str:
    """Return the table."""
    return HEAD + "".join(map(_render_row, FAULTS))


def _render_row(fault: Fault) -> str:
    seconds = f"{fault.seconds:g}" if fault.seconds else ""
    return f"| `{PREFIX}{fault.name}` | {fault.does} | {seconds} | {fault.scenario} |\n"


def with_table(page: str) -> str:
    """Return the page with the present table between its marks.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        msg = f"the page has no {BEGIN.strip()} … {END.strip()}"
        raise ValueError(msg)
    return before + BEGIN + render() + END + after


def refresh(page: Path, *, check: bool) -> int:
    """Bring the page up to date, or with ``check`` only say whether it is; returns the exit status."""
    return bring_up_to_date(page, with_table(page.read_text(encoding="utf-8")), check=check)


if __name__ == "__main__":
    sys.exit(refresh(PAGE, check="--check" in sys.argv[1:]))
