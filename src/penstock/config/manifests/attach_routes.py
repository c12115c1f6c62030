"""Which routes are attached to which listeners of the Gateway that is served.

One Gateway is served, at every listener that a route is attached to. The native document binds routes to hosts and not
to ports, so a route that is kept from a port where others are served is refused: it would be reached there all the
same.

https://gateway-api.sigs.k8s.io/reference/spec/#parentreference (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from penstock.config.manifests.ai_gateway import AIGatewayRoute
from penstock.config.manifests.compile_http_routes import is_plain
from penstock.config.manifests.gateway_api import Gateway, GatewayListener
from penstock.config.manifests.http_route import HTTPRoute
from penstock.config.manifests.parts import ParentRef
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.similar_names import hint
from penstock.config.yaml_tree import KeyPath

SPOKEN = frozenset({"HTTP", "HTTPS"})
Route = Resource[AIGatewayRoute] | Resource[HTTPRoute]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A Gateway, and the listeners of it that a route is attached to, at least one."""

    gateway: Resource[Gateway]
    listeners: tuple[GatewayListener, ...]


def attach_routes(world: World) -> dict[tuple[str, str], Attachment]:
    """Return what each route is attached to. Routes of a second Gateway are reported: they would mix."""
    attached: dict[tuple[str, str], Attachment] = {}
    served: Resource[Gateway] | None = None
    routes: list[Route] = [*world.all(AIGatewayRoute)]
    routes += [route for route in world.all(HTTPRoute) if is_plain(world, route)]
    for route in routes:
        if not route.model.spec.parent_refs:
            world.report.error(route, ("spec",), "names no Gateway in parentRefs, so that it would serve nothing")
        for path, gateway, listeners in _find_gateways(world, route):
            served = served or gateway
            key = (route.namespace, route.name)
            if gateway is not served:
                message = f"one Gateway is served by one process, and {served.label} is it"
                world.report.error(route, path, f"{message}; give the files of {gateway.label} to another")
            else:
                known = attached[key].listeners if key in attached else ()
                attached[key] = Attachment(gateway, (*known, *(each for each in listeners if each not in known)))
    _refuse_parts(world, routes, attached)
    return attached


def served_listeners(gateway: Resource[Gateway], attached: Mapping[tuple[str, str], Attachment]) -> list[int]:
    """Return the numbers of the listeners that a route is attached to."""
    used = {each.name for one in attached.values() if one.gateway is gateway for each in one.listeners}
    return [number for number, each in enumerate(gateway.model.spec.listeners) if each.name in used]


def _find_gateways(
    world: World, route: Route
) -> Iterator[tuple[KeyPath, Resource[Gateway], tuple[GatewayListener, ...]]]:
    for index, parent in enumerate(route.model.spec.parent_refs):
        path: KeyPath = ("spec", "parentRefs", index)
        namespace = parent.namespace or route.namespace
        gateway = world.find(Gateway, namespace, parent.name)
        if gateway is None:
            if not world.is_broken(Gateway, namespace, parent.name):
                world.report.error(route, (*path, "name"), f"there is no Gateway {parent.name} in {namespace}")
            continue
        named = _find_listeners(world, route, path, parent, gateway)
        listeners = tuple(each for each in named if _may_attach(each, route.namespace, gateway.namespace))
        if named and not listeners:
            message = f"{gateway.label} does not let routes of the namespace {route.namespace} attach (allowedRoutes)"
            world.report.error(route, path, message)
        elif listeners:
            yield path, gateway, listeners


def _find_listeners(
    world: World, route: Route, path: KeyPath, parent: ParentRef, gateway: Resource[Gateway]
) -> list[GatewayListener]:
    """Return the listeners that a reference means and that speak HTTP; report when there is none."""
    listeners = gateway.model.spec.listeners
    spoken = [each for each in listeners if each.protocol in SPOKEN]
    if not spoken:
        world.report.error(gateway, ("spec", "listeners"), "none of them speaks HTTP or HTTPS")
        return []
    if parent.section_name is not None and parent.section_name not in {each.name for each in listeners}:
        known = hint(parent.section_name, [each.name for each in listeners])
        world.report.error(route, (*path, "sectionName"), f"{gateway.label} has no listener of this name{known}")
        return []
    meant = [each for each in spoken if parent.section_name in {None, each.name} and parent.port in {None, each.port}]
    if not meant:
        world.report.error(route, path, f"no listener of {gateway.label} that it means speaks HTTP or HTTPS")
    return meant


def _may_attach(listener: GatewayListener, namespace: str, own: str) -> bool:
    allowed = listener.allowed_routes.namespaces
    if allowed.from_ == "Selector":
        labels = allowed.selector.match_labels if allowed.selector else {}
        return labels == {"kubernetes.io/metadata.name": namespace}
    return allowed.from_ == "All" or (allowed.from_ == "Same" and namespace == own)


def _refuse_parts(world: World, routes: list[Route], attached: Mapping[tuple[str, str], Attachment]) -> None:
    """Report routes that are attached to some of the ports that are served, and not to all."""
    ports = {each.port for one in attached.values() for each in one.listeners}
    for route in routes:
        found = attached.get((route.namespace, route.name))
        missing = ports - {each.port for each in found.listeners} if found else set()
        if missing:
            others = ", ".join(str(port) for port in sorted(missing))
            message = f"is not for port {others}, where other routes are served, and would be reached there too"
            advice = "attach it to all of them, or give the files of the other routes to another process"
            world.report.error(route, ("spec", "parentRefs"), f"{message}; {advice}")
