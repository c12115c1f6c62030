"""No gateway: the client asks the mock upstream itself. Added latency is measured against this."""

from __future__ import annotations

from bench.gateways.contract import Gateway

GATEWAY = Gateway(
    name="direct",
    title="no gateway",
    does="the mock upstream itself",
    missing=lambda: None,
    version=lambda: "",
    launch=None,
)
