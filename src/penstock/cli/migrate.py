"""``penstock migrate``: manifests of the Envoy AI Gateway as a file of Penstock's own."""

from __future__ import annotations

import os
from pathlib import Path

import click

from penstock.cli.configuration import ConfigurationRefused, print_problems
from penstock.cli.progress import shown
from penstock.config.migrate import migrate_files
from penstock.core.errors import OperatorError


@click.command()
@click.argument("manifests", nargs=-1, required=True)
@click.option("-o", "--output", default="-", show_default=True, help="The file to write; `-` is standard output.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def migrate(manifests: tuple[str, ...], output: str, force: bool) -> None:
    """Turn Envoy AI Gateway manifests into configuration.

    MANIFESTS are files or folders, which together are one configuration. What has no effect, what is not enforced yet
    and where Penstock's defaults are not Envoy's is written to standard error, and at the head of the file. Variables
    must be set as for serving; they stay variables in secrets, and their values are written everywhere else.
    """
    target = None if output == "-" else Path(output)
    try:
        with shown(f"reading {', '.join(manifests)}"):
            migrated = migrate_files(manifests, os.environ, target.parent if target else Path())
    except OperatorError as error:
        raise ConfigurationRefused(error) from None
    print_problems(migrated.findings)
    if target is None:
        click.echo(migrated.text, nl=False)
        return
    _write(target, migrated.text, force=force)
    click.echo(f"Wrote {target}; check it with: penstock check {target}", err=True)


def _write(target: Path, text: str, *, force: bool) -> None:
    """Write a file that only its owner may read, since secrets may stand in it; the old one stays until it is whole."""
    if target.exists() and not target.is_file():
        msg = f"{target} is not a file"
        raise click.ClickException(msg)
    written = target.with_name(f"{target.name}.new") if force else target
    try:
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        msg = f"{written} exists" + ("" if force else "; --force writes over it")
        raise click.ClickException(msg) from None
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror}"
        raise click.ClickException(msg) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        written.replace(target)
    except OSError as error:
        written.unlink(missing_ok=True)
        msg = f"{target} cannot be written: {error.strerror}"
        raise click.ClickException(msg) from None
