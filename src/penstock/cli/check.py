"""``penstock check``: is this configuration right, and what does it mean?

Reads exactly what ``serve`` would read, opens no connection, and exits with 0, or with 2 when ``serve`` would refuse.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import click

from penstock.cli.configuration import ConfigurationRefused, count_tests, load_configuration, print_problems
from penstock.cli.snapshot_text import describe_snapshot, render_snapshot
from penstock.config.loaded import ConfigTestOutcome
from penstock.config.problems import Problem, write_path


@click.command()
@click.argument("config", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object to standard output.")
def check(config: tuple[str, ...], as_json: bool) -> None:
    """Check configuration files and show what they mean.

    CONFIG are files of Penstock's own format, manifests of the Envoy AI Gateway, or folders of such files.

    Several files are checked as the one configuration that they are together. Problems go to standard error, each with
    file, line and column. The configuration's own tests are run. The exit status is 0 for a usable configuration and
    2 for any other.
    """
    try:
        loaded = load_configuration(config, os.environ)
    except ConfigurationRefused as refused:
        if not as_json:
            raise
        problems = [_describe(each) for each in refused.problems]
        click.echo(json.dumps({"ok": False, "problems": problems, "tests": _describe_tests(refused.tests)}, indent=2))
        raise SystemExit(refused.exit_code) from None
    if as_json:
        problems = [_describe(each) for each in (*loaded.warnings, *loaded.notes)]
        told = {"ok": True, "problems": problems, "tests": _describe_tests(loaded.tests)}
        click.echo(json.dumps({**told, **describe_snapshot(loaded.snapshot)}, indent=2))
        return
    print_problems((*loaded.warnings, *loaded.notes))
    passed = f", {count_tests(loaded.tests)}" if loaded.tests else ""
    click.echo(f"{loaded.snapshot.source}: valid{passed}\n")
    click.echo(render_snapshot(loaded.snapshot), nl=False)


def _describe_tests(tests: Sequence[ConfigTestOutcome]) -> list[dict[str, object]]:
    return [
        {
            "name": test.name,
            "passed": not test.differences,
            "differences": [
                {"path": write_path(each.path), "expected": each.expected, "got": each.got} for each in test.differences
            ],
        }
        for test in tests
    ]


def _describe(problem: Problem) -> dict[str, object]:
    place = problem.place
    return {
        "severity": problem.severity,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "path": write_path(problem.path),
        "message": problem.message,
    }
