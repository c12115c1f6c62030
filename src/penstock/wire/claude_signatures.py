"""Which signatures of thinking are Claude's own, wherever Claude is hosted.

They are base64. Those of other vendors, which callers carry for us, are marked ``vendor:``; Claude's API refuses them.
"""

from __future__ import annotations

import re

_MARKED = re.compile(r"[a-z_]{1,30}:")


def is_claudes(signature: str | None) -> bool:
    """Say whether Claude signed thinking with this signature."""
    return bool(signature) and _MARKED.match(signature or "") is None
