"""AIServiceBackend, its Backend and their policies to a native backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from penstock.config.address import is_loopback, read_base_url
from penstock.config.manifests.ai_gateway import AIServiceBackend, ApiSchema, SchemaName
from penstock.config.manifests.compile_addresses import Address, TlsPolicies, find_addresses
from penstock.config.manifests.compile_credentials import Policy, compile_credentials, index_policies
from penstock.config.manifests.compile_mutations import compile_mutations
from penstock.config.manifests.envoy_gateway import Backend
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World, name_apart
from penstock.core.provider import Provider
from penstock.providers import all_providers

PROVIDERS: Mapping[SchemaName, str] = MappingProxyType(
    {
        "OpenAI": "openai-compatible",
        "AzureOpenAI": "azure-openai",
        "AWSBedrock": "bedrock",
        "AWSAnthropic": "bedrock-anthropic",
        "GCPVertexAI": "vertex",
        "GCPAnthropic": "vertex-anthropic",
        "Anthropic": "anthropic",
        "Cohere": "cohere-native",
    }
)
"""Which provider speaks a schema, where the host does not say more."""

ANTHROPIC_VERSIONS: Mapping[str, str] = MappingProxyType(
    {"AWSAnthropic": "bedrock-2023-05-31", "GCPAnthropic": "vertex-2023-10-16"}
)
"""The versions of Anthropic's API on clouds that the providers send of themselves."""

_LONGEST_STEM = 60
_AZURE_V1 = "/openai/v1"
_NEEDS_POLICY = frozenset({"GCPVertexAI", "GCPAnthropic"})


