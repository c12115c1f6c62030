"""Write ``docs/reference/providers.md`` and the provider table of the README, both from the provider files.

The last column of the table says what real clients are run against, from the tables that their tests hold.

The README's table stands between ``<!-- providers:begin -->`` and ``<!-- providers:end -->``; a README without these
marks is left alone. With ``--check`` nothing is written, and the exit status is 1 when something is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from penstock.cli.provider_table import render_markdown, render_reference
from tests.clients.provider_checks import real_clients_of

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- providers:begin -->"
END = "<!-- providers:end -->"


def stale_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each generated file that is not as it should be, with the text that it should have."""
    reference = root / "docs" / "reference" / "providers.md"
    readme = root / "README.md"
    old_readme = readme.read_text(encoding="utf-8")
    for path, old, new in (
        (reference, reference.read_text(encoding="utf-8") if reference.exists() else None, _reference()),
        (readme, old_readme, with_table(old_readme)),
    ):
        if old != new:
            yield path, new


def with_table(readme: str) -> str:
    """Return the README with the present table between its marks."""
    block = f"{BEGIN}\n{with_tests(render_markdown(), 'docs/reference/tested.md')}{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, readme, flags=re.DOTALL)


def with_tests(table: str, page: str) -> str:
    """Return the table with a column of what real clients are run against; ``page`` is the link to more of it."""
    header, rule, *lines = table.splitlines()
    told = [str(real_clients_of(line.split("`")[1])) or "–" for line in lines]
    rows = [f"{line} {tested} |" for line, tested in zip(lines, told, strict=True)]
    return "\n".join([f"{header} [Real clients]({page}) |", f"{rule} --- |", *rows]) + "\n"


def _reference() -> str:
    table = render_markdown()
    return render_reference().replace(table, with_tests(table, "tested.md"))


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write what is stale, or only name it; return the exit status."""
    checking = "--check" in arguments
    stale = list(stale_files(root))
    for path, text in stale:
        print(f"{path.relative_to(root)} {'is stale' if checking else 'written'}")
        if not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if checking and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
