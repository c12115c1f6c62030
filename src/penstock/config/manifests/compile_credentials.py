"""BackendSecurityPolicy to the credential of a native backend."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.config.manifests.ai_gateway import AIServiceBackend
from penstock.config.manifests.compile_secrets import compact_json, find_value, read_profile
from penstock.config.manifests.native_tree import Draft, graft, reference
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.security_policy import (
    BLOCKS,
    ApiKey,
    AwsCredentials,
    AzureCredentials,
    BackendSecurityPolicy,
    GcpCredentials,
    OidcExchange,
    PolicyType,
)
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath
from penstock.core.provider import BEARER, KeyHeader, Provider

Policy = Resource[BackendSecurityPolicy]

KEY_HEADERS: Mapping[PolicyType, KeyHeader] = MappingProxyType(
    {
        "APIKey": BEARER,
        "AnthropicAPIKey": KeyHeader(name="x-api-key", prefix=""),
        "AzureAPIKey": KeyHeader(name="api-key", prefix=""),
        "AzureCredentials": BEARER,
        "AWSCredentials": BEARER,
        "GCPCredentials": BEARER,
    }
)
"""Where each type's key or token stands; AWS signs instead."""

OVERRIDE_HEADERS: Mapping[PolicyType, str] = MappingProxyType(
    {
        "APIKey": "x-aigw-api-key",
        "AnthropicAPIKey": "x-aigw-anthropic-api-key",
        "AzureAPIKey": "x-aigw-azure-api-key",
        "AzureCredentials": "x-aigw-azure-access-token",
        "AWSCredentials": "",
        "GCPCredentials": "x-aigw-gcp-access-token",
    }
)
"""The header that a caller's own credential comes in, by default; for AWS there would be three."""


def index_policies(world: World) -> dict[tuple[str, str], Policy]:
    """Return the policy of each AIServiceBackend; two on one are reported."""
    found: dict[tuple[str, str], Policy] = {}
    for policy in world.all(BackendSecurityPolicy):
        for index, target in enumerate(policy.model.spec.target_refs):
            path: KeyPath = ("spec", "targetRefs", index)
            if target.kind != "AIServiceBackend":
                world.report.warning(policy, path, "has no effect: InferencePools are not served yet")
                continue
            if world.resolve(policy, path, AIServiceBackend, target.name) is None:
                continue
            first = found.setdefault((policy.namespace, target.name), policy)
            if first is not policy:
                message = f"AIServiceBackend/{target.name} has a policy already: {first.label} at {first.root.place}"
                world.report.error(policy, path, message)
    return found


def compile_credentials(world: World, policy: Policy, provider: Provider) -> dict[str, Draft]:
    """Return the sections of a native backend that hold its credential."""
    spec = policy.model.spec
    path: KeyPath = ("spec", BLOCKS[spec.type])
    place = policy.place(*path)
    key = spec.api_key or spec.anthropic_api_key or spec.azure_api_key
    drafts: dict[str, Draft] = {}
    if key is not None:
        drafts = _compile_key(world, policy, path, key, provider)
    elif spec.aws_credentials is not None:
        drafts = {"aws": graft(_compile_aws(world, policy, path, spec.aws_credentials), place)}
    elif spec.azure_credentials is not None:
        drafts = {"entra": graft(_compile_azure(world, policy, path, spec.azure_credentials), place)}
    elif spec.gcp_credentials is not None:
        drafts = {"gcp": graft(_compile_gcp(world, policy, path, spec.gcp_credentials), place)}
    override = spec.credential_override.from_request_headers if spec.credential_override else None
    metadata = spec.credential_override.from_dynamic_metadata if spec.credential_override else None
    if metadata is not None and not metadata.fallback_to_configured:
        at = ("spec", "credentialOverride", "fromDynamicMetadata")
        message = "every request would be refused: there is no filter here that finds credentials"
        world.report.error(policy, at, message)
    if override is not None:
        at = ("spec", "credentialOverride", "fromRequestHeaders")
        if spec.type == "AWSCredentials":
            message = "is not supported for AWS: callers cannot bring keys that sign"
            world.report.error(policy, at, message)
        header = override.header or OVERRIDE_HEADERS[spec.type]
        section: Draft = {"header": header.lower(), "fallback": override.fallback_to_configured}
        drafts["credential_override"] = graft(section, policy.place(*at))
    return drafts


