"""No gateway: the client asks the mock upstream itself. Added latency is measured against this.

Where a gateway has to translate, the mock upstream answers the client in the client's own format.
"""

from __future__ import annotations

from bench.gateways.contract import Gateway
from bench.scenarios import UPSTREAMS

GATEWAY = Gateway(
    name="direct",
    title="no gateway",
    does="the mock upstream itself",
    missing=lambda: None,
    version=lambda: "",
    launch=None,
    translated_models=dict.fromkeys(UPSTREAMS, "mock"),
)
