"""``penstock version``: what to name when reporting a defect."""

from __future__ import annotations

import platform

import click

from penstock import __version__


@click.command()
def version() -> None:
    """Print the version."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    click.echo(f"penstock {__version__} ({python}, {platform.system()} {platform.machine()})")
