"""Resources of Envoy Gateway that stand beside AIGatewayRoutes: addresses, retries, limits, callers, logs.

Fields that have an effect here, or that people rely on, are declared; others are allowed, and reported.

https://gateway.envoyproxy.io/docs/api/extension_types/ (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from penstock.config.manifests.parts import (
    ENVOY_GATEWAY,
    HeaderRule,
    LocalRef,
    Manifest,
    OpenPart,
    Part,
    SectionTargetRef,
)
from penstock.config.manifests.support import Meaning, later, unsupported
from penstock.config.manifests.values import (
    AtLeast,
    AtMost,
    DurationS,
    HttpStatus,
    Natural,
    Port,
    Positive,
    Text,
)
from penstock.config.section import no_items

V1ALPHA1 = ("v1alpha1",)

Trigger = Literal[
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
]


class Fqdn(Part):
    """A host name."""

    hostname: Text
    port: Port


class Ip(Part):
    """An IP address."""

    address: Text
    port: Port


class Endpoint(OpenPart):
    """An address."""

    fqdn: Fqdn | None = None
    ip: Ip | None = None
    unix: dict[str, object] | None = None

    @model_validator(mode="after")
    def _is_one_address(self) -> Self:
        if sum(each is not None for each in (self.fqdn, self.ip, self.unix)) != 1:
            msg = "needs exactly one of fqdn, ip and unix"
            raise ValueError(msg)
        return self


class BackendTls(OpenPart):
    """TLS towards the backend; its certificate is always verified."""

    well_known_ca_certificates: Annotated[Literal["System"] | None, Field(alias="wellKnownCACertificates")] = None
    ca_certificate_refs: Annotated[list[LocalRef], AtMost(8), Meaning("A ConfigMap or Secret with `ca.crt`; one.")] = (
        Field(default_factory=no_items)
    )
    sni: Annotated[Text | None, Meaning("The name in the certificate.")] = None
    insecure_skip_verify: Annotated[bool, Meaning("Refused.")] = False


class BackendSpec(OpenPart):
    """An address."""

    endpoints: Annotated[list[Endpoint], AtLeast(1), AtMost(64), Meaning("They share the weight of the backend.")]
    tls: BackendTls | None = None
    type: Literal["Endpoints", "DynamicResolver"] = "Endpoints"
    fallback: Annotated[bool, unsupported("the priority of the route's backendRef decides")] = False
    app_protocols: Annotated[list[str], unsupported("HTTP/1.1 is spoken")] = Field(default_factory=no_items)


class Backend(Manifest):
    """The address of a backend."""

    group = ENVOY_GATEWAY
    versions = V1ALPHA1

    spec: BackendSpec


class PolicySpec(OpenPart):
    """What a policy is for; ``targetRef`` is the older form."""

    target_ref: SectionTargetRef | None = None
    target_refs: Annotated[list[SectionTargetRef], AtMost(16)] = Field(default_factory=no_items)

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if (self.target_ref is None) == (not self.target_refs):
            msg = "needs targetRefs (labels of targets are not looked at here)"
            raise ValueError(msg)
        return self

    def targets(self) -> list[tuple[SectionTargetRef, tuple[str | int, ...]]]:
        """Return the targets, and where each stands in the manifest."""
        if self.target_ref is not None:
            return [(self.target_ref, ("spec", "targetRef"))]
        return [(each, ("spec", "targetRefs", index)) for index, each in enumerate(self.target_refs)]


class BackOff(OpenPart):
    """Waits between tries."""

    base_interval: Annotated[DurationS | None, Meaning("Longest first wait.")] = None
    max_interval: Annotated[DurationS | None, Meaning("Longest wait.")] = None


class PerRetry(OpenPart):
    """One try."""

    timeout: Annotated[DurationS | None, Meaning("Longest try.")] = None
    back_off: BackOff | None = None


class RetryOn(OpenPart):
    """What is tried again."""

    triggers: Annotated[list[Trigger], AtLeast(1), Meaning("Kinds of failures.")] = Field(default_factory=no_items)
    http_status_codes: Annotated[list[HttpStatus], AtLeast(1), Meaning("With `retriable-status-codes`.")] = Field(
        default_factory=no_items
    )


class Retry(OpenPart):
    """When another try is made."""

    num_retries: Annotated[Natural, Meaning("Tries after the first.")] = 2
    num_attempts_per_priority: Annotated[
        Natural | None,
        Meaning("Tries of one priority before the next; absent or 0: each of its targets once, then the next."),
    ] = None
    retry_on: RetryOn | None = None
    per_retry: PerRetry | None = None


class HttpTimeout(OpenPart):
    """Waits of requests."""

    request_timeout: Annotated[DurationS | None, Meaning("The whole answer, where the route says nothing.")] = None
    connection_idle_timeout: Annotated[DurationS | None, Meaning("Unused connections to backends.")] = None


class TcpTimeout(OpenPart):
    """Waits of connections."""

    connect_timeout: Annotated[DurationS | None, Meaning("Until connected.")] = None


class TrafficTimeout(OpenPart):
    """Waits on a backend's side."""

    http: HttpTimeout | None = None
    tcp: TcpTimeout | None = None


