"""An OpenID provider on loopback: discovery, and the client credentials grant with tokens that it really signs."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal
from urllib.parse import unquote_plus

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import OidcExchange
from tests.upstream_auth.local_server import Answer, Asked, LocalServer, serving

CLIENT = "gateway one"  # the space must be quoted in the Authorization header
SECRET = "oidc+secret/%=1"


class OidcProvider:
    """Knows one client, and signs what it gives with a key of its own."""

    def __init__(self, accepts: Literal["basic", "post"] = "basic") -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._accepts = accepts
        self.server = LocalServer("")
        self.granted: list[str] = []

    def exchange(self, **further: object) -> OidcExchange:
        """Return the declaration by which the gateway is this provider's client."""
        values: dict[str, object] = {"issuer": self.server.url, "client_id": CLIENT, "client_secret": Secret(SECRET)}
        return OidcExchange(**(values | further))  # type: ignore[arg-type]  # a test's own fields

    def claims(self, token: str, audience: str | None = None) -> Mapping[str, object]:
        """Check a token's signature and return what it claims, as a cloud that trusts this provider does."""
        options = {"verify_aud": audience is not None}
        claims: dict[str, object] = jwt.decode(
            token,
            self._key.public_key(),
            algorithms=["RS256"],
            audience=audience,
            options=options,  # type: ignore[arg-type]  # a plain dict
        )
        return claims

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/.well-known/openid-configuration":
            return Answer({"issuer": self.server.url, "token_endpoint": self.server.url + "/token"})
        if asked.path != "/token" or asked.form.get("grant_type") != "client_credentials":
            return Answer({"error": "unsupported_grant_type"}, 400)
        if _client(asked, self._accepts) != (CLIENT, SECRET):
            return Answer({"error": "invalid_client", "error_description": "who are you?"}, 401)
        now = int(time.time())
        claims = {"iss": self.server.url, "sub": CLIENT, "aud": asked.form.get("audience"), "iat": now}
        claims |= {"exp": now + 300, "scope": asked.form.get("scope", ""), "jti": str(len(self.granted))}
        token = jwt.encode({k: v for k, v in claims.items() if v is not None}, self._key, algorithm="RS256")
        self.granted.append(token)
        return Answer({"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": 300})


def _client(asked: Asked, place: Literal["basic", "post"]) -> tuple[str, str]:
    """Return the client's id and secret from the one place where this provider looks (RFC 6749, section 2.3.1)."""
    if place == "post":
        return asked.form.get("client_id", ""), asked.form.get("client_secret", "")
    kind, _, pair = asked.headers.get("authorization", "").partition(" ")
    name, _, secret = b64decode(pair).decode().partition(":") if kind == "Basic" else ("", "", "")
    return unquote_plus(name), unquote_plus(secret)


@contextmanager
def oidc_provider(accepts: Literal["basic", "post"] = "basic") -> Iterator[OidcProvider]:
    """Run a provider."""
    provider = OidcProvider(accepts)
    with serving(provider.answer) as server:
        provider.server = server
        yield provider
