"""What an operator may declare as the credential of a backend, beyond a plain API key.

Three clouds hand out credentials that expire: Amazon (keys that sign), Microsoft Entra ID and Google (bearer tokens).
Each declaration says where the gateway's own identity comes from; :mod:`penstock.upstream_auth` obtains and renews
what is sent. An API key needs no declaration of this kind. Declarations are values: equal ones share one source, also
over a reload, and their secrets do not print.

Nothing is fetched here, and no file is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from penstock.core.secret import Secret

ENTRA_AUTHORITY = "https://login.microsoftonline.com"
AZURE_AI_SCOPE = "https://cognitiveservices.azure.com/.default"
GOOGLE_CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GOOGLE_STS_URL = "https://sts.googleapis.com/v1/token"
GOOGLE_IAM_CREDENTIALS_URL = "https://iamcredentials.googleapis.com"
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class OidcExchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity from an OpenID provider (client credentials grant), which a cloud then takes for one of its own.

    ``token_url`` is the provider's token endpoint; without it the endpoint is looked up under ``issuer``.
    """

    client_id: str
    client_secret: Secret
    issuer: str | None = None
    token_url: str | None = None
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    """Sent as ``audience``, for providers that want to be told for whom the token is."""
    client_authentication: Literal["auto", "basic", "post"] = "auto"
    """Where the client secret stands: in an Authorization header, in the form, or in the form once the header is
    refused."""
    token: Literal["access_token", "id_token"] = "access_token"  # noqa: S105  # the name of a member, not a token
    """Which member of the provider's answer is the identity."""

    def __post_init__(self) -> None:
        """Refuse what names no token endpoint.

        Raises:
            ValueError: neither ``issuer`` nor ``token_url`` is there, or one is no http(s) URL.
        """
        if not self.issuer and not self.token_url:
            msg = "an OIDC exchange needs an issuer or a token_url"
            raise ValueError(msg)
        _check_urls(issuer=self.issuer, token_url=self.token_url)


class AwsCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys that sign requests to Amazon.

    With nothing but a region, botocore's own chain decides: environment, profiles, web identity (IRSA), SSO, Pod
    Identity and container endpoint, instance metadata. With ``role_arn``, the role is assumed with what else is
    declared. Addresses of the service itself (VPC, FIPS) are the backend's base URL.
    """

    region: str
    service: str = "bedrock"
    """The service's name in signatures."""
    access_key_id: str | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    profile: str | None = None
    credentials_file: str | None = None
    """Another file than ``~/.aws/credentials``."""
    role_arn: str | None = None
    role_session_name: str = "penstock"
    external_id: str | None = None
    web_identity_token_file: str | None = None
    oidc: OidcExchange | None = None
    sts_url: str | None = None
    """Another address of the token service than the region's own: a VPC or FIPS endpoint."""

    def __post_init__(self) -> None:
        """Refuse half a key, and more than one identity.

        Raises:
            ValueError: the combination says nothing, or two things.
        """
        if (self.access_key_id is None) != (self.secret_access_key is None):
            msg = "access_key_id and secret_access_key belong together"
            raise ValueError(msg)
        if self.access_key_id is not None and not _VISIBLE.fullmatch(self.access_key_id):
            msg = "access_key_id must be one line of ASCII characters without spaces"
            raise ValueError(msg)
        if self.session_token is not None and self.access_key_id is None:
            msg = "session_token belongs to an access_key_id"
            raise ValueError(msg)
        web_identity = {"web_identity_token_file": self.web_identity_token_file, "oidc": self.oidc}
        identities = {"access_key_id": self.access_key_id, "profile": self.profile, **web_identity}
        _at_most_one(identities)
        if self.credentials_file is not None and _given(identities) not in ([], ["profile"]):
            msg = "credentials_file is read for a profile, and no profile decides here"
            raise ValueError(msg)
        if self.role_arn is None and (needing := _given({**web_identity, "external_id": self.external_id})):
            msg = f"{needing[0]} needs a role_arn, the role to assume"
            raise ValueError(msg)
        if self.external_id is not None and _given(web_identity):
            msg = "external_id has no place in assuming a role by web identity"
            raise ValueError(msg)
        _check_urls(sts_url=self.sts_url)


class EntraCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bearer token from Microsoft Entra ID, for Azure OpenAI.

    Exactly one of: a client secret; a federated token in a file (workload identity of Kubernetes); a token from
    another OpenID provider; the managed identity of the machine, for which ``client_id`` chooses a user-assigned one.
    """

    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    federated_token_file: str | None = None
    oidc: OidcExchange | None = None
    managed_identity: bool = False
    scope: str = AZURE_AI_SCOPE
    authority_host: str = ENTRA_AUTHORITY

    def __post_init__(self) -> None:
        """Refuse none and more than one way, and ways that lack what they need.

        Raises:
            ValueError: the combination says nothing, or two things.
        """
        ways: dict[str, object] = {
            "client_secret": self.client_secret,
            "federated_token_file": self.federated_token_file,
            "oidc": self.oidc,
            "managed_identity": self.managed_identity or None,
        }
        _at_most_one(ways)
        if not _given(ways):
            msg = f"one of these is needed: {', '.join(ways)}"
            raise ValueError(msg)
        if not self.managed_identity and (self.tenant_id is None or self.client_id is None):
            msg = f"{_given(ways)[0]} needs tenant_id and client_id"
            raise ValueError(msg)
        if not self.authority_host.startswith("https://"):
            msg = "authority_host must be an https:// URL"
            raise ValueError(msg)


class GcpWorkloadIdentity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pool at Google that trusts an OpenID provider, and the exchange that gets that provider's token."""

    project_number: str
    """Google's number of the project that owns the pool; its id is accepted too."""
    pool: str
    provider: str
    oidc: OidcExchange

    @property
    def audience(self) -> str:
        """The pool's provider as Google's token service names it."""
        return (
            f"//iam.googleapis.com/projects/{self.project_number}/locations/global"
            f"/workloadIdentityPools/{self.pool}/providers/{self.provider}"
        )


class GcpCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bearer token from Google, for Vertex AI.

    At most one of: a service account's key (a file, or the JSON text itself); an external account file (workload
    identity federation as ``gcloud`` writes it); a workload identity pool with an OIDC exchange. With none of them,
    Google's application default credentials: ``GOOGLE_APPLICATION_CREDENTIALS``, gcloud's login, the metadata server.
    """

    service_account_file: str | None = None
    service_account_key: Secret | None = None
    external_account_file: str | None = None
    workload_identity: GcpWorkloadIdentity | None = None
    impersonate: str | None = None
    """E-mail address of a service account to act as."""
    scope: str = GOOGLE_CLOUD_SCOPE
    sts_url: str = GOOGLE_STS_URL
    """Google's token exchange, for ``workload_identity``."""
    iam_credentials_url: str = GOOGLE_IAM_CREDENTIALS_URL
    """Where impersonation is asked for, without a path."""

    def __post_init__(self) -> None:
        """Refuse more than one identity.

        Raises:
            ValueError: the combination says two things.
        """
        _at_most_one(
            {
                "service_account_file": self.service_account_file,
                "service_account_key": self.service_account_key,
                "external_account_file": self.external_account_file,
                "workload_identity": self.workload_identity,
            }
        )
        _check_urls(sts_url=self.sts_url, iam_credentials_url=self.iam_credentials_url)


UpstreamCredentials = AwsCredentials | EntraCredentials | GcpCredentials


def secrets_of(declared: msgspec.Struct) -> list[Secret]:
    """Return every secret in a declaration, so that no text about it may hold one."""
    found: list[Secret] = []
    for field in msgspec.structs.fields(declared):
        value = getattr(declared, field.name)
        if isinstance(value, Secret):
            found.append(value)
        elif isinstance(value, msgspec.Struct):
            found.extend(secrets_of(value))
    return found


def _given(values: Mapping[str, object]) -> list[str]:
    return [name for name, value in values.items() if value is not None]


def _at_most_one(values: Mapping[str, object]) -> None:
    if len(given := _given(values)) > 1:
        msg = f"{' and '.join(given)} exclude each other"
        raise ValueError(msg)


def _check_urls(**urls: str | None) -> None:
    for name, url in urls.items():
        if url is not None and not url.startswith(("https://", "http://")):
            msg = f"{name} must be an https:// or http:// URL"
            raise ValueError(msg)
