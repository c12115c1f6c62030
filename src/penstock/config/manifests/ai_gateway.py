"""AIGatewayRoute and AIServiceBackend: which request goes to which backend, and how each is spoken to.

https://aigateway.envoyproxy.io/docs/api/ (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from penstock.config.manifests.parts import AI_GATEWAY, HeaderMatch, Manifest, ObjectRef, ParentRef, Part
from penstock.config.manifests.support import Meaning, later, unsupported
from penstock.config.manifests.values import (
    AtMost,
    DurationS,
    HeaderName,
    HeaderValue,
    HostName,
    MutatedHeader,
    Name,
    Namespace,
    Natural,
    Text,
    UnixTime,
    Weight,
)
from penstock.config.section import no_items

MODEL_HEADER = "x-ai-eg-model"
REQUEST_TIMEOUT_S = 60.0
OWNER = "Envoy AI Gateway"
NOT_FOUND_RULE = "route-not-found"
BOTH_VERSIONS = ("v1beta1", "v1alpha1")

CostType = Literal[
    "InputToken",
    "CachedInputToken",
    "CacheCreationInputToken",
    "OutputToken",
    "TotalToken",
    "ReasoningToken",
    "CEL",
]
SchemaName = Literal[
    "OpenAI", "AzureOpenAI", "AWSBedrock", "AWSAnthropic", "GCPVertexAI", "GCPAnthropic", "Anthropic", "Cohere"
]


def _unique(names: list[str], what: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            msg = f'{what} "{name}" stands twice'
            raise ValueError(msg)


class HeaderSetting(Part):
    """A header and its value."""

    name: MutatedHeader
    value: HeaderValue


class HeaderMutation(Part):
    """Headers of the request to the backend: removed first, then set."""

    set: Annotated[list[HeaderSetting], AtMost(16)] = Field(default_factory=no_items)
    remove: Annotated[list[MutatedHeader], AtMost(16)] = Field(default_factory=no_items)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _unique([each.name.lower() for each in self.set], "set: the header")
        _unique([each.lower() for each in self.remove], "remove: the header")
        return self


class BodySetting(Part):
    """A member of the request's JSON body, and its value: JSON if it looks like it, otherwise text."""

    path: Text
    value: str


class BodyMutation(Part):
    """Members of the request's body as the backend's format has it: removed first, then set."""

    set: Annotated[list[BodySetting], AtMost(16)] = Field(default_factory=no_items)
    remove: Annotated[list[Text], AtMost(16)] = Field(default_factory=no_items)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _unique([each.path for each in self.set], "set: the path")
        _unique(list(self.remove), "remove: the path")
        return self


class RequestCost(Part):
    """What a request counts for a limit."""

    metadata_key: Text
    type: CostType
    cel: str | None = None

    @model_validator(mode="after")
    def _has_its_expression(self) -> Self:
        if self.type == "CEL" and not self.cel:
            msg = "a cost of the type CEL needs cel, the expression"
            raise ValueError(msg)
        if self.type != "CEL" and self.cel is not None:
            msg = f"cel belongs to the type CEL, not to {self.type}"
            raise ValueError(msg)
        return self


class HeaderLimit(Part):
    """A limit that a trusted header carries."""

    metadata_key: Text
    header: HeaderName


class RouteMatch(Part):
    """Conditions that must all hold."""

    headers: Annotated[list[HeaderMatch], AtMost(16), Meaning("All must hold.")] = Field(default_factory=no_items)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _unique([each.name.lower() for each in self.headers], "the header")
        return self


class RouteTarget(Part):
    """A backend, and what is different about requests that go to it from this rule."""

    name: Name
    namespace: Annotated[Namespace | None, Meaning("Another namespace needs a ReferenceGrant there.")] = None
    group: str | None = None
    kind: str | None = None
    model_name_override: Annotated[Text | None, Meaning("The model's name at the backend.")] = None
    header_mutation: Annotated[HeaderMutation | None, Meaning("Wins over that of the backend.")] = None
    body_mutation: Annotated[BodyMutation | None, Meaning("Wins over that of the backend.")] = None
    weight: Annotated[Weight, Meaning("Share among the targets of one priority.")] = 1
    priority: Annotated[Natural, Meaning("Lower is tried first.")] = 0

    @model_validator(mode="after")
    def _names_a_kind_whole(self) -> Self:
        if (self.group is None) != (self.kind is None):
            msg = "group and kind go together"
            raise ValueError(msg)
        if self.group is not None and (self.group, self.kind) != ("inference.networking.k8s.io", "InferencePool"):
            msg = "only an InferencePool of inference.networking.k8s.io may be named by group and kind"
            raise ValueError(msg)
        return self


