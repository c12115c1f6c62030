"""Microsoft's token endpoints on loopback: Entra ID over TLS, identity endpoints of machines and App Service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import jwt

from tests.transport.certificates import Authority
from tests.upstream_auth.local_server import Answer, Asked, LocalServer, serving
from tests.upstream_auth.oidc_provider import OidcProvider

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "99999999-8888-7777-6666-555555555555"
SECRET = "entra~secret.value"
SCOPE = "https://cognitiveservices.azure.com/.default"
RESOURCE = "https://cognitiveservices.azure.com"
AUDIENCE = "api://AzureADTokenExchange"
JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Entra:
    """One tenant with one application, which may trust one OpenID provider."""

    def __init__(self, trusted: OidcProvider | None = None, token: str = "entra.secret") -> None:
        self.trusted = trusted
        self.token = token
        self.server = LocalServer("")

    def answer(self, asked: Asked) -> Answer:
        base = f"{self.server.url}/{TENANT}"
        if asked.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            places = {"token_endpoint": f"{base}/oauth2/v2.0/token", "issuer": f"{base}/v2.0"}
            return Answer(places | {"authorization_endpoint": f"{base}/oauth2/v2.0/authorize"})
        if asked.path != f"/{TENANT}/oauth2/v2.0/token":
            return Answer({"error": "invalid_request", "error_description": "AADSTS90002: no such tenant"}, 400)
        form = asked.form
        if (form["grant_type"], form["client_id"], form["scope"]) != ("client_credentials", CLIENT, SCOPE):
            return Answer({"error": "invalid_request", "error_description": "AADSTS70011: scope"}, 400)
        if form.get("client_assertion_type") == JWT_ASSERTION:
            return self._by_assertion(form["client_assertion"])
        if form.get("client_secret") != SECRET:
            return _refusal(f"AADSTS7000215: Invalid client secret provided: {form.get('client_secret')}")
        return _token(self.token)

    def _by_assertion(self, assertion: str) -> Answer:
        try:
            if self.trusted is None:
                raise jwt.InvalidTokenError
            self.trusted.claims(assertion, AUDIENCE)
        except jwt.InvalidTokenError:
            return _refusal(f"AADSTS700213: No matching federated identity record for {assertion}")
        return _token("entra.federated")


def _refusal(description: str) -> Answer:
    return Answer({"error": "invalid_client", "error_description": description, "error_codes": [7000215]}, 401)


def _token(token: str) -> Answer:
    return Answer({"token_type": "Bearer", "access_token": token, "expires_in": 3599, "ext_expires_in": 3599})


def machine(asked: Asked) -> Answer:
    """Answer as the instance metadata service, which wants its header and names user-assigned identities by client."""
    if asked.path != "/metadata/identity/oauth2/token" or asked.headers.get("metadata") != "true":
        return Answer({"error": "invalid_request"}, 400)
    if asked.query.get("resource") != RESOURCE:
        return Answer({"error": "invalid_resource"}, 400)
    until = int(time.time()) + 3599
    token = f"machine.{asked.query.get('client_id', 'system')}"
    return Answer(
        {
            "access_token": token,
            "expires_on": str(until),
            "expires_in": "3599",
            "resource": RESOURCE,
            "token_type": "Bearer",
        }
    )


def app_service(asked: Asked) -> Answer:
    """Answer as the identity endpoint of App Service, which wants the secret that is in the environment."""
    if asked.headers.get("x-identity-header") != "platform-secret" or asked.query.get("resource") != RESOURCE:
        return Answer({"statusCode": 401, "message": "no"}, 401)
    until = int(time.time()) + 3599
    return Answer(
        {"access_token": "app.service", "expires_on": str(until), "resource": RESOURCE, "token_type": "Bearer"}
    )


@contextmanager
def entra(authority: Authority, trusted: OidcProvider | None = None, *, token: str = "entra.secret") -> Iterator[Entra]:
    """Run Entra ID with a certificate of this authority; who knows the client's secret is handed ``token``."""
    playing = Entra(trusted, token)
    with serving(playing.answer, authority.issue("127.0.0.1")) as server:
        playing.server = server
        yield playing
