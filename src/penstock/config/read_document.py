"""Plain values of one file to a checked :class:`~penstock.config.document.Document`, with every error reported.

pydantic reports all the errors it can see at once, but gives no document when there is one. So what is wrong is
reported, cut out, and the rest read again, until it is right: errors that only show in a whole document (a model that
names an unknown backend) are then found in the same run. What was cut out is remembered, so that nobody complains of
its absence. pydantic's own texts are not shown: they can hold values, and values can be secrets.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType
from typing import get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from penstock.config.document import Document
from penstock.config.fields import ReadContext
from penstock.config.files import Files
from penstock.config.problems import Findings
from penstock.config.section import Section
from penstock.config.similar_names import find_similar, hint
from penstock.config.yaml_tree import KeyPath, Value

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "unknown key",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "string_type": "must be text",
}
"""pydantic's kinds of errors that our fields can have, apart from ``value_error``, whose text is ours."""

_IN_THE_KEY = "[key]"
"""How pydantic ends the place of an error in a mapping's key."""


def read_document(values: Value, directory: Path, findings: Findings, files: Files | None = None) -> Document:
    """Check ``values`` and return what is right of them; relative paths in them start at ``directory``."""
    if not isinstance(values, dict):
        findings.error((), "the file must be a mapping, with keys such as backends and models")
        return Document()
    context = ReadContext(directory, files or Files())
    while True:
        try:
            return Document.model_validate(values, context=context)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        located = [(_locate(values, detail), detail) for detail in details]
        for path, detail in located:
            _report(path, detail, findings)
        for path, detail in located:
            _cut_out(values, path, detail, findings)


def section_at(path: KeyPath) -> type[Section] | None:
    """Return which mapping of the file stands at ``path``, or None when something else does."""
    kind: object = Document
    for key in path:
        if isinstance(kind, type) and issubclass(kind, Section):
            field = kind.model_fields.get(str(key))
            kind = _without_none(field.annotation) if field else None
        else:
            kind = get_args(kind)[-1] if get_origin(kind) in {dict, list} else None
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _without_none(annotation: object) -> object:
    kinds = get_args(annotation)
    return next(kind for kind in kinds if kind is not NoneType) if NoneType in kinds else annotation


def _locate(values: Value, detail: ErrorDetails) -> KeyPath:
    """Return the path of an error in the file as written, short forms included."""
    location = tuple(key for key in detail["loc"] if key != _IN_THE_KEY)
    depth, value = 0, values
    for key in location:
        if isinstance(value, dict) and key in value:
            value = value[str(key)]
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            break
        depth += 1
    is_missing_here = detail["type"] == "missing" and depth == len(location) - 1
    return location if is_missing_here else location[:depth]


def _report(path: KeyPath, detail: ErrorDetails, findings: Findings) -> None:
    if findings.is_broken(path):
        return
    kind = detail["type"]
    message = str(detail["ctx"]["error"]) if kind == "value_error" else _MESSAGES.get(kind, "is not valid")
    if kind == "literal_error":
        message = f"must be {detail['ctx']['expected']}"
    if kind == "model_type" and (section := section_at(path)) and section.has_short_form:
        message = "must be text or a mapping"
    if kind in {"model_type", "dict_type"} and (section := section_at(path)) and path[-1] in section.model_fields:
        message += f"; {path[-1]} is a setting of such a mapping: is it indented too little?"
    if kind == "extra_forbidden":
        section = section_at(path[:-1])
        findings.key_error(path, message + hint(str(path[-1]), section.model_fields if section else ()))
    elif kind == "missing":
        findings.missing(path, message)
    elif detail["loc"][-1] == _IN_THE_KEY:
        findings.key_error(path, message)
    else:
        findings.error(path, message)


def _cut_out(values: dict[str, Value], path: KeyPath, detail: ErrorDetails, findings: Findings) -> None:
    """Remove an unknown key, or the smallest part that can be missing without further complaint."""
    if detail["type"] == "extra_forbidden":
        section = section_at(path[:-1])
        meant = find_similar(str(path[-1]), section.model_fields) if section else None
        if meant:
            findings.broken.add((*path[:-1], meant))
        part = path
    else:
        part = path[:2] if isinstance(values.get(str(path[0])), dict) else path[:1]
    findings.broken.add(part)
    parent: Value = values
    for key in part[:-1]:
        parent = _child(parent, key)
    if isinstance(parent, dict):
        parent.pop(str(part[-1]), None)


def _child(parent: Value, key: str | int) -> Value:
    if isinstance(parent, dict):
        return parent.get(str(key))
    return parent[key] if isinstance(parent, list) and isinstance(key, int) and key < len(parent) else None
