"""llmRequestCosts: their expressions are compiled, and run once with zeros, so that a mistake shows when it is made.

The language is CEL (https://cel.dev), its implementation the extra ``cel``; without it the expressions are not checked,
and that is said. What costs count for is not enforced yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from penstock.config.manifests.ai_gateway import AIGatewayRoute, RequestCost
from penstock.config.manifests.parts import Manifest
from penstock.config.manifests.resource import Report, Resource
from penstock.config.manifests.usage import GatewayConfig, QuotaPolicy
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath

TEXTS = ("model", "backend", "route_name")
COUNTS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
    "total_tokens",
    "reasoning_tokens",
)
"""Variables of expressions: texts, and unsigned numbers."""

_LONGEST = 4096
_PREFIX = re.compile(r"^[A-Z_]+: (?:ERROR: <input>:)?")
_ZEROS: Mapping[str, object] = MappingProxyType({**dict.fromkeys(TEXTS, ""), **dict.fromkeys(COUNTS, 0)})


def check_costs(world: World) -> None:
    """Check the expressions of every route, gateway and quota."""
    for resource, path, expression in _find_expressions(world):
        _check(world.report, resource, path, expression)


def _find_expressions(world: World) -> Iterator[tuple[Resource[Manifest], KeyPath, str]]:
    for route in world.all(AIGatewayRoute):
        yield from _of_costs(route, ("spec", "llmRequestCosts"), route.model.spec.llm_request_costs)
    for config in world.all(GatewayConfig):
        costs = config.model.spec.global_llm_request_costs
        yield from _of_costs(config, ("spec", "globalLLMRequestCosts"), costs)
    for policy in world.all(QuotaPolicy):
        service = policy.model.spec.service_quota
        if service and service.cost_expression:
            yield policy, ("spec", "serviceQuota", "costExpression"), service.cost_expression
        for index, quota in enumerate(policy.model.spec.per_model_quotas):
            if quota.quota.cost_expression:
                path: KeyPath = ("spec", "perModelQuotas", index, "quota", "costExpression")
                yield policy, path, quota.quota.cost_expression


def _of_costs(
    resource: Resource[Manifest], path: KeyPath, costs: list[RequestCost]
) -> Iterator[tuple[Resource[Manifest], KeyPath, str]]:
    for index, cost in enumerate(costs):
        if cost.cel:
            yield resource, (*path, index, "cel"), cost.cel


def _check(report: Report, resource: Resource[Manifest], path: KeyPath, expression: str) -> None:
    if len(expression) > _LONGEST:
        report.error(resource, path, f"is longer than {_LONGEST} characters")
        return
    try:
        problem = try_expression(expression)
    except ImportError:
        report.note(resource, path, "was not checked: expressions need the extra cel (pip install 'penstock[cel]')")
        return
    if problem:
        report.error(resource, path, problem)


def try_expression(expression: str) -> str | None:
    """Return what is wrong with an expression, if anything is.

    Raises:
        ImportError: the extra ``cel`` is not installed.
    """
    from cel_expr_python import cel  # noqa: PLC0415 - an extra

    types = {**dict.fromkeys(TEXTS, cel.Type.STRING), **dict.fromkeys(COUNTS, cel.Type.UINT)}
    try:
        compiled = cel.NewEnv(variables=types).compile(expression)
    except (RuntimeError, ValueError) as error:
        return f"is not a valid expression: {_first_line(error)}"
    if str(compiled.return_type()) not in {"INT", "UINT", "DYN"}:
        return f"must give a whole number, and gives {compiled.return_type()}; uint(...) makes one"
    try:
        value = compiled.eval(data=dict(_ZEROS)).value()
    except (RuntimeError, ValueError) as error:
        return f"fails when no tokens were used: {_first_line(error)}"
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return "must give a whole number, 0 or more, when no tokens were used"
    return None


def _first_line(error: Exception) -> str:
    return _PREFIX.sub("", str(error).strip().partition("\n")[0])
