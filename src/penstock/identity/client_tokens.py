"""Who is calling, by a signed token (JWT) of an issuer that the operator trusts.

A token comes as ``Authorization: Bearer TOKEN``. It is taken when its issuer is configured, its signature is by a key
of that issuer and by an algorithm that is allowed there, its audience is ours, its time is now, and its claims are
those that are asked for. What was checked once is remembered until it expires or the issuer's keys change, since
clients send one token many times. A caller is called by a claim of the token, after the issuer's name.

Checking is pure, but for the clock; where keys come from is in :mod:`penstock.identity.token_keys`. RFC 7519, RFC 8725
(read 2026-11-23).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, NoReturn

from penstock.core.errors import CredentialUnavailable, Overloaded, Unauthenticated
from penstock.identity.client_keys import KeyIndex, identify
from penstock.identity.token_keys import Algorithm, KeySet, KeySource, key_source

LONGEST_TOKEN = 16 * 1024
REMEMBERED = 4096
_LONGEST_NAME = 128
_CHALLENGE = (("www-authenticate", 'Bearer error="invalid_token"'),)
HeaderLookup = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Whose tokens are taken, and which of them."""

    name: str
    issuer: str
    """The claim ``iss``."""
    audiences: tuple[str, ...] = ()
    """One of them must be in the claim ``aud``; none asks for none."""
    jwks: str | None = None
    """The keys themselves, as JSON; or else where they are:"""
    jwks_url: str | None = None
    refresh_s: float = 300.0
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    caller_claim: str = "sub"
    """What callers are called by."""
    claims: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Further claims, and the values of which each must have one."""
    leeway_s: float = 60.0
    """By how much clocks may differ."""


class TokenKeys:
    """Every source of keys of a process, by issuer; belongs to one event loop."""

    def __init__(self) -> None:
        """Have none yet."""
        self._sources: dict[TokenIssuer, KeySource] = {}

    def source(self, issuer: TokenIssuer) -> KeySource:
        """Return the source of an issuer's keys; it begins to fetch when it is first asked for.

        Raises:
            OperatorError: the library that checks tokens is not installed, or the keys given are none.
        """
        source = self._sources.get(issuer)
        if source is None:
            source = self._sources[issuer] = key_source(issuer.name, issuer.jwks, issuer.jwks_url, issuer.refresh_s)
            source.start()
        return source

    async def keep_only(self, used: Collection[TokenIssuer]) -> None:
        """Close the sources that no configuration uses any more."""
        await asyncio.gather(*(self._sources.pop(each).close() for each in list(self._sources) if each not in used))

    async def close(self) -> None:
        """Close every source."""
        await self.keep_only(())


class _Known(NamedTuple):
    caller: str
    expires_at: float
    keys: KeySet


class TokenCallers:
    """Tells callers by their tokens, or by their keys where those are configured too."""

    def __init__(
        self,
        issuers: Sequence[TokenIssuer],
        sources: Mapping[str, KeySource],
        client_keys: KeyIndex,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take tokens of ``issuers``, whose keys are in ``sources`` by the issuers' names."""
        self._issuers = {each.issuer: each for each in issuers}
        self._sources = sources
        self._client_keys = client_keys
        self._clock = clock
        self._known: dict[bytes, _Known] = {}

    def identify(self, header: HeaderLookup) -> str:
        """Return what the caller is called.

        Raises:
            Unauthenticated: there is no token (``code="missing_token"``), or it is not taken (``invalid_token``,
                ``token_expired``); or keys are configured too, and the request has none that is known.
            Overloaded: the issuer's keys are not known at present.
        """
        token = _find_token(header)
        if token is None:
            if self._client_keys:
                return identify(header, self._client_keys)
            msg = "This gateway requires a token. Send it as 'Authorization: Bearer TOKEN'."
            raise Unauthenticated(msg, code="missing_token", headers=(("www-authenticate", "Bearer"),))
        digest = sha256(token).digest()
        known = self._known.get(digest)
        if known is not None and known.expires_at > self._clock():
            issuer = known.caller.partition("/")[0]
            if self._sources[issuer].available and self._sources[issuer].current() is known.keys:
                return known.caller
        known = self._check(token)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[digest] = known
        return known.caller

    def _check(self, token: bytes) -> _Known:
        issuer, algorithm, kid = self._read(token)
        keys = self._keys(issuer)
        key = keys.find(kid, algorithm)
        if key is None:
            self._sources[issuer.name].renew()  # it may be a new one
            _refuse("it is signed by a key that its issuer is not known to have")
        claims = _verify(token, issuer, algorithm, key.public)
        for name, values in issuer.claims:
            found = claims.get(name)
            if not any(value in values for value in (found if isinstance(found, list) else [found])):
                _refuse(f"its claim '{name}' is not one that is asked for")
        caller = claims.get(issuer.caller_claim)
        if not isinstance(caller, str) or not caller.isprintable() or not 0 < len(caller) <= _LONGEST_NAME:
            _refuse(f"its claim '{issuer.caller_claim}' does not name its caller")
        expires = claims["exp"]
        expires_at = float(expires) if isinstance(expires, int | float) else 0.0
        return _Known(f"{issuer.name}/{caller}", expires_at + issuer.leeway_s, keys)

    def _read(self, token: bytes) -> tuple[TokenIssuer, str, str | None]:
        """Return what a token says of itself, unproved: its issuer, algorithm and key."""
        import jwt  # noqa: PLC0415  # an extra

        if len(token) > LONGEST_TOKEN:
            _refuse(f"it is longer than {LONGEST_TOKEN} bytes")
        try:
            head = jwt.get_unverified_header(token)
            said = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError, RecursionError):
            _refuse("it is not a signed JSON Web Token")
        issuer = self._issuers.get(said) if isinstance(said, str) else None
        if issuer is None:
            _refuse("its issuer is not known here")
        algorithm, kid = head.get("alg"), head.get("kid")
        if algorithm not in issuer.algorithms or "crit" in head:
            _refuse("it is signed in a way that is not allowed here")
        return issuer, str(algorithm), kid if isinstance(kid, str) else None

    def _keys(self, issuer: TokenIssuer) -> KeySet:
        try:
            keys = self._sources[issuer.name].current()
        except CredentialUnavailable as error:
            raise self._unknown_keys(issuer, error.detail) from error
        if keys.valid_until is not None and keys.valid_until <= self._clock():
            raise self._unknown_keys(issuer, "they could not be fetched again for a day")
        return keys

    def _unknown_keys(self, issuer: TokenIssuer, detail: str | None) -> Overloaded:
        msg = f"The keys of the issuer '{issuer.name}' are not known at present."
        return Overloaded(msg, code="token_keys_unavailable", headers=(("retry-after", "1"),), detail=detail)


