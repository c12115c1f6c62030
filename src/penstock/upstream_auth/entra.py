"""Bearer tokens from Microsoft Entra ID, by azure-identity. Blocks: for the thread of a fetch.

Which of azure-identity's credentials answers is what :class:`~penstock.core.upstream_credentials.EntraCredentials`
declares; its default chain, which also looks for developers' logins, is not used. Every fetch makes a new credential:
the library would otherwise answer from its own cache with a token that the source wants renewed, and not see a
replaced secret.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import AzureError
from azure.identity import (
    AzureAuthorityHosts,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from penstock.core.upstream_credentials import EntraCredentials, OidcExchange, secrets_of
from penstock.upstream_auth.fetching import Fetched, FetchFailed, silence
from penstock.upstream_auth.header_lines import bearer_line
from penstock.upstream_auth.oidc_exchange import identity_steps
from penstock.upstream_auth.token_endpoint import ask_all

CONNECT_S = 10
READ_S = 20
MICROSOFTS_OWN = frozenset(
    {
        AzureAuthorityHosts.AZURE_PUBLIC_CLOUD,
        AzureAuthorityHosts.AZURE_GOVERNMENT,
        AzureAuthorityHosts.AZURE_CHINA,
    }
)
"""Authorities that Microsoft's discovery knows; another one (a private cloud) is taken at the operator's word."""
FAILURES = (
    AzureError,
    OSError,
    ValueError,
    LookupError,  # azure-identity reads answers as if they had every member, and of its type
    TypeError,
    AttributeError,
    RecursionError,
)


class _Credential(AbstractContextManager["_Credential"], Protocol):
    def get_token_info(self, *scopes: str) -> AccessTokenInfo: ...


def fetch_entra(declared: EntraCredentials) -> Fetched[bytes]:
    """Obtain a token and return the request line that carries it. Blocks for as long as Entra ID takes.

    Raises:
        FetchFailed: there is none; the reason holds Entra's own code (AADSTS…).
    """
    silence("azure.core", "azure.identity", "msal")
    try:
        with _credential(declared) as credential:
            token = credential.get_token_info(declared.scope)
    except FAILURES as error:
        msg = f"{type(error).__name__}: {error}"
        raise FetchFailed(msg, secrets_of(declared)) from error
    return Fetched(bearer_line(token.token), float(token.expires_on))


def _credential(declared: EntraCredentials) -> _Credential:
    if declared.managed_identity:
        return ManagedIdentityCredential(
            client_id=declared.client_id, connection_timeout=CONNECT_S, read_timeout=READ_S
        )
    host = declared.authority_host.removeprefix("https://").rstrip("/")
    settings = {
        "authority": declared.authority_host,
        "disable_instance_discovery": host not in MICROSOFTS_OWN,
        "connection_timeout": CONNECT_S,
        "read_timeout": READ_S,
        "retry_total": 1,  # the source of the credential tries again, with longer waits
    }
    tenant, client = declared.tenant_id or "", declared.client_id or ""
    if declared.client_secret is not None:
        return ClientSecretCredential(tenant, client, declared.client_secret.reveal(), **settings)
    if declared.federated_token_file is not None:
        return WorkloadIdentityCredential(
            tenant_id=tenant,
            client_id=client,
            token_file_path=declared.federated_token_file,
            **settings,
        )
    if declared.oidc is not None:
        return ClientAssertionCredential(tenant, client, _assertion(declared.oidc), **settings)
    msg = "the declaration names no way to get a token"
    raise ValueError(msg)


def _assertion(exchange: OidcExchange) -> Callable[[], str]:
    return lambda: ask_all(identity_steps(exchange)).reveal()
