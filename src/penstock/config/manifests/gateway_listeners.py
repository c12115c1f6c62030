"""Listeners of a Gateway to native ones: one for each port, with its certificate and how callers' addresses are known.

Listeners of one port differ in their hosts only, which routes have taken over. ``ClientTrafficPolicy`` says whether
balancers stand in front; it holds for all listeners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.config.manifests.attach_routes import SPOKEN, Attachment, served_listeners
from penstock.config.manifests.compile_secrets import find_pem
from penstock.config.manifests.envoy_callers import ClientTrafficPolicy
from penstock.config.manifests.gateway_api import Gateway, GatewayListener, SecretManifest
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath

_PRIVILEGED_BELOW = 1024
_SHIFT = 10_000


def compile_listeners(
    world: World,
    gateway: Resource[Gateway],
    attached: Mapping[tuple[str, str], Attachment],
    policy: Resource[ClientTrafficPolicy] | None,
    *,
    has_keys: bool,
) -> list[dict[str, Draft]]:
    """Return the native listeners, at least one."""
    listeners = gateway.model.spec.listeners
    served = served_listeners(gateway, attached)
    _report_idle(world, gateway, served)
    by_port: dict[int, list[int]] = {}
    for number in served:
        by_port.setdefault(listeners[number].port, []).append(number)
    if len(by_port) > 1 and len({_hosts(listeners, numbers) for numbers in by_port.values()}) > 1:
        message = "have different hosts at different ports; here every host is served at every port"
        world.report.warning(gateway, ("spec", "listeners"), message)
    front = _compile_front(world, policy)
    if policy is not None and front and len(by_port) > 1:
        _refuse_sections(world, policy)
    native: list[dict[str, Draft]] = [
        {
            "address": _choose_address(world, gateway, numbers[0], has_keys=has_keys),
            "tls": _compile_tls(world, gateway, numbers),
            **front,
        }
        for numbers in by_port.values()
    ]
    if not has_keys:
        message = (
            "listens on this machine only, since no apiKeyAuth or jwt asks callers who they are "
            "(--listen says otherwise)"
        )
        world.report.note(gateway, ("spec", "listeners", served[0], "port"), message)
    return native


def _hosts(listeners: Sequence[GatewayListener], numbers: Sequence[int]) -> frozenset[str | None]:
    hosts = frozenset(listeners[number].hostname for number in numbers)
    return frozenset([None]) if None in hosts else hosts


def _report_idle(world: World, gateway: Resource[Gateway], served: Sequence[int]) -> None:
    for number, listener in enumerate(gateway.model.spec.listeners):
        if number in served:
            continue
        message = "no route is attached to it" if listener.protocol in SPOKEN else "it speaks neither HTTP nor HTTPS"
        world.report.warning(gateway, ("spec", "listeners", number), f"is not opened: {message}")


def _choose_address(world: World, gateway: Resource[Gateway], number: int, *, has_keys: bool) -> Draft:
    path: KeyPath = ("spec", "listeners", number, "port")
    port = gateway.model.spec.listeners[number].port
    if port < _PRIVILEGED_BELOW:
        message = f"listens on {port + _SHIFT}, since ports below 1024 are not for everybody (--listen says otherwise)"
        world.report.note(gateway, path, message)
        port += _SHIFT
    return graft(f"0.0.0.0:{port}" if has_keys else f"127.0.0.1:{port}", gateway.place(*path))


def _compile_tls(world: World, gateway: Resource[Gateway], numbers: Sequence[int]) -> Draft:
    """Return the certificate of a port; listeners that share it must agree about it."""
    listeners = gateway.model.spec.listeners
    first = listeners[numbers[0]]
    for number in numbers[1:]:
        path: KeyPath = ("spec", "listeners", number)
        if listeners[number].protocol != first.protocol:
            message = f"is {first.protocol} at the listener {first.name} of the same port"
            world.report.error(gateway, (*path, "protocol"), message)
        elif listeners[number].tls != first.tls:
            message = f"differs from that of {first.name}; one port has one certificate here, for all its hosts"
            world.report.error(gateway, (*path, "tls"), message)
    return _compile_certificate(world, gateway, ("spec", "listeners", numbers[0]), first)


def _compile_certificate(world: World, gateway: Resource[Gateway], path: KeyPath, listener: GatewayListener) -> Draft:
    if listener.protocol != "HTTPS":
        return None
    here: KeyPath = (*path, "tls", "certificateRefs", 0)
    if listener.tls is None or not listener.tls.certificate_refs or listener.tls.mode != "Terminate":
        world.report.error(gateway, (*path, "tls"), "HTTPS needs certificateRefs, and the mode Terminate")
        return None
    for index in range(1, len(listener.tls.certificate_refs)):
        message = "is not shown: one port has one certificate here, the first"
        world.report.warning(gateway, (*path, "tls", "certificateRefs", index), message)
    ref = listener.tls.certificate_refs[0]
    secret = world.resolve(gateway, here, SecretManifest, ref.name, ref.namespace)
    if secret is None:
        return None
    certificate = find_pem(world, gateway, secret, "tls.crt", "cert")
    key = find_pem(world, gateway, secret, "tls.key", "key")
    return graft({**certificate, **key}, secret.place("metadata", "name")) if certificate and key else None


def _refuse_sections(world: World, policy: Resource[ClientTrafficPolicy]) -> None:
    for target, path in policy.model.spec.targets():
        if target.section_name is not None:
            message = "balancers stand before all listeners here, or before none"
            world.report.error(policy, (*path, "sectionName"), message)


def _compile_front(world: World, policy: Resource[ClientTrafficPolicy] | None) -> dict[str, Draft]:
    """Return ``proxy_protocol`` and ``trusted_proxies``."""
    if policy is None:
        return {}
    spec = policy.model.spec
    front: dict[str, Draft] = {}
    wanted = {
        "proxyProtocol": spec.proxy_protocol is not None,
        "enableProxyProtocol": spec.enable_proxy_protocol,
    }
    for name in [name for name, is_wanted in wanted.items() if is_wanted]:
        front["proxy_protocol"] = graft(value=True, place=policy.place("spec", name))
    if spec.proxy_protocol is not None and spec.proxy_protocol.optional:
        message = "must not be: at one address either every connection begins so, or none does"
        world.report.error(policy, ("spec", "proxyProtocol", "optional"), message)
    detection = spec.client_ip_detection
    forwarded = detection.x_forwarded_for if detection else None
    if forwarded is not None and forwarded.trusted_cidrs:
        place = policy.place("spec", "clientIPDetection", "xForwardedFor", "trustedCIDRs")
        front["trusted_proxies"] = graft([*forwarded.trusted_cidrs], place)
    return front
