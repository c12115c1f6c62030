"""``penstock serve``: the gateway, until a signal ends it."""

from __future__ import annotations

import os

import click

from penstock.app import run
from penstock.cli.configuration import AddressType, load_configuration, mention_unread_file, named_files
from penstock.config.address import Address
from penstock.config.loaded import Overrides

LOG_LEVELS = ("debug", "info", "warning", "error")


@click.command()
@click.argument("config", nargs=-1)
@click.option("--listen", type=AddressType(), help="Where callers connect, instead of what the configuration says.")
@click.option("--admin", type=AddressType(), help="Where health and metrics are served, likewise.")
@click.option("--allow-anonymous", is_flag=True, help="Serve without client keys on an address that others can reach.")
@click.option(
    "--log-level", type=click.Choice(LOG_LEVELS), default="info", show_default=True, help="What goes to standard error."
)
def serve(
    config: tuple[str, ...], listen: Address | None, admin: Address | None, allow_anonymous: bool, log_level: str
) -> None:
    """Serve the gateway.

    With the files CONFIG, else those in PENSTOCK_CONFIG, else every provider whose key is in the environment. Several
    files are one configuration together. SIGTERM lets answers in progress finish.

    The exit status is 2 for a wrong configuration, and 1 when the start fails, because an address is taken, say.
    """
    files = named_files(config, os.environ)
    overrides = Overrides(listen=listen, admin=admin, allow_anonymous=allow_anonymous)
    loaded = load_configuration(files, os.environ, overrides)
    explanation = [*loaded.explanation, *map(str, loaded.warnings), *mention_unread_file(files)]
    raise SystemExit(run(loaded.snapshot, explanation=explanation, log_level=log_level))
