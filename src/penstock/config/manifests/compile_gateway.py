"""Gateway, its EnvoyProxy and the policies for callers, to the native listener, callers' keys, limits and log.

One Gateway is served, at one of its listeners: the first that speaks HTTP. Everything else is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from penstock.config.manifests.ai_gateway import AIGatewayRoute
from penstock.config.manifests.compile_http_routes import is_plain
from penstock.config.manifests.compile_secrets import all_keys, find_value, read_file_path
from penstock.config.manifests.compile_traffic import claim, find_route
from penstock.config.manifests.envoy_callers import ClientTrafficPolicy, EnvoyProxy, LogSink, SecurityPolicy
from penstock.config.manifests.gateway_api import Gateway, GatewayClass, GatewayListener, SecretManifest
from penstock.config.manifests.http_route import HTTPRoute
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.parts import SecretRef
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.usage import GatewayConfig
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath, Node

CONFIG_ANNOTATION = "aigateway.envoyproxy.io/gateway-config"
_PRIVILEGED_BELOW = 1024
_SHIFT = 10_000
_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key"})
_UNENFORCED = ("jwt", "oidc", "basic_auth", "ext_auth", "authorization")
_STANDARD_OUTPUT = "/dev/stdout"
Attachment = tuple[Resource[Gateway], GatewayListener]


def attach_routes(world: World) -> dict[tuple[str, str], Attachment]:
    """Return each route's Gateway and listener. Routes of a second Gateway are reported: they would mix."""
    attached: dict[tuple[str, str], Attachment] = {}
    served: Resource[Gateway] | None = None
    routes: list[Resource[AIGatewayRoute] | Resource[HTTPRoute]] = [*world.all(AIGatewayRoute)]
    routes += [route for route in world.all(HTTPRoute) if is_plain(world, route)]
    for route in routes:
        found = list(_find_gateways(world, route))
        if not route.model.spec.parent_refs:
            world.report.error(route, ("spec",), "names no Gateway in parentRefs, so that it would serve nothing")
        for path, gateway, listener in found:
            served = served or gateway
            if gateway is not served:
                message = f"one Gateway is served by one process, and {served.label} is it"
                world.report.error(route, path, f"{message}; give the files of {gateway.label} to another")
            else:
                attached[route.namespace, route.name] = (gateway, listener)
    return attached


def _find_gateways(
    world: World, route: Resource[AIGatewayRoute] | Resource[HTTPRoute]
) -> Iterator[tuple[KeyPath, Resource[Gateway], GatewayListener]]:
    for index, parent in enumerate(route.model.spec.parent_refs):
        path: KeyPath = ("spec", "parentRefs", index)
        namespace = parent.namespace or route.namespace
        gateway = world.find(Gateway, namespace, parent.name)
        if gateway is None:
            if not world.is_broken(Gateway, namespace, parent.name):
                world.report.error(route, (*path, "name"), f"there is no Gateway {parent.name} in {namespace}")
            continue
        listener = serving_listener(gateway)
        if listener is None:
            message = "none of them speaks HTTP or HTTPS"
            world.report.error(gateway, ("spec", "listeners"), message)
            continue
        if (parent.section_name or listener.name) != listener.name or (parent.port or listener.port) != listener.port:
            message = f"only the listener {listener.name} is served"
            world.report.error(route, path, message)
        elif not _may_attach(listener, route.namespace, gateway.namespace):
            message = f"{gateway.label} does not let routes of the namespace {route.namespace} attach (allowedRoutes)"
            world.report.error(route, path, message)
        else:
            yield path, gateway, listener


def _may_attach(listener: GatewayListener, namespace: str, own: str) -> bool:
    allowed = listener.allowed_routes.namespaces
    if allowed.from_ == "Selector":
        labels = allowed.selector.match_labels if allowed.selector else {}
        return labels == {"kubernetes.io/metadata.name": namespace}
    return allowed.from_ == "All" or (allowed.from_ == "Same" and namespace == own)


def serving_listener(gateway: Resource[Gateway]) -> GatewayListener | None:
    """Return the listener that is served."""
    return next((each for each in gateway.model.spec.listeners if each.protocol in {"HTTP", "HTTPS"}), None)


def compile_gateway(world: World, gateway: Resource[Gateway], listener: GatewayListener) -> dict[str, Draft]:
    """Return ``listen``, ``client_keys``, ``limits``, ``timeouts`` and ``access_log``."""
    keys, cors = _compile_callers(world)
    draft: dict[str, Draft] = {
        "listen": _compile_listener(world, gateway, listener, has_keys=bool(keys), cors=cors),
        "client_keys": keys or None,
        **_compile_client_traffic(world, gateway),
        "access_log": _compile_access_log(world, gateway),
    }
    if gateway.model.spec.tls is not None:
        message = "cannot be enforced here: callers are not asked for certificates"
        world.report.error(gateway, ("spec", "tls"), message)
    _check_config(world, gateway)
    return draft