@dataclass(slots=True)
class Backends:
    """Native backends, and which of them each AIServiceBackend is: one for each endpoint."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def compile_backends(world: World, tls_policies: TlsPolicies) -> Backends:
    """Return every AIServiceBackend as native backends."""
    names = name_apart(world.all(AIServiceBackend))
    policies = index_policies(world)
    compiled = Backends()
    for backend in world.all(AIServiceBackend):
        key = (backend.namespace, backend.name)
        ref = backend.model.spec.backend_ref
        addressed = world.resolve(backend, ("spec", "backendRef"), Backend, ref.name, ref.namespace)
        for number, address in enumerate(find_addresses(world, addressed, tls_policies) if addressed else (), start=1):
            name = number_name(names[key], number)
            draft = _compile(world, backend, address, policies.get(key))
            compiled.drafts[name] = graft(draft, backend.place("metadata", "name"))
            compiled.names.setdefault(key, []).append(name)
    return compiled


def number_name(name: str, number: int) -> str:
    """Name one of several endpoints; no name of a resource has an underscore."""
    return name if number == 1 else f"{name[:_LONGEST_STEM]}_{number}"


def _compile(
    world: World, backend: Resource[AIServiceBackend], address: Address, policy: Policy | None
) -> dict[str, Draft]:
    spec = backend.model.spec
    schema = spec.api_schema
    base_path = _PATHS[schema.name](schema, policy)
    provider = _choose_provider(schema, address, base_path, policy)
    if policy is None and schema.name in _NEEDS_POLICY:
        message = f"{schema.name} needs a BackendSecurityPolicy: the project and the region are in its path"
        world.report.error(backend, ("spec", "schema", "name"), message)
    if provider.key_required and policy is None:
        message = f"{provider.title} needs a key, and no BackendSecurityPolicy is for this backend"
        world.report.error(backend, ("metadata", "name"), message)
    url = address.root + ("" if provider.id == "azure-openai" else base_path)
    options = _options(schema, provider, policy)
    credentials = compile_credentials(world, policy, provider) if policy else {}
    mutations = compile_mutations(world, backend, ("spec",), spec.header_mutation, spec.body_mutation)
    set_body = mutations.pop("set_body", None)
    version = _other_version(world, backend, schema)
    if version:
        set_body = {"anthropic_version": version, **(set_body if isinstance(set_body, dict) else {})}
    return {
        "provider": graft(provider.id, backend.place("spec", "schema", "name")),
        "base_url": graft(url, address.node.place),
        **credentials,
        "options": graft(options, backend.place("spec", "schema")) if options else None,
        "headers": mutations.pop("set_headers", None),
        **mutations,
        "set_body": set_body,
        "tls": address.tls or None,
    }


def _options(schema: ApiSchema, provider: Provider, policy: Policy | None) -> dict[str, Draft]:
    spec = policy.model.spec if policy else None
    if provider.id == "azure-openai":
        deployments = schema.name == "AzureOpenAI"
        return {"api": "deployments", "api_version": schema.version or None} if deployments else {"api": "v1"}
    if spec and spec.aws_credentials and provider.id in {"bedrock", "bedrock-anthropic"}:
        return {"region": spec.aws_credentials.region}
    if spec and spec.gcp_credentials and schema.name in _NEEDS_POLICY:
        return {"project": spec.gcp_credentials.project_name, "region": spec.gcp_credentials.region}
    return {}


def _prefix(schema: ApiSchema, _policy: Policy | None) -> str:
    return f"/{(schema.prefix or 'v1').strip('/')}".rstrip("/")


def _location(_schema: ApiSchema, policy: Policy | None) -> str:
    block = policy.model.spec.gcp_credentials if policy else None
    return f"/v1/projects/{block.project_name}/locations/{block.region}" if block else ""


def _nothing(_schema: ApiSchema, _policy: Policy | None) -> str:
    return ""


def _version(schema: ApiSchema, _policy: Policy | None) -> str:
    return f"/{(schema.version or 'v2').strip('/')}"


_PATHS: Mapping[SchemaName, Callable[[ApiSchema, Policy | None], str]] = MappingProxyType(
    {
        "OpenAI": _prefix,
        "Anthropic": _prefix,
        "AzureOpenAI": _nothing,
        "AWSBedrock": _nothing,
        "AWSAnthropic": _nothing,
        "GCPVertexAI": _location,
        "GCPAnthropic": _location,
        "Cohere": _version,
    }
)
"""What stands between a host and the paths of its API."""


def _choose_provider(schema: ApiSchema, address: Address, base_path: str, policy: Policy | None) -> Provider:
    providers = all_providers()
    kind = policy.model.spec.type if policy else None
    if schema.name == "OpenAI":
        if kind in {"AzureAPIKey", "AzureCredentials"}:
            return providers["azure-openai"] if base_path == _AZURE_V1 else providers["openai-compatible"]
        known = _vendors().get((address.host, address.port, base_path))
        if known is not None and (kind == "APIKey" or not known.key_required):
            return known
    return providers[PROVIDERS[schema.name]]


@cache
def _vendors() -> Mapping[tuple[str, int, str], Provider]:
    """Return the vendors that speak OpenAI's format, by where they are."""
    found: dict[tuple[str, int, str], Provider] = {}
    for provider in all_providers().values():
        if provider.schema_name == "OpenAI" and provider.base_url and "{" not in provider.base_url:
            url = read_base_url(provider.base_url)
            if not is_loopback(url.host):  # anybody's server may be there
                found.setdefault((url.host, url.port, url.path), provider)
    return found


def _other_version(world: World, backend: Resource[AIServiceBackend], schema: ApiSchema) -> str | None:
    """Return the version of Anthropic's API that has to be set, when it is not the provider's own."""
    usual = ANTHROPIC_VERSIONS.get(schema.name)
    if schema.version and schema.name in {"OpenAI", "Anthropic", "AWSBedrock", "GCPVertexAI"}:
        world.report.warning(backend, ("spec", "schema", "version"), f"has no effect for {schema.name}")
    if schema.prefix and schema.name not in {"OpenAI", "Anthropic"}:
        world.report.warning(backend, ("spec", "schema", "prefix"), f"has no effect for {schema.name}")
    return schema.version if usual is not None and schema.version != usual else None
