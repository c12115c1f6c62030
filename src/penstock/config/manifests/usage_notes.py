"""What costs, limits and quotas of manifests say, in words: they are read now, and held later.

That they are not enforced yet is said beside their fields; this says what they will be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from penstock.config.manifests.ai_gateway import AIGatewayRoute, RequestCost
from penstock.config.manifests.envoy_gateway import BackendTrafficPolicy, LimitRule
from penstock.config.manifests.parts import HeaderRule, Manifest
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.usage import GatewayConfig, QuotaPolicy, QuotaValue
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath

Note = tuple[Resource[Manifest], KeyPath, str]


def note_usage(world: World) -> None:
    """Note every cost, limit and quota."""
    for resource, path, words in (*_costs(world), *_limits(world), *_quotas(world)):
        world.report.note(resource, path, words)


def _costs(world: World) -> Iterator[Note]:
    for route in world.all(AIGatewayRoute):
        yield from _name_costs(route, ("spec", "llmRequestCosts"), route.model.spec.llm_request_costs)
    for config in world.all(GatewayConfig):
        path: KeyPath = ("spec", "globalLLMRequestCosts")
        yield from _name_costs(config, path, config.model.spec.global_llm_request_costs)


def _name_costs(resource: Resource[Manifest], path: KeyPath, costs: Sequence[RequestCost]) -> Iterator[Note]:
    for index, cost in enumerate(costs):
        yield resource, (*path, index), f"{cost.metadata_key} will be {cost.cel or cost.type}"


def _limits(world: World) -> Iterator[Note]:
    for policy in world.all(BackendTrafficPolicy):
        limits = policy.model.spec.rate_limit
        for name, rules in (("global", limits and limits.global_), ("local", limits and limits.local)):
            for index, rule in enumerate(rules.rules if rules else ()):
                yield policy, ("spec", "rateLimit", name, "rules", index), _describe_limit(rule)


def _describe_limit(rule: LimitRule) -> str:
    response = rule.cost.response if rule.cost else None
    counted = response.metadata.key if response and response.metadata else "requests"
    callers = [header for selector in rule.client_selectors for header in selector.headers]
    return f"will allow {rule.limit.requests} {counted} a {rule.limit.unit.lower()}{_describe_callers(callers)}"


def _describe_callers(headers: Sequence[HeaderRule]) -> str:
    words = [
        f"each {each.name}"
        if each.type == "Distinct"
        else f"{each.name} {'not ' if each.invert else ''}{'=' if each.type == 'Exact' else '~'} {each.value}"
        for each in headers
    ]
    return f" for {', '.join(words)}" if words else ""


def _quotas(world: World) -> Iterator[Note]:
    for policy in world.all(QuotaPolicy):
        for index, quota in enumerate(policy.model.spec.per_model_quotas):
            model = quota.model_name or "every model"
            path: KeyPath = ("spec", "perModelQuotas", index, "quota")
            if quota.quota.default_bucket:
                yield policy, (*path, "defaultBucket"), _describe_quota(model, quota.quota.default_bucket)
            for number, rule in enumerate(quota.quota.bucket_rules):
                callers = [header for selector in rule.client_selectors for header in selector.headers]
                words = _describe_quota(model, rule.quota) + _describe_callers(callers)
                yield policy, (*path, "bucketRules", number), words + (", in shadow" if rule.shadow_mode else "")


def _describe_quota(model: str, value: QuotaValue) -> str:
    return f"will allow {model} {value.limit} in {value.duration}"
