"""Trees of YAML documents to resources that are right in themselves; what they mean together is looked at later.

A document is a manifest when it has ``apiVersion`` and ``kind``; a ``List``, as kubectl writes it, is its items. Every
error of every document is reported, with its place; pydantic's own texts are not shown, since they can hold values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from penstock.config.manifests.parts import DEFAULT_NAMESPACE, Manifest
from penstock.config.manifests.registry import (
    CLUSTER_WIDE,
    KIND_NAMES,
    KINDS,
    NEEDLESS,
    OUR_GROUPS,
    UNSERVED,
    known_names,
)
from penstock.config.manifests.resource import Key, Report, Resource, label_of
from penstock.config.manifests.substitution import VariableRefused, expand
from penstock.config.manifests.support import fields_at, find_remarks
from penstock.config.problems import Problem
from penstock.config.similar_names import hint
from penstock.config.yaml_tree import Items, KeyPath, Members, Node, Place, Scalar, Value, nearest_place, resolve_scalar

_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is required",
        "extra_forbidden": "unknown field",
        "model_type": "must be a mapping",
        "model_attributes_type": "must be a mapping",
        "dict_type": "must be a mapping",
        "list_type": "must be a list",
        "string_type": "must be text; put a number in quotes",
        "int_type": "must be a whole number, not in quotes",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "literal_error": "must be {expected}",
        "too_long": "has more than {max_length}",
        "too_short": "needs at least {min_length}",
        "string_too_long": "is longer than {max_length} characters",
        "string_too_short": "must not be empty",
        "greater_than_equal": "must be {ge} or more",
        "less_than_equal": "must be {le} or less",
    }
)
"""pydantic's kinds of errors, apart from ``value_error``, whose text is ours."""

_BARE_VARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]+")


@dataclass(slots=True)
class Resources:
    """Everything that was read."""

    by_key: dict[Key, Resource[Manifest]] = field(default_factory=dict)
    broken: set[Key] = field(default_factory=set)
    """What has errors of its own; nobody shall complain that it is missing."""
    skipped: list[tuple[Place, str]] = field(default_factory=list)
    """Resources without a meaning here, by their labels."""


def read_manifests(roots: Iterable[Node], report: Report) -> Resources:
    """Read the documents of all files, which are one configuration."""
    resources = Resources()
    for root in roots:
        for each in _items(root):
            _read_one(each, resources, report)
    return resources


def _items(root: Node) -> Iterator[Node]:
    if isinstance(root, Members) and _text(root, "kind") == "List" and _text(root, "apiVersion") == "v1":
        items = root.nodes.get("items")
        if items is not None and isinstance(items[1], Items):
            yield from items[1].nodes
            return
    yield root


def _read_one(root: Node, resources: Resources, report: Report) -> None:
    if isinstance(root, Scalar) and resolve_scalar(root) is None:
        return  # nothing between two lines of dashes
    version, kind = _text(root, "apiVersion"), _text(root, "kind")
    if not isinstance(root, Members) or not version or not kind:
        report.add("error", root.place, "every document of a file of manifests needs apiVersion and kind")
        return
    group, _, version = version.rpartition("/")
    model = KINDS.get((group, kind))
    if model is None:
        _skip(root, (group, kind), resources, report)
    elif version not in model.versions:
        message = f"{kind} has no version {version} here; {' or '.join(model.versions)} of {group or 'the core group'}"
        report.add("error", nearest_place(root, ("apiVersion",))[0], message)
        resources.broken.add(_key_of(root, model))
    else:
        _read_known(root, model, resources, report)


def _skip(root: Members, group_kind: tuple[str, str], resources: Resources, report: Report) -> None:
    group, kind = group_kind
    place = nearest_place(root, ("kind",))[0]
    label = _label(root, kind)
    if group_kind in UNSERVED:
        report.add("warning", place, f"{label} has no effect: {UNSERVED[group_kind]}")
    elif group in OUR_GROUPS and group_kind not in NEEDLESS:
        elsewhere = [other for other, name in KINDS if name == kind]
        instead = f"; it belongs to {elsewhere[0] or 'the core group'}" if elsewhere else hint(kind, known_names())
        message = f'there is no kind "{kind}" in {group or "the core group"}{instead}'
        report.add("error", place, message)
    else:
        resources.skipped.append((place, label))


