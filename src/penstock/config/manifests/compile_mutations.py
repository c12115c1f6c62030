"""headerMutation and bodyMutation to what native backends and targets set and remove.

A value of a body is JSON when it looks like it, as the Envoy AI Gateway reads it, and text otherwise.
"""

from __future__ import annotations

import json
import re

from penstock.config.manifests.ai_gateway import BodyMutation, HeaderMutation
from penstock.config.manifests.native_tree import Draft, graft, graft_json
from penstock.config.manifests.parts import Manifest
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath

_LOOKS_LIKE_JSON = re.compile(r'\s*(?:["{\[].*|-?[0-9].*|true|false|null)\s*', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


def compile_mutations(
    world: World,
    source: Resource[Manifest],
    path: KeyPath,
    headers: HeaderMutation | None,
    body: BodyMutation | None,
) -> dict[str, Draft]:
    """Return ``set_headers``, ``remove_headers``, ``set_body`` and ``remove_body``, as far as there are any."""
    drafts: dict[str, Draft] = {}
    if headers is not None:
        drafts |= _compile_headers(world, source, (*path, "headerMutation"), headers)
    if body is not None:
        drafts |= _compile_body(world, source, (*path, "bodyMutation"), body)
    return drafts


def _compile_headers(
    world: World, source: Resource[Manifest], path: KeyPath, mutation: HeaderMutation
) -> dict[str, Draft]:
    named: dict[str, Draft] = {}
    for index, each in enumerate(mutation.set):
        here = (*path, "set", index)
        if _may_change(world, source, (*here, "name"), each.name):
            named[each.name.lower()] = graft(each.value, source.place(*here, "value"))
    removed: list[Draft] = [
        graft(name.lower(), source.place(*path, "remove", index))
        for index, name in enumerate(mutation.remove)
        if _may_change(world, source, (*path, "remove", index), name)
    ]
    return {"set_headers": named or None, "remove_headers": removed or None}


def _may_change(world: World, source: Resource[Manifest], path: KeyPath, name: str) -> bool:
    folded = name.lower()
    if folded.startswith((":", "x-ai-eg-")) or folded == "x-envoy-original-path":
        world.report.warning(source, path, "has no effect: this header belongs to the gateway")
        return False
    return True


def _compile_body(world: World, source: Resource[Manifest], path: KeyPath, mutation: BodyMutation) -> dict[str, Draft]:
    members: dict[str, Draft] = {}
    for index, each in enumerate(mutation.set):
        here = (*path, "set", index)
        _check_member(world, source, (*here, "path"), each.path)
        try:
            value = read_value(each.value)
        except ValueError as error:
            world.report.error(source, (*here, "value"), str(error))
            continue
        members[each.path] = graft_json(value, source.place(*here, "value"))
    removed: list[Draft] = []
    for index, name in enumerate(mutation.remove):
        _check_member(world, source, (*path, "remove", index), name)
        removed.append(graft(name, source.place(*path, "remove", index)))
    return {"set_body": members or None, "remove_body": removed or None}


def _check_member(world: World, source: Resource[Manifest], path: KeyPath, name: str) -> None:
    if re.search(r"[.*?#|\\]", name):
        world.report.error(source, path, "only members at the top of the body can be set and removed")


def read_value(text: str) -> Draft:
    """Read the value of a member of a body.

    Raises:
        ValueError: it looks like JSON and is none.
    """
    if not _LOOKS_LIKE_JSON.fullmatch(text):
        return text
    if text[0] not in '"{[' and text not in {"true", "false", "null"} and not _NUMBER.fullmatch(text.strip()):
        return text  # begins like a number, and is a date, say
    try:
        value: Draft = json.loads(text)
    except ValueError:
        msg = "looks like JSON and is not: put text that begins like this in quotes of its own"
        raise ValueError(msg) from None
    return value