def _compile_listener(
    world: World, gateway: Resource[Gateway], listener: GatewayListener, *, has_keys: bool, cors: Draft
) -> Node:
    listeners = gateway.model.spec.listeners
    number = listeners.index(listener)
    for index in range(len(listeners)):
        if index != number:
            message = f"is not served: one listener is, and {listener.name} is it"
            world.report.warning(gateway, ("spec", "listeners", index), message)
    path: KeyPath = ("spec", "listeners", number)
    address = _choose_address(world, gateway, (*path, "port"), listener.port, has_keys=has_keys)
    tls = _compile_certificate(world, gateway, path, listener)
    return graft({"address": address, "tls": tls, "cors": cors}, gateway.place(*path))


def _choose_address(world: World, gateway: Resource[Gateway], path: KeyPath, port: int, *, has_keys: bool) -> Draft:
    if port < _PRIVILEGED_BELOW:
        message = f"listens on {port + _SHIFT}, since ports below 1024 are not for everybody (--listen says otherwise)"
        world.report.note(gateway, path, message)
        port += _SHIFT
    if not has_keys:
        message = "listens on this machine only, since no apiKeyAuth asks callers for keys (--listen says otherwise)"
        world.report.note(gateway, path, message)
    return graft(f"0.0.0.0:{port}" if has_keys else f"127.0.0.1:{port}", gateway.place(*path))


def _compile_certificate(world: World, gateway: Resource[Gateway], path: KeyPath, listener: GatewayListener) -> Draft:
    if listener.protocol != "HTTPS":
        return None
    here: KeyPath = (*path, "tls", "certificateRefs", 0)
    if listener.tls is None or not listener.tls.certificate_refs or listener.tls.mode != "Terminate":
        world.report.error(gateway, (*path, "tls"), "HTTPS needs certificateRefs, and the mode Terminate")
        return None
    ref = listener.tls.certificate_refs[0]
    secret = world.resolve(gateway, here, SecretManifest, ref.name, ref.namespace)
    if secret is None:
        return None
    certificate, key = read_file_path(world, secret, "tls.crt"), read_file_path(world, secret, "tls.key")
    if certificate is None or key is None:
        message = "certificates are read from files only: name them in the annotations substitution.aigw.run/file/"
        world.report.error(secret, ("metadata", "name"), f"{message}tls.crt and substitution.aigw.run/file/tls.key")
        return None
    return graft({"cert_file": certificate, "key_file": key}, secret.place("metadata", "annotations"))


def _compile_callers(world: World) -> tuple[dict[str, Draft], Draft]:
    keys: dict[str, Draft] = {}
    cors: Draft = None
    first: Resource[SecurityPolicy] | None = None
    claimed: dict[tuple[str, str], Resource[SecurityPolicy]] = {}
    for policy in world.all(SecurityPolicy):
        _refuse_unenforced(world, policy)
        for target, path in policy.model.spec.targets():
            if target.kind == "Gateway":
                found = world.resolve(policy, path, Gateway, target.name)
                claim(world, claimed, found, policy, path)
            else:
                claim(world, claimed, find_route(world, policy, path, target.name), policy, path)
                message = "is for all routes here: callers' keys and browsers are the listener's business"
                world.report.warning(policy, path, message)
        if first is not None:
            message = f"one SecurityPolicy for the whole gateway, and {first.label} is it"
            world.report.error(policy, ("spec",), message)
            continue
        first = policy
        keys, cors = _compile_keys(world, policy), _compile_cors(world, policy)
    return keys, cors


def _refuse_unenforced(world: World, policy: Resource[SecurityPolicy]) -> None:
    fields = type(policy.model.spec).model_fields
    for name in _UNENFORCED:
        if name in policy.model.spec.model_fields_set:
            message = "cannot be enforced here; serving without it would let in who should not"
            world.report.error(policy, ("spec", fields[name].alias or name), message)


def _compile_keys(world: World, policy: Resource[SecurityPolicy]) -> dict[str, Draft]:
    auth = policy.model.spec.api_key_auth
    if auth is None:
        return {}
    for index, place in enumerate(auth.extract_from):
        for number, name in enumerate(place.headers):
            if name.lower() not in _KEY_HEADERS:
                path: KeyPath = ("spec", "apiKeyAuth", "extractFrom", index, "headers", number)
                world.report.error(policy, path, f"callers' keys come in {', '.join(sorted(_KEY_HEADERS))} here")
    keys: dict[str, Draft] = {}
    for index, ref in enumerate(auth.credential_refs):
        path = ("spec", "apiKeyAuth", "credentialRefs", index)
        secret = world.resolve(policy, path, SecretManifest, ref.name, ref.namespace)
        callers = all_keys(secret) if secret else []
        if secret and not callers:
            world.report.error(secret, ("metadata", "name"), f"holds no key of a caller, and {policy.label} needs one")
        for caller in callers:
            value = find_value(world, policy, path, SecretRef(name=ref.name, namespace=ref.namespace), caller)
            if value is not None and caller in keys:
                world.report.add("error", value.place, f'the caller "{caller}" has a key already')
            elif value is not None:
                keys[caller] = value.node
    return keys


