"""Manifests of the Envoy AI Gateway as a file of Penstock's own configuration.

What is written is the native document that the manifests are compiled to whenever they are served, so both behave
alike; variables and files of secrets stay what they are. It is checked whole before it is given out. Tests that stand
beside the manifests are left alone: they are of Penstock's own format already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.files import Files
from penstock.config.loaded import NO_OVERRIDES
from penstock.config.manifests.compile_manifests import compile_manifests
from penstock.config.manifests.native_tree import write_yaml
from penstock.config.native_yaml import break_all, read_sources
from penstock.config.problems import ConfigurationInvalid, Findings, Problem
from penstock.config.read_document import read_document
from penstock.config.variables import read_values
from penstock.config.yaml_tree import Members, Node, Scalar

_SECRETS = frozenset(
    {"api_key", "client_secret", "secret_access_key", "session_token", "service_account_key", "client_keys"}
)
"""Members of a native document that hold secrets, or whose members do."""
_PRIVATE = "PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A native configuration, and what is to know about it."""

    text: str
    findings: tuple[Problem, ...]


def migrate_files(paths: Sequence[str], environ: Mapping[str, str], directory: Path) -> Migrated:
    """Return manifests as native configuration; ``directory`` is where it will stand, and its relative paths start.

    Raises:
        ConfigurationInvalid: with every error of every file, and the warnings.
    """
    findings = Findings()
    files = Files()
    sources = read_sources(paths, findings, files)
    for path, tree in sources.native:
        findings.problems.append(_remark(path, tree))
    if not sources.manifests:
        raise ConfigurationInvalid(findings.sorted())
    document = compile_manifests(sources.manifests, environ, findings, directory)
    is_whole = not findings.failed
    findings.trees = [document]
    values = read_values(document, environ, findings)
    checked = read_document(values, directory, findings, files)
    if not is_whole:
        break_all(findings)
    compile_snapshot(checked, NO_OVERRIDES, findings, ", ".join(paths))
    for secret in _find_literal_secrets(document, is_secret=False):
        message = "this secret stands in the file as text; ${VARIABLE} or a file would keep it out"
        findings.problems.append(
            Problem(message=message, path=secret.place.path, place=secret.place, severity="warning")
        )
    problems = findings.sorted()
    if findings.failed:
        raise ConfigurationInvalid([each for each in problems if each.severity != "note"])
    return Migrated(text=_write_head(paths, problems) + write_yaml(document), findings=tuple(problems))


def _remark(path: str, tree: Node) -> Problem:
    """Say of a file of Penstock's own that it cannot be migrated, or that it need not be."""
    if isinstance(tree, Members) and set(tree.nodes) == {"tests"}:
        return Problem(message=f"{path} stays what it is: serve it beside this file", place=tree.place, severity="note")
    return Problem(message=f"{path} is not a file of manifests", place=tree.place)


def _write_head(paths: Sequence[str], problems: Sequence[Problem]) -> str:
    lines = [f"# Written by penstock migrate from {', '.join(paths)}."]
    lines += [f"# {line}" for problem in problems for line in str(problem).splitlines()]
    return "\n".join(lines) + "\n\n"


def _find_literal_secrets(node: Node, *, is_secret: bool) -> Iterator[Scalar]:
    if isinstance(node, Members):
        for name, (_, member) in node.nodes.items():
            # {file: PATH} is no secret.
            yield from _find_literal_secrets(member, is_secret=(is_secret or name in _SECRETS) and name != "file")
    elif isinstance(node, Scalar) and (is_secret or _PRIVATE in node.text) and "${" not in node.text.replace("$${", ""):
        yield node
