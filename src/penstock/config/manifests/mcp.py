"""MCPRoute and InferencePool: checked as strictly as all others, and not served yet.

https://aigateway.envoyproxy.io/docs/api/ and
https://gateway-api-inference-extension.sigs.k8s.io/reference/spec/ (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from penstock.config.manifests.ai_gateway import BOTH_VERSIONS
from penstock.config.manifests.parts import (
    AI_GATEWAY,
    INFERENCE,
    HeaderMatch,
    Manifest,
    ObjectRef,
    OpenPart,
    ParentRef,
    Part,
    SecretRef,
)
from penstock.config.manifests.values import AtLeast, AtMost, Expression, HeaderName, HostName, Name, Port, Text
from penstock.config.section import no_items

Names = Annotated[list[Text], AtMost(32)]
Expressions = Annotated[list[Expression], AtMost(32)]
Path = Annotated[str, AtMost(1024)]


def _exclude(part: Part, pairs: tuple[tuple[str, str], ...]) -> None:
    fields = type(part).model_fields
    for first, second in pairs:
        if {first, second} <= part.model_fields_set:
            msg = f"{fields[first].alias} and {fields[second].alias} exclude each other"
            raise ValueError(msg)


class ToolSelector(Part):
    """Tools of a server that callers see."""

    include: Names = Field(default_factory=no_items)
    include_regex: Expressions = Field(default_factory=no_items)
    exclude: Names = Field(default_factory=no_items)
    exclude_regex: Expressions = Field(default_factory=no_items)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        _exclude(self, (("include", "include_regex"), ("exclude", "exclude_regex")))
        if not self.model_fields_set:
            msg = "needs include, includeRegex, exclude or excludeRegex"
            raise ValueError(msg)
        return self


class McpApiKey(Part):
    """A key for a server."""

    secret_ref: SecretRef | None = None
    inline: Text | None = None
    header: Text | None = None
    query_param: Text | None = None

    @model_validator(mode="after")
    def _has_one_key_in_one_place(self) -> Self:
        _exclude(self, (("secret_ref", "inline"), ("header", "query_param")))
        if self.secret_ref is None and self.inline is None:
            msg = "needs secretRef or inline"
            raise ValueError(msg)
        return self


class McpBackendSecurity(Part):
    """The gateway's credential at a server."""

    api_key: McpApiKey | None = None
    token_exchange: dict[str, object] | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.api_key is None) == (self.token_exchange is None):
            msg = "needs exactly one of apiKey and tokenExchange"
            raise ValueError(msg)
        return self


class ForwardedHeader(Part):
    """A caller's header that goes on to a server."""

    name: HeaderName
    backend_header: HeaderName | None = None


class McpBackend(ObjectRef):
    """A server."""

    path: Path = "/mcp"
    tool_selector: ToolSelector | None = None
    security_policy: McpBackendSecurity | None = None
    forward_headers: Annotated[list[ForwardedHeader], AtMost(32)] = Field(default_factory=no_items)


class JwtClaim(Part):
    """A claim that a token must have."""

    name: Text
    value_type: Literal["String", "StringArray"] = "String"
    values: Annotated[list[Text], AtLeast(1)]

    @model_validator(mode="after")
    def _is_not_scope(self) -> Self:
        if self.name == "scope":
            msg = "the claim scope is asked for as scopes"
            raise ValueError(msg)
        return self


class JwtSource(Part):
    """A token that a rule asks for."""

    scopes: Annotated[list[Text], AtMost(32)] = Field(default_factory=no_items)
    claims: Annotated[list[JwtClaim], AtMost(32)] = Field(default_factory=no_items)


class RuleSource(Part):
    """Who a rule is for."""

    jwt: JwtSource


class ToolName(Part):
    """A tool of a server."""

    backend: Text
    tool: Text


class RuleTarget(Part):
    """What a rule is for."""

    tools: Annotated[list[ToolName], AtLeast(1), AtMost(16)]


class AuthorizationRule(Part):
    """Who may call which tools."""

    source: RuleSource | None = None
    target: RuleTarget | None = None
    cel: Annotated[str, AtMost(4096)] | None = None
    action: Literal["Allow", "Deny"] = "Allow"


