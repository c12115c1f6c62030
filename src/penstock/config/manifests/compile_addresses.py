"""Backend and BackendTLSPolicy: where requests go, and how the certificate there is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from penstock.config.manifests.compile_secrets import find_authorities
from penstock.config.manifests.envoy_gateway import Backend, BackendTls, Endpoint
from penstock.config.manifests.gateway_api import BackendTLSPolicy
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.parts import LocalRef, Manifest
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath, Node

TlsPolicies = Mapping[tuple[str, str], Resource[BackendTLSPolicy]]
"""By namespace and name of the Backend."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a backend is, and how its certificate is checked."""

    root: str
    """Scheme, host and port."""
    host: str
    port: int
    node: Node
    tls: dict[str, Draft]


def index_tls_policies(world: World) -> TlsPolicies:
    """Return the policies by the Backends that they are for; two for one are reported."""
    found: dict[tuple[str, str], Resource[BackendTLSPolicy]] = {}
    for policy in world.all(BackendTLSPolicy):
        for index, target in enumerate(policy.model.spec.target_refs):
            path: KeyPath = ("spec", "targetRefs", index)
            if target.kind != "Backend":
                message = f"has no effect: a {target.kind} has no TLS here, a Backend has"
                world.report.warning(policy, path, message)
                continue
            if world.resolve(policy, path, Backend, target.name) is None:
                continue
            first = found.setdefault((policy.namespace, target.name), policy)
            if first is not policy:
                message = f"Backend/{target.name} has a policy already: {first.label} at {first.root.place}"
                world.report.error(policy, path, message)
    return found


def find_addresses(world: World, backend: Resource[Backend], tls_policies: TlsPolicies) -> Iterator[Address]:
    """Yield an address for each endpoint of a Backend."""
    spec = backend.model.spec
    if spec.type == "DynamicResolver":
        world.report.error(backend, ("spec", "type"), "callers do not say where requests go here: use endpoints")
        return
    policy = tls_policies.get((backend.namespace, backend.name))
    for index, endpoint in enumerate(spec.endpoints):
        address = _read_address(world, backend, policy, ("spec", "endpoints", index), endpoint)
        if address is not None:
            yield address


def _read_address(
    world: World,
    backend: Resource[Backend],
    policy: Resource[BackendTLSPolicy] | None,
    path: KeyPath,
    endpoint: Endpoint,
) -> Address | None:
    if endpoint.fqdn is not None:
        host, port, path = endpoint.fqdn.hostname, endpoint.fqdn.port, (*path, "fqdn", "hostname")
    elif endpoint.ip is not None:
        host, port, path = endpoint.ip.address, endpoint.ip.port, (*path, "ip", "address")
    else:
        world.report.error(backend, (*path, "unix"), "Unix sockets of backends are not supported")
        return None
    tls = _compile_tls(world, backend, policy, host)
    is_tls = backend.model.spec.tls is not None or policy is not None
    if port == 443 and not is_tls:
        message = "no TLS is configured for this port: requests go unencrypted (a BackendTLSPolicy changes that)"
        world.report.warning(backend, path, message)
    scheme, usual = ("https", 443) if is_tls else ("http", 80)
    written = f"[{host}]" if ":" in host else host
    root = f"{scheme}://{written}" + ("" if port == usual else f":{port}")
    return Address(root, host, port, graft(host, backend.place(*path)), tls)


def _compile_tls(
    world: World, backend: Resource[Backend], policy: Resource[BackendTLSPolicy] | None, host: str
) -> dict[str, Draft]:
    tls = backend.model.spec.tls
    drafts: dict[str, Draft] = {}
    if policy is not None:
        validation = policy.model.spec.validation
        here: KeyPath = ("spec", "validation")
        if validation.hostname != host:
            drafts["server_name"] = graft(validation.hostname, policy.place(*here, "hostname"))
        drafts |= _authorities(world, policy, (*here, "caCertificateRefs"), validation.ca_certificate_refs)
    elif tls is not None:
        drafts = _compile_own_tls(world, backend, tls, host)
    return drafts


def _compile_own_tls(world: World, backend: Resource[Backend], tls: BackendTls, host: str) -> dict[str, Draft]:
    here: KeyPath = ("spec", "tls")
    if tls.insecure_skip_verify:
        world.report.error(backend, (*here, "insecureSkipVerify"), "certificates are always verified")
    drafts: dict[str, Draft] = {}
    if tls.sni is not None and tls.sni != host:
        drafts["server_name"] = graft(tls.sni, backend.place(*here, "sni"))
    return drafts | _authorities(world, backend, (*here, "caCertificateRefs"), tls.ca_certificate_refs)


def _authorities(world: World, source: Resource[Manifest], path: KeyPath, refs: list[LocalRef]) -> dict[str, Draft]:
    if not refs:
        return {}
    if len(refs) > 1:
        world.report.error(source, (*path, 1), "one source of certificate authorities; put the others into it")
    return find_authorities(world, source, (*path, 0), refs[0].kind, refs[0].name)
