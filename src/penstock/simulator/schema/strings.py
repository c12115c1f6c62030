"""Strings of a length, a pattern and a format.

Each format has a few spellings from short to long; one that fits the length and the pattern is chosen. A plain string
says that it is simulated and what it stands for (the member's name), as far as its length allows.

Formats: JSON Schema 2020-12, section 7.3 (read 2026-11-23). A format that is not in the table is an annotation, as the
standard has it. Addresses and names are of the blocks reserved for documentation (RFC 2606, RFC 5737, RFC 3849).
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator

from penstock.simulator.schema import patterns
from penstock.simulator.schema.document import Node

MAX_STRING_CHARS = 100_000
_TRIES = 48
_USUAL_CHARS = 12
_FILLER = "this text is simulated "


def _dates(draw: random.Random) -> list[str]:
    return [f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"]


def _times(draw: random.Random) -> list[str]:
    return [f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}Z"]


def _date_times(draw: random.Random) -> list[str]:
    return [f"{_dates(draw)[0]}T{_times(draw)[0]}"]


def _durations(draw: random.Random) -> list[str]:
    return [
        f"P{draw.randint(1, 28)}D",
        f"PT{draw.randint(1, 59)}M",
        f"P1DT{draw.randint(1, 23)}H{draw.randint(1, 59)}M0S",
    ]


def _emails(draw: random.Random) -> list[str]:
    name = f"simulated.{draw.randint(1, 999)}"
    return [f"{name}@example.com", "a@b.co", f"{name}.{'longer' * 6}@example.com", f"{name}@{'sub.' * 12}example.com"]


def _hostnames(draw: random.Random) -> list[str]:
    name = f"simulated-{draw.randint(1, 999)}"
    return [f"{name}.example.com", "a.example", "a", f"{name}.{'long-label.' * 8}example.com"]


def _ipv4s(draw: random.Random) -> list[str]:
    return [f"192.0.2.{draw.randint(1, 254)}"]


def _ipv6s(draw: random.Random) -> list[str]:
    return [
        f"2001:db8::{draw.randint(1, 0xFFFF):x}",
        "::1",
        f"2001:0db8:0000:0000:0000:0000:0000:{draw.randint(1, 0xFFFF):04x}",
    ]


def _uris(draw: random.Random) -> list[str]:
    start = f"https://example.com/simulated/{draw.randint(1, 999)}"
    return [start, "urn:a", "http://a.b", *(f"{start}/{'path/' * (2**power)}" for power in range(2, 12))]


def _uuids(draw: random.Random) -> list[str]:
    return [str(uuid.UUID(int=draw.getrandbits(128), version=4))]


def _pointers(draw: random.Random) -> list[str]:
    return [f"/simulated/{draw.randint(0, 9)}", "", "/a"]


FORMATS: dict[str, Callable[[random.Random], list[str]]] = {
    "date": _dates,
    "time": _times,
    "date-time": _date_times,
    "duration": _durations,
    "email": _emails,
    "idn-email": _emails,
    "hostname": _hostnames,
    "idn-hostname": _hostnames,
    "ipv4": _ipv4s,
    "ipv6": _ipv6s,
    "uri": _uris,
    "uri-reference": _uris,
    "iri": _uris,
    "iri-reference": _uris,
    "uri-template": _uris,
    "uuid": _uuids,
    "json-pointer": _pointers,
    "relative-json-pointer": lambda draw: [f"{draw.randint(0, 9)}/simulated", "0"],
    "regex": lambda _: ["^simulated$", ".", ""],
}


def write_string(nodes: list[Node], name: str, draw: random.Random) -> str | None:
    """Return a string that every node allows, or None when none was found. ``name`` is what it stands for."""
    least = max(node.min_length for node in nodes)
    most = min((node.max_length for node in nodes if node.max_length is not None), default=None)
    if least > MAX_STRING_CHARS or (most is not None and most < least):
        return None
    trees = [patterns.read(node.pattern) for node in nodes if node.pattern is not None]
    formats = [node.format for node in nodes if node.format in FORMATS]
    for text in _candidates(trees, formats, name, draw, least=least, most=most):
        fits = len(text) >= least and (most is None or len(text) <= most)
        if fits and all(patterns.search(tree, text) for tree in trees):
            return text
    return None


def _candidates(
    trees: list[patterns.Node], formats: list[str], name: str, draw: random.Random, *, least: int, most: int | None
) -> Iterator[str]:
    writers = {FORMATS[one] for one in formats}
    if len(writers) == 1:
        yield from writers.pop()(draw)
    if formats and not trees:
        return  # a text of another form would be a lie about the format, and nothing has two
    yield _plain(f"simulated {name}" if name else "simulated", least, most)
    for tree in trees:
        for text in _samples(tree, draw, least=least, most=most):
            yield text
            if len(text) < least:
                padding = _plain("", least - len(text), None)
                yield text + padding
                yield padding + text


def _samples(tree: patterns.Node, draw: random.Random, *, least: int, most: int | None) -> Iterator[str]:
    """Yield samples of about the right length; a sample that missed it moves the next one's goal."""
    goal = max(least, draw.randint(0, _USUAL_CHARS))
    for _ in range(_TRIES):
        text = patterns.sample(tree, draw, goal)
        yield text
        if most is not None and len(text) > most:
            goal = max(0, goal - (len(text) - most))
        elif len(text) < least:
            goal = min(goal + (least - len(text)), 2 * least)


def _plain(text: str, least: int, most: int | None) -> str:
    if len(text) < least:
        missing = least - len(text)
        text += (" " + _FILLER * (missing // len(_FILLER) + 1))[:missing]
    return text if most is None else text[:most]
