"""Bearer tokens from Google, by google-auth. Blocks: for the thread of a fetch.

Which of google-auth's credentials answers is what :class:`~penstock.core.upstream_credentials.GcpCredentials`
declares. Every fetch reads files anew and makes a new credential, so that a replaced key is seen and the library's own
view of freshness does not stand in the way. A federation file that would run a program is refused: the gateway starts
none.

google-auth needs ``requests`` for application default credentials: without it the metadata server is skipped, and the
failure says only that no credentials were found.

https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-providers,
https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
(read 2026-11-23).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import google.auth
import msgspec
import requests
from google.auth import aws, identity_pool, impersonated_credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from penstock.core.upstream_credentials import GcpCredentials, GcpWorkloadIdentity, secrets_of
from penstock.upstream_auth.fetching import Fetched, FetchFailed, silence
from penstock.upstream_auth.header_lines import header_lines
from penstock.upstream_auth.oidc_exchange import identity_steps
from penstock.upstream_auth.token_endpoint import ask_all

TIMEOUT_S = 20
READ_AGAIN_S = 300.0
"""For tokens that do not say when they expire."""
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
FAILURES = (
    GoogleAuthError,
    OSError,
    ValueError,
    msgspec.MsgspecError,
    LookupError,  # google-auth reads answers as if they had every member, and of its type
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class _Credentials(Protocol):
    """What is used of google-auth's credentials, which declare no types."""

    expiry: datetime | None
    """Naive, in UTC."""

    def refresh(self, request: object) -> None: ...

    def apply(self, headers: dict[str, str]) -> None: ...


def fetch_gcp(declared: GcpCredentials) -> Fetched[bytes]:
    """Obtain a token and return the request lines that carry it (a quota project has a line too).

    Blocks for as long as Google's endpoints take.

    Raises:
        FetchFailed: there is none.
    """
    silence("google.auth", "google.oauth2")
    headers: dict[str, str] = {}
    try:
        with requests.Session() as session:
            send = partial(Request(session), timeout=TIMEOUT_S)
            credentials = _impersonating(declared, _identity(declared, send))
            credentials.refresh(send)
            credentials.apply(headers)
    except FAILURES as error:
        msg = f"{type(error).__name__}: {error}"
        raise FetchFailed(msg, secrets_of(declared)) from error
    if credentials.expiry is not None:
        return Fetched(header_lines(headers), credentials.expiry.replace(tzinfo=UTC).timestamp())
    return Fetched(header_lines(headers), read_again_s=READ_AGAIN_S)


def _identity(declared: GcpCredentials, send: object) -> _Credentials:
    scopes = [declared.scope]
    if declared.service_account_file is not None:
        return _service_account(_read_json(Path(declared.service_account_file).read_bytes()), scopes)
    if declared.service_account_key is not None:
        return _service_account(_read_json(declared.service_account_key.reveal().encode()), scopes)
    if declared.external_account_file is not None:
        return _external_account(_read_json(Path(declared.external_account_file).read_bytes()), scopes)
    if declared.workload_identity is not None:
        return _federated(declared, declared.workload_identity, scopes)
    found, _ = google.auth.default(scopes=scopes, request=send)  # type: ignore[arg-type]  # called like a Request
    return cast("_Credentials", found)


def _service_account(info: dict[str, object], scopes: list[str]) -> _Credentials:
    made = service_account.Credentials.from_service_account_info(info, scopes=scopes)  # type: ignore[no-untyped-call]
    return cast("_Credentials", made)


def _external_account(info: dict[str, object], scopes: list[str]) -> _Credentials:
    source = info.get("credential_source")
    if info.get("type") != "external_account" or not isinstance(source, dict):
        msg = "the file is not an external account configuration"
        raise ValueError(msg)
    if "executable" in source:
        msg = "the file asks for a program to be run, which the gateway does not do"
        raise ValueError(msg)
    if "environment_id" in source:
        return cast("_Credentials", aws.Credentials.from_info(info, scopes=scopes))  # type: ignore[no-untyped-call]
    return cast("_Credentials", identity_pool.Credentials.from_info(info, scopes=scopes))  # type: ignore[no-untyped-call]


class _OidcToken(identity_pool.SubjectTokenSupplier):
    """Hands an OpenID provider's token to Google's exchange."""

    def __init__(self, pool: GcpWorkloadIdentity) -> None:
        self._pool = pool

    def get_subject_token(self, context: object, request: object) -> str:
        """Return a fresh token, as google-auth asks for it."""
        return ask_all(identity_steps(self._pool.oidc)).reveal()


def _federated(declared: GcpCredentials, pool: GcpWorkloadIdentity, scopes: list[str]) -> _Credentials:
    made = identity_pool.Credentials(  # type: ignore[no-untyped-call]
        audience=pool.audience,
        subject_token_type=JWT_TYPE,
        token_url=declared.sts_url,
        subject_token_supplier=_OidcToken(pool),
        scopes=scopes,
    )
    return cast("_Credentials", made)


def _impersonating(declared: GcpCredentials, source: _Credentials) -> _Credentials:
    if declared.impersonate is None:
        return source
    account = declared.impersonate
    base = declared.iam_credentials_url.rstrip("/")
    made = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        source_credentials=source,
        target_principal=account,
        target_scopes=[declared.scope],
        iam_endpoint_override=f"{base}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
    )
    return cast("_Credentials", made)


def _read_json(data: bytes) -> dict[str, object]:
    return msgspec.json.decode(data, type=dict[str, object])
