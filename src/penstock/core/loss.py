"""What a request lost on its way to a provider.

Nothing is lost in silence: whoever changes a request in a way the caller could notice returns one ``Loss`` for each
place. The relay shows them in the ``x-penstock-losses`` header and in the access log. Deciding what a loss means for
the request (allow, reject) is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

_NOT_FOR_HEADERS = re.compile(r"[^ -~]")

LossKind = Literal["dropped", "approximated", "moved", "clamped"]


class Loss(msgspec.Struct, frozen=True):
    """One change of the caller's request: where (JSON path), what happened, and why."""

    path: str
    kind: LossKind
    why: str


def summarise(losses: Iterable[Loss], *, limit_chars: int = 512) -> str:
    """Render losses for a header: ``dropped $.seed; moved $.messages[2]``, cut at ``limit_chars``."""
    text = "; ".join(f"{loss.kind} {loss.path}" for loss in losses)
    text = _NOT_FOR_HEADERS.sub("?", text)
    return text if len(text) <= limit_chars else text[: limit_chars - 3] + "..."
