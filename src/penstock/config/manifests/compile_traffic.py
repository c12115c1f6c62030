"""BackendTrafficPolicy: retries and waits of routes, bounds of backends.

The policy of a route stands instead of its Gateway's, as in Envoy Gateway. Without a policy Penstock retries by its own
defaults; Envoy would not retry at all.

https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from penstock.config.manifests.ai_gateway import AIGatewayRoute
from penstock.config.manifests.envoy_gateway import BackendTrafficPolicy, Retry, Trigger
from penstock.config.manifests.gateway_api import Gateway
from penstock.config.manifests.http_route import HTTPRoute
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.parts import Manifest
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath

M = TypeVar("M", bound=Manifest)
Policy = Resource[BackendTrafficPolicy]
RETRY: KeyPath = ("spec", "retry")


@dataclass(frozen=True, slots=True)
class Cause:
    """What a trigger stands for: statuses of answers, and reasons why there was none."""

    statuses: Iterable[int] = ()
    causes: tuple[str, ...] = ()


_NO_ANSWER = ("connect_failure", "reset", "timeout")
TRIGGERS: Mapping[Trigger, Cause | None] = MappingProxyType(
    {
        "5xx": Cause(range(500, 600), _NO_ANSWER),
        "gateway-error": Cause((502, 503, 504), _NO_ANSWER),
        "reset": Cause((), ("reset", "timeout")),
        "reset-before-request": Cause((), ("connect_failure",)),
        "connect-failure": Cause((), ("connect_failure",)),
        "retriable-4xx": Cause((409,)),
        "refused-stream": Cause((), ("reset",)),
        "retriable-status-codes": Cause(),
        "cancelled": None,
        "deadline-exceeded": None,
        "internal": None,
        "resource-exhausted": None,
        "unavailable": None,
    }
)
"""Triggers; None for those of gRPC, which is not spoken here."""

_USUAL_TRIGGERS: tuple[Trigger, ...] = ("connect-failure", "refused-stream", "retriable-status-codes")
_USUAL_STATUSES = (503,)
"""What Envoy Gateway retries when a policy names nothing."""

_BASE_INTERVAL_S = 0.025


@dataclass(slots=True)
class TrafficPolicies:
    """Policies by what they are for."""

    of_routes: dict[tuple[str, str], Policy] = field(default_factory=dict)
    of_gateways: dict[tuple[str, str], Policy] = field(default_factory=dict)

    def find(self, route: Resource[Manifest], gateway: Resource[Gateway]) -> Policy | None:
        """Return the policy that a route has."""
        own = self.of_routes.get((route.namespace, route.name))
        return own or self.of_gateways.get((gateway.namespace, gateway.name))


def index_traffic(world: World) -> TrafficPolicies:
    """Return the policies by what they are for; two for one are reported."""
    found = TrafficPolicies()
    for policy in world.all(BackendTrafficPolicy):
        check_breaker(world, policy)
        check_load_balancer(world, policy)
        for target, path in policy.model.spec.targets():
            if target.kind == "Gateway":
                claim(world, found.of_gateways, world.resolve(policy, path, Gateway, target.name), policy, path)
            elif target.kind in {"HTTPRoute", "AIGatewayRoute"}:
                claim(world, found.of_routes, find_route(world, policy, path, target.name), policy, path)
            else:
                world.report.error(policy, (*path, "kind"), "must be HTTPRoute or Gateway")
    return found


def find_route(world: World, policy: Resource[Manifest], path: KeyPath, name: str) -> Resource[Manifest] | None:
    """Return the AIGatewayRoute whose generated HTTPRoute a policy names, or a plain HTTPRoute."""
    plain = world.find(HTTPRoute, policy.namespace, name)
    if plain is not None and world.find(AIGatewayRoute, policy.namespace, name) is None:
        return plain
    return world.resolve(policy, path, AIGatewayRoute, name)


def claim(
    world: World,
    table: dict[tuple[str, str], Resource[M]],
    target: Resource[Manifest] | None,
    policy: Resource[M],
    path: KeyPath,
) -> None:
    """Let a policy be the one of its target; a second one is reported."""
    if target is None:
        return
    first = table.setdefault((target.namespace, target.name), policy)
    if first is not policy:
        message = f"{target.label} has a {policy.model.kind} already: {first.label} at {first.root.place}"
        world.report.error(policy, path, message)


def check_breaker(world: World, policy: Policy) -> None:
    """Report bounds that would let nothing through, as which they are not taken."""
    breaker = policy.model.spec.circuit_breaker
    for name, bound in (
        ("maxPendingRequests", breaker.max_pending_requests if breaker else None),
        ("maxParallelRequests", breaker.max_parallel_requests if breaker else None),
    ):
        if bound == 0:
            world.report.warning(policy, ("spec", "circuitBreaker", name), "0 has no effect: a bound is 1 or more")


def check_load_balancer(world: World, policy: Policy) -> None:
    """Report a way of choosing endpoints that is not ours."""
    balancer = policy.model.spec.load_balancer
    if balancer is not None and balancer.type != "Random":
        message = f"{balancer.type} is not supported: endpoints are chosen by priority, and then at random by weight"
        world.report.warning(policy, ("spec", "loadBalancer", "type"), message)


def compile_retry(world: World, policy: Policy) -> tuple[Draft, float | None]:
    """Return the native ``retry`` of a policy and its wait for one attempt; None where the policy says nothing."""
    retry = policy.model.spec.retry
    if retry is None:
        return None, None
    statuses, causes = _read_triggers(world, policy, retry)
    attempt_s = retry.per_retry.timeout if retry.per_retry else None
    back_off = retry.per_retry.back_off if retry.per_retry else None
    base_s = (back_off.base_interval if back_off else None) or _BASE_INTERVAL_S
    longest_s = (back_off.max_interval if back_off else None) or 10 * base_s
    draft: Draft = {
        "attempts": retry.num_retries + 1,
        "per_priority": retry.num_attempts_per_priority or None,
        "statuses": list(statuses),
        "on": list(causes),
        "backoff_s": base_s,
        "backoff_max_s": max(longest_s, base_s),
    }
    return graft(draft, policy.place(*RETRY)), attempt_s


def _read_triggers(world: World, policy: Policy, retry: Retry) -> tuple[Sequence[int], Sequence[str]]:
    retry_on = retry.retry_on
    triggers = (retry_on.triggers if retry_on else None) or list(_USUAL_TRIGGERS)
    codes = retry_on.http_status_codes if retry_on else []
    statuses: set[int] = set()
    causes: set[str] = set()
    for index, trigger in enumerate(triggers):
        cause = TRIGGERS[trigger]
        if cause is None:
            message = "has no effect: it speaks of gRPC"
            world.report.warning(policy, (*RETRY, "retryOn", "triggers", index), message)
            continue
        statuses.update(cause.statuses)
        causes.update(cause.causes)
    if "retriable-status-codes" in triggers:
        statuses.update(codes or _USUAL_STATUSES)
    elif codes:
        message = "has no effect without the trigger retriable-status-codes"
        world.report.warning(policy, (*RETRY, "retryOn", "httpStatusCodes"), message)
    if retry.per_retry and retry.per_retry.timeout:
        causes.add("timeout")
    return sorted(statuses), sorted(causes)


def compile_bounds(policy: Policy) -> tuple[dict[str, Draft], dict[str, Draft]]:
    """Return what a policy says of each of its route's backends: ``timeouts`` and ``pool``."""
    spec = policy.model.spec
    timeouts: dict[str, Draft] = {}
    pool: dict[str, Draft] = {}
    if spec.timeout and spec.timeout.tcp and spec.timeout.tcp.connect_timeout:
        place = policy.place("spec", "timeout", "tcp", "connectTimeout")
        timeouts["connect_s"] = graft(spec.timeout.tcp.connect_timeout, place)
    if spec.timeout and spec.timeout.http and spec.timeout.http.connection_idle_timeout:
        place = policy.place("spec", "timeout", "http", "connectionIdleTimeout")
        pool["idle_s"] = graft(spec.timeout.http.connection_idle_timeout, place)
    breaker = spec.circuit_breaker
    bounds = {
        name: bound
        for name, bound in (
            ("maxConnections", breaker.max_connections if breaker else None),
            ("maxParallelRequests", breaker.max_parallel_requests if breaker else None),
        )
        if bound
    }
    if bounds:  # a connection has one request at a time
        lowest = min(bounds, key=bounds.__getitem__)
        pool["connections"] = graft(bounds[lowest], policy.place("spec", "circuitBreaker", lowest))
    if breaker and breaker.max_pending_requests:
        place = policy.place("spec", "circuitBreaker", "maxPendingRequests")
        pool["waiting"] = graft(breaker.max_pending_requests, place)
    return timeouts, pool
