"""A bearer token as the request lines that carry it, ready to be joined to a request head."""

from __future__ import annotations

import re
from collections.abc import Mapping

from penstock.upstream_auth.fetching import FetchFailed

_FIT_FOR_A_LINE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def bearer_line(token: object) -> bytes:
    """Return the ``authorization`` line, with CRLF.

    Raises:
        FetchFailed: the token is no text, or holds something that has no place in a header.
    """
    if not isinstance(token, str):
        msg = "what was given as the token is no text"
        raise FetchFailed(msg)
    return header_lines({"authorization": f"Bearer {token}"})


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Return one line for each header, each with CRLF.

    Raises:
        FetchFailed: a value is empty, or holds something that has no place in a header: it would be smuggled.
    """
    lines = []
    for name, value in headers.items():
        if not _FIT_FOR_A_LINE.fullmatch(value):
            msg = f"what was given cannot stand in the header {name.lower()}"
            raise FetchFailed(msg)
        lines.append(f"{name.lower()}: {value}\r\n")
    return "".join(lines).encode("ascii")
