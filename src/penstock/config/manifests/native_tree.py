"""The native document that manifests become, as a tree whose every part still knows its place in the manifests.

It is read like a file of native configuration, so what is wrong with it is reported at the manifest's own line; and it
can be written as such a file.
"""

from __future__ import annotations

import yaml

from penstock.config.manifests.substitution import escape
from penstock.config.yaml_tree import Items, Members, Node, Place, Scalar, resolve_scalar

_MOST_WHOLE = 10**15

Draft = str | int | float | bool | Node | list["Draft"] | dict[str, "Draft"] | None
"""What a part of the document is made of; in a mapping, None is left out."""


def graft(value: Draft, place: Place) -> Node:
    """Build a tree; what has no place of its own stands at ``place``."""
    if isinstance(value, Scalar | Items | Members):
        return value
    if isinstance(value, dict):
        nodes = {key: graft(each, place) for key, each in value.items() if each is not None}
        return Members(place, {key: (node.place, node) for key, node in nodes.items()})
    if isinstance(value, list):
        return Items(place, [graft(each, place) for each in value])
    if isinstance(value, str):
        return Scalar(place, escape(value), plain=False)
    if isinstance(value, bool) or value is None:
        return Scalar(place, {True: "true", False: "false", None: "null"}[value], plain=True)
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _MOST_WHOLE
    return Scalar(place, repr(int(value) if is_whole else value), plain=True)


def graft_json(value: Draft, place: Place) -> Node:
    """Build a tree of a JSON value, whose nulls are values too."""
    if isinstance(value, dict):
        nodes = {key: graft_json(each, place) for key, each in value.items()}
        return Members(place, {key: (place, node) for key, node in nodes.items()})
    if isinstance(value, list):
        return Items(place, [graft_json(each, place) for each in value])
    return graft(value, place)


def reference(text: str, place: Place) -> Scalar:
    """Return a text whose variables are looked up when the document is read."""
    return Scalar(place, text, plain=False)


def write_yaml(root: Node) -> str:
    """Write a tree as a file."""
    return yaml.dump(_plain(root), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096)


class _Quoted(str):
    """A text that would be read as something else without quotes."""

    __slots__ = ()


class _Block(str):
    """A text of several lines."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes mappings and lists in blocks, without aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Write what stands twice twice."""
        return True


def _plain(node: Node) -> object:
    if isinstance(node, Members):
        return {name: _plain(member) for name, (_, member) in node.nodes.items()}
    if isinstance(node, Items):
        return [_plain(item) for item in node.nodes]
    if node.plain:
        return resolve_scalar(node)
    if "\n" in node.text:
        return _Block(node.text)
    is_text = isinstance(resolve_scalar(Scalar(node.place, node.text, plain=True)), str)
    return node.text if is_text else _Quoted(node.text)


def _represent_quoted(dumper: yaml.SafeDumper, value: _Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')


def _represent_block(dumper: yaml.SafeDumper, value: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|")


_Dumper.add_representer(_Quoted, _represent_quoted)
_Dumper.add_representer(_Block, _represent_block)
