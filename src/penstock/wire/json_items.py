"""The items of a JSON array as bytes: change some, keep every other byte.

What :mod:`penstock.core.json_object` is for the members of an object, for lists of messages and of their blocks. What
stands between the items stays too, but for items that are taken out. Which item is changed is the business of the
caller.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

MOST_ITEMS = 100_000
"""An array that has more is no conversation, and would take a second and more to go through."""
MOST_COMMAS = 1_000_000
"""A sign of so many items, or of so long a text, that the array would take many times its size to look at."""
_ITEMS: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def change_items(array: bytes | None, change: Callable[[int, bytes], bytes | None]) -> bytes | None:
    """Return the array with what ``change`` makes of each item (number, bytes); one that it makes None is taken out.

    The very same bytes come back when nothing changed, when there are more than ``MOST_ITEMS``, and when it is no
    array: whoever reads it will say so.
    """
    if array is None or (len(array) > MOST_COMMAS and array.count(b",") > MOST_COMMAS):
        return array
    try:
        items = [bytes(item) for item in _ITEMS.decode(array)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return array
    if len(items) > MOST_ITEMS:
        return array
    changed = [change(number, item) for number, item in enumerate(items)]
    return array if changed == items else _written(array, items, changed)


def _written(array: bytes, items: list[bytes], changed: list[bytes | None]) -> bytes:
    pieces: list[bytes] = []
    opening = b"["
    end = 0
    for number, (item, new) in enumerate(zip(items, changed, strict=True)):
        start = array.index(item, end)  # before it are white space and a comma, with which no item begins
        if number == 0:
            opening = array[:start]
        if new is not None:
            pieces += (array[end:start] if pieces else opening, new)
        end = start + len(item)
    return b"".join(pieces) + array[end:] if pieces else b"[]"