class CircuitBreaker(OpenPart):
    """Bounds of what a backend is given."""

    max_connections: Annotated[Positive | None, Meaning("Open connections.")] = None
    max_pending_requests: Annotated[Natural | None, Meaning("Requests that wait for a connection.")] = None
    max_parallel_requests: Annotated[
        Natural | None, Meaning("Requests at one time. Each has a connection, so the lower of the two counts.")
    ] = None
    max_parallel_retries: Annotated[Natural | None, later()] = None
    max_requests_per_connection: Annotated[Positive | None, unsupported()] = None


class LoadBalancer(OpenPart):
    """How an endpoint is chosen: by priority, then at random by weight; the endpoints of a Backend share its weight."""

    type: Annotated[
        Literal["ConsistentHash", "LeastRequest", "Random", "RoundRobin", "BackendUtilization"],
        Meaning("`Random` is what is done; any other has no effect, and is reported."),
    ]


class Limit(OpenPart):
    """So many in a unit of time."""

    requests: Natural
    unit: Literal["Second", "Minute", "Hour", "Day", "Month", "Year"]


class CostMetadata(Part):
    """A cost that a route counts."""

    namespace: Text
    key: Text


class CostSource(Part):
    """What a request or its answer counts."""

    from_: Annotated[Literal["Number", "Metadata"], Field(alias="from")]
    number: Natural | None = None
    metadata: CostMetadata | None = None

    @model_validator(mode="after")
    def _has_what_it_is_from(self) -> Self:
        if (self.from_ == "Number") != (self.number is not None) or (self.from_ == "Metadata") != (
            self.metadata is not None
        ):
            msg = "from: Number needs number, from: Metadata needs metadata, and neither has the other"
            raise ValueError(msg)
        return self


class LimitCost(Part):
    """What requests and answers count."""

    request: CostSource | None = None
    response: CostSource | None = None


class LimitSelector(OpenPart):
    """Callers of a limit."""

    headers: Annotated[list[HeaderRule], AtMost(16)] = Field(default_factory=no_items)


class LimitRule(OpenPart):
    """A limit."""

    client_selectors: Annotated[list[LimitSelector], AtMost(8)] = Field(default_factory=no_items)
    limit: Limit
    cost: LimitCost | None = None
    shared: bool | None = None
    shadow_mode: bool | None = None


class LimitRules(OpenPart):
    """Limits."""

    rules: Annotated[list[LimitRule], AtMost(128)]


class RateLimit(OpenPart):
    """Limits."""

    type: Literal["Global", "Local"] = "Global"
    global_: Annotated[LimitRules | None, Field(alias="global")] = None
    local: LimitRules | None = None


class BackendTrafficPolicySpec(PolicySpec):
    """Retries, waits and limits of routes."""

    retry: Retry | None = None
    rate_limit: Annotated[RateLimit | None, later()] = None
    timeout: TrafficTimeout | None = None
    circuit_breaker: CircuitBreaker | None = None
    health_check: Annotated[dict[str, object] | None, later("a failing backend is tried again each time")] = None
    load_balancer: LoadBalancer | None = None
    response_override: Annotated[list[object] | None, unsupported("answers are not changed")] = None
    merge_type: Annotated[str | None, unsupported("the policy of a route stands instead of its Gateway's")] = None


class BackendTrafficPolicy(Manifest):
    """Retries, waits and limits of a route, or of all routes of a Gateway."""

    group = ENVOY_GATEWAY
    versions = V1ALPHA1

    spec: BackendTrafficPolicySpec
