"""Plain HTTPRoutes to what is passed on: one native entry for each match of each rule.

A route that the Envoy AI Gateway has generated is not plain. What a rule asks for and cannot get is an error, since its
requests would be served otherwise than they should. Two things are not as Envoy has them, and said: callers'
credentials stay here unless an annotation of the route lets them go, and a backend gets its own name as ``Host``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm

from penstock.config.manifests.ai_gateway import AIGatewayRoute
from penstock.config.manifests.compile_addresses import TlsPolicies, find_addresses
from penstock.config.manifests.compile_backends import number_name
from penstock.config.manifests.compile_routes import find_hosts
from penstock.config.manifests.compile_traffic import Policy, compile_retry
from penstock.config.manifests.envoy_gateway import Backend
from penstock.config.manifests.gateway_api import GatewayListener
from penstock.config.manifests.http_route import (
    FILTER_BLOCKS,
    HeaderFilter,
    HttpFilter,
    HttpMatch,
    HTTPRoute,
    HttpRouteRule,
    HttpRouteTarget,
)
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.parts import ENVOY_GATEWAY
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World, name_apart, shorten
from penstock.config.yaml_tree import KeyPath, Node

FORWARD_ANNOTATION = "penstock/forward-credentials"
GENERATED_ANNOTATION = "ai-gateway-generated"
_SWITCHES: Mapping[str, bool] = {"true": True, "false": False}
_SERVED = frozenset({"RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite"})

Route = Resource[HTTPRoute]


@dataclass(slots=True)
class Servers:
    """Native backends of Backends that are no AI service, and which of them each is: one for each endpoint."""

    world: World
    tls_policies: TlsPolicies
    taken: Mapping[str, Node | Draft]
    """Native backends that there are already."""
    drafts: dict[str, Draft] = field(default_factory=dict)
    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    short_names: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def find(self, route: Route, path: KeyPath, target: HttpRouteTarget) -> Sequence[str]:
        """Return the native backends that a reference leads to; report one that leads nowhere."""
        if (target.group, target.kind) != (ENVOY_GATEWAY, "Backend"):
            message = f"must be a Backend of {ENVOY_GATEWAY}: a {target.kind} has no address here"
            self.world.report.error(route, (*path, "kind"), message)
            return ()
        backend = self.world.resolve(route, path, Backend, target.name, target.namespace)
        if backend is None:
            return ()
        key = (backend.namespace, backend.name)
        if key not in self.names:
            self.names[key] = list(self._compile(backend))
        return self.names[key]

    def _compile(self, backend: Resource[Backend]) -> Iterator[str]:
        if not self.short_names:
            self.short_names = name_apart(self.world.all(Backend))
        short = self.short_names[backend.namespace, backend.name]
        stem = short if short not in self.taken else f"{short[:55]}_http"
        for number, address in enumerate(find_addresses(self.world, backend, self.tls_policies), start=1):
            name = number_name(stem, number)
            draft: Draft = {
                "provider": "http",
                "base_url": graft(address.root, address.node.place),
                "tls": address.tls or None,
            }
            self.drafts[name] = graft(draft, backend.place("metadata", "name"))
            yield name


def is_plain(world: World, route: Route) -> bool:
    """Say whether nobody generated a route from an AIGatewayRoute."""
    generated = GENERATED_ANNOTATION in route.model.metadata.annotations
    return not generated and world.find(AIGatewayRoute, route.namespace, route.name) is None


def compile_http_route(
    servers: Servers, route: Route, listeners: Sequence[GatewayListener], policy: Policy | None, name: str
) -> Iterator[Node]:
    """Yield the native entries of a route, whose names begin with ``name``."""
    world = servers.world
    spec = route.model.spec
    hosts = find_hosts(world, route, spec.hostnames, listeners)
    if not spec.rules:
        world.report.error(route, ("spec", "rules"), "has no rules, so that it would serve nothing")
    forwards = _forwards_credentials(world, route)
    sole = len(spec.rules) == 1 and len(spec.rules[0].matches) <= 1
    for index, rule in enumerate(spec.rules):
        path: KeyPath = ("spec", "rules", index)
        shared = {
            **_compile_filters(world, route, (*path, "filters"), rule.filters),
            "targets": _compile_targets(route, path, rule, servers),
            "forward_credentials": forwards or None,
            **_compile_waits(world, route, path, rule, policy),
        }
        if not shared["targets"]:
            continue  # what is wrong with them was reported
        for number, match in enumerate(rule.matches or [HttpMatch()]):
            at: KeyPath = (*path, "matches", number) if rule.matches else path
            draft: dict[str, Draft] = {
                "name": graft(name if sole else shorten(f"{name}.{index}.{number}"), route.place("metadata", "name")),
                "hostnames": graft(list(hosts), route.place("spec", "hostnames")) if hosts else None,
                **_compile_match(world, route, at, match),
                **shared,
            }
            yield graft(draft, route.place(*at))


def note_differences(world: World, routes: Sequence[Route]) -> None:
    """Say what is not as in Envoy, once for each route and once for all."""
    for route in routes:
        if FORWARD_ANNOTATION not in route.model.metadata.annotations:
            message = (
                "callers' credentials and cookies do not go to its backends, nor its cookies to callers, where Envoy "
                f'would pass them on (the annotation {FORWARD_ANNOTATION}: "true" does, "false" says that it is meant)'
            )
            world.report.warning(route, ("metadata", "name"), message)
    if routes:
        others = f", so do those of {len(routes) - 1} other HTTPRoutes" if len(routes) > 1 else ""
        message = (
            "its backends get their own names as Host, where Envoy would send the caller's (hostname of URLRewrite)"
        )
        world.report.note(routes[0], ("metadata", "name"), message + others)


def _forwards_credentials(world: World, route: Route) -> bool:
    text = route.model.metadata.annotations.get(FORWARD_ANNOTATION, "false")
    if text not in _SWITCHES:
        path: KeyPath = ("metadata", "annotations", FORWARD_ANNOTATION)
        world.report.error(route, path, 'must be "true" or "false"')
    return _SWITCHES.get(text, False)


def _compile_match(world: World, route: Route, path: KeyPath, match: HttpMatch) -> dict[str, Draft]:
    if match.path.type == "RegularExpression":
        world.report.error(route, (*path, "path", "type"), "must be Exact or PathPrefix: paths are not searched")
    if match.query_params:
        world.report.error(route, (*path, "queryParams"), "cannot be looked at here; other requests would match")
    value = graft(match.path.value, route.place(*path, "path", "value"))
    exact = {each.name: each.value for each in match.headers if each.type == "Exact"}
    expressions = {each.name: each.value for each in match.headers if each.type != "Exact"}
    return {
        "exact_path" if match.path.type == "Exact" else "path": value,
        "methods": [graft(match.method, route.place(*path, "method"))] if match.method else None,
        "headers": graft({**exact}, route.place(*path, "headers")) if exact else None,
        "header_regex": graft({**expressions}, route.place(*path, "headers")) if expressions else None,
    }


def _compile_targets(route: Route, path: KeyPath, rule: HttpRouteRule, servers: Servers) -> list[Draft]:
    """Return the targets of a rule; the endpoints of a backend share its weight."""
    report = servers.world.report
    if not rule.backend_refs:
        report.error(route, path, "has no backendRefs, so that requests that match would have nowhere to go")
    found: list[tuple[HttpRouteTarget, KeyPath, Sequence[str]]] = []
    for index, target in enumerate(rule.backend_refs):
        here: KeyPath = (*path, "backendRefs", index)
        if target.filters:
            report.error(route, (*here, "filters"), "filters of one backend are not supported; put them at the rule")
        found.append((target, here, servers.find(route, here, target)))
    whole = lcm(*(len(names) for _, _, names in found if names))
    return [
        _compile_target(route, here, name, target.weight * whole // len(names))
        for target, here, names in found
        for name in names
    ]


def _compile_target(route: Route, path: KeyPath, name: str, weight: int) -> Node:
    draft: dict[str, Draft] = {
        "backend": graft(name, route.place(*path, "name")),
        "weight": graft(weight, route.place(*path, "weight")) if weight != 1 else None,
    }
    return graft(draft, route.place(*path))


def _compile_filters(world: World, route: Route, path: KeyPath, filters: Sequence[HttpFilter]) -> dict[str, Draft]:
    drafts: dict[str, Draft] = {}
    seen: set[str] = set()
    for index, each in enumerate(filters):
        here: KeyPath = (*path, index)
        if each.type not in _SERVED:
            message = f"{each.type} is not supported; without it the rule's requests would be served otherwise"
            world.report.error(route, (*here, "type"), message)
        elif each.type in seen:
            world.report.error(route, (*here, "type"), f"{each.type} stands twice in this rule")
        seen.add(each.type)
        block: KeyPath = (*here, FILTER_BLOCKS[each.type])
        if each.request_header_modifier is not None:
            drafts["request_headers"] = _compile_headers(route, block, each.request_header_modifier)
        if each.response_header_modifier is not None:
            drafts["answer_headers"] = _compile_headers(route, block, each.response_header_modifier)
        if each.url_rewrite is not None:
            modifier = each.url_rewrite.path
            rewrite: dict[str, Draft] = {"host": each.url_rewrite.hostname}
            if modifier is not None and modifier.replace_prefix_match is not None:
                rewrite["prefix"] = modifier.replace_prefix_match or "/"
            elif modifier is not None:
                rewrite["path"] = modifier.replace_full_path
            drafts["rewrite"] = graft(rewrite, route.place(*block))
    return drafts


def _compile_headers(route: Route, path: KeyPath, changes: HeaderFilter) -> Node:
    draft: dict[str, Draft] = {
        "set": {each.name.lower(): each.value for each in changes.set} or None,
        "add": {each.name.lower(): each.value for each in changes.add} or None,
        "remove": [name.lower() for name in changes.remove] or None,
    }
    return graft(draft, route.place(*path))


def _compile_waits(
    world: World, route: Route, path: KeyPath, rule: HttpRouteRule, policy: Policy | None
) -> dict[str, Draft]:
    """Return ``timeouts`` and ``retry``: the rule's own, or else those of the policy."""
    retry, attempt_s = compile_retry(world, policy) if policy else (None, None)
    http = policy.model.spec.timeout.http if policy and policy.model.spec.timeout else None
    total_s = rule.timeouts.request if rule.timeouts else None
    if total_s is None and http is not None:
        total_s = http.request_timeout
    own_s = rule.timeouts.backend_request if rule.timeouts else None
    if rule.retry is not None:
        draft: dict[str, Draft] = {
            "attempts": (rule.retry.attempts if rule.retry.attempts is not None else 1) + 1,
            "statuses": [*rule.retry.codes],
            "on": ["connect_failure", "reset", "timeout"],
            "backoff_s": rule.retry.backoff or None,
        }
        retry = graft(draft, route.place(*path, "retry"))
    waits: dict[str, Draft] = {
        # A wait of 0 s is none, as in the Gateway API.
        "total_s": total_s or None,
        "attempt_s": (own_s if own_s is not None else attempt_s) or None,
    }
    return {"timeouts": graft(waits, route.place(*path, "timeouts")) if any(waits.values()) else None, "retry": retry}
