"""Which headers travel, in both directions, and how their lines are rendered.

From caller to upstream everything travels but what belongs to the connection, credentials and cookies, and what is
ours. From upstream to caller everything travels but what an upstream may not set for us. Names that were judged once
are remembered (bounded), since callers and upstreams send the same names again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil

from penstock.core.errors import InvalidRequest
from penstock.transport.http_syntax import HOP_BY_HOP
from penstock.transport.server_request import HeaderList

REQUEST_ID = b"x-penstock-request-id"
REQUEST_ID_OF_UPSTREAM = b"x-request-id"
"""The vendors' own name; clients show it. Ours stands in when an upstream sends none."""
BACKEND = b"x-penstock-backend"
LOSSES = b"x-penstock-losses"
ATTEMPTS = b"x-penstock-attempts"
"""How many targets were tried, when the first did not answer."""
SIMULATED = b"x-penstock-simulator"
"""Says that nobody was asked: vectors and JSON of a schema have no other place for it, so callers must see it."""
MODEL_CHOICE = b"x-ai-eg-model"
RETRY_AFTER = b"retry-after"

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

SET_BY_ANY_HOP = frozenset({b"content-length", b"expect", b"host"})
"""Request headers that whoever passes a request on writes itself."""
SET_BY_US = SET_BY_ANY_HOP | {b"accept-encoding", b"content-type", b"x-amz-date"}
"""Request headers that we write ourselves towards the upstream."""

OF_THE_CALLER = frozenset(
    {
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"forwarded",
        b"true-client-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-envoy-external-address",
        b"x-real-ip",
    }
)
"""Headers that say where a request comes from, as ``x-forwarded-…`` do: a server that believes us must not find a
caller's invention there, and who calls is not a provider's business."""

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

JSON_LINE = b"content-type: application/json\r\n"
EVENTS_LINE = b"content-type: text/event-stream; charset=utf-8\r\n"
OF_A_BODY = frozenset({b"accept-ranges", b"content-encoding", b"content-md5", b"content-type", b"digest", b"etag"})
"""Answer headers that describe the upstream's body, and no other."""

READABLE_CODINGS = frozenset({b"gzip", b"x-gzip", b"deflate", b"br", b"identity", b"*"})
_REMEMBERED_NAMES = 4096
_REMEMBERED_NAME_BYTES = 64


class LineStarts(dict[bytes, bytes | None]):
    """Header name to the start of its line (``name: ``), or to None where the header does not travel.

    A name not seen yet is judged when it is looked up, and remembered.
    """

    def __init__(self, travels: Callable[[bytes], bool]) -> None:
        """Remember nothing yet."""
        super().__init__()
        self._travels = travels

    def __missing__(self, name: bytes) -> bytes | None:
        start = name + b": " if self._travels(name) else None
        if len(name) <= _REMEMBERED_NAME_BYTES:
            if len(self) >= _REMEMBERED_NAMES:
                self.clear()
            self[name] = start
        return start


def is_credential(name: bytes) -> bool:
    """Say whether a caller's header is taken for one of its credentials (``name`` in lower case)."""
    return name in CREDENTIALS or (name.startswith(b"x-") and name.endswith(b"-key"))


def travels_on(name: bytes) -> bool:
    """Say whether a caller's header goes to a server that gets the request unread (``name`` in lower case)."""
    if name in HOP_BY_HOP or name in SET_BY_ANY_HOP or name in OF_THE_CALLER:
        return False
    return not name.startswith((b"x-penstock-", b"x-ai-eg-", b"x-forwarded-"))


def travels_up(name: bytes) -> bool:
    """Say whether a caller's header goes to the upstream (``name`` in lower case)."""
    return travels_on(name) and name not in SET_BY_US and not is_credential(name)


def travels_down(name: bytes) -> bool:
    """Say whether an upstream's header goes to the caller (``name`` in lower case)."""
    if name in HOP_BY_HOP or name in NOT_FROM_UPSTREAM:
        return False
    return name == SIMULATED or not name.startswith((b"x-penstock-", b"access-control-"))


def travels_without_body(name: bytes) -> bool:
    """Say whether an upstream's header goes to a caller that gets a body of ours (``name`` in lower case)."""
    return name not in OF_A_BODY and travels_down(name)


_up = LineStarts(travels_up)
_down = LineStarts(travels_down)
_without_body = LineStarts(travels_without_body)


def lines_up(headers: HeaderList, fields: dict[bytes, bytes], *, stream: bool) -> bytes:
    """Render a caller's headers for the upstream, with the codings that we can read.

    A stream is asked for without compression: its events must pass one by one.
    """
    starts = _up
    lines = [start + value for name, value in without_named(headers, fields) if (start := starts[name]) is not None]
    codings = b"" if stream else _readable(fields.get(b"accept-encoding", b""))
    lines.append(b"accept-encoding: " + (codings or b"identity"))
    lines.append(b"")
    return b"\r\n".join(lines)


def lines_down(headers: HeaderList, fields: dict[bytes, bytes], *, own_body: bool = False) -> bytes:
    """Render an upstream's headers for the caller; ``own_body``: who gets another body than the upstream's."""
    starts = _without_body if own_body else _down
    if b"connection" in fields:
        headers = without_named(headers, fields)
    lines = [start + value for name, value in headers if (start := starts[name]) is not None]
    lines.append(b"")
    return b"\r\n".join(lines)


def refuse_repeated(headers: HeaderList, name: bytes) -> None:
    """Refuse a caller's header that we act on and that stands twice.

    Raises:
        InvalidRequest: it does (``code="duplicate_header"``).
    """
    if sum(header == name for header, _ in headers) > 1:
        text = name.decode("ascii")
        msg = f"The header '{text}' stands twice in the request."
        raise InvalidRequest(msg, code="duplicate_header", param=text)


def told_wait(wait_s: float | None, fields: dict[bytes, bytes]) -> HeaderList:
    """Return the header for a wait that an upstream asks for elsewhere than in its headers; rounded up to seconds."""
    if wait_s is None or RETRY_AFTER in fields:
        return []
    return [(RETRY_AFTER, b"%d" % ceil(wait_s))]


def without_named(headers: HeaderList, fields: dict[bytes, bytes]) -> HeaderList:
    """Leave out the headers that ``Connection`` declares to be of this connection only."""
    connection = fields.get(b"connection")
    if connection is None or (connection.lower() in {b"keep-alive", b"close"} and len(fields) == len(headers)):
        return headers
    values = b",".join(value for name, value in headers if name == b"connection")
    named = {item.strip().lower() for item in values.split(b",")}
    return [item for item in headers if item[0] not in named]


@lru_cache(maxsize=32)
def _readable(codings: bytes) -> bytes:
    """Keep the codings that usage can be read from."""
    kept = [item.strip() for item in codings.split(b",") if item.split(b";")[0].strip().lower() in READABLE_CODINGS]
    return b", ".join(kept)
