"""Which kinds of resources there are, and what becomes of each.

A kind of the groups in ``OUR_GROUPS`` that is in no table is a mistake; kinds of other groups are somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.config.manifests.ai_gateway import AIGatewayRoute, AIServiceBackend
from penstock.config.manifests.envoy_callers import ClientTrafficPolicy, EnvoyProxy, SecurityPolicy
from penstock.config.manifests.envoy_gateway import Backend, BackendTrafficPolicy
from penstock.config.manifests.gateway_api import (
    BackendTLSPolicy,
    ConfigMapManifest,
    Gateway,
    GatewayClass,
    ReferenceGrant,
    SecretManifest,
    ServiceManifest,
)
from penstock.config.manifests.http_route import HTTPRoute
from penstock.config.manifests.mcp import InferenceObjective, InferencePool, MCPRoute
from penstock.config.manifests.parts import (
    AI_GATEWAY,
    CORE,
    ENVOY_GATEWAY,
    GATEWAY_API,
    INFERENCE,
    Manifest,
)
from penstock.config.manifests.security_policy import BackendSecurityPolicy
from penstock.config.manifests.usage import GatewayConfig, QuotaPolicy

GroupKind = tuple[str, str]

KINDS: Mapping[GroupKind, type[Manifest]] = MappingProxyType(
    {
        (AI_GATEWAY, "AIGatewayRoute"): AIGatewayRoute,
        (AI_GATEWAY, "AIServiceBackend"): AIServiceBackend,
        (AI_GATEWAY, "BackendSecurityPolicy"): BackendSecurityPolicy,
        (AI_GATEWAY, "GatewayConfig"): GatewayConfig,
        (AI_GATEWAY, "QuotaPolicy"): QuotaPolicy,
        (AI_GATEWAY, "MCPRoute"): MCPRoute,
        (INFERENCE, "InferencePool"): InferencePool,
        ("inference.networking.x-k8s.io", "InferenceObjective"): InferenceObjective,
        (GATEWAY_API, "Gateway"): Gateway,
        (GATEWAY_API, "GatewayClass"): GatewayClass,
        (GATEWAY_API, "HTTPRoute"): HTTPRoute,
        (GATEWAY_API, "ReferenceGrant"): ReferenceGrant,
        (GATEWAY_API, "BackendTLSPolicy"): BackendTLSPolicy,
        (ENVOY_GATEWAY, "Backend"): Backend,
        (ENVOY_GATEWAY, "BackendTrafficPolicy"): BackendTrafficPolicy,
        (ENVOY_GATEWAY, "ClientTrafficPolicy"): ClientTrafficPolicy,
        (ENVOY_GATEWAY, "SecurityPolicy"): SecurityPolicy,
        (ENVOY_GATEWAY, "EnvoyProxy"): EnvoyProxy,
        (CORE, "Secret"): SecretManifest,
        (CORE, "ConfigMap"): ConfigMapManifest,
        (CORE, "Service"): ServiceManifest,
    }
)
"""Kinds that are read and checked."""

KIND_NAMES: Mapping[type[Manifest], str] = MappingProxyType({model: kind for (_, kind), model in KINDS.items()})
CLUSTER_WIDE: frozenset[type[Manifest]] = frozenset({GatewayClass})

UNSERVED: Mapping[GroupKind, str] = MappingProxyType(
    {
        (AI_GATEWAY, "MCPRoute"): "MCP servers are not served yet",
        (INFERENCE, "InferencePool"): "endpoint pickers are not asked yet",
        ("inference.networking.x-k8s.io", "InferenceObjective"): "endpoint pickers are not asked yet",
        (ENVOY_GATEWAY, "EnvoyExtensionPolicy"): "extensions of Envoy are not run",
        (ENVOY_GATEWAY, "EnvoyPatchPolicy"): "there is no Envoy to patch",
        (GATEWAY_API, "GRPCRoute"): "only AIGatewayRoutes and HTTPRoutes are served",
        (GATEWAY_API, "TCPRoute"): "only AIGatewayRoutes and HTTPRoutes are served",
        (GATEWAY_API, "TLSRoute"): "only AIGatewayRoutes and HTTPRoutes are served",
        (GATEWAY_API, "UDPRoute"): "only AIGatewayRoutes and HTTPRoutes are served",
    }
)
"""Kinds that say something Penstock does not do; each is a warning."""

NEEDLESS: frozenset[GroupKind] = frozenset(
    {
        (ENVOY_GATEWAY, "HTTPRouteFilter"),
        *(
            (CORE, kind)
            for kind in (
                *("Namespace", "ServiceAccount", "Pod", "PersistentVolume", "PersistentVolumeClaim", "Endpoints"),
                *("ReplicationController", "ResourceQuota", "LimitRange", "Event", "Node"),
            )
        ),
    }
)
"""Kinds of these groups that have no meaning here."""

OUR_GROUPS = frozenset({AI_GATEWAY, INFERENCE, GATEWAY_API, ENVOY_GATEWAY, CORE})


def known_names() -> list[str]:
    """Return the names of all kinds of our groups, for hints."""
    return [kind for _, kind in (*KINDS, *UNSERVED, *NEEDLESS)]