class Timeouts(Part):
    """Waits of a rule."""

    request: Annotated[DurationS | None, Meaning("The whole answer, streams included.")] = None
    backend_request: Annotated[DurationS | None, Meaning("One attempt.")] = None


def _check_rule_name(name: str) -> str:
    if name == NOT_FOUND_RULE:
        msg = f'"{NOT_FOUND_RULE}" is what the rule of unmatched requests is called'
        raise ValueError(msg)
    return name


class RouteRule(Part):
    """Requests that match, and where they go."""

    name: Annotated[Name, AfterValidator(_check_rule_name), Meaning("Names the rule.")] | None = None
    matches: Annotated[list[RouteMatch], AtMost(128), Meaning("One must hold.")] = Field(default_factory=no_items)
    backend_refs: Annotated[list[RouteTarget], AtMost(128), Meaning("Where requests go.")] = Field(
        default_factory=no_items
    )
    timeouts: Timeouts | None = None
    stream_idle_timeout: Annotated[DurationS | None, Meaning("Longest pause of an answer.")] = None
    models_owned_by: Annotated[Text, Meaning("`owned_by` in the list of models.")] = OWNER
    models_created_at: Annotated[UnixTime | None, Meaning("`created` in the list of models.")] = None

    @model_validator(mode="after")
    def _does_not_mix_pools(self) -> Self:
        pools = sum(each.kind is not None for each in self.backend_refs)
        if pools and pools < len(self.backend_refs):
            msg = "an InferencePool and an AIServiceBackend cannot stand in one rule"
            raise ValueError(msg)
        if pools > 1:
            msg = "one InferencePool only may stand in a rule"
            raise ValueError(msg)
        return self


class AIGatewayRouteSpec(Part):
    """Rules of routes."""

    parent_refs: Annotated[list[ParentRef], AtMost(16), Meaning("The Gateway.")] = Field(default_factory=no_items)
    hostnames: Annotated[list[HostName], AtMost(16), Meaning("Hosts of requests, and of `/v1/models`.")] = Field(
        default_factory=no_items
    )
    rules: Annotated[list[RouteRule], AtMost(15), Meaning("In the order of precedence of the Gateway API.")]
    llm_request_costs: Annotated[
        list[RequestCost], AtMost(36), Field(alias="llmRequestCosts"), later("costs are checked and not yet counted")
    ] = Field(default_factory=no_items)
    rate_limits_from_headers: Annotated[list[HeaderLimit], AtMost(36), later()] = Field(default_factory=no_items)

    @model_validator(mode="after")
    def _names_rules_once(self) -> Self:
        _unique([rule.name for rule in self.rules if rule.name], "the rule name")
        _unique([each.metadata_key for each in self.rate_limits_from_headers], "rateLimitsFromHeaders: the key")
        return self


class AIGatewayRoute(Manifest):
    """Which request goes to which backend."""

    group = AI_GATEWAY
    versions = BOTH_VERSIONS

    spec: AIGatewayRouteSpec


class ApiSchema(Part):
    """The format that a backend speaks."""

    name: SchemaName
    version: Annotated[
        str | None, Meaning("Azure: `api-version`; Claude on a cloud: `anthropic_version`; Cohere: in the path.")
    ] = None
    prefix: Annotated[str | None, Meaning("OpenAI and Anthropic: path before the API's own; `v1` if absent.")] = None


class BackendRef(ObjectRef):
    """The Backend of Envoy Gateway that has the address."""

    @model_validator(mode="after")
    def _is_a_backend(self) -> Self:
        if (self.group, self.kind) != ("gateway.envoyproxy.io", "Backend"):
            msg = (
                "must name a Backend of gateway.envoyproxy.io; other kinds are not taken by the Envoy AI Gateway either"
            )
            raise ValueError(msg)
        return self


class AIServiceBackendSpec(Part):
    """How a backend is spoken to."""

    api_schema: Annotated[ApiSchema, Field(alias="schema")]
    backend_ref: Annotated[BackendRef, Meaning("The address.")]
    header_mutation: HeaderMutation | None = None
    body_mutation: BodyMutation | None = None
    response_body_mutation: Annotated[BodyMutation | None, unsupported("answers are not changed")] = None


class AIServiceBackend(Manifest):
    """A provider at an address."""

    group = AI_GATEWAY
    versions = BOTH_VERSIONS

    spec: AIServiceBackendSpec
