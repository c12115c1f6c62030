"""Bounds that an HTTP server keeps towards its callers: sizes in bytes, waits in seconds."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Everything a caller can make a server hold or wait for."""

    body_bytes: int = 50 * MIB
    header_bytes: int = 64 * 1024
    """Request line and headers together."""
    headers: int = 200
    connections: int = 20_000
    pipelined_requests: int = 16
    """Requests that may wait behind the one being answered."""
    header_s: float = 15.0
    body_s: float = 60.0
    """Longest pause while a request body, or an answer, does not move; a body that drips has no more in all."""
    keep_alive_s: float = 75.0
    linger_s: float = 2.0
    """How long a refused caller may go on sending before the connection is cut."""
