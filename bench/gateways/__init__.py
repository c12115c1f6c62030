"""The gateways that are measured, in the order of the table."""

from __future__ import annotations

from bench.gateways import direct, envoy, litellm, nginx, penstock, portkey, tensorzero

ALL = (
    direct.GATEWAY,
    nginx.GATEWAY,
    penstock.GATEWAY,
    envoy.GATEWAY,
    tensorzero.GATEWAY,
    portkey.GATEWAY,
    litellm.GATEWAY,
)
TRANSLATING = (direct.GATEWAY, penstock.GATEWAY, tensorzero.GATEWAY, litellm.GATEWAY)
QUICK = (direct.GATEWAY, penstock.GATEWAY, envoy.GATEWAY)
