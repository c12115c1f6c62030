"""Variables in manifests, as ``envsubst`` puts them there: ``${NAME}``, ``${NAME:-default}``, ``${NAME:=default}``.

They are put into values after the YAML is parsed, so that what a variable holds cannot change the structure; a value
that is not quoted is then read again, so that ``port: ${PORT}`` is a number. A variable that is not set is an error,
where ``envsubst`` would leave nothing. ``$${`` writes ``${``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from penstock.config.similar_names import describe_unset

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::[-=](.*))?", re.DOTALL)


class VariableRefused(Exception):
    """A variable that is malformed, or not set."""


def expand(text: str, environ: Mapping[str, str], used: dict[str, str]) -> str:
    """Put variables into a text; ``used`` gets the values that came from the environment, and their names.

    Raises:
        VariableRefused: with what to write instead.
    """

    def replace(found: re.Match[str]) -> str:
        if found[1] is None:
            return "${"
        name, default = _parse(found)
        value = environ.get(name)
        if default is not None and not value:
            return default
        if value is None:
            raise VariableRefused(describe_unset(name, environ))
        used[value] = name
        return value

    return _REFERENCE.sub(replace, text)


def rewrite(text: str) -> str:
    """Write a text with variables as native configuration has it, without looking at the variables."""

    def replace(found: re.Match[str]) -> str:
        if found[1] is None:
            return "$${"
        name, default = _parse(found)
        return f"${{{name}}}" if default is None else f"${{{name}:-{default}}}"

    return _REFERENCE.sub(replace, text)


def escape(text: str) -> str:
    """Write a text so that native configuration sees no variable in it."""
    return text.replace("${", "$${")


def _parse(found: re.Match[str]) -> tuple[str, str | None]:
    variable = _VARIABLE.fullmatch(found[1]) if found[2] else None
    if variable is None or "${" in found[1]:
        msg = "${ begins a variable: write ${NAME} or ${NAME:-default}, or $${ for the characters themselves"
        raise VariableRefused(msg)
    return variable[1], variable[2]
