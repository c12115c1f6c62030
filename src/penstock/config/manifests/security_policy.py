"""BackendSecurityPolicy: the gateway's own credential at a backend.

https://aigateway.envoyproxy.io/docs/api/ (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from penstock.config.manifests.ai_gateway import BOTH_VERSIONS
from penstock.config.manifests.parts import AI_GATEWAY, INFERENCE, Manifest, OpenPart, Part, SecretRef, TargetRef
from penstock.config.manifests.support import Meaning, unsupported
from penstock.config.manifests.values import AtMost, HeaderName, Text
from penstock.config.section import no_items

PolicyType = Literal["APIKey", "AnthropicAPIKey", "AzureAPIKey", "AzureCredentials", "AWSCredentials", "GCPCredentials"]

BLOCKS: Mapping[PolicyType, str] = MappingProxyType(
    {
        "APIKey": "apiKey",
        "AnthropicAPIKey": "anthropicAPIKey",
        "AzureAPIKey": "azureAPIKey",
        "AzureCredentials": "azureCredentials",
        "AWSCredentials": "awsCredentials",
        "GCPCredentials": "gcpCredentials",
    }
)
"""Which block belongs to which type."""


class ApiKey(Part):
    """A key in a Secret, under ``apiKey``."""

    secret_ref: SecretRef


class OidcProvider(OpenPart):
    """An OpenID provider."""

    issuer: Text
    token_endpoint: Text | None = None


class Oidc(OpenPart):
    """The gateway as a client of an OpenID provider."""

    provider: OidcProvider
    client_id: Annotated[Text, Field(alias="clientID")]
    client_secret: Annotated[SecretRef, Meaning("A Secret with the key `client-secret`.")]
    scopes: list[Text] = Field(default_factory=no_items)


class OidcExchange(Part):
    """A token of an OpenID provider, which a cloud takes for one of its own."""

    oidc: Oidc
    grant_type: Annotated[str | None, unsupported("client credentials are used")] = None
    aud: str | None = None


class AwsOidcExchange(OidcExchange):
    """The same, to assume a role."""

    aws_role_arn: Text


class AwsCredentialsFile(Part):
    """Keys as AWS's tools write them, in a Secret under ``credentials``."""

    secret_ref: SecretRef
    profile: Text = "default"


class AwsCredentials(Part):
    """Signatures. With neither block, AWS's own chain of sources decides."""

    region: Text
    credentials_file: AwsCredentialsFile | None = None
    oidc_exchange_token: AwsOidcExchange | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.credentials_file and self.oidc_exchange_token:
            msg = "credentialsFile and oidcExchangeToken exclude each other"
            raise ValueError(msg)
        return self


class AzureCredentials(Part):
    """A token of Microsoft Entra ID."""

    client_id: Annotated[Text, Field(alias="clientID")]
    tenant_id: Annotated[Text, Field(alias="tenantID")]
    client_secret_ref: Annotated[SecretRef | None, Meaning("A Secret with the key `client-secret`.")] = None
    oidc_exchange_token: OidcExchange | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.client_secret_ref is None) == (self.oidc_exchange_token is None):
            msg = "needs exactly one of clientSecretRef and oidcExchangeToken"
            raise ValueError(msg)
        return self


class GcpCredentialsFile(Part):
    """The key of a service account, in a Secret under ``service_account.json``."""

    secret_ref: SecretRef


class Impersonation(Part):
    """A service account to act as."""

    service_account_name: Text


class WorkloadIdentityFederation(Part):
    """A pool at Google that trusts an OpenID provider."""

    project_id: Annotated[Text, Field(alias="projectID")]
    workload_identity_pool_name: Text
    workload_identity_provider_name: Text
    oidc_exchange_token: OidcExchange
    service_account_impersonation: Impersonation | None = None


class GcpCredentials(Part):
    """A token of Google. With neither block, application default credentials decide."""

    project_name: Text | None = None
    region: Text | None = None
    credentials_file: GcpCredentialsFile | None = None
    workload_identity_federation_config: WorkloadIdentityFederation | None = None
    is_passthrough: Annotated[bool, Meaning("Refused: callers name no projects here.")] = False

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.credentials_file and self.workload_identity_federation_config:
            msg = "credentialsFile and workloadIdentityFederationConfig exclude each other"
            raise ValueError(msg)
        if not self.is_passthrough and (self.project_name is None or self.region is None):
            msg = "needs projectName and region"
            raise ValueError(msg)
        return self


class FromRequestHeaders(Part):
    """The caller's own credential, in a header that does not go further."""

    header: Annotated[HeaderName | None, Meaning("For AWS the beginning of three headers.")] = None
    fallback_to_configured: bool = True


class FromDynamicMetadata(Part):
    """A credential that another filter of Envoy's has found."""

    namespace: Text
    key: Text | None = None
    fallback_to_configured: bool = True


class CredentialOverride(Part):
    """Another credential for one request."""

    from_request_headers: FromRequestHeaders | None = None
    from_dynamic_metadata: Annotated[
        FromDynamicMetadata | None, unsupported("there are no other filters here that could give one")
    ] = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.from_request_headers is None) == (self.from_dynamic_metadata is None):
            msg = "needs exactly one of fromRequestHeaders and fromDynamicMetadata"
            raise ValueError(msg)
        return self


class PolicyTarget(TargetRef):
    """An AIServiceBackend, or an InferencePool."""

    @model_validator(mode="after")
    def _is_a_backend(self) -> Self:
        if (self.group, self.kind) not in {(AI_GATEWAY, "AIServiceBackend"), (INFERENCE, "InferencePool")}:
            msg = "must be an AIServiceBackend of aigateway.envoyproxy.io or an InferencePool"
            raise ValueError(msg)
        return self


class BackendSecurityPolicySpec(Part):
    """Whose credential it is, and what it is: the one block that its type names."""

    target_refs: Annotated[list[PolicyTarget], AtMost(16)] = Field(default_factory=no_items)
    type: PolicyType
    api_key: Annotated[ApiKey | None, Meaning("`authorization: Bearer KEY`")] = None
    anthropic_api_key: Annotated[ApiKey | None, Field(alias="anthropicAPIKey"), Meaning("`x-api-key: KEY`")] = None
    azure_api_key: Annotated[ApiKey | None, Field(alias="azureAPIKey"), Meaning("`api-key: KEY`")] = None
    azure_credentials: AzureCredentials | None = None
    aws_credentials: AwsCredentials | None = None
    gcp_credentials: GcpCredentials | None = None
    credential_override: CredentialOverride | None = None

    @model_validator(mode="after")
    def _has_the_block_of_its_type(self) -> Self:
        given = {
            field.alias or name for name, field in type(self).model_fields.items() if name in self.model_fields_set
        }
        block = BLOCKS[self.type]
        if block not in given:
            msg = f"the type {self.type} needs the block {block}"
            raise ValueError(msg)
        others = sorted(given & (set(BLOCKS.values()) - {block}))
        if others:
            msg = f"the type {self.type} has no {' or '.join(others)}; one credential only"
            raise ValueError(msg)
        return self


class BackendSecurityPolicy(Manifest):
    """The gateway's own credential at a backend."""

    group = AI_GATEWAY
    versions = BOTH_VERSIONS

    spec: BackendSecurityPolicySpec
