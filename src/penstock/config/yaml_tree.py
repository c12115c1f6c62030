"""YAML files as trees whose every part knows its place; strict where YAML is treacherous.

The parser is libyaml's, as a stream of events; this module builds the tree itself, because it must be bounded (size,
depth, and what aliases multiply to: https://en.wikipedia.org/wiki/Billion_laughs_attack) and must know lines and
columns. Scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema, read 2026-11-23),
so ``no``, ``on``, ``12:30:00`` and ``2026-11-23`` are text and ``017`` is seventeen. A key that stands twice is an
error; so are tags and a second document. Keys are always text. ``<<`` merges as in YAML 1.1, because people expect it.

What the values mean is not this module's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 500_000
"""Parts of one file, each alias counted as what it stands for."""

KeyPath = tuple[str | int, ...]
"""Keys and list indexes from the root of a file."""

Value = str | int | float | bool | list["Value"] | dict[str, "Value"] | None

# The C parser, unless PyYAML was built without libyaml.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL_OR_HEX = re.compile(r"0(?:o[0-7]{1,20}|x[0-9a-fA-F]{1,16})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,4})?")
_VARIABLE = re.compile(r"\$\{([^{}\n]*)\}")
_SHIELD = "\ue000\ue001\ue002"
_UNSHIELD = str.maketrans(_SHIELD, "${}")
_CANNOT_START = "found character that cannot start any token"
_HINTS = {
    _CANNOT_START: "a text that begins with it stands in quotes",
    "did not find expected key": "is the line indented like its neighbours?",
    "mapping values are not allowed in this context": "is the line indented right, and a text with a colon in quotes?",
    "found unexpected end of stream": "is a quote not closed?",
}
"""What most often leads to a problem that the parser has."""
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: KeyPath = ()
    """What it is called in that file, where the tree was not read from the file but made of what stands in it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """What is wrong with a file as YAML."""

    place: Place
    message: str


class YamlRefused(Exception):
    """A file that has no tree."""

    def __init__(self, problem: SyntaxProblem) -> None:
        """Take the one problem that ended the reading."""
        super().__init__(f"{problem.place}: {problem.message}")
        self.problem = problem


@dataclass(slots=True, eq=False)
class Scalar:
    """One value without parts; ``plain`` when it is not quoted, so that it may be a number."""

    place: Place
    text: str
    plain: bool
    size: int = 1
    height: int = 0


@dataclass(slots=True, eq=False)
class Items:
    """A list."""

    place: Place
    nodes: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 0


@dataclass(slots=True, eq=False)
class Members:
    """A mapping: name to the place of the key, and the value."""

    place: Place
    nodes: dict[str, tuple[Place, Node]] = field(default_factory=dict)
    size: int = 1
    height: int = 0


Node = Scalar | Items | Members


def read_yaml(source: bytes, file: str) -> tuple[Node, list[SyntaxProblem]]:
    """Read one document; ``file`` is its name in messages. An empty file is an empty mapping.

    Returns:
        The tree, and the problems that did not end the reading (keys that stand twice, tags).

    Raises:
        YamlRefused: not UTF-8, not YAML, over a bound, or several documents.
    """
    roots, problems = read_yaml_documents(source, file)
    return only_document(roots, file), problems


def only_document(roots: list[Node], file: str) -> Node:
    """Return the tree of a file of one document; an empty one is an empty mapping.

    Raises:
        YamlRefused: there are several documents.
    """
    if len(roots) > 1:
        raise YamlRefused(SyntaxProblem(roots[1].place, "a second document in the file; write one file for each"))
    if not roots or (isinstance(roots[0], Scalar) and resolve_scalar(roots[0]) is None):
        return Members(roots[0].place if roots else Place(file, 1, 1))
    return roots[0]


def read_yaml_documents(source: bytes, file: str) -> tuple[list[Node], list[SyntaxProblem]]:
    """Read every document of a file; the bounds hold for all of them together.

    Returns:
        The trees, and the problems that did not end the reading.

    Raises:
        YamlRefused: not UTF-8, not YAML, or over a bound.
    """
    text = _decode(source, file)
    shielded = _shield_variables(text)
    reader = _TreeReader(shielded, file, shielded=shielded is not text)
    try:
        return list(reader.read()), reader.problems
    except yaml.MarkedYAMLError as error:
        raise YamlRefused(_explain(error, text, file)) from None


def resolve_scalar(node: Scalar) -> Value:
    """Return the value that a scalar has under YAML 1.2's core schema."""
    text = node.text
    if not node.plain:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL_OR_HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def nearest_place(root: Node, path: KeyPath, *, at_key: bool = False) -> tuple[Place, int]:
    """Return the place of ``path``, or of the innermost part around it that is in this tree, and that part's depth.

    The place of a scalar is its own; that of a list or mapping is its key's, which people look for.
    """
    place, node, depth = root.place, root, 0
    for key in path:
        if isinstance(node, Members) and isinstance(key, str) and key in node.nodes:
            place, node = node.nodes[key]
        elif isinstance(node, Items) and isinstance(key, int) and key < len(node.nodes):
            node = node.nodes[key]
            place = node.place
        else:
            break
        depth += 1
    return (node.place if isinstance(node, Scalar) and not at_key else place), depth


