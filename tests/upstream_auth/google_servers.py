"""Google's token endpoints on loopback: service accounts, token exchange, impersonation, the metadata server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.upstream_auth.local_server import Answer, Asked, LocalServer, serving
from tests.upstream_auth.oidc_provider import OidcProvider

ACCOUNT = "gateway@models.iam.gserviceaccount.com"
TARGET = "models@models.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
IAM_SCOPE = "https://www.googleapis.com/auth/iam"
"""Enough for impersonation."""
GOOGLES_TOKEN_URL = "https://oauth2.googleapis.com/token"
"""Whom assertions are for, wherever the endpoint is."""
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
AUDIENCE = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/gateways/providers/keycloak"
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
AWS_TYPE = "urn:ietf:params:aws:token-type:aws4_request"
LIFE_S = 3599


class Google:
    """Knows one service account by its public key, and trusts one OpenID provider."""

    def __init__(self, trusted: OidcProvider | None, token: str) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.trusted = trusted
        self.token = token
        self.server = LocalServer("")
        self.life_s = LIFE_S

    def key_file(self, key: rsa.RSAPrivateKey | None = None) -> str:
        """Return the JSON key of the service account; another key is one that Google does not know."""
        pem = (key or self.key).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "models",
                "private_key_id": "k1",
                "private_key": pem.decode(),
                "client_email": ACCOUNT,
                "client_id": "1",
                "token_uri": f"{self.server.url}/token",
            }
        )

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            return self._service_account(asked)
        if asked.path == "/v1/token":
            return self._exchange(asked)
        if asked.path == f"/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken":
            return _impersonation(asked)
        if asked.path.startswith("/computeMetadata") or asked.path == "/":
            return _metadata(asked)
        return Answer({"error": "not found"}, 404)

    def _service_account(self, asked: Asked) -> Answer:
        """RFC 7523: a JWT that the account's key has signed, for Google's endpoint, for at most an hour."""
        if asked.form.get("grant_type") != JWT_BEARER:
            return Answer({"error": "unsupported_grant_type"}, 400)
        try:
            claims = jwt.decode(
                asked.form["assertion"], self.key.public_key(), algorithms=["RS256"], audience=GOOGLES_TOKEN_URL
            )
        except jwt.InvalidTokenError:
            return Answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        if (
            claims["iss"] != ACCOUNT
            or claims["scope"] not in {SCOPE, IAM_SCOPE}
            or claims["exp"] - claims["iat"] > 3600
        ):
            return Answer({"error": "invalid_grant", "error_description": "Invalid JWT."}, 400)
        return Answer({"access_token": self.token, "expires_in": self.life_s, "token_type": "Bearer"})

    def _exchange(self, asked: Asked) -> Answer:
        """RFC 8693: a token of the trusted provider for one of Google's."""
        form = asked.form
        if (form["grant_type"], form["audience"]) != (TOKEN_EXCHANGE, AUDIENCE):
            return Answer({"error": "invalid_request", "error_description": "unknown pool"}, 400)
        kind, token = form["subject_token_type"], form["subject_token"]
        trusted = kind in {JWT_TYPE, AWS_TYPE} and (self._trusts_jwt(token) if kind == JWT_TYPE else _trusts_aws(token))
        if not trusted:
            return Answer({"error": "invalid_grant", "error_description": "untrusted"}, 400)
        return Answer(
            {
                "access_token": "ya29.federated",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "expires_in": LIFE_S,
                "token_type": "Bearer",
            }
        )

    def _trusts_jwt(self, token: str) -> bool:
        try:
            return self.trusted is not None and bool(self.trusted.claims(token, AUDIENCE))
        except jwt.InvalidTokenError:
            return False


def _trusts_aws(token: str) -> bool:
    """A request that AWS could be asked, signed, which says who the machine is and for which pool it was made."""
    request = json.loads(unquote(token))
    headers = {header["key"].lower(): header["value"] for header in request["headers"]}
    signed = headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAMACHINE/")
    return (
        signed and headers["x-goog-cloud-target-resource"] == AUDIENCE and "Action=GetCallerIdentity" in request["url"]
    )


def _impersonation(asked: Asked) -> Answer:
    """generateAccessToken of the IAM Credentials API, for who holds one of our tokens."""
    if not asked.headers.get("authorization", "").startswith("Bearer ya29."):
        return Answer({"error": {"code": 401, "message": "no token", "status": "UNAUTHENTICATED"}}, 401)
    if json.loads(asked.body)["scope"] != [SCOPE]:
        return Answer({"error": {"code": 403, "message": "scope", "status": "PERMISSION_DENIED"}}, 403)
    until = datetime.fromtimestamp(time.time() + LIFE_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Answer({"accessToken": "ya29.impersonated", "expireTime": until})


def _metadata(asked: Asked) -> Answer:
    """The metadata server of a machine with one service account; it wants its header and says its name."""
    flavor = {"metadata-flavor": "Google"}
    if asked.headers.get("metadata-flavor") != "Google":
        return Answer("", 403, flavor)
    base = "/computeMetadata/v1/"
    account = f"{base}instance/service-accounts/"
    texts = {
        "/": "computeMetadata/",
        f"{base}project/project-id": "models",
        f"{base}universe/universe-domain": "googleapis.com",
    }
    if asked.path in texts:
        return Answer(texts[asked.path], headers=flavor | {"content-type": "text/plain"})
    answers: dict[str, object] = {
        f"{account}default/": {"email": ACCOUNT, "scopes": [SCOPE], "aliases": ["default"]},
        f"{account}{ACCOUNT}/": {"email": ACCOUNT, "scopes": [SCOPE], "aliases": ["default"]},
        f"{account}default/token": {"access_token": "ya29.machine", "expires_in": LIFE_S, "token_type": "Bearer"},
        f"{account}{ACCOUNT}/token": {"access_token": "ya29.machine", "expires_in": LIFE_S, "token_type": "Bearer"},
    }
    if asked.path in answers:
        return Answer(answers[asked.path], headers=flavor | {"content-type": "application/json"})
    return Answer("", 404, flavor)


@contextmanager
def google(trusted: OidcProvider | None = None, *, token: str = "ya29.account") -> Iterator[Google]:
    """Run all of it on one port; the service account is handed ``token``."""
    playing = Google(trusted, token)
    with serving(playing.answer) as server:
        playing.server = server
        yield playing
