"""AIGatewayRoute to a native route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm

from penstock.config.manifests.ai_gateway import (
    MODEL_HEADER,
    REQUEST_TIMEOUT_S,
    AIGatewayRoute,
    AIServiceBackend,
    RouteMatch,
    RouteRule,
    RouteTarget,
)
from penstock.config.manifests.compile_mutations import compile_mutations
from penstock.config.manifests.compile_traffic import Policy, compile_retry
from penstock.config.manifests.gateway_api import GatewayListener
from penstock.config.manifests.mcp import InferencePool
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.parts import Manifest
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath, Node

Route = Resource[AIGatewayRoute]


@dataclass(frozen=True, slots=True)
class Attached:
    """A route at its listeners, with the policy for its retries and waits."""

    route: Route
    listeners: Sequence[GatewayListener]
    policy: Policy | None
    backends: Mapping[tuple[str, str], Sequence[str]]
    """Native names of AIServiceBackends, one for each endpoint."""


def compile_route(world: World, attached: Attached, name: str) -> Node | None:
    """Return a route as a native one, of this name; None when none of its rules leads anywhere."""
    route = attached.route
    spec = route.model.spec
    rules: list[Draft] = []
    retry: tuple[Draft, float | None] = compile_retry(world, attached.policy) if attached.policy else (None, None)
    for index, rule in enumerate(spec.rules):
        path: KeyPath = ("spec", "rules", index)
        compiled = _compile_rule(world, attached, path, rule, retry)
        if compiled["targets"]:  # else what is wrong with them was reported
            rules.append(graft(compiled, route.place(*path)))
    if not rules:
        if not spec.rules:
            world.report.error(route, ("spec", "rules"), "has no rules, so that it would serve nothing")
        return None
    hosts = find_hosts(world, route, spec.hostnames, attached.listeners)
    draft: Draft = {
        "name": graft(name, route.place("metadata", "name")),
        "hostnames": graft(list(hosts), route.place("spec", "hostnames")) if hosts else None,
        "rules": graft(rules, route.place("spec", "rules")),
    }
    return graft(draft, route.place("metadata", "name"))


def _compile_rule(
    world: World,
    attached: Attached,
    path: KeyPath,
    rule: RouteRule,
    retry: tuple[Draft, float | None],
) -> dict[str, Draft]:
    route = attached.route
    if not rule.backend_refs:
        message = "has no backendRefs, so that requests that match would have nowhere to go"
        world.report.error(route, path, message)
    created = rule.models_created_at
    if created is None:
        created = route.model.metadata.creation_timestamp
    return {
        "name": graft(rule.name, route.place(*path, "name")) if rule.name else None,
        "match": [
            graft(_compile_match(match), route.place(*path, "matches", index))
            for index, match in enumerate(rule.matches)
        ]
        or None,
        "targets": _compile_targets(world, attached, (*path, "backendRefs"), rule),
        "timeouts": graft(_compile_timeouts(rule, attached.policy, retry[1]), route.place(*path, "timeouts")),
        "retry": retry[0],
        "owned_by": rule.models_owned_by,
        "created": created,
    }


def _compile_match(match: RouteMatch) -> Draft:
    draft: dict[str, Draft] = {}
    headers: dict[str, Draft] = {}
    expressions: dict[str, Draft] = {}
    for each in match.headers:
        name = each.name.lower()
        if name == MODEL_HEADER:
            draft["model" if each.type == "Exact" else "model_regex"] = each.value
        else:
            (headers if each.type == "Exact" else expressions)[name] = each.value
    return {**draft, "headers": headers or None, "header_regex": expressions or None}


def _compile_targets(world: World, attached: Attached, path: KeyPath, rule: RouteRule) -> list[Draft]:
    """Return the targets of a rule; the endpoints of a backend share its weight."""
    found = [
        (target, (*path, index), _find_backends(world, attached, (*path, index), target))
        for index, target in enumerate(rule.backend_refs)
    ]
    whole = lcm(*(len(names) for _, _, names in found if names))
    return [
        _compile_target(world, attached.route, here, target, (name, target.weight * whole // len(names)))
        for target, here, names in found
        for name in names
    ]


def _find_backends(world: World, attached: Attached, path: KeyPath, target: RouteTarget) -> Sequence[str]:
    route = attached.route
    if target.kind is not None:
        world.resolve(route, path, InferencePool, target.name, target.namespace)
        message = "an InferencePool is not served yet, and without it the rule's requests would go elsewhere"
        world.report.error(route, path, message)
        return ()
    backend = world.resolve(route, path, AIServiceBackend, target.name, target.namespace)
    return attached.backends.get((backend.namespace, backend.name), ()) if backend else ()


def _compile_target(world: World, route: Route, path: KeyPath, target: RouteTarget, backend: tuple[str, int]) -> Node:
    """Return a target; ``backend`` is its native name and weight."""
    name, weight = backend
    draft: Draft = {
        "backend": graft(name, route.place(*path, "name")),
        "model": _placed(route, path, "modelNameOverride", target.model_name_override),
        "weight": _placed(route, path, "weight", weight if weight != 1 else None),
        "priority": _placed(route, path, "priority", target.priority or None),
        **compile_mutations(world, route, path, target.header_mutation, target.body_mutation),
    }
    return graft(draft, route.place(*path))


def _placed(route: Route, path: KeyPath, name: str, value: Draft) -> Draft:
    return None if value is None else graft(value, route.place(*path, name))


def _compile_timeouts(rule: RouteRule, policy: Policy | None, attempt_s: float | None) -> Draft:
    waits = rule.timeouts
    total_s = waits.request if waits else None
    if total_s is None and policy and policy.model.spec.timeout and policy.model.spec.timeout.http:
        total_s = policy.model.spec.timeout.http.request_timeout
    if total_s is None:
        total_s = REQUEST_TIMEOUT_S
    own_attempt_s = waits.backend_request if waits else None
    return {
        # A wait of 0 s is none, as in the Gateway API.
        "total_s": total_s or None,
        "attempt_s": own_attempt_s if own_attempt_s is not None else attempt_s,
        "idle_s": rule.stream_idle_timeout or None,
    }


def find_hosts(
    world: World, route: Resource[Manifest], hosts: Sequence[str], listeners: Sequence[GatewayListener]
) -> Sequence[str]:
    """Return the hosts of a route that one of its listeners has too; none is every host."""
    wanted = [each.hostname for each in listeners if each.hostname is not None]
    if len(wanted) < len(listeners):
        return hosts
    if not hosts:
        return list(dict.fromkeys(wanted))
    common = list(dict.fromkeys(both for name in wanted for host in hosts if (both := _narrower(host, name))))
    if not common:
        has = " and ".join(f"the listener {each.name}, which has {each.hostname}" for each in listeners)
        world.report.error(route, ("spec", "hostnames"), f"none of them is a host of {has}")
    return common


def _narrower(first: str, second: str) -> str | None:
    """Return the hosts that two patterns have in common, which is one of the two, or None."""
    if first == second:
        return first
    for narrow, wide in ((first, second), (second, first)):
        if wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:]):
            return narrow
    return None
