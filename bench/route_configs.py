"""Configurations of many routes, of any number: native ones and manifests, all to one mock upstream.

What is measured with them is in ``bench.routes``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

HEADER = "x-team"
_HEAD = """\
listen: 127.0.0.1:{port}
admin: 127.0.0.1:{admin}
access_log: off
backends:
  mock: {{provider: openai-compatible, base_url: "http://127.0.0.1:{upstream}/v1", api_key: sk-mock}}
"""


def head(port: int, admin: int, upstream: int) -> str:
    """Return what every native configuration begins with: addresses, and one backend."""
    return _HEAD.format(port=port, admin=admin, upstream=upstream)


def one_model() -> str:
    """Return the smallest rest of a native configuration."""
    return "models: {model-0: mock/mock}\n"


def by_model(count: int) -> str:
    """Return so many routes, each for one model by its name."""
    return _routes(f"{{model: model-{number}}}" for number in range(count))


def by_header(count: int) -> str:
    """Return so many routes, each for one value of a header, whatever the model."""
    return _routes(f"{{headers: {{{HEADER}: team-{number}}}}}" for number in range(count))


def _routes(matches: Iterable[str]) -> str:
    lines = (
        f"  - {{name: route-{number}, rules: [{{match: [{match}], targets: [mock/mock]}}]}}\n"
        for number, match in enumerate(matches)
    )
    return "routes:\n" + "".join(lines)


def manifests(count: int, port: int, upstream: int) -> str:
    """Return manifests of so many AIGatewayRoutes, each for one model by its name, with one backend."""
    group, version = "gateway.networking.k8s.io", "aigateway.envoyproxy.io/v1beta1"
    resources: list[dict[str, object]] = [
        _resource(
            f"{group}/v1", "GatewayClass", "ai", {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}
        ),
        _resource(
            f"{group}/v1",
            "Gateway",
            "front",
            {"gatewayClassName": "ai", "listeners": [{"name": "http", "protocol": "HTTP", "port": port}]},
        ),
        _resource(
            version,
            "AIServiceBackend",
            "mock",
            {
                "schema": {"name": "OpenAI"},
                "backendRef": {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "mock"},
            },
        ),
        _resource(
            "gateway.envoyproxy.io/v1alpha1",
            "Backend",
            "mock",
            {"endpoints": [{"ip": {"address": "127.0.0.1", "port": upstream}}]},
        ),
        *(_route(version, number) for number in range(count)),
    ]
    return "---\n".join(json.dumps(resource) + "\n" for resource in resources)


def _route(version: str, number: int) -> dict[str, object]:
    match = {"headers": [{"type": "Exact", "name": "x-ai-eg-model", "value": f"model-{number}"}]}
    rule = {"matches": [match], "backendRefs": [{"name": "mock", "modelNameOverride": "mock"}]}
    return _resource(version, "AIGatewayRoute", f"route-{number}", {"parentRefs": [{"name": "front"}], "rules": [rule]})


def _resource(version: str, kind: str, name: str, spec: dict[str, object]) -> dict[str, object]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