def _find_token(header: HeaderLookup) -> bytes | None:
    """Return the token that a request carries: a bearer that looks like one, since keys come that way too."""
    authorization = header(b"authorization")
    if authorization is None or authorization[:7].lower() != b"bearer ":
        return None
    found = authorization[7:].strip(b" \t")
    return found if found.count(b".") == 2 else None


def _verify(token: bytes, issuer: TokenIssuer, algorithm: str, key: object) -> dict[str, object]:
    import jwt  # noqa: PLC0415  # an extra

    try:
        claims: dict[str, object] = jwt.decode(
            token,
            key=key,  # type: ignore[arg-type]  # of a library that may be missing
            algorithms=[algorithm],
            audience=list(issuer.audiences) or None,
            issuer=issuer.issuer,
            leeway=issuer.leeway_s,
            options={"require": ["exp", "iss"], "verify_aud": bool(issuer.audiences)},
        )
    except jwt.ExpiredSignatureError:
        _refuse("it has expired", code="token_expired")
    except jwt.ImmatureSignatureError:
        _refuse("it is not valid yet")
    except jwt.InvalidAudienceError:
        _refuse("it is meant for somebody else (its audience)")
    except (jwt.PyJWTError, ValueError, TypeError):
        _refuse("its signature or one of its claims is not right")
    return claims


def _refuse(why: str, code: str = "invalid_token") -> NoReturn:
    msg = f"The token of this request is not accepted: {why}."
    raise Unauthenticated(msg, code=code, headers=_CHALLENGE) from None