def _compile_key(world: World, policy: Policy, path: KeyPath, key: ApiKey, provider: Provider) -> dict[str, Draft]:
    value = find_value(world, policy, (*path, "secretRef"), key.secret_ref, "apiKey")
    if value is None:
        return {}
    kind = policy.model.spec.type
    header = KEY_HEADERS[kind]
    if header != provider.key_header:
        message = (
            f"{kind} sends {header.name}: {header.prefix}KEY, and {provider.title} is spoken to with "
            f"{provider.key_header.name}: {provider.key_header.prefix}KEY here"
        )
        world.report.error(policy, ("spec", "type"), message)
    return {"api_key": value.node}


def _compile_aws(world: World, policy: Policy, path: KeyPath, block: AwsCredentials) -> Draft:
    drafts: dict[str, Draft] = {"region": block.region}
    if block.oidc_exchange_token is not None:
        here = (*path, "oidcExchangeToken")
        drafts["role_arn"] = block.oidc_exchange_token.aws_role_arn
        drafts["oidc"] = _compile_oidc(world, policy, here, block.oidc_exchange_token)
    elif block.credentials_file is not None:
        file = block.credentials_file
        here = (*path, "credentialsFile")
        value = find_value(world, policy, (*here, "secretRef"), file.secret_ref, "credentials")
        if value is not None and value.file is not None:
            drafts |= {"credentials_file": value.file, "profile": file.profile}
        elif value is not None and value.text is not None:
            keys = read_profile(value.written, file.profile)
            if keys is None:
                message = f'must be a file of AWS credentials with the profile "{file.profile}"'
                world.report.add("error", value.place, message)
            for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"):
                given = (keys or {}).get(name)
                drafts[name.removeprefix("aws_")] = reference(given, value.place) if given else None
    return drafts


def _compile_azure(world: World, policy: Policy, path: KeyPath, block: AzureCredentials) -> Draft:
    drafts: dict[str, Draft] = {"tenant_id": block.tenant_id, "client_id": block.client_id}
    if block.client_secret_ref is not None:
        here = (*path, "clientSecretRef")
        value = find_value(world, policy, here, block.client_secret_ref, "client-secret")
        drafts["client_secret"] = value.node if value else None
    elif block.oidc_exchange_token is not None:
        here = (*path, "oidcExchangeToken")
        drafts["oidc"] = _compile_oidc(world, policy, here, block.oidc_exchange_token)
    return drafts


def _compile_gcp(world: World, policy: Policy, path: KeyPath, block: GcpCredentials) -> Draft:
    drafts: dict[str, Draft] = {}
    federation = block.workload_identity_federation_config
    if block.is_passthrough:
        world.report.error(policy, (*path, "isPassthrough"), "is not supported: callers name no projects here")
    if block.credentials_file is not None:
        here = (*path, "credentialsFile", "secretRef")
        value = find_value(world, policy, here, block.credentials_file.secret_ref, "service_account.json")
        if value is not None and value.file is not None:
            drafts["service_account_file"] = value.file
        elif value is not None and value.text is not None:
            written = compact_json(value.text)
            if written is None:
                world.report.add("error", value.place, "must be the key of a service account: a JSON object")
            drafts["service_account_key"] = graft(written, value.place) if written else None
    elif federation is not None:
        here = (*path, "workloadIdentityFederationConfig")
        drafts["workload_identity"] = {
            "project_number": federation.project_id,
            "pool": federation.workload_identity_pool_name,
            "provider": federation.workload_identity_provider_name,
            "oidc": _compile_oidc(world, policy, (*here, "oidcExchangeToken"), federation.oidc_exchange_token),
        }
        account = federation.service_account_impersonation
        if account is not None:
            drafts["impersonate"] = _write_account(
                account.service_account_name, block.project_name or federation.project_id
            )
    return drafts


def _write_account(name: str, project: str) -> str:
    return name if "@" in name else f"{name}@{project}.iam.gserviceaccount.com"


def _compile_oidc(world: World, policy: Policy, path: KeyPath, block: OidcExchange) -> Draft:
    oidc = block.oidc
    secret = find_value(world, policy, (*path, "oidc", "clientSecret"), oidc.client_secret, "client-secret")
    drafts: dict[str, Draft] = {
        "client_id": oidc.client_id,
        "client_secret": secret.node if secret else "missing",
        "issuer": oidc.provider.issuer,
        "token_url": oidc.provider.token_endpoint,
        "scopes": [*oidc.scopes] or None,
        "audience": block.aud,
    }
    return graft(drafts, policy.place(*path))
