"""``penstock``: the group of commands, each loaded only when it is used.

The table here names every command, where it is and what it does, so that ``penstock --help`` and ``penstock version``
import nothing of the gateway. What a command does is in the file of its name.
"""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

import click


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a command is, and its line in the help."""

    place: str
    """``module:attribute``."""
    summary: str


COMMANDS: Mapping[str, CommandEntry] = MappingProxyType(
    {
        "serve": CommandEntry("penstock.cli.serve:serve", "Serve the gateway."),
        "healthcheck": CommandEntry(
            "penstock.cli.healthcheck:healthcheck", "Ask a running gateway whether it is ready."
        ),
        "check": CommandEntry("penstock.cli.check:check", "Check configuration files and show what they mean."),
        "migrate": CommandEntry("penstock.cli.migrate:migrate", "Turn Envoy AI Gateway manifests into configuration."),
        "models": CommandEntry("penstock.cli.models:models", "List the models that callers can ask for."),
        "providers": CommandEntry("penstock.cli.providers:providers", "List the providers and what they offer."),
        "simulate": CommandEntry("penstock.cli.simulate:simulate", "Serve a simulated provider to develop against."),
        "demo": CommandEntry("penstock.cli.demo:demo", "Serve a gateway in front of simulated providers."),
        "version": CommandEntry("penstock.cli.version:version", "Print the version."),
    }
)


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return None when there is none of this name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else every installed package is asked for some
        gc.disable()  # what is imported stays
        try:
            command = getattr(import_module(module), attribute)
        finally:
            gc.enable()
        if not isinstance(command, click.Command):
            msg = f"{entry.place} is not a command"
            raise TypeError(msg)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; one whose output finds no room ends with an error of one line."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            msg = f"the output could not be written: {error.strerror}"
            raise click.ClickException(msg) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="penstock", message="penstock %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Penstock, an AI gateway: one OpenAI-compatible address in front of many providers.

    Begin with `penstock demo`, or set a key such as OPENAI_API_KEY and `penstock serve`.
    """
    if os.environ.get("NO_COLOR"):  # https://no-color.org, read 2026-11-23
        context.color = False
