"""Configuration files: bytes on disk to a snapshot, or every mistake in them at once.

The steps, each in its own module: YAML to trees, variables into values, values to documents, documents to one
document, that to a snapshot. Penstock's own format is described in ``docs/configuration.md``; files of Kubernetes
manifests become one document of it first (``docs/manifests.md``). Watching files for changes is not done here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.document import Document
from penstock.config.files import Files
from penstock.config.loaded import (
    NO_OVERRIDES,
    ConfigTestOutcome,
    ConfigTestsFailed,
    Loaded,
    Overrides,
    name_options,
    summarise,
)
from penstock.config.merge_documents import merge_documents
from penstock.config.paused_collector import paused_collector
from penstock.config.problems import ConfigurationInvalid, Findings, Problem
from penstock.config.read_document import read_document
from penstock.config.variables import read_values
from penstock.config.yaml_tree import MAX_BYTES, Members, Node, YamlRefused, only_document, read_yaml_documents
from penstock.relay.snapshot import Snapshot

SUFFIXES = (".yaml", ".yml")


@dataclass(slots=True)
class Sources:
    """Trees of the files that were read."""

    native: list[tuple[str, Node]] = field(default_factory=list)
    """Penstock's own files, by their paths."""
    manifests: list[Node] = field(default_factory=list)
    """Documents of all files of manifests, which are one configuration."""


def load_files(
    paths: Sequence[str],
    environ: Mapping[str, str],
    overrides: Overrides = NO_OVERRIDES,
    files: Files | None = None,
) -> Loaded:
    """Read files, or folders of files, that together are one configuration; messages name them as they are given.

    ``files`` reads them, and knows afterwards which they were and what they held.

    Raises:
        ConfigurationInvalid: with every error of every file, and the warnings.
    """
    with paused_collector():
        return _load(paths, environ, overrides, files or Files())


def _load(paths: Sequence[str], environ: Mapping[str, str], overrides: Overrides, files: Files) -> Loaded:
    findings = Findings()
    sources = read_sources(paths, findings, files)
    read = [_read_native(path, tree, environ, findings, files) for path, tree in sources.native]
    if sources.manifests:
        read.append(_read_manifests(sources.manifests, environ, findings, files))
    findings.trees = [tree for _, tree in read]
    document = merge_documents(read, findings)
    source = ", ".join(paths)
    findings.elsewhere = name_options(overrides)  # only now: what the files say there is wrong in the files
    snapshot, shared_out = compile_snapshot(document, overrides, findings, source)
    outcomes = None if findings.failed else _run_tests(document, snapshot, findings)
    problems = findings.sorted()
    if findings.failed:
        refusing = [each for each in problems if each.severity != "note"]
        raise ConfigTestsFailed(refusing, outcomes) if outcomes else ConfigurationInvalid(refusing)
    explanation = (f"Configuration: {source} ({summarise(snapshot)})", *shared_out)
    return Loaded(
        snapshot=snapshot,
        explanation=explanation,
        warnings=tuple(each for each in problems if each.severity == "warning"),
        notes=tuple(each for each in problems if each.severity == "note"),
        tests=outcomes or (),
    )


def _run_tests(document: Document, snapshot: Snapshot, findings: Findings) -> tuple[ConfigTestOutcome, ...]:
    if not document.tests:
        return ()
    # What they need of the request path is imported for those who have some.
    from penstock.config.run_tests import run_tests  # noqa: PLC0415

    return run_tests(document.tests, snapshot, findings)


def read_sources(paths: Sequence[str], findings: Findings, files: Files) -> Sources:
    """Read the files, and tell Penstock's own from manifests."""
    sources = Sources()
    named = [path for each in paths for path in _list_files(each, findings, files)]
    findings.files = named
    for path in named:
        try:
            roots, problems = read_yaml_documents(files.read(Path(path), MAX_BYTES + 1), path)
            findings.syntax(problems)
            if any(map(is_manifest, roots)):
                sources.manifests += roots
            else:
                sources.native.append((path, only_document(roots, path)))
            continue
        except OSError as error:
            findings.problems.append(Problem(message=f"{path} cannot be read: {error.strerror}"))
        except YamlRefused as refused:
            findings.syntax([refused.problem])
        break_all(findings)
    return sources


def is_manifest(root: Node) -> bool:
    """Say whether a document is a resource of Kubernetes."""
    return isinstance(root, Members) and "apiVersion" in root.nodes and "kind" in root.nodes


def break_all(findings: Findings) -> None:
    """Let nobody complain that something is missing: a part of the configuration was lost."""
    findings.broken |= {("backends",), ("models",), ("routes",), ("client_keys",)}


def _list_files(path: str, findings: Findings, files: Files) -> Iterator[str]:
    found = files.in_folder(Path(path), SUFFIXES)
    if found is None:
        yield path
        return
    if not found:
        findings.problems.append(Problem(message=f"{path} is a folder without {' or '.join(SUFFIXES)} files"))
        break_all(findings)
    yield from found


def _read_native(
    path: str, tree: Node, environ: Mapping[str, str], findings: Findings, files: Files
) -> tuple[Document, Node]:
    findings.trees = [tree]
    values = read_values(tree, environ, findings)
    return read_document(values, Path(path).parent, findings, files), tree


def _read_manifests(
    roots: Sequence[Node], environ: Mapping[str, str], findings: Findings, files: Files
) -> tuple[Document, Node]:
    # Their models take a third of the start, and memory, of which those who have none need neither.
    from penstock.config.manifests.compile_manifests import compile_manifests  # noqa: PLC0415

    tree = compile_manifests(roots, environ, findings, Path())
    is_whole = not findings.failed
    findings.trees = [tree]
    values = read_values(tree, environ, findings)
    document = read_document(values, Path(), findings, files)
    if not is_whole:
        break_all(findings)
    return document, tree
