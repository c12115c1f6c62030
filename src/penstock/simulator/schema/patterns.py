r"""Regular expressions of JSON Schema: read once, then sampled and matched.

A schema's ``pattern`` is an ECMA-262 expression that the caller wrote. Python's ``re`` can neither write a text that
matches nor promise to end in time, so the expression is read into a small tree from which both follow: ``sample``
walks it forwards, ``search`` carries the set of positions that are reachable, which takes polynomial time whatever the
expression is.

Understood: literals, escapes (``\d \w \s \b``, ``\x41 \u0041 \u{1F600} \cJ \n`` …), classes, groups, alternation,
greedy and lazy quantifiers, anchors, look-ahead and look-behind. Refused by name: back-references, Unicode properties,
inline flags. JSON Schema 2020-12, section 6.3.3 and section 6.4 of its core (read 2026-11-23): patterns are not
anchored.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn, assert_never

MAX_REPEAT = 10_000
MAX_PATTERN_CHARS = 4_096
MAX_DEPTH = 64
_PRINTABLE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.,:;!?@#$%&*+=/\\|~^'\"`()[]{}<>"
_SPACE = " \t\n\r\f\v\u00a0\ufeff\u2028\u2029"


class PatternRefused(ValueError):
    """The expression is malformed, or uses what is not understood here."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ranges (inclusive code points), or out of everything else."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def has(self, char: str) -> bool:
        """Say whether the character fits."""
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) != self.negated


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part so many times; ``most`` is None for no bound."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: ``^``, ``$``, ``b`` (word border), ``B`` (no word border)."""

    kind: str


@dataclass(frozen=True, slots=True)
class Look:
    """Text ahead (or behind) must fit, or must not, and is not consumed."""

    part: Node
    ahead: bool
    negated: bool


Node = Chars | Sequence | Either | Repeat | Edge | Look

