"""Gateway, its EnvoyProxy and the policies for callers, to native listeners, callers' keys, limits and log.

Which Gateway that is, and at which of its listeners it is served, is decided by ``attach_routes.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from penstock.config.manifests.attach_routes import Attachment
from penstock.config.manifests.compile_access_log import compile_access_log
from penstock.config.manifests.compile_secrets import all_keys, find_value
from penstock.config.manifests.compile_tokens import compile_tokens
from penstock.config.manifests.compile_traffic import claim, find_route
from penstock.config.manifests.envoy_callers import ClientTrafficPolicy, SecurityPolicy
from penstock.config.manifests.gateway_api import Gateway, SecretManifest
from penstock.config.manifests.gateway_listeners import compile_listeners
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.parts import SecretRef
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.usage import GatewayConfig
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath

CONFIG_ANNOTATION = "aigateway.envoyproxy.io/gateway-config"
_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key"})
_UNENFORCED = ("oidc", "basic_auth", "ext_auth", "authorization")


def compile_gateway(
    world: World, gateway: Resource[Gateway], attached: Mapping[tuple[str, str], Attachment]
) -> dict[str, Draft]:
    """Return what a native document has but for backends and where requests go."""
    keys, tokens, cors = _compile_callers(world)
    policy = _find_client_traffic(world, gateway)
    first, *others = compile_listeners(world, gateway, attached, policy, has_keys=bool(keys or tokens))
    place = gateway.place("spec", "listeners")
    draft: dict[str, Draft] = {
        "listen": graft({**first, "cors": cors}, place),
        "listeners": graft([graft(each, place) for each in others], place) if others else None,
        "client_keys": keys or None,
        "client_tokens": tokens or None,
        **_compile_client_traffic(world, gateway, policy),
        "access_log": compile_access_log(world, gateway),
    }
    if gateway.model.spec.tls is not None:
        message = "cannot be enforced here: callers are not asked for certificates"
        world.report.error(gateway, ("spec", "tls"), message)
    _check_config(world, gateway)
    return draft


def _compile_callers(world: World) -> tuple[dict[str, Draft], dict[str, Draft], Draft]:
    """Return callers' keys, issuers of callers' tokens, and browsers that may call."""
    keys: dict[str, Draft] = {}
    tokens: dict[str, Draft] = {}
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
        tokens = compile_tokens(world, policy)
    return keys, tokens, cors


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


def _find_client_traffic(world: World, gateway: Resource[Gateway]) -> Resource[ClientTrafficPolicy] | None:
    claimed: dict[tuple[str, str], Resource[ClientTrafficPolicy]] = {}
    for policy in world.all(ClientTrafficPolicy):
        for target, path in policy.model.spec.targets():
            claim(world, claimed, world.resolve(policy, path, Gateway, target.name), policy, path)
    return claimed.get((gateway.namespace, gateway.name))


def _compile_client_traffic(
    world: World, gateway: Resource[Gateway], found: Resource[ClientTrafficPolicy] | None
) -> dict[str, Draft]:
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


def _check_config(world: World, gateway: Resource[Gateway]) -> None:
    name = gateway.model.metadata.annotations.get(CONFIG_ANNOTATION)
    if name is None or world.find(GatewayConfig, gateway.namespace, name):
        return
    if not world.is_broken(GatewayConfig, gateway.namespace, name):
        message = f"there is no GatewayConfig {name} in the namespace {gateway.namespace}"
        world.report.error(gateway, ("metadata", "annotations", CONFIG_ANNOTATION), message)
