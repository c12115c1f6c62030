"""``penstock serve``: the gateway, until a signal ends it."""

from __future__ import annotations

import os

import click

from penstock.app.run import read_first, run
from penstock.app.serving import DRAIN_GRACE_S
from penstock.cli.configuration import ConfigurationRefused, ListenType, mention_unread_file, named_files
from penstock.cli.progress import shown
from penstock.config.address import Address
from penstock.config.loaded import Overrides
from penstock.config.source import Source
from penstock.core.errors import OperatorError
from penstock.telemetry.process import processors

MOST_WORKERS = 512
LOG_LEVELS = ("debug", "info", "warning", "error")


class WorkersType(click.ParamType[int, object]):
    """A number of workers, or ``auto``."""

    name = "N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number, or fail with what to write."""
        if value == "auto":
            return processors()
        text = str(value)
        if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
            self.fail(f"{text} is not auto or a number from 1 to {MOST_WORKERS}.", param, ctx)
        return int(text)


@click.command()
@click.argument("config", nargs=-1)
@click.option(
    "--listen",
    type=ListenType(),
    multiple=True,
    help="Where callers connect, instead of what the configuration says; may be given again for further addresses.",
)
@click.option("--admin", type=ListenType(), help="Where health and metrics are served, likewise.")
@click.option("--allow-anonymous", is_flag=True, help="Serve without client keys on an address that others can reach.")
@click.option(
    "--workers",
    type=WorkersType(),
    default="1",
    show_default=True,
    help="Processes that serve (auto: one for each processor); more than one are watched over and replaced.",
)
@click.option(
    "--grace",
    "grace_s",
    type=click.FloatRange(min=0),
    default=DRAIN_GRACE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long answers in progress may take after SIGTERM.",
)
@click.option(
    "--log-level", type=click.Choice(LOG_LEVELS), default="info", show_default=True, help="What goes to standard error."
)
def serve(
    *,
    config: tuple[str, ...],
    listen: tuple[Address, ...],
    admin: Address | None,
    allow_anonymous: bool,
    workers: int,
    grace_s: float,
    log_level: str,
) -> None:
    """Serve the gateway.

    With the files CONFIG, else those in PENSTOCK_CONFIG, else every provider whose key is in the environment. Several
    files are one configuration together. When one of them changes, and on SIGHUP, they are read again; a configuration
    that is wrong changes nothing. SIGTERM lets answers in progress finish; a second one does not wait.

    The exit status is 2 for a wrong configuration, and 1 when the start fails, because an address is taken, say.
    """
    files = named_files(config, os.environ)
    overrides = Overrides(listen=listen, admin=admin, allow_anonymous=allow_anonymous)
    source = Source(files=tuple(files), overrides=overrides)
    try:
        with shown(f"reading {', '.join(files) or 'the environment'}"):
            first = read_first(source)
    except OperatorError as error:
        raise ConfigurationRefused(error, mention_unread_file(files)) from None
    explanation = [*first.loaded.explanation, *map(str, first.loaded.warnings), *mention_unread_file(files)]
    if first.loaded.notes:
        explanation.append(f"{len(first.loaded.notes)} notes on this configuration: penstock check shows them")
    raise SystemExit(run(source, first, explanation=explanation, log_level=log_level, workers=workers, grace_s=grace_s))