def _read_known(root: Members, model: type[Manifest], resources: Resources, report: Report) -> None:
    key = _key_of(root, model)
    label = label_of(KIND_NAMES[model], key[1], key[2])
    problems = len(report.findings.problems)
    values = _read_values(root, (label,), report)
    if any(problem.severity == "error" for problem in report.findings.problems[problems:]):
        resources.broken.add(key)
        return
    try:
        resource = Resource(model.model_validate(values), root)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _report(root, label, model, detail, report)
        resources.broken.add(key)
        return
    key = (model, "" if model in CLUSTER_WIDE else resource.namespace, resource.name)
    if key in resources.by_key:
        first = resources.by_key[key].place("metadata", "name")
        report.error(resource, ("metadata", "name"), f"{label} is given twice; the first is at {first}")
        return
    resources.by_key[key] = resource
    if (model.group, KIND_NAMES[model]) in UNSERVED:
        why = UNSERVED[model.group, KIND_NAMES[model]]
        report.warning(resource, ("kind",), f"is valid and has no effect: {why}")
        return
    for path, remark in find_remarks(resource.model, ()):
        is_harmless = remark.standing == "no meaning here"
        report.add("note" if is_harmless else "warning", resource.place(*path), str(remark))


def _report(root: Node, label: str, model: type[Manifest], detail: ErrorDetails, report: Report) -> None:
    path, kind = detail["loc"], detail["type"]
    if kind == "value_error":
        message = str(detail["ctx"]["error"])
    else:
        message = _MESSAGES.get(kind, "is not valid").format_map(detail.get("ctx", {}))
    if kind == "extra_forbidden":
        message += hint(str(path[-1]), fields_at(model, path[:-1]))
    place, depth = nearest_place(root, path, at_key=kind in {"extra_forbidden", "missing"})
    shown = path if kind == "missing" else path[:depth]
    report.findings.problems.append(Problem(message=message, path=(label, *shown), place=place))


def _read_values(node: Node, path: KeyPath, report: Report) -> Value:
    """Turn a tree into plain values, variables in place; an empty value in a mapping is as if it were not there."""
    if isinstance(node, Members):
        read = {name: _read_values(member, (*path, name), report) for name, (_, member) in node.nodes.items()}
        return {name: value for name, value in read.items() if value is not None}
    if isinstance(node, Items):
        return [_read_values(item, (*path, index), report) for index, item in enumerate(node.nodes)]
    if "${" not in node.text:
        if _BARE_VARIABLE.fullmatch(node.text):
            message = f"is taken as it is; a variable is written ${{{node.text[1:]}}}"
            report.add("warning", replace(node.place, path=path), message)
        return resolve_scalar(node)
    used: dict[str, str] = {}
    try:
        text = expand(node.text, report.environ, used)
    except VariableRefused as refused:
        report.findings.problems.append(Problem(message=str(refused), path=path, place=node.place))
        return ""
    for value, variable in used.items():
        report.findings.hide(value, variable)
    return resolve_scalar(Scalar(node.place, text, node.plain))


def _key_of(root: Node, model: type[Manifest]) -> Key:
    namespace = "" if model in CLUSTER_WIDE else _text(root, "metadata", "namespace") or DEFAULT_NAMESPACE
    return model, namespace, _text(root, "metadata", "name") or ""


def _label(root: Node, kind: str) -> str:
    namespace = _text(root, "metadata", "namespace") or DEFAULT_NAMESPACE
    return label_of(kind, namespace, _text(root, "metadata", "name") or "")


def _text(root: Node, *path: str) -> str:
    node: Node = root
    for key in path:
        if not isinstance(node, Members) or key not in node.nodes:
            return ""
        node = node.nodes[key][1]
    return node.text if isinstance(node, Scalar) else ""
