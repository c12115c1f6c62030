"""Several files as one configuration: mappings merge, and nothing is said twice.

A setting, backend, model or client key that two files give is an error that names both places, whether they agree or
not: which file wins would otherwise depend on the order of arguments, and nobody remembers that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from penstock.config.document import Document
from penstock.config.problems import Findings, Problem
from penstock.config.section import Section
from penstock.config.yaml_tree import KeyPath, Node, nearest_place

S = TypeVar("S", bound=Section)


def merge_documents(documents: Sequence[tuple[Document, Node]], findings: Findings) -> Document:
    """Merge the documents of files, each with the tree that it was read from."""
    merged = Document()
    for index, (document, tree) in enumerate(documents):
        conflicts: list[KeyPath] = []
        merged = _merge(merged, document, (), conflicts)
        for path in conflicts:
            _report(path, tree, [earlier for _, earlier in documents[:index]], findings)
    return merged


def _merge(first: S, second: S, path: KeyPath, conflicts: list[KeyPath]) -> S:
    changes: dict[str, object] = {}
    for name in second.__class__.model_fields:
        if name not in second.model_fields_set:
            continue
        here = (*path, name)
        old, new = getattr(first, name), getattr(second, name)
        if isinstance(old, Section) and isinstance(new, Section):
            changes[name] = _merge(old, new, here, conflicts)
        elif isinstance(old, dict) and isinstance(new, dict):
            conflicts += [(*here, key) for key in new if key in old]
            changes[name] = {**new, **old}
        elif name in first.model_fields_set:
            conflicts.append(here)
        else:
            changes[name] = new
    return first.model_copy(update=changes)


def _report(path: KeyPath, tree: Node, earlier: Sequence[Node], findings: Findings) -> None:
    place, _ = nearest_place(tree, path)
    first, _ = max((nearest_place(each, path) for each in earlier), key=lambda found: found[1])
    message = f"is also given at {first}; one file only may give it"
    findings.problems.append(Problem(message=message, path=place.path or path, place=place))
