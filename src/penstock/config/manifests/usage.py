"""GatewayConfig and QuotaPolicy: costs for all routes, and quotas. Checked, and not enforced yet.

https://aigateway.envoyproxy.io/docs/api/ (read 2026-11-23).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from penstock.config.manifests.ai_gateway import BOTH_VERSIONS, HeaderLimit, RequestCost
from penstock.config.manifests.parts import AI_GATEWAY, HeaderRule, Manifest, OpenPart, Part, TargetRef
from penstock.config.manifests.support import later, needless, unsupported
from penstock.config.manifests.values import AtMost, Natural, Text
from penstock.config.section import no_items

_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")


def _check_address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        msg = "must be HOST:PORT"
        raise ValueError(msg)
    return value


class ForwardProxy(Part):
    """A proxy on the way to all backends."""

    address: Annotated[str, AfterValidator(_check_address)]


class ExtProc(Part):
    """The container beside Envoy."""

    kubernetes: Annotated[dict[str, object] | None, needless("there is no container beside Envoy")] = None


class GatewayConfigSpec(Part):
    """What holds for all routes of a Gateway."""

    ext_proc: ExtProc | None = None
    global_llm_request_costs: Annotated[
        list[RequestCost],
        AtMost(36),
        Field(alias="globalLLMRequestCosts"),
        later("costs are checked and not yet counted"),
    ] = Field(default_factory=no_items)
    rate_limits_from_headers: Annotated[list[HeaderLimit], AtMost(36), later()] = Field(default_factory=no_items)
    forward_proxy: Annotated[ForwardProxy | None, unsupported("backends are connected to directly")] = None

    @model_validator(mode="after")
    def _names_costs_once(self) -> Self:
        keys = [cost.metadata_key for cost in self.global_llm_request_costs]
        if len(set(keys)) < len(keys):
            msg = "globalLLMRequestCosts: a metadataKey stands twice"
            raise ValueError(msg)
        return self


class GatewayConfig(Manifest):
    """What holds for all routes of a Gateway; the Gateway names it in an annotation."""

    group = AI_GATEWAY
    versions = BOTH_VERSIONS

    spec: GatewayConfigSpec = Field(default_factory=GatewayConfigSpec)


class QuotaTarget(TargetRef):
    """An AIServiceBackend."""

    @model_validator(mode="after")
    def _is_a_backend(self) -> Self:
        if (self.group, self.kind) != (AI_GATEWAY, "AIServiceBackend"):
            msg = "must be an AIServiceBackend of aigateway.envoyproxy.io"
            raise ValueError(msg)
        return self


class QuotaValue(Part):
    """So much in a window of time."""

    limit: Natural
    duration: Literal["1s", "1m", "1h", "1d"]


class ServiceQuota(Part):
    """A quota of the whole backend."""

    cost_expression: str | None = None
    quota: QuotaValue


class ClientSelector(OpenPart):
    """Callers of a bucket."""

    headers: Annotated[list[HeaderRule], AtMost(16)] = Field(default_factory=no_items)


class BucketRule(Part):
    """A bucket for some callers."""

    client_selectors: Annotated[list[ClientSelector], AtMost(8)] = Field(default_factory=no_items)
    quota: QuotaValue
    shadow_mode: bool = False


class ModelQuotaBuckets(Part):
    """Buckets of a model."""

    cost_expression: str | None = None
    mode: Literal["Shared"] = "Shared"
    default_bucket: QuotaValue | None = None
    bucket_rules: Annotated[list[BucketRule], AtMost(128)] = Field(default_factory=no_items)


class ModelQuota(Part):
    """A quota of one model."""

    model_name: Text | None = None
    quota: ModelQuotaBuckets


class QuotaPolicySpec(Part):
    """Quotas of backends."""

    target_refs: Annotated[list[QuotaTarget], AtMost(16)] = Field(default_factory=no_items)
    service_quota: Annotated[ServiceQuota | None, later()] = None
    per_model_quotas: Annotated[list[ModelQuota], AtMost(128), later()] = Field(default_factory=no_items)


class QuotaPolicy(Manifest):
    """Quotas of backends."""

    group = AI_GATEWAY
    versions = ("v1alpha1",)

    spec: QuotaPolicySpec
