"""What a simulated provider saw: the last requests, for whoever tests what is in front of it.

Each sighting has the request as it arrived and what became of it, credentials replaced by a hash so that equality can
be seen and the value cannot. Both the number of sightings and the size of each are bounded.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from typing import Literal

import msgspec

from penstock.transport.server_request import ServerRequest

KEPT = 200
KEPT_BODY_BYTES = 64 * 1024
SECRET_HEADERS = frozenset(
    (
        *(b"authorization", b"api-key", b"x-api-key", b"x-goog-api-key", b"x-amz-security-token"),
        *(b"cookie", b"proxy-authorization"),
    )
)

Outcome = Literal["in progress", "answered", "refused", "caller gone"]


class Sighting(msgspec.Struct, kw_only=True):
    """One request, and what became of it."""

    number: int
    vendor: str = ""
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: str
    model: str = ""
    outcome: Outcome = "in progress"
    """``refused`` is an error answer of the vendor's; a fault's answer counts as ``answered``."""


class Sightings:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Sighting] = deque(maxlen=KEPT)
        self._count = 0

    def note(self, request: ServerRequest) -> Sighting:
        """Keep a request; the caller fills in what becomes of it."""
        self._count += 1
        sighting = Sighting(
            number=self._count,
            method=request.method,
            path=request.path,
            query=request.query,
            headers=[(name.decode("latin-1"), _shown(name, value)) for name, value in request.headers],
            body=request.body[:KEPT_BODY_BYTES].decode("utf-8", "replace"),
        )
        self._kept.append(sighting)
        return sighting

    def all(self) -> list[Sighting]:
        """Return what is kept."""
        return list(self._kept)

    def forget(self) -> None:
        """Begin anew; numbers go on."""
        self._kept.clear()


def _shown(name: bytes, value: bytes) -> str:
    return f"sha256:{sha256(value).hexdigest()}" if name in SECRET_HEADERS else value.decode("latin-1")
