"""Choices that look free and are fixed by what was asked.

The same request to a simulator with the same seed gets the same words, numbers and vectors: a failure seen once can be
seen again. Nothing here is fit for secrets.
"""

from __future__ import annotations

import random
from hashlib import blake2b


def digest(*parts: object) -> bytes:
    """Return 16 bytes that depend on every part and on where one ends and the next begins."""
    hasher = blake2b(digest_size=16)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "big") + data)
    return hasher.digest()


def chance(*parts: object) -> random.Random:
    """Return a generator whose draws are fixed by the parts."""
    return random.Random(digest(*parts))
