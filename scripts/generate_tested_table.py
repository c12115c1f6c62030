"""Write which real clients run against which provider, from the tables that tests hold.

``docs/reference/tested.md`` for people, ``src/penstock/data/real_clients.json`` for ``penstock providers``. With
``--check`` nothing is written, and the exit status is 1 when one of them is stale.
"""

from __future__ import annotations

import json
import sys
from itertools import groupby

import msgspec

from scripts.generated_file import bring_up_to_date
from scripts.repository import ROOT
from tests.clients.provider_checks import CHECKS, CLIENTS, real_clients_of, shown_by
from tests.clients.provider_rows import CAPABILITIES, ROWS, Row

PAGE = ROOT / "docs" / "reference" / "tested.md"
DATA = ROOT / "src" / "penstock" / "data" / "real_clients.json"
TESTS = "../../tests/clients"
INTRODUCTION = """\
# What is tested by what

<!-- Written by scripts/generate_tested_table.py from tests/clients/provider_{rows,checks}.py; do not edit. -->

Real clients, unchanged, against `penstock serve` as a process of its own, before `penstock simulate`, which speaks each
provider's own format and checks what the provider would: keys, AWS signatures, tokens of Entra ID and of Google,
the signatures of what a model thought, roles, limits. No provider's own servers are asked. The tests are run with every
change; the requests that are sent are judged besides by each vendor's own SDK
([tests/wire/chat_oracles.py](../../tests/wire/chat_oracles.py)).
"""


def render() -> str:
    """Return the page."""
    clients = "\n".join(f"- **{letter}**: {name}" for letter, name in CLIENTS.items())
    head = f"| Provider | `provider:` | Checked | {' | '.join(CAPABILITIES)} |"
    rule = f"| --- | --- | --- | {' | '.join(':-:' for _ in CAPABILITIES)} |"
    rows = "\n".join(map(_row, ROWS.values()))
    return f"{INTRODUCTION}\n{clients}\n\n{head}\n{rule}\n{rows}\n\n## The tests\n\n{_tests()}"


def render_data() -> str:
    """Return the same by provider id, in short."""
    providers = sorted({row.provider for row in ROWS.values()})
    tested = {provider: msgspec.to_builtins(real_clients_of(provider)) for provider in providers}
    return json.dumps(tested, indent=2) + "\n"


def _row(row: Row) -> str:
    cells = [" ".join(shown_by(row, capability)) or "–" for capability in CAPABILITIES]
    return f"| {row.mission} | {_backend(row)} | {row.credential} | {' | '.join(cells)} |"


def _backend(row: Row) -> str:
    return f"`{row.provider}`" if row.name == row.provider else f"`{row.provider}` (as `{row.name}`)"


def _tests() -> str:
    lines = ["| Client | Capability | Tests |", "| --- | --- | --- |"]
    for (client, capability), checks in groupby(CHECKS, lambda check: (check.client, check.capability)):
        tests = ", ".join(f"[{check.test}]({TESTS}/{check.file})" for check in checks)
        lines.append(f"| {client} | {capability} | {tests} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    only_check = "--check" in sys.argv[1:]
    sys.exit(
        bring_up_to_date(PAGE, render(), check=only_check) | bring_up_to_date(DATA, render_data(), check=only_check)
    )