class Authorization(Part):
    """Who may call which tools."""

    default_action: Literal["Allow", "Deny"] = "Deny"
    rules: Annotated[list[AuthorizationRule], AtMost(32)] = Field(default_factory=no_items)


class ProtectedResource(Part):
    """What callers are told of the resource."""

    resource: Text
    resource_name: str | None = None
    scopes_supported: Annotated[list[Text], AtMost(32)] = Field(default_factory=no_items)
    resource_signing_alg_values_supported: Annotated[list[Text], AtMost(16)] = Field(default_factory=no_items)
    resource_documentation: str | None = None
    resource_policy_uri: str | None = None


class OAuth(Part):
    """Tokens of callers."""

    issuer: Text
    audiences: Annotated[list[Text], AtMost(32)] = Field(default_factory=no_items)
    jwks: dict[str, object] | None = None
    protected_resource_metadata: ProtectedResource
    claim_to_headers: Annotated[list[dict[str, object]], AtMost(16)] = Field(default_factory=no_items)


class McpSecurityPolicy(Part):
    """Who may call."""

    oauth: OAuth | None = None
    api_key_auth: dict[str, object] | None = None
    ext_auth: dict[str, object] | None = None
    authorization: Authorization | None = None

    @model_validator(mode="after")
    def _has_tokens_where_rules_ask(self) -> Self:
        rules = self.authorization.rules if self.authorization else []
        if self.oauth is None and any(rule.source for rule in rules):
            msg = "a rule of authorization asks for a token, and there is no oauth"
            raise ValueError(msg)
        return self


class SelectorRule(Part):
    """Which servers a session has."""

    cel: Annotated[str, AtMost(4096)]
    action: Literal["Allow", "Deny"] = "Allow"


class BackendSelector(Part):
    """Which servers a session has."""

    default_action: Literal["Allow", "Deny"] = "Deny"
    rules: Annotated[list[SelectorRule], AtMost(32)] = Field(default_factory=no_items)


class MCPRouteSpec(Part):
    """Servers behind one address."""

    parent_refs: Annotated[list[ParentRef], AtLeast(1), AtMost(16)]
    path: Path = "/mcp"
    headers: Annotated[list[HeaderMatch], AtMost(16)] = Field(default_factory=no_items)
    hostnames: Annotated[list[HostName], AtMost(16)] = Field(default_factory=no_items)
    backend_refs: Annotated[list[McpBackend], AtLeast(1), AtMost(256)]
    security_policy: McpSecurityPolicy | None = None
    backend_selector: BackendSelector | None = None

    @model_validator(mode="after")
    def _names_servers_once(self) -> Self:
        names = [each.name for each in self.backend_refs]
        if len(set(names)) < len(names):
            msg = "backendRefs: a name stands twice"
            raise ValueError(msg)
        return self


class MCPRoute(Manifest):
    """MCP servers behind one address."""

    group = AI_GATEWAY
    versions = BOTH_VERSIONS

    spec: MCPRouteSpec


class PoolPort(Part):
    """A port of the pods."""

    number: Port


class PickerPort(Part):
    """A port of the endpoint picker."""

    number: Port


class EndpointPicker(Part):
    """Who chooses a pod."""

    name: Name
    group: str = ""
    kind: str = "Service"
    port: PickerPort | None = None
    failure_mode: Literal["FailOpen", "FailClose"] = "FailClose"


class PoolSelector(Part):
    """Which pods."""

    match_labels: Annotated[dict[str, str], AtLeast(1)]


class InferencePoolSpec(Part):
    """Pods that serve one model."""

    selector: PoolSelector
    target_ports: Annotated[list[PoolPort], AtLeast(1), AtMost(8)]
    endpoint_picker_ref: EndpointPicker | None = None


class InferencePool(Manifest):
    """Pods that serve one model."""

    group = INFERENCE
    versions = ("v1",)

    spec: InferencePoolSpec


class InferenceObjectiveSpec(OpenPart):
    """How important requests are."""


class InferenceObjective(Manifest):
    """How important requests to a pool are."""

    group = "inference.networking.x-k8s.io"
    versions = ("v1alpha2",)

    spec: InferenceObjectiveSpec
