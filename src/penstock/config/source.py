"""Where the configuration comes from, and how it is read again: what the command line asked for.

The files that were named, or the environment where none was. Reading it again gives another candidate; whether that is
taken into use is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penstock.config.environment import load_environment
from penstock.config.files import Files
from penstock.config.loaded import NO_OVERRIDES, Loaded, Overrides
from penstock.config.native_yaml import load_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files that hold the configuration (none: the environment does), and what the command line says over it."""

    files: tuple[str, ...] = ()
    overrides: Overrides = NO_OVERRIDES


def load(source: Source, environ: Mapping[str, str], files: Files) -> Loaded:
    """Read the configuration; ``files`` knows afterwards which files that were and what they held.

    Raises:
        OperatorError: it is wrong (ConfigurationInvalid, with every problem), or there is none.
    """
    if source.files:
        return load_files(source.files, environ, source.overrides, files)
    return load_environment(environ, source.overrides)