def _compile_cors(world: World, policy: Resource[SecurityPolicy]) -> Draft:
    cors = policy.model.spec.cors
    if cors is None:
        return None
    for index, origin in enumerate(cors.allow_origins):
        if "*" in origin and origin != "*":
            path: KeyPath = ("spec", "cors", "allowOrigins", index)
            world.report.error(policy, path, "is a pattern, and origins are written out here (or * for all)")
    draft: Draft = {"allow_origins": [*cors.allow_origins], "max_age_s": int(cors.max_age) if cors.max_age else None}
    return graft(draft, policy.place("spec", "cors"))


def _compile_client_traffic(world: World, gateway: Resource[Gateway]) -> dict[str, Draft]:
    claimed: dict[tuple[str, str], Resource[ClientTrafficPolicy]] = {}
    for policy in world.all(ClientTrafficPolicy):
        for target, path in policy.model.spec.targets():
            claim(world, claimed, world.resolve(policy, path, Gateway, target.name), policy, path)
    found = claimed.get((gateway.namespace, gateway.name))
    if found is None:
        message = "request bodies may have 50 MiB, where Envoy would take 32 KiB (bufferLimit of a ClientTrafficPolicy)"
        world.report.note(gateway, ("metadata", "name"), message)
        return {}
    if "clientValidation" in (found.model.spec.tls or {}):
        message = "cannot be enforced here: callers are not asked for certificates"
        world.report.error(found, ("spec", "tls", "clientValidation"), message)
    connection, timeout = found.model.spec.connection, found.model.spec.timeout
    limits: dict[str, Draft] = {}
    if connection and connection.buffer_limit:
        limits["body"] = graft(connection.buffer_limit, found.place("spec", "connection", "bufferLimit"))
    if connection and connection.connection_limit:
        place = found.place("spec", "connection", "connectionLimit", "value")
        limits["connections"] = graft(connection.connection_limit.value, place)
    http = timeout.http if timeout else None
    waits: dict[str, Draft] = {
        "body_s": (http.request_received_timeout or None) if http else None,
        "keep_alive_s": (http.idle_timeout or None) if http else None,
    }
    here = found.place("spec", "timeout")
    return {
        "limits": graft(limits, found.place("spec", "connection")) if limits else None,
        "timeouts": graft(waits, here) if any(waits.values()) else None,
    }


def _compile_access_log(world: World, gateway: Resource[Gateway]) -> Draft:
    proxy = _find_proxy(world, gateway)
    log = proxy.model.spec.telemetry.access_log if proxy and proxy.model.spec.telemetry else None
    if proxy is None or log is None:
        return None
    path: KeyPath = ("spec", "telemetry", "accessLog")
    if log.disable:
        return graft("off", proxy.place(*path, "disable"))
    sinks: list[tuple[KeyPath, LogSink]] = [
        ((*path, "settings", number, "sinks", index), sink)
        for number, settings in enumerate(log.settings)
        for index, sink in enumerate(settings.sinks)
        if sink.file is not None
    ]
    for here, _ in sinks[1:]:
        world.report.warning(proxy, here, "is not written: there is one access log")
    if not sinks or sinks[0][1].file is None:
        return None
    file = sinks[0][1].file.path
    return graft("-" if file == _STANDARD_OUTPUT else file, proxy.place(*sinks[0][0], "file", "path"))


def _find_proxy(world: World, gateway: Resource[Gateway]) -> Resource[EnvoyProxy] | None:
    infrastructure = gateway.model.spec.infrastructure
    ref = infrastructure.parameters_ref if infrastructure else None
    if ref is not None and ref.kind == "EnvoyProxy":
        return world.resolve(gateway, ("spec", "infrastructure", "parametersRef"), EnvoyProxy, ref.name)
    named = world.find(GatewayClass, "", gateway.model.spec.gateway_class_name)
    parameters = named.model.spec.parameters_ref if named else None
    if named is None or parameters is None or parameters.kind != "EnvoyProxy":
        return None
    namespace = parameters.namespace or gateway.namespace
    found = world.find(EnvoyProxy, namespace, parameters.name)
    if found is None and not world.is_broken(EnvoyProxy, namespace, parameters.name):
        message = f"there is no EnvoyProxy {parameters.name} in the namespace {namespace}"
        world.report.error(named, ("spec", "parametersRef", "name"), message)
    return found


def _check_config(world: World, gateway: Resource[Gateway]) -> None:
    name = gateway.model.metadata.annotations.get(CONFIG_ANNOTATION)
    if name is None or world.find(GatewayConfig, gateway.namespace, name):
        return
    if not world.is_broken(GatewayConfig, gateway.namespace, name):
        message = f"there is no GatewayConfig {name} in the namespace {gateway.namespace}"
        world.report.error(gateway, ("metadata", "annotations", CONFIG_ANNOTATION), message)
