"""A resource as it was read, and the report that knows where in which file it says what.

Places name the file, line and column, and the path as people know it: ``AIGatewayRoute/name.spec.rules[0]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from penstock.config.manifests.parts import DEFAULT_NAMESPACE, Manifest
from penstock.config.problems import Findings, Problem, Severity
from penstock.config.yaml_tree import KeyPath, Members, Node, Place, Scalar, nearest_place

M = TypeVar("M", bound=Manifest)
M_co = TypeVar("M_co", bound=Manifest, covariant=True)
Key = tuple[type[Manifest], str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True, eq=False)
class Resource(Generic[M_co]):
    """A manifest that is right in itself."""

    model: M_co
    root: Node

    @property
    def name(self) -> str:
        """Its name."""
        return self.model.metadata.name

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.model.metadata.namespace

    @property
    def label(self) -> str:
        """How messages call it."""
        return label_of(self.model.kind, self.namespace, self.name)

    def place(self, *path: str | int, at_key: bool = False) -> Place:
        """Return where ``path`` stands, or the innermost part around it."""
        place, depth = nearest_place(self.root, path, at_key=at_key)
        return replace(place, path=(self.label, *path[:depth]))


def label_of(kind: str, namespace: str, name: str) -> str:
    """Name a resource; the usual namespace goes without saying."""
    return f"{kind}/{name}" if namespace == DEFAULT_NAMESPACE else f"{kind}/{namespace}/{name}"


@dataclass(slots=True)
class Report:
    """Findings about resources."""

    findings: Findings
    environ: Mapping[str, str] = field(default_factory=dict)

    def error(self, resource: Resource[Manifest], path: KeyPath, message: str) -> None:
        """Report an error."""
        self.add("error", resource.place(*path), message)

    def warning(self, resource: Resource[Manifest], path: KeyPath, message: str) -> None:
        """Report what works otherwise than its reader expects, or not."""
        self.add("warning", resource.place(*path), message)

    def note(self, resource: Resource[Manifest], path: KeyPath, message: str) -> None:
        """Report what is worth knowing."""
        self.add("note", resource.place(*path), message)

    def add(self, severity: Severity, place: Place, message: str) -> None:
        """Report something at a place."""
        self.findings.problems.append(Problem(message=message, path=place.path, place=place, severity=severity))


def text_at(root: Node, path: KeyPath) -> Scalar | None:
    """Return the scalar at a path, as it is written."""
    node: Node | None = root
    for key in path:
        node = node.nodes[str(key)][1] if isinstance(node, Members) and str(key) in node.nodes else None
    return node if isinstance(node, Scalar) else None
