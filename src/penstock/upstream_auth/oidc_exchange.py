"""An identity from an OpenID provider, for a cloud to take as one of its own: the client credentials grant.

Sans-I/O: :func:`identity_steps` yields the requests it needs and is sent their answers, so that what is asked and how
it is read need no network to be tested; :mod:`penstock.upstream_auth.token_endpoint` does the asking.

- The grant: RFC 6749, section 4.4; how the client's secret travels: section 2.3.1; errors: section 5.2.
- Where the token endpoint is: OpenID Connect Discovery 1.0, section 4.

Which cloud then gets the identity, and in exchange for what, is the business of ``aws.py``, ``entra.py`` and
``gcp.py``. The token is opaque here: the cloud checks it, not the gateway.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import OidcExchange
from penstock.upstream_auth.fetching import FetchFailed

ClientAuthentication = Literal["auto", "basic", "post"]

AUTHENTICATIONS: Mapping[ClientAuthentication, tuple[Literal["basic", "post"], ...]] = MappingProxyType(
    {"auto": ("basic", "post"), "basic": ("basic",), "post": ("post",)}
)
"""In which ways the client is made known, in this order, until one is not refused."""

CLIENT_REFUSED = frozenset({400, 401, 403})
"""Statuses by which token endpoints refuse a way of authenticating; RFC 6749 says 400 or 401."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to a token endpoint; a body is a form, and means POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None = None

    def __repr__(self) -> str:
        """Leave out headers and body: both hold the client's secret."""
        return f"TokenRequest({self.url!r})"


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a token endpoint answered."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        """Leave out the body: it holds a token."""
        return f"TokenAnswer({self.status})"


S = TypeVar("S", bound=msgspec.Struct)

IdentitySteps = Generator[TokenRequest, TokenAnswer, Secret]


class _Discovery(msgspec.Struct):
    issuer: str = ""
    token_endpoint: str = ""


class _Grant(msgspec.Struct):
    access_token: str | None = None
    id_token: str | None = None
    error: str = ""
    error_description: str = ""


def identity_steps(exchange: OidcExchange) -> IdentitySteps:
    """Yield the requests that get an identity, be sent the answer to each, and return the token.

    Raises:
        FetchFailed: the provider refuses, or answers something else than a token.
    """
    token_url = exchange.token_url
    if not token_url:
        issuer = exchange.issuer or ""
        token_url = _read_discovery((yield _discovery_request(issuer)), issuer)
    answer = TokenAnswer(0, b"")
    for authentication in AUTHENTICATIONS[exchange.client_authentication]:
        answer = yield _grant_request(exchange, token_url, authentication)
        if answer.status not in CLIENT_REFUSED:
            break
    return _read_grant(answer, exchange, token_url)


def _discovery_request(issuer: str) -> TokenRequest:
    return TokenRequest(issuer.rstrip("/") + "/.well-known/openid-configuration", {"accept": "application/json"})


def _read_discovery(answer: TokenAnswer, issuer: str) -> str:
    found = _decode(answer, _Discovery)
    if answer.status != 200 or found is None or not found.token_endpoint:
        msg = f"the OpenID provider {issuer} answers {answer.status} without a token endpoint to the discovery request"
        raise FetchFailed(msg)
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        msg = f"the OpenID provider at {issuer} says it is {found.issuer}"
        raise FetchFailed(msg)
    if urlsplit(found.token_endpoint).scheme not in {"https", urlsplit(issuer).scheme}:
        msg = f"the OpenID provider {issuer} names the token endpoint {found.token_endpoint}, which is not https"
        raise FetchFailed(msg)
    return found.token_endpoint


def _grant_request(exchange: OidcExchange, token_url: str, authentication: Literal["basic", "post"]) -> TokenRequest:
    form = {"grant_type": "client_credentials"}
    if exchange.scopes:
        form["scope"] = " ".join(exchange.scopes)
    if exchange.audience:
        form["audience"] = exchange.audience
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    secret = exchange.client_secret.reveal()
    if authentication == "basic":
        pair = f"{quote_plus(exchange.client_id)}:{quote_plus(secret)}"
        headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": exchange.client_id, "client_secret": secret}
    return TokenRequest(token_url, headers, urlencode(form).encode())


def _read_grant(answer: TokenAnswer, exchange: OidcExchange, token_url: str) -> Secret:
    grant = _decode(answer, _Grant)
    if answer.status == 200 and grant is not None:
        token = grant.access_token if exchange.token == "access_token" else grant.id_token  # noqa: S105  # a member
        if token:
            return Secret(token)
        msg = f"the token endpoint {token_url} answers without {exchange.token}"
        raise FetchFailed(msg)
    said = f": {grant.error} {grant.error_description}" if grant is not None and grant.error else ""
    msg = f"the token endpoint {token_url} answers {answer.status}{said}"
    raise FetchFailed(msg, [exchange.client_secret])


def _decode(answer: TokenAnswer, kind: type[S]) -> S | None:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None
