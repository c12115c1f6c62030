"""``${NAME}`` and ``${NAME:-default}`` in the values of a configuration file.

Variables are put into values after the YAML is parsed, so what they hold can never change the file's structure. As in
a shell, the default also serves for a variable that is empty. ``$${`` writes a literal ``${``; any other ``$`` stands
for itself. A value with a variable in it is always text, and the readers of numbers and switches accept text: a key
that looks like a number stays a key. Keys of mappings take no variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from penstock.config.problems import Findings
from penstock.config.similar_names import describe_unset
from penstock.config.yaml_tree import Items, KeyPath, Node, Scalar, Value, resolve_scalar

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


def read_values(root: Node, environ: Mapping[str, str], findings: Findings) -> Value:
    """Turn a tree into plain values with variables in place.

    A missing or malformed variable is reported, and its path marked as broken; its value is then the empty text.
    """
    return _read(root, (), environ, findings)


def _read(node: Node, path: KeyPath, environ: Mapping[str, str], findings: Findings) -> Value:
    if isinstance(node, Scalar):
        return _expand(node.text, path, environ, findings) if "${" in node.text else resolve_scalar(node)
    if isinstance(node, Items):
        return [_read(item, (*path, index), environ, findings) for index, item in enumerate(node.nodes)]
    return {name: _read(member, (*path, name), environ, findings) for name, (_, member) in node.nodes.items()}


def _expand(text: str, path: KeyPath, environ: Mapping[str, str], findings: Findings) -> str:
    def replace(found: re.Match[str]) -> str:
        if found[1] is None:
            return "${"
        variable = _VARIABLE.fullmatch(found[1]) if found[2] else None
        if variable is None or "${" in found[1]:
            message = "${ begins a variable: write ${NAME} or ${NAME:-default}, or $${ for the characters themselves"
            findings.error(path, message)
            findings.broken.add(path)
            return ""
        return _look_up(variable[1], variable[2], path, environ, findings)

    return _REFERENCE.sub(replace, text)


def _look_up(name: str, default: str | None, path: KeyPath, environ: Mapping[str, str], findings: Findings) -> str:
    value = environ.get(name)
    if default is not None and not value:
        return default
    if value is None:
        findings.error(path, describe_unset(name, environ))
        findings.broken.add(path)
        return ""
    findings.hide(value, name)
    return value
