"""Members of OpenAI's request bodies that a "compatible" vendor refuses, ignores or calls otherwise.

The quirk functions of provider files are made of these. A member is reported as lost only where it asked for
something: ``"logprobs": false`` asks for nothing, and a route that rejects losses must not reject it. What a vendor
refuses is taken out; what it says it ignores stays in the body, byte for byte, and is reported all the same. Which
vendor does what is said in its file alone, and what a loss means for the request is decided by the relay.

Defaults: OpenAI's API reference, as the request types of its Python SDK 3.54 state them (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

import msgspec

from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.json_items import change_items

ASKS_NOTHING: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "best_of": (1,),
        "echo": (False,),
        "frequency_penalty": (0,),
        "function_call": ("auto", "none"),
        "functions": ([],),
        "logit_bias": ({},),
        "logprobs": (False,),
        "metadata": ({},),
        "modalities": (["text"],),
        "n": (1,),
        "parallel_tool_calls": (True,),
        "presence_penalty": (0,),
        "response_format": ({"type": "text"},),
        "safety_identifier": ("",),
        "service_tier": ("auto", "default"),
        "stop": ([],),
        "store": (False,),
        "temperature": (1,),
        "top_logprobs": (0,),
        "user": ("",),
        "verbosity": ("medium",),
    }
)
"""Member to the values that are the same as leaving it out; ``null`` is so everywhere."""


def value_of(edit: JsonEdit, name: str) -> object:
    """Return a member's value, None when it is absent, and its bytes when they cannot be read."""
    raw = edit.raw(name)
    try:
        value: object = None if raw is None else msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw
    return value


def asks_for_something(edit: JsonEdit, name: str) -> bool:
    """Say whether a member is there with a value other than the ones that mean nothing."""
    value = value_of(edit, name)
    if value is None:
        return False
    # Python takes 0 for False, and ``"logprobs": 0`` of a completion does ask for them
    return not any(
        value == same and isinstance(value, bool) == isinstance(same, bool) for same in ASKS_NOTHING.get(name, ())
    )


def drop_fields(edit: JsonEdit, names: Iterable[str], why: str) -> None:
    """Take members out; report those that asked for something."""
    for name in names:
        if asks_for_something(edit, name):
            edit.report(name, "clamped" if name == "n" else "dropped", why)  # without "n" there is still one choice
            edit.remove(name)
        elif edit.raw(name) is not None:
            edit.remove(name)


def report_ignored(edit: JsonEdit, names: Iterable[str], why: str) -> None:
    """Leave members as they are, and report those that ask for something."""
    for name in names:
        if asks_for_something(edit, name):
            edit.report(name, "dropped", why)


def keep_one_choice(edit: JsonEdit, why: str) -> None:
    """Ask for one choice when the caller asked for another number of them."""
    if asks_for_something(edit, "n"):
        edit.set("n", b"1")
        edit.report("n", "clamped", why)


def move_output_limit(edit: JsonEdit, why: str) -> None:
    """Call ``max_completion_tokens`` by its older name ``max_tokens``, the only one that some vendors know."""
    edit.rename("max_completion_tokens", "max_tokens", why)


def drop_from_items(edit: JsonEdit, array: str, name: str, why: str) -> None:
    """Take a member out of every object of a top-level array (``messages[].name``); the other bytes of each stay."""
    mark = f'"{name}"'.encode()
    items = edit.raw(array)
    if items is None or mark not in items or not _some_has(items, name):
        return
    kept = change_items(
        items, lambda number, item: _without(edit, item, f"{array}[{number}]", name, why) if mark in item else item
    )
    if kept is not items and kept is not None:
        edit.set(array, kept)


def _some_has(array: bytes, name: str) -> bool:
    """Say whether some object of an array has the member; members of its members do not count (a tool call's name)."""
    try:
        return any(getattr(item, name) is not msgspec.UNSET for item in _decoder_of(name).decode(array))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return True  # not all are objects: each is looked at


@cache
def _decoder_of(name: str) -> msgspec.json.Decoder[list[msgspec.Struct]]:
    """Return a reader of objects that reads this member only; names are those of provider files, a few."""
    item = msgspec.defstruct("Item", [(name, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)])
    return msgspec.json.Decoder(list[item])  # type: ignore[valid-type]  # made at run time


def _without(edit: JsonEdit, item: bytes, path: str, name: str, why: str) -> bytes:
    if not item.startswith(b"{"):
        return item
    inner = JsonEdit(JsonObject(item))
    if inner.raw(name) is None:
        return item
    inner.drop(name, why)
    for _ in inner.losses:
        edit.report(f"{path}.{name}", "dropped", why)
    return inner.render()
