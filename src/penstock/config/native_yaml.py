"""Penstock's own configuration files: bytes on disk to a snapshot, or every mistake in them at once.

The steps, each in its own module: YAML to trees, variables into values, values to documents, documents to one
document, that to a snapshot. The format is described in ``docs/configuration.md``. Watching files for changes is
not done here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.document import Document
from penstock.config.files import Files
from penstock.config.loaded import NO_OVERRIDES, Loaded, Overrides, name_options, summarise
from penstock.config.merge_documents import merge_documents
from penstock.config.problems import ConfigurationInvalid, Findings, Problem
from penstock.config.read_document import read_document
from penstock.config.variables import read_values
from penstock.config.yaml_tree import MAX_BYTES, Node, YamlRefused, read_yaml


def load_files(
    paths: Sequence[str],
    environ: Mapping[str, str],
    overrides: Overrides = NO_OVERRIDES,
    files: Files | None = None,
) -> Loaded:
    """Read files that together are one configuration; messages name them as they are given.

    ``files`` reads them, and knows afterwards which they were and what they held.

    Raises:
        ConfigurationInvalid: with every error of every file, and the warnings.
    """
    findings = Findings(elsewhere=name_options(overrides))
    files = files or Files()
    read = [found for path in paths if (found := _read_file(path, environ, findings, files))]
    findings.trees = [tree for _, tree in read]
    document = merge_documents(read, findings)
    source = ", ".join(paths)
    snapshot, shared_out = compile_snapshot(document, overrides, findings, source)
    problems = findings.sorted()
    if findings.failed:
        raise ConfigurationInvalid(problems)
    explanation = (f"Configuration: {source} ({summarise(snapshot)})", *shared_out)
    return Loaded(snapshot=snapshot, explanation=explanation, warnings=tuple(problems))


def _read_file(path: str, environ: Mapping[str, str], findings: Findings, files: Files) -> tuple[Document, Node] | None:
    try:
        source = files.read(Path(path), MAX_BYTES + 1)
        tree, problems = read_yaml(source, path)
    except OSError as error:
        findings.problems.append(Problem(message=f"{path} cannot be read: {error.strerror}"))
    except YamlRefused as refused:
        findings.syntax([refused.problem])
    else:
        findings.syntax(problems)
        findings.trees = [tree]
        values = read_values(tree, environ, findings)
        return read_document(values, Path(path).parent, findings, files), tree
    # Whatever the lost file holds, nobody shall complain that it is missing.
    findings.broken |= {("backends",), ("models",), ("client_keys",)}
    return None