def _explain(error: yaml.MarkedYAMLError, text: str, file: str) -> SyntaxProblem:
    """Say where the parser stopped, where what it was reading began, and what people usually did there."""
    place = _place(file, error.problem_mark or error.context_mark)
    began = _place(file, error.context_mark).line if error.context_mark else place.line
    context = f"{error.context} that begins in line {began}" if error.context and began != place.line else error.context
    what = ", ".join(part for part in (context, error.problem) if part)
    lines = text.split("\n", place.line)[place.line - 1 : place.line]
    hint = _HINTS.get(error.problem or "")
    if error.problem == _CANNOT_START and any(line[place.column - 1 :].startswith("\t") for line in lines):
        hint = "indent with spaces, not with a tab"
    return SyntaxProblem(place, f"not valid YAML: {what}{f'; {hint}' if hint else ''}")


class _Mark(Protocol):
    """A parser's place, from 0; libyaml's and PyYAML's own are two types."""

    line: int
    column: int


def _place(file: str, mark: _Mark | None) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)


def _grow(parent: Items | Members, child: Node) -> None:
    parent.size += child.size + isinstance(parent, Members)
    parent.height = max(parent.height, child.height + 1)


def _decode(source: bytes, file: str) -> str:
    start = Place(file, 1, 1)
    if len(source) > MAX_BYTES:
        raise YamlRefused(SyntaxProblem(start, f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB"))
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise YamlRefused(SyntaxProblem(Place(file, line, 1), "not valid UTF-8")) from None
    found = _UNPRINTABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
        raise YamlRefused(SyntaxProblem(Place(file, line, column), message))
    return text


def _shield_variables(text: str) -> str:
    """Write ``${...}`` with other characters, as many: to the parser, a brace may end a mapping of one line."""
    if "${" not in text or any(mark in text for mark in _SHIELD):
        return text
    return _VARIABLE.sub(lambda found: f"{_SHIELD[0]}{_SHIELD[1]}{found[1]}{_SHIELD[2]}", text)


class _TreeReader:
    """Builds a tree from the parser's events, and counts what it builds."""

    def __init__(self, text: str, file: str, *, shielded: bool) -> None:
        self.problems: list[SyntaxProblem] = []
        self._file = file
        self._shielded = shielded
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))
        self._anchors: dict[str, Node | None] = {}
        """None while the anchored node is being read."""
        self._nodes = 0

    def read(self) -> Iterator[Node]:
        next(self._events)  # the stream's start
        while not isinstance(next(self._events), yaml.StreamEndEvent):
            self._anchors = {}
            yield self._read_node(next(self._events), 0)
            next(self._events)  # the document's end

    def _read_node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._read_alias(event, depth)
        if not isinstance(event, yaml.NodeEvent):
            raise self._refusal(event, "a value is missing")
        self._bound(event, 1, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._read_contents(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _read_contents(self, event: yaml.NodeEvent, depth: int) -> Node:
        place = self._place(event)
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            self.problems.append(SyntaxProblem(place, "tags (!...) are not used here; leave it out"))
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(place, self._text(event), plain=bool(event.implicit[0]))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._read_items(Items(place), depth)
        return self._read_members(Members(place), depth)

    def _read_items(self, items: Items, depth: int) -> Items:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            node = self._read_node(event, depth + 1)
            items.nodes.append(node)
            _grow(items, node)
        return items

    def _read_members(self, members: Members, depth: int) -> Members:
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refusal(event, "a key must be text")
            self._bound(event, 1, depth)
            place, name = self._place(event), self._text(event)
            node = self._read_node(next(self._events), depth + 1)
            _grow(members, node)
            if name == "<<" and event.implicit[0]:
                merged += node.nodes if isinstance(node, Items) else [node]
            elif name in members.nodes:
                first = members.nodes[name][0]
                message = f'the key "{name}" stands twice; the first is in line {first.line}'
                self.problems.append(SyntaxProblem(place, message))
            else:
                members.nodes[name] = (place, node)
        for node in merged:
            self._merge(members, node)
        return members

    def _merge(self, members: Members, source: Node) -> None:
        if not isinstance(source, Members):
            self.problems.append(SyntaxProblem(source.place, "<< merges a mapping or a list of mappings"))
            return
        members.nodes = {**source.nodes, **members.nodes}

    def _read_alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        if event.anchor not in self._anchors:
            raise self._refusal(event, f'no anchor "&{event.anchor}" stands before this alias')
        node = self._anchors[event.anchor]
        if node is None:
            raise self._refusal(event, f'the alias "*{event.anchor}" stands inside what it names')
        self._bound(event, node.size, depth + node.height)
        return node

    def _bound(self, event: yaml.Event, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._refusal(event, f"more than {MAX_NODES} values, aliases counted in full")
        if depth > MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels")

    def _text(self, event: yaml.ScalarEvent) -> str:
        value: str = event.value
        return value.translate(_UNSHIELD) if self._shielded else value

    def _place(self, event: yaml.Event) -> Place:
        return _place(self._file, event.start_mark)

    def _refusal(self, event: yaml.Event, message: str) -> YamlRefused:
        return YamlRefused(SyntaxProblem(self._place(event), message))
