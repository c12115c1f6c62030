"""Vectors of HTTP requests as they come over the wire: bytes, and what must become of them.

``tests/vectors/http/<case>.http``: comment lines (``#``), expectations, an empty line, then the bytes. In the bytes the
line ends of the file mean nothing; those that are sent stand as escapes (``\\r\\n``, ``\\t``, ``\\x00``), and
``\\{a*3}`` is ``aaa``. Expectations:

- ``accepted: METHOD TARGET BODY``, one line for each request that the application sees, in order;
- ``refused: STATUS CODE``: the answer after those, and the end of the connection;
- ``then: closed``: the connection ends after the last answer; otherwise it stays open;
- ``host: NAME``: the host of the first request; ``never: NAME``: a header that no request has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "vectors" / "http"
_REPEAT = re.compile(rb"\\\{(.*?)\*(\d+)\}", re.DOTALL)
_ESCAPE = re.compile(rb"\\(r|n|t|\\|x[0-9a-f]{2})")
_ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}


@dataclass(frozen=True)
class HttpVector:
    """One case."""

    sent: bytes
    accepted: list[tuple[str, str, bytes]]
    """Method, target and body."""
    refused: tuple[int, str] | None
    closed: bool
    host: bytes | None
    never: list[bytes]


def vector_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.http"))


def read_vector(name: str) -> HttpVector:
    head, _, sent = (FOLDER / f"{name}.http").read_bytes().partition(b"\n\n")
    expectations = [line.partition(b": ") for line in head.splitlines() if not line.startswith(b"#")]

    def said(key: bytes) -> list[bytes]:
        return [value for found, _, value in expectations if found == key]

    assert {key for key, _, _ in expectations} <= {b"accepted", b"refused", b"then", b"host", b"never"}, name
    refused = said(b"refused")
    return HttpVector(
        sent=unescape(sent.replace(b"\n", b"")),
        accepted=[_read_request(value) for value in said(b"accepted")],
        refused=(int(refused[0][:3]), refused[0][4:].decode()) if refused else None,
        closed=bool(refused) or said(b"then") == [b"closed"],
        host=next(iter(said(b"host")), None),
        never=said(b"never"),
    )


def _read_request(value: bytes) -> tuple[str, str, bytes]:
    method, target, *body = value.split(b" ", 2)
    return method.decode(), target.decode(), unescape(b"".join(body))


def unescape(text: bytes) -> bytes:
    """Turn the notation of a vector into bytes."""
    text = _REPEAT.sub(lambda match: match[1] * int(match[2]), text)
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1]) or bytes.fromhex(match[1][1:].decode()), text)