_DIGIT = ((0x30, 0x39),)
_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_BLANK = tuple((ord(char), ord(char)) for char in _SPACE)
_CLASSES: dict[str, Chars] = {
    "d": Chars(_DIGIT),
    "D": Chars(_DIGIT, negated=True),
    "w": Chars(_WORD),
    "W": Chars(_WORD, negated=True),
    "s": Chars(_BLANK),
    "S": Chars(_BLANK, negated=True),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_ANY = Chars(((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)), negated=True)
_LAST = 0x10FFFF


def _complement(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    gaps: list[tuple[int, int]] = []
    next_code = 0
    for low, high in sorted(ranges):
        if low > next_code:
            gaps.append((next_code, low - 1))
        next_code = max(next_code, high + 1)
    if next_code <= _LAST:
        gaps.append((next_code, _LAST))
    return tuple(gaps)


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.depth = 0

    def peek(self, text: str) -> bool:
        return self.source.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if not self.peek(text):
            return False
        self.at += len(text)
        return True

    def next(self) -> str:
        if self.at >= len(self.source):
            self.refuse("it ends too early")
        self.at += 1
        return self.source[self.at - 1]

    def refuse(self, why: str) -> NoReturn:
        msg = f"pattern {self.source[:80]!r}: {why} (character {self.at})"
        raise PatternRefused(msg)

    def either(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse("it is nested too deeply")
        options = [self.sequence()]
        while self.take("|"):
            options.append(self.sequence())
        self.depth -= 1
        return options[0] if len(options) == 1 else Either(tuple(options))

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.source) and not self.peek("|") and not self.peek(")"):
            parts.append(self.quantified(self.atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantified(self, part: Node) -> Node:
        bounds = self.bounds()
        if bounds is None:
            return part
        if not self.take("?"):
            self.take("+")  # possessive, in some dialects; the same texts, as far as sampling goes
        return Repeat(part, *bounds)

    def bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return bounds
        end = self.source.find("}", self.at)
        if not self.peek("{") or end < 0:
            return None
        least, comma, most = self.source[self.at + 1 : end].partition(",")
        if not (least.isascii() and least.isdigit()) or (most and not (most.isascii() and most.isdigit())):
            return None  # a brace that is no quantifier stands for itself
        self.at = end + 1
        low = int(least)
        high = (int(most) if most else None) if comma else low
        if low > MAX_REPEAT or (high is not None and (high > MAX_REPEAT or high < low)):
            self.refuse(f"the bounds of a repetition must rise and stay below {MAX_REPEAT}")
        return low, high

    def atom(self) -> Node:
        char = self.next()
        if char == "(":
            return self.group()
        if char == "[":
            return self.char_class()
        if char == "\\":
            return self.escape()
        if char in "^$":
            return Edge(char)
        if char == ".":
            return _ANY
        if char in "*+?":
            self.refuse("a quantifier follows nothing")
        return _literal(char)

    def group(self) -> Node:
        looks = {"?=": (True, False), "?!": (True, True), "?<=": (False, False), "?<!": (False, True)}
        look = next((looks[sign] for sign in looks if self.take(sign)), None)
        if look is None and self.take("?") and not self.take(":"):
            if not (self.take("P<") or self.take("<")):
                self.refuse("this kind of group is not understood")
            while self.next() != ">":
                pass
        inner = self.either()
        if not self.take(")"):
            self.refuse("a group is not closed")
        return inner if look is None else Look(inner, ahead=look[0], negated=look[1])

    def escape(self) -> Node:
        char = self.next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in "bB":
            return Edge(char)
        if char in "AZ":
            return Edge("^" if char == "A" else "$")
        return _literal(self.escaped(char))

    def escaped(self, char: str) -> str:
        """Return the character that an escape stands for; ``char`` is the one behind the backslash."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "c":
            return chr(ord(self.next()) % 32)
        if char == "x":
            return self.code(2)
        if char == "u":
            if not self.take("{"):
                return self.code(4)
            digits = self.source[self.at : self.source.find("}", self.at)]
            decoded = self.code(len(digits))
            self.take("}")
            return decoded
        if char.isascii() and char.isalnum():
            self.refuse(f"\\{char} is not understood")
        return char

    def code(self, digits: int) -> str:
        text = self.source[self.at : self.at + digits]
        try:
            code = int(text, 16)
            char = chr(code)
        except (ValueError, OverflowError):
            self.refuse("a character code is malformed")
        if 0xD800 <= code <= 0xDFFF:
            self.refuse("a lone surrogate is not a character")
        self.at += digits
        return char

    def char_class(self) -> Node:
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.peek("]"):
            if first and self.take("]"):  # ECMA: the empty class
                return Chars((), negated)
            first = False
            low = self.class_member()
            if isinstance(low, Chars):
                ranges += _complement(low.ranges) if low.negated else low.ranges
                continue
            high = low
            if self.peek("-") and not self.peek("-]"):
                self.take("-")
                upper = self.class_member()
                if isinstance(upper, Chars) or upper < low:
                    self.refuse("a range of characters runs backwards")
                high = upper
            ranges.append((ord(low), ord(high)))
        self.take("]")
        return Chars(tuple(ranges), negated)

    def class_member(self) -> str | Chars:
        char = self.next()
        if char != "\\":
            return char
        char = self.next()
        if char in _CLASSES:
            return _CLASSES[char]
        return "\b" if char == "b" else self.escaped(char)


def _literal(char: str) -> Chars:
    return Chars(((ord(char), ord(char)),))


@lru_cache(maxsize=256)
def read(source: str) -> Node:
    """Return the tree of an expression.

    Raises:
        PatternRefused: it is malformed, too long, or uses what is not understood.
    """
    reader = _Reader(source)
    if len(source) > MAX_PATTERN_CHARS:
        reader.refuse(f"it is longer than {MAX_PATTERN_CHARS} characters")
    tree = reader.either()
    if reader.at < len(source):
        reader.refuse("a parenthesis is closed that was not opened")
    return tree


def search(tree: Node, text: str) -> bool:
    """Say whether the expression matches anywhere in the text."""
    return bool(_reach(tree, text, frozenset(range(len(text) + 1))))


def _reach(node: Node, text: str, starts: frozenset[int]) -> frozenset[int]:
    """Return where a match of ``node`` may end that starts at one of ``starts``."""
    match node:
        case Chars():
            return frozenset(at + 1 for at in starts if at < len(text) and node.has(text[at]))
        case Sequence():
            for part in node.parts:
                starts = _reach(part, text, starts)
                if not starts:
                    break
            return starts
        case Either():
            return frozenset().union(*(_reach(option, text, starts) for option in node.options))
        case Repeat():
            return _reach_repeated(node, text, starts)
        case Edge():
            return frozenset(at for at in starts if _is_edge(node.kind, text, at))
        case Look():
            return frozenset(at for at in starts if _looks(node, text, at) != node.negated)
        case _:
            assert_never(node)


def _reach_repeated(node: Repeat, text: str, starts: frozenset[int]) -> frozenset[int]:
    here = starts
    for _ in range(node.least):
        after = _reach(node.part, text, here)
        if after == here:
            break  # the part can be empty everywhere it stands: more of it changes nothing
        here = after
    reached = here
    done = 0
    while here and (node.most is None or done < node.most - node.least):
        here = _reach(node.part, text, here) - reached
        reached |= here
        done += 1
    return reached


def _looks(node: Look, text: str, at: int) -> bool:
    if node.ahead:
        return bool(_reach(node.part, text, frozenset((at,))))
    return any(at in _reach(node.part, text, frozenset((start,))) for start in range(at + 1))


def _is_edge(kind: str, text: str, at: int) -> bool:
    if kind == "^":
        return at == 0
    if kind == "$":
        return at == len(text)
    word = _CLASSES["w"]
    before = at > 0 and word.has(text[at - 1])
    after = at < len(text) and word.has(text[at])
    return (before != after) == (kind == "b")


def sample(tree: Node, draw: random.Random, chars: int) -> str:
    """Write a text that the expression is likely to match; ``search`` says whether it does.

    ``chars`` is a wish: repetitions without need go on until about so many characters are written.
    """
    written: list[str] = []
    _write(tree, draw, chars, written)
    return "".join(written)


def _write(node: Node, draw: random.Random, chars: int, written: list[str]) -> None:
    match node:
        case Chars():
            written.append(_pick_char(node, draw))
        case Sequence():
            for part in node.parts:
                _write(part, draw, chars, written)
        case Either():
            _write(draw.choice(node.options), draw, chars, written)
        case Repeat():
            _write_repeated(node, draw, chars, written)
        case Look():
            if node.ahead and not node.negated and draw.random() < 0.5:  # either may be right
                _write(node.part, draw, chars, written)
        case Edge():
            pass
        case _:
            assert_never(node)


def _write_repeated(node: Repeat, draw: random.Random, chars: int, written: list[str]) -> None:
    """Repeat as often as must be, then up to the wish or to somewhere before it."""
    for _ in range(node.least):
        _write(node.part, draw, len(written), written)
    goal = chars if draw.random() < 0.5 else draw.randint(min(len(written), chars), chars)
    times = node.least
    before = -1
    while len(written) < goal and before < len(written) and (node.most is None or times < node.most):
        before = len(written)
        _write(node.part, draw, goal, written)
        times += 1


def _pick_char(node: Chars, draw: random.Random) -> str:
    usual = [char for char in _PRINTABLE if node.has(char)]
    if usual:
        return draw.choice(usual)
    ranges = _complement(node.ranges) if node.negated else node.ranges
    allowed = [(low, high) for low, high in ranges if not 0xD800 <= low <= high <= 0xDFFF]
    if not allowed:
        msg = "a class of characters is empty"
        raise PatternRefused(msg)
    low, high = draw.choice(allowed)
    code = draw.randint(low, high)
    return chr(code if not 0xD800 <= code <= 0xDFFF else low if low < 0xD800 else high)
