"""Which headers travel, in both directions, and how their lines are rendered.

From caller to upstream everything travels but what belongs to the connection, credentials and cookies, and what is
ours. From upstream to caller everything travels but what an upstream may not set for us. Names that were judged once
are remembered (bounded), since callers and upstreams send the same names again and again.
"""

from __future__ import annotations

from collections.abc import Callable

from penstock.transport.http_syntax import HOP_BY_HOP
from penstock.transport.server_request import HeaderList

REQUEST_ID = b"x-penstock-request-id"
REQUEST_ID_OF_UPSTREAM = b"x-request-id"
"""The vendors' own name; clients show it. Ours stands in when an upstream sends none."""
BACKEND = b"x-penstock-backend"
LOSSES = b"x-penstock-losses"
MODEL_CHOICE = b"x-ai-eg-model"

CREDENTIALS = frozenset(
    {
        b"api-key",
        b"authorization",
        b"cookie",
        b"ocp-apim-subscription-key",
        b"x-amz-security-token",
        b"x-auth-token",
    }
)
"""Headers of a caller that hold its credentials for us; ``x-…-key`` counts as one too."""

SET_BY_US = frozenset({b"accept-encoding", b"content-length", b"content-type", b"expect", b"host"})
"""Request headers that we write ourselves towards the upstream."""

NOT_FROM_UPSTREAM = frozenset(
    {
        b"alt-svc",
        b"content-length",
        b"location",
        b"nel",
        b"report-to",
        b"server",
        b"set-cookie",
        b"set-cookie2",
        b"strict-transport-security",
        b"www-authenticate",
    }
)
"""Answer headers that speak for a server's own name and address, or that we write ourselves."""

READABLE_CODINGS = frozenset({b"gzip", b"x-gzip", b"deflate", b"br", b"identity", b"*"})
_REMEMBERED_NAMES = 4096


def _remember(judge: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    verdicts: dict[bytes, bool] = {}

    def remembered(name: bytes) -> bool:
        verdict = verdicts.get(name)
        if verdict is None:
            if len(verdicts) >= _REMEMBERED_NAMES:
                verdicts.clear()
            verdict = verdicts[name] = judge(name)
        return verdict

    return remembered


@_remember
def travels_up(name: bytes) -> bool:
    """Say whether a caller's header goes to the upstream (``name`` in lower case)."""
    if name in HOP_BY_HOP or name in CREDENTIALS or name in SET_BY_US:
        return False
    if name.startswith((b"x-penstock-", b"x-ai-eg-")):
        return False
    return not (name.startswith(b"x-") and name.endswith(b"-key"))


@_remember
def travels_down(name: bytes) -> bool:
    """Say whether an upstream's header goes to the caller (``name`` in lower case)."""
    if name in HOP_BY_HOP or name in NOT_FROM_UPSTREAM:
        return False
    return not name.startswith((b"x-penstock-", b"access-control-"))


def lines_up(headers: HeaderList, *, stream: bool) -> bytes:
    """Render a caller's headers for the upstream, with the codings that we can read.

    A stream is asked for without compression: its events must pass one by one.
    """
    named = _named_by_connection(headers)
    lines = [
        name + b": " + value + b"\r\n"
        for name, value in headers
        if travels_up(name) and (not named or name not in named)
    ]
    if stream:
        lines.append(b"accept-encoding: identity\r\n")
    else:
        codings = [value for name, value in headers if name == b"accept-encoding"]
        readable = _readable(b",".join(codings)) if codings else b""
        lines.append(b"accept-encoding: " + (readable or b"identity") + b"\r\n")
    return b"".join(lines)


def lines_down(headers: HeaderList) -> bytes:
    """Render an upstream's headers for the caller."""
    named = _named_by_connection(headers)
    return b"".join(
        [
            name + b": " + value + b"\r\n"
            for name, value in headers
            if travels_down(name) and (not named or name not in named)
        ]
    )


def _named_by_connection(headers: HeaderList) -> frozenset[bytes]:
    """Return the header names that ``Connection`` declares to be of this connection only."""
    for name, value in headers:
        if name == b"connection":
            named = {item.strip().lower() for item in value.split(b",")} - {b"keep-alive", b"close", b""}
            if named:
                return frozenset(named)
    return frozenset()


def _readable(codings: bytes) -> bytes:
    """Keep the codings that usage can be read from."""
    kept = [item.strip() for item in codings.split(b",") if item.split(b";")[0].strip().lower() in READABLE_CODINGS]
    return b", ".join(kept)
