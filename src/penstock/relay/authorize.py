"""What proves to a backend who we are, where that is no fixed key: tokens that are renewed, and signatures.

A credential is there, or it is waited for once, at the first request; renewing happens ahead of time and elsewhere
(:mod:`penstock.upstream_auth`). A fixed key is part of the backend's rendered head and needs nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from time import gmtime, strftime, time
from typing import Protocol

from penstock.core.errors import CredentialUnavailable
from penstock.core.upstream_credentials import AwsCredentials
from penstock.relay.snapshot import Backend
from penstock.upstream_auth.sigv4 import DATE_FORMAT, Signer
from penstock.upstream_auth.sources import BearerSource, CredentialSources, KeysSource


class Authorizer(Protocol):
    """Gives the header lines that authorize one request."""

    @property
    def available(self) -> bool:
        """Whether there is a valid credential now."""
        ...

    async def lines(self, host: str, target: str, body: Sequence[bytes | memoryview]) -> bytes:
        """Return header lines, each with CRLF, for a POST of ``body`` to ``target`` (path and query, as sent).

        Raises:
            CredentialUnavailable: there is no valid credential.
        """
        ...

    def refused(self) -> None:
        """Take note that the backend did not accept what was sent."""


class BearerAuthorizer:
    """Sends a bearer token."""

    def __init__(self, source: BearerSource) -> None:
        """Take tokens from ``source``."""
        self._source = source

    @property
    def available(self) -> bool:
        """Whether there is a valid token now."""
        return self._source.available

    async def lines(self, host: str, target: str, body: Sequence[bytes | memoryview]) -> bytes:
        """Return the token's line."""
        try:
            return self._source.current()
        except CredentialUnavailable:
            return await self._source.ready()

    def refused(self) -> None:
        """Have the token renewed."""
        self._source.renew()


class SigningAuthorizer:
    """Signs as AWS wants it."""

    def __init__(self, source: KeysSource, region: str, service: str) -> None:
        """Take keys from ``source``, and sign for this region and service."""
        self._source = source
        self._signer = Signer(region, service)
        self._second = 0
        self._date = ""

    @property
    def available(self) -> bool:
        """Whether there are valid keys now."""
        return self._source.available

    async def lines(self, host: str, target: str, body: Sequence[bytes | memoryview]) -> bytes:
        """Return the date, the session's token if there is one, and the signature."""
        try:
            keys = self._source.current()
        except CredentialUnavailable:
            keys = await self._source.ready()
        digest = sha256()
        for piece in body:
            digest.update(piece)
        path, _, query = target.partition("?")
        second = int(time())
        if second != self._second:
            self._second, self._date = second, strftime(DATE_FORMAT, gmtime(second))
        return self._signer.sign(keys, self._date, host=host, path=path, query=query, body_sha256=digest.hexdigest())

    def refused(self) -> None:
        """Have the keys renewed."""
        self._source.renew()


def authorizer_of(backend: Backend, sources: CredentialSources) -> Authorizer | None:
    """Return what authorizes requests to a backend; None where a fixed key does, or nothing.

    Raises:
        OperatorError: the library that the credential needs is not installed.
    """
    declared = backend.credentials
    if declared is None:
        return None
    if isinstance(declared, AwsCredentials):
        return SigningAuthorizer(sources.keys(declared), declared.region, declared.service)
    return BearerAuthorizer(sources.bearer(declared))
