"""Manifests to a native document: the composition of all steps, as a table of contents.

Read each resource, put them together, compile backends, routes and the gateway. What Penstock does by its own default
where Envoy would do something else is noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from penstock.config.manifests.ai_gateway import AIGatewayRoute, AIServiceBackend
from penstock.config.manifests.attach_routes import Attachment, attach_routes
from penstock.config.manifests.compile_addresses import index_tls_policies
from penstock.config.manifests.compile_backends import compile_backends
from penstock.config.manifests.compile_gateway import compile_gateway
from penstock.config.manifests.compile_http_routes import Servers, compile_http_route, is_plain, note_differences
from penstock.config.manifests.compile_routes import Attached, compile_route
from penstock.config.manifests.compile_traffic import Policy, TrafficPolicies, compile_bounds, index_traffic
from penstock.config.manifests.costs import check_costs
from penstock.config.manifests.gateway_api import Gateway
from penstock.config.manifests.http_route import HTTPRoute
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.read_manifests import read_manifests
from penstock.config.manifests.resource import Report, Resource
from penstock.config.manifests.usage import QuotaPolicy
from penstock.config.manifests.usage_notes import note_usage
from penstock.config.manifests.world import World, name_apart
from penstock.config.problems import Findings
from penstock.config.yaml_tree import Members, Node, Place


def compile_manifests(roots: Sequence[Node], environ: Mapping[str, str], findings: Findings, directory: Path) -> Node:
    """Return the native document that manifests mean.

    ``directory`` is where relative paths in that document start. The document is whole only when the findings have no
    error afterwards.
    """
    report = Report(findings, environ)
    resources = read_manifests(roots, report)
    world = World(resources, report, directory)
    document = graft(_compile(world), roots[0].place)
    if not _has_routes(document) and not findings.failed:
        report.add(
            "error",
            roots[0].place,
            "there is no AIGatewayRoute and no plain HTTPRoute, so that nothing would be served",
        )
    for skipped, label in resources.skipped:
        report.add("note", skipped, f"{label} is skipped: it has no meaning here")
    return document


def _has_routes(document: Node) -> bool:
    return isinstance(document, Members) and not {"routes", "passthrough"}.isdisjoint(document.nodes)


def _compile(world: World) -> dict[str, Draft]:
    attached = attach_routes(world)
    traffic = index_traffic(world)
    tls_policies = index_tls_policies(world)
    backends = compile_backends(world, tls_policies)
    routes = world.all(AIGatewayRoute)
    route_names = name_apart(routes)
    compiled: list[Draft] = []
    by_default: list[Resource[AIGatewayRoute]] = []
    for route in routes:
        found = attached.get((route.namespace, route.name))
        if found is None:
            continue
        policy = traffic.find(route, found.gateway)
        at = Attached(route, found.listeners, policy, backends.names)
        draft = compile_route(world, at, route_names[route.namespace, route.name])
        compiled += [draft] if draft else []
        if policy is not None:
            _bound_backends(world, backends.drafts, policy, _backends_of(at))
        if policy is None or policy.model.spec.retry is None:
            by_default.append(route)
    _note_default_retries(world, by_default)
    servers = Servers(world, tls_policies, backends.drafts)
    passed_on = _compile_plain(world, attached, traffic, servers)
    check_costs(world)
    note_usage(world)
    _check_rest(world)
    gateways = {id(each.gateway): each.gateway for each in attached.values()}
    drafts: dict[str, Draft] = {
        "backends": {**backends.drafts, **servers.drafts} or None,
        "routes": compiled or None,
        "passthrough": passed_on or None,
    }
    for idle in world.all(Gateway):
        if id(idle) not in gateways and not world.report.findings.failed:
            world.report.warning(idle, ("metadata", "name"), "is not served: no route is attached to it")
    for gateway in gateways.values():
        drafts = {**compile_gateway(world, gateway, attached), **drafts}
    return drafts


def _note_default_retries(world: World, routes: Sequence[Resource[AIGatewayRoute]]) -> None:
    if routes:
        message = "failing targets are retried by Penstock's defaults, where Envoy would not retry"
        others = f", so are those of {len(routes) - 1} other routes" if len(routes) > 1 else ""
        words = f"{message} (retry of a BackendTrafficPolicy){others}"
        world.report.note(routes[0], ("metadata", "name"), words)


def _compile_plain(
    world: World, attached: Mapping[tuple[str, str], Attachment], traffic: TrafficPolicies, servers: Servers
) -> list[Draft]:
    """Return what plain HTTPRoutes pass on."""
    routes = [
        each for each in world.all(HTTPRoute) if is_plain(world, each) and (each.namespace, each.name) in attached
    ]
    names = name_apart(routes)
    compiled: list[Draft] = []
    for route in routes:
        found = attached[route.namespace, route.name]
        policy = traffic.find(route, found.gateway)
        compiled += compile_http_route(servers, route, found.listeners, policy, names[route.namespace, route.name])
        if policy is not None:
            refs = [target for rule in route.model.spec.rules for target in rule.backend_refs]
            keys = dict.fromkeys((target.namespace or route.namespace, target.name) for target in refs)
            used = [name for key in keys for name in servers.names.get(key, ())]
            _bound_backends(world, servers.drafts, policy, used)
    note_differences(world, routes)
    return compiled


def _backends_of(attached: Attached) -> Sequence[str]:
    """Return the native backends of a route."""
    refs = [target for rule in attached.route.model.spec.rules for target in rule.backend_refs]
    keys = dict.fromkeys((target.namespace or attached.route.namespace, target.name) for target in refs)
    return [name for key in keys for name in attached.backends.get(key, ())]


def _bound_backends(world: World, backends: dict[str, Draft], policy: Policy, names: Sequence[str]) -> None:
    """Put waits and bounds of a route's policy on its backends; two policies that disagree are reported."""
    timeouts, pool = compile_bounds(policy)
    for name in names:
        for section, members in (("timeouts", timeouts), ("pool", pool)):
            if members and not _add_members(backends[name], section, members, policy.place("spec")):
                message = f"another policy says otherwise of {section} of the backend {name}"
                world.report.error(policy, ("spec",), message)


def _add_members(backend: Draft, name: str, members: Mapping[str, Draft], place: Place) -> bool:
    assert isinstance(backend, Members)  # noqa: S101 - a mapping was grafted
    section = graft(dict(members), place)
    first = backend.nodes.setdefault(name, (section.place, section))[1]
    return _texts(first) == _texts(section)


def _texts(node: Node) -> dict[str, str]:
    if not isinstance(node, Members):
        return {}
    return {name: getattr(member, "text", "") for name, (_, member) in node.nodes.items()}


def _check_rest(world: World) -> None:
    """Say what of the resources that nothing was compiled from is wrong, or has no effect."""
    for policy in world.all(QuotaPolicy):
        for index, target in enumerate(policy.model.spec.target_refs):
            world.resolve(policy, ("spec", "targetRefs", index), AIServiceBackend, target.name)
    for route in world.all(HTTPRoute):
        if not is_plain(world, route):
            world.report.note(route, ("metadata", "name"), "is skipped: it was generated from an AIGatewayRoute")
