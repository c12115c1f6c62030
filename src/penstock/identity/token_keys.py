"""The public keys by which an issuer's tokens are checked: a JSON Web Key Set, given or fetched, held and renewed.

Only keys for signatures are taken, and only asymmetric ones: a shared secret would let whoever checks tokens make them.
A set is fetched as credentials are (:mod:`penstock.upstream_auth.credential_source`): off the request path, ahead of
its age, one fetch at a time, and what is held stays in use when a fetch fails.

RFC 7517 (read 2026-11-23). PyJWT is an extra of the package, imported where tokens are configured.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Literal

import msgspec

from penstock.core.errors import OperatorError
from penstock.upstream_auth.credential_source import CredentialSource
from penstock.upstream_auth.fetching import Fetched, FetchFailed
from penstock.upstream_auth.oidc_exchange import TokenRequest
from penstock.upstream_auth.refresh_policy import RefreshPolicy

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
"""Signatures by a private key; none with a shared secret, and not none at all."""

KEY_TYPES: Mapping[str, str] = MappingProxyType({"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"})
"""How an algorithm begins, to the type of its keys."""
CURVES: Mapping[str, str] = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})
LARGEST_SET = 100
LONGEST_KEPT_S = 24 * 3600.0
"""How long a set stays in use when it cannot be fetched again."""
_SHORTEST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and what it is for."""

    public: object
    """As the library that checks signatures has it."""
    kid: str | None
    type: str
    algorithm: str | None
    curve: str | None

    def fits(self, algorithm: str) -> bool:
        """Say whether signatures by ``algorithm`` may be this key's."""
        if self.algorithm is not None:
            return self.algorithm == algorithm
        return self.type == KEY_TYPES[algorithm[:2]] and CURVES.get(algorithm) in {None, self.curve}


class KeySet:
    """The keys of one issuer."""

    def __init__(self, keys: list[Key], valid_until: float | None = None) -> None:
        """Hold these keys; ``valid_until`` in Unix seconds, None for ever."""
        self.keys = keys
        self.valid_until = valid_until

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key that a token names; one that names none may have the only key for its algorithm."""
        found = [key for key in self.keys if key.fits(algorithm) and (kid is None or key.kid == kid)]
        return found[0] if len(found) == 1 or (found and kid is not None) else None


KeySource = CredentialSource[KeySet]
_POLICY = RefreshPolicy(renew_pause_s=30.0)
"""A token with an unknown key may be the first sign of a new one, but not more often than this."""


def read_key_set(text: str | bytes, valid_until: float | None = None) -> KeySet:
    """Read a JSON Web Key Set; keys that are of no use here are left out.

    Raises:
        ValueError: it is none, or holds no key that could check a signature.
    """
    try:
        entries = msgspec.json.decode(text, type=dict[str, object]).get("keys")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = "is not a JSON Web Key Set: not a JSON object"
        raise ValueError(msg) from error
    if not isinstance(entries, list) or len(entries) > LARGEST_SET:
        msg = f"is not a JSON Web Key Set: needs a list keys, of at most {LARGEST_SET}"
        raise ValueError(msg)
    keys = [key for entry in entries if isinstance(entry, dict) and (key := _read_key(entry)) is not None]
    if not keys:
        msg = "holds no public key that could check a signature"
        raise ValueError(msg)
    return KeySet(keys, valid_until)


def _read_key(entry: dict[str, object]) -> Key | None:
    from jwt import PyJWK, PyJWTError  # noqa: PLC0415  # an extra

    kty, kid, algorithm, curve = (entry.get(name) for name in ("kty", "kid", "alg", "crv"))
    if kty not in KEY_TYPES.values() or entry.get("use", "sig") != "sig" or "d" in entry:
        return None  # a private key has no business in a public place, and is not used
    try:
        public = PyJWK(entry).key
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if kty == "RSA" and getattr(public, "key_size", 0) < _SHORTEST_RSA_BITS:
        return None
    named = [value if isinstance(value, str) else None for value in (kid, algorithm, curve)]
    return Key(public, named[0], str(kty), named[1], named[2])


def key_source(name: str, jwks: str | None, url: str | None, refresh_s: float) -> KeySource:
    """Return the source of an issuer's keys: those given, or those at ``url``; it is not started yet.

    Raises:
        OperatorError: the library that checks tokens is not installed, or the keys given are none.
    """
    check_extra()
    title, noun = f"client_tokens.{name}", "keys"
    if jwks is None:
        return CredentialSource(title, lambda: _fetch(url or "", refresh_s), noun=noun, policy=_POLICY)
    try:
        held = Fetched(read_key_set(jwks))
    except ValueError as error:
        msg = f"client_tokens.{name}.jwks {error}"
        raise OperatorError(msg) from error
    return CredentialSource(title, lambda: held, noun=noun, held=held, policy=_POLICY)


def check_extra() -> None:
    """Look whether what checks tokens is installed, without importing it.

    Raises:
        OperatorError: it is not; the text says how to install it.
    """
    if find_spec("jwt") is None or find_spec("cryptography") is None:
        msg = "client_tokens need PyJWT and cryptography, not installed here: pip install 'penstock[jwt]'"
        raise OperatorError(msg)


def _fetch(url: str, refresh_s: float) -> Fetched[KeySet]:
    from penstock.upstream_auth.token_endpoint import ask  # noqa: PLC0415 - only who has issuers needs its megabyte

    answer = ask(TokenRequest(url, {"accept": "application/json"}))
    if answer.status != 200:
        msg = f"{url} answered with status {answer.status}"
        raise FetchFailed(msg)
    try:
        keys = read_key_set(answer.body, time.time() + LONGEST_KEPT_S)
    except ValueError as error:
        msg = f"the answer of {url} {error}"
        raise FetchFailed(msg) from error
    return Fetched(keys, read_again_s=refresh_s)
