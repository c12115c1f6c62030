"""How commands find the configuration, and how they show what is wrong with it.

In this order: the files named as arguments, those in ``PENSTOCK_CONFIG``, the providers' variables in the environment.
A ``penstock.yaml`` in the working directory is never read unasked, only mentioned
(``docs/decisions/0005-configuration-is-named.md``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from penstock.cli.progress import shown
from penstock.config.address import Address, read_address, read_listen_address
from penstock.config.environment import load_environment
from penstock.config.loaded import NO_OVERRIDES, ConfigTestOutcome, ConfigTestsFailed, Loaded, Overrides
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid, Problem
from penstock.core.errors import OperatorError

VARIABLE = "PENSTOCK_CONFIG"
USUAL_NAME = "penstock.yaml"
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


class ConfigurationRefused(click.ClickException):
    """Ends a command with exit status 2 and the configuration's problems on standard error."""

    exit_code = 2

    def __init__(self, cause: OperatorError, remarks: Sequence[str] = ()) -> None:
        """Take the problems of ``cause``, or its text when it has none; ``remarks`` are printed below."""
        super().__init__(str(cause))
        self.tests = cause.tests if isinstance(cause, ConfigTestsFailed) else ()
        self.remarks = [*([count_tests(self.tests)] if self.tests else []), *remarks]
        self.problems = cause.problems if isinstance(cause, ConfigurationInvalid) else (Problem(message=str(cause)),)

    def show(self, file: object = None) -> None:
        """Print the problems and remarks."""
        # Shown after the command's context is gone, which knew whether colours are wanted.
        print_problems(self.problems, color=self.show_color)
        for remark in self.remarks:
            click.echo(remark, err=True)


class AddressType(click.ParamType[Address, object]):
    """``HOST:PORT`` on the command line."""

    name = "HOST:PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Read the address, or fail with what to write."""
        try:
            return read_address(str(value))
        except ValueError as error:
            self.fail(f"{value} {error}.", param, ctx)


class ListenType(AddressType):
    """``HOST:PORT`` or ``unix:PATH`` on the command line."""

    name = "HOST:PORT|unix:PATH"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Read the address, or fail with what to write."""
        try:
            return read_listen_address(str(value), Path())
        except ValueError as error:
            self.fail(f"{value} {error}.", param, ctx)


def named_files(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the configuration files that arguments or ``PENSTOCK_CONFIG`` name."""
    return list(arguments) or [path for path in environ.get(VARIABLE, "").split(os.pathsep) if path]


def load_configuration(files: Sequence[str], environ: Mapping[str, str], overrides: Overrides = NO_OVERRIDES) -> Loaded:
    """Load the files, or without any the environment.

    Raises:
        ConfigurationRefused: there is no configuration, or it is wrong.
    """
    try:
        with shown(f"reading {', '.join(files) or 'the environment'}"):
            return load_files(files, environ, overrides) if files else load_environment(environ, overrides)
    except OperatorError as error:
        raise ConfigurationRefused(error, mention_unread_file(files)) from None


def mention_unread_file(files: Sequence[str]) -> list[str]:
    """Say that a file with the usual name lies here and was not read, if so."""
    if files or not Path(USUAL_NAME).is_file():
        return []
    return [f"{USUAL_NAME} in this directory is not read unless it is named: penstock serve {USUAL_NAME}"]


def count_tests(tests: Sequence[ConfigTestOutcome]) -> str:
    """Write how many of a configuration's own tests passed and failed."""
    failed = sum(bool(test.differences) for test in tests)
    counts = [(len(tests) - failed, "passed"), (failed, "failed")]
    return "tests: " + ", ".join(f"{count} {what}" for count, what in counts if count)


def print_problems(problems: Sequence[Problem], *, color: bool | None = None) -> None:
    """Print errors and warnings to standard error; None colours them on a terminal."""
    for problem in problems:
        label = f"{problem.severity}:"
        styled = click.style(label, fg=_COLOURS[problem.severity], bold=True)
        click.echo(str(problem).replace(label, styled, 1), err=True, color=color)
