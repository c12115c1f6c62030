"""``penstock models``: the names that callers can ask for, and where each goes."""

from __future__ import annotations

import json
import os

import click

from penstock.cli.configuration import load_configuration, named_files, print_problems
from penstock.cli.snapshot_text import describe_models, render_models


@click.command()
@click.argument("config", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object to standard output.")
def models(config: tuple[str, ...], as_json: bool) -> None:
    """List the models that callers can ask for.

    They are those of the files CONFIG, else of the files in PENSTOCK_CONFIG, else of the providers whose keys are in
    the environment.
    """
    loaded = load_configuration(named_files(config, os.environ), os.environ)
    if as_json:
        click.echo(json.dumps(describe_models(loaded.snapshot), indent=2))
        return
    print_problems(loaded.warnings)
    click.echo(render_models(loaded.snapshot), nl=False)
