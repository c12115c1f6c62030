"""Who is calling, by the key that the request carries.

A key comes as ``Authorization: Bearer KEY`` (OpenAI clients), ``x-api-key`` (Anthropic clients) or ``api-key`` (Azure
clients); the first of these that is there decides, so that a request never has two identities. Only SHA-256 digests
are kept: keys are long and random (the configuration refuses short ones), so a slow hash would add cost per request
and no safety. Digests are found by their first bytes and compared in constant time.

Everything here is pure and runs for each request. What a caller may do, and how much, is not decided here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from penstock.core.errors import Unauthenticated

ANONYMOUS = "anonymous"
"""What a caller is called when no client keys are configured; no configured key may have this name."""

KeyIndex = Mapping[bytes, tuple[tuple[bytes, str], ...]]
"""First bytes of a digest to the (digest, name) pairs that share them."""

_INDEXED_BYTES = 8
_CHALLENGE = (("www-authenticate", "Bearer"),)
_HOW = "Send a client key of this gateway as 'Authorization: Bearer KEY', 'x-api-key: KEY' or 'api-key: KEY'."


def index_keys(keys: Iterable[tuple[str, str]]) -> KeyIndex:
    """Build the lookup from (name, SHA-256 in hex) pairs, once per snapshot.

    Raises:
        ValueError: a digest is not 64 hexadecimal digits.
    """
    index: dict[bytes, tuple[tuple[bytes, str], ...]] = {}
    for name, digest_hex in keys:
        digest = bytes.fromhex(digest_hex)
        if len(digest) != 32:
            msg = f"the SHA-256 of client key {name!r} must have 64 hexadecimal digits"
            raise ValueError(msg)
        place = digest[:_INDEXED_BYTES]
        index[place] = (*index.get(place, ()), (digest, name))
    return index


def identify(header: Callable[[bytes], bytes | None], keys: KeyIndex) -> str:
    """Return the name of the caller's key; ``header`` looks a request header up by its lower-case name.

    Raises:
        Unauthenticated: keys are configured, and the request has none (``code="missing_api_key"``) or an unknown one.
    """
    if not keys:
        return ANONYMOUS
    key = find_key(header)
    if not key:
        msg = f"This gateway requires a key. {_HOW}"
        raise Unauthenticated(msg, code="missing_api_key", headers=_CHALLENGE)
    digest = sha256(key).digest()
    for known, name in keys.get(digest[:_INDEXED_BYTES], ()):
        if hmac.compare_digest(known, digest):
            return name
    msg = f"The key of this request is not known here. {_HOW}"
    raise Unauthenticated(msg, headers=_CHALLENGE)


def find_key(header: Callable[[bytes], bytes | None]) -> bytes | None:
    """Return the key that a request carries, known or not; the header that decides is the first that is there."""
    authorization = header(b"authorization")
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        return authorization[7:].strip(b" \t")
    return header(b"x-api-key") or header(b"api-key")
