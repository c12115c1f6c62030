"""What a configuration may say of a backend's credential beyond an API key: the sections ``aws``, ``entra``, ``gcp``.

The fields are those of :mod:`penstock.core.upstream_credentials`, which also checks what they mean together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec
from pydantic import Field

from penstock.config.fields import FilePath, SecretText, Switch, Text
from penstock.config.section import Section, no_items
from penstock.core.upstream_credentials import (
    AwsCredentials,
    EntraCredentials,
    GcpCredentials,
    GcpWorkloadIdentity,
    OidcExchange,
    UpstreamCredentials,
)


class OidcSection(Section):
    """An identity from an OpenID provider (client credentials), which the cloud takes for one of its own."""

    client_id: Text = Field(description="The gateway's client id at the provider.")
    client_secret: SecretText = Field(description="Its client secret.")
    issuer: Text | None = Field(None, description="URL of the provider; its token endpoint is looked up there.")
    token_url: Text | None = Field(None, description="The token endpoint itself, instead of issuer.")
    scopes: list[Text] = Field(default_factory=no_items, description="Scopes to ask for.")
    audience: Text | None = Field(None, description="For whom the token is, for providers that want to be told.")
    client_authentication: Literal["auto", "basic", "post"] = Field(
        "auto", description="Where the client secret stands: in a header, or in the form."
    )
    token: Literal["access_token", "id_token"] = Field(
        "access_token", description="Which member of the provider's answer is the identity."
    )


class AwsSection(Section):
    """Keys that sign requests to AWS. Empty: botocore's own chain (environment, profile, web identity, metadata)."""

    region: Text | None = Field(None, description="Region of signatures. Default: the option `region`.")
    service: Text = Field("bedrock", description="The service's name in signatures.")
    access_key_id: Text | None = Field(None, description="Id of an access key.")
    secret_access_key: SecretText | None = Field(None, description="Its secret.")
    session_token: SecretText | None = Field(None, description="Token of a temporary access key.")
    profile: Text | None = Field(None, description="A profile of AWS's configuration files.")
    credentials_file: FilePath | None = Field(None, description="Another file than ~/.aws/credentials.")
    role_arn: Text | None = Field(None, description="A role to assume.")
    role_session_name: Text = Field("penstock", description="Name of the assumed role's session.")
    external_id: Text | None = Field(None, description="What the role's owner wants to be shown.")
    web_identity_token_file: FilePath | None = Field(None, description="A token to assume the role by.")
    oidc: OidcSection | None = Field(None, description="An OpenID provider whose token assumes the role.")
    sts_url: Text | None = Field(None, description="Address of the token service, for VPC and FIPS endpoints.")


class EntraSection(Section):
    """A token from Microsoft Entra ID."""

    tenant_id: Text | None = Field(None, description="The tenant.")
    client_id: Text | None = Field(None, description="The application, or a user-assigned managed identity.")
    client_secret: SecretText | None = Field(None, description="The application's secret.")
    federated_token_file: FilePath | None = Field(None, description="A token of workload identity federation.")
    oidc: OidcSection | None = Field(None, description="An OpenID provider whose token is the client assertion.")
    managed_identity: Switch = Field(False, description="Use the machine's managed identity.")
    scope: Text | None = Field(None, description="Scope to ask for. Default: that of Azure AI services.")
    authority_host: Text | None = Field(None, description="Another authority, such as that of a sovereign cloud.")


class GcpWorkloadIdentitySection(Section):
    """A pool at Google that trusts an OpenID provider."""

    project_number: Text = Field(description="Number of the project that owns the pool.")
    pool: Text = Field(description="Id of the pool.")
    provider: Text = Field(description="Id of the provider in the pool.")
    oidc: OidcSection = Field(description="The OpenID provider.")


class GcpSection(Section):
    """A token from Google. Empty: application default credentials."""

    service_account_file: FilePath | None = Field(None, description="Key file of a service account.")
    service_account_key: SecretText | None = Field(None, description="The same as JSON text.")
    external_account_file: FilePath | None = Field(None, description="Workload identity federation, as gcloud writes.")
    workload_identity: GcpWorkloadIdentitySection | None = Field(None, description="A workload identity pool.")
    impersonate: Text | None = Field(None, description="E-mail address of a service account to act as.")
    scope: Text | None = Field(None, description="Scope to ask for. Default: that of all of Google Cloud.")
    sts_url: Text | None = Field(None, description="Another address of Google's token exchange.")
    iam_credentials_url: Text | None = Field(None, description="Another address of impersonation.")


CredentialSection = AwsSection | EntraSection | GcpSection
_DECLARATIONS: Mapping[type[Section], type[msgspec.Struct]] = MappingProxyType(
    {
        AwsSection: AwsCredentials,
        EntraSection: EntraCredentials,
        GcpSection: GcpCredentials,
        GcpWorkloadIdentitySection: GcpWorkloadIdentity,
        OidcSection: OidcExchange,
    }
)


def declare(section: CredentialSection, *, region: str) -> UpstreamCredentials:
    """Build the declaration of a section; ``region`` stands where an AWS section names none.

    Raises:
        ValueError: the fields say nothing together, or two things.
    """
    declared = _build(section, {"region": region} if isinstance(section, AwsSection) else {})
    assert isinstance(declared, UpstreamCredentials)  # noqa: S101 - by the table
    return declared


def _build(section: Section, defaults: Mapping[str, object]) -> msgspec.Struct:
    given: dict[str, object] = dict(defaults)
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            given[name] = _build(value, {})
        elif isinstance(value, list):
            given[name] = tuple(value)
        elif value is not None:
            given[name] = value
    return _DECLARATIONS[type(section)](**given)
