"""``jwt`` of a SecurityPolicy to native ``client_tokens``.

What would take other tokens than Envoy does, or look for them elsewhere, is an error.
"""

from __future__ import annotations

import json
from typing import get_args

from penstock.config.manifests.envoy_callers import JwtExtract, JwtProvider, LocalJwks, SecurityPolicy
from penstock.config.manifests.gateway_api import ConfigMapManifest
from penstock.config.manifests.native_tree import Draft, graft, graft_json
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath
from penstock.identity.token_keys import Algorithm

Policy = Resource[SecurityPolicy]
_HERE: KeyPath = ("spec", "jwt")


def compile_tokens(world: World, policy: Policy) -> dict[str, Draft]:
    """Return the issuers of a policy, by their names."""
    jwt = policy.model.spec.jwt
    if jwt is None:
        return {}
    if jwt.optional:
        message = "would let in callers without a token, and who they are is asked of all here"
        world.report.error(policy, (*_HERE, "optional"), message)
    if policy.model.spec.api_key_auth is not None:
        world.report.error(policy, _HERE, "either this or apiKeyAuth: a caller shows one of them here, and not both")
    found: dict[str, Draft] = {}
    for index, provider in enumerate(jwt.providers):
        path: KeyPath = (*_HERE, "providers", index)
        if provider.name in found:
            world.report.error(policy, (*path, "name"), "stands twice")
        found[provider.name] = _compile(world, policy, path, provider)
    return found


def _compile(world: World, policy: Policy, path: KeyPath, provider: JwtProvider) -> Draft:
    if provider.issuer is None:
        world.report.error(policy, path, "needs an issuer: tokens of anybody who has one of its keys are not taken")
    if provider.extract_from is not None:
        _check_places(world, policy, (*path, "extractFrom"), provider.extract_from)
    remote, local = provider.remote_jwks, provider.local_jwks
    draft: dict[str, Draft] = {
        "issuer": graft(provider.issuer or "?", policy.place(*path, "issuer")),
        "audiences": [*provider.audiences] or None,
        "jwks_url": graft(remote.uri, policy.place(*path, "remoteJWKS", "uri")) if remote else None,
        "refresh_s": (remote.cache_duration or None) if remote else None,
        "jwks": _read_keys(world, policy, (*path, "localJWKS"), local) if local else None,
        "algorithms": list(get_args(Algorithm)),
    }
    return graft(draft, policy.place(*path))


def _check_places(world: World, policy: Policy, path: KeyPath, places: JwtExtract) -> None:
    usual = not places.headers
    for header in places.headers:
        prefix = (header.value_prefix or "").strip().lower()
        usual = usual or (header.name.lower() == "authorization" and prefix == "bearer")
    if not usual or places.cookies or places.params:
        message = "tokens come in the header Authorization, after Bearer, here"
        world.report.error(policy, path, message)


def _read_keys(world: World, policy: Policy, path: KeyPath, local: LocalJwks) -> Draft:
    text, place = local.inline, policy.place(*path, "inline")
    if local.value_ref is not None:
        here: KeyPath = (*path, "valueRef")
        if local.value_ref.kind != "ConfigMap":
            world.report.error(policy, (*here, "kind"), "must be a ConfigMap")
            return None
        named = world.resolve(policy, here, ConfigMapManifest, local.value_ref.name)
        if named is None:
            return None
        entries = named.model.data
        text = entries.get("jwks") or (next(iter(entries.values())) if len(entries) == 1 else None)
        place = named.place("data")
        if text is None:
            world.report.error(named, ("data",), f"has no entry jwks, which {policy.label} needs")
            return None
    try:
        keys = json.loads(text or "")
    except ValueError:
        world.report.add("error", place, "is not a JSON Web Key Set: not a JSON object")
        return None
    return graft_json(keys, place)
