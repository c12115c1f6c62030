"""What resources have in common: the ways their fields are checked, their metadata, and their references to others.

A :class:`Part` is strict, as the Envoy AI Gateway's own resources are. A :class:`OpenPart` belongs to a resource of
someone else's, of which Penstock knows the fields that have an effect here; others are allowed, and reported.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from penstock.config.manifests.support import Meaning, needless, unsupported
from penstock.config.manifests.values import (
    HeaderName,
    HeaderValue,
    Name,
    Namespace,
    Port,
    UnixTime,
)

GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"
AI_GATEWAY = "aigateway.envoyproxy.io"
INFERENCE = "inference.networking.k8s.io"
CORE = ""
DEFAULT_NAMESPACE = "default"


class Part(BaseModel):
    """A mapping of a manifest; keys that are not fields are errors."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # most files have few of the kinds
        strict=True,
        arbitrary_types_allowed=True,
    )


class OpenPart(Part):
    """A mapping of a manifest that may have further keys, which are reported."""

    model_config = ConfigDict(extra="allow")


class Metadata(BaseModel):
    """Who a resource is."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True)

    name: Annotated[Name, Meaning("Names routes and backends.")]
    namespace: Annotated[Namespace, Meaning("Where references without a namespace lead.")] = DEFAULT_NAMESPACE
    annotations: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    creation_timestamp: UnixTime | None = None


class Manifest(Part):
    """A whole resource."""

    group: ClassVar[str]
    versions: ClassVar[tuple[str, ...]]

    api_version: str
    kind: str
    metadata: Metadata
    status: object = None
    """What a cluster found out; not configuration."""


class ParentRef(Part):
    """The Gateway that a route is attached to."""

    name: Name
    namespace: Namespace | None = None
    group: Literal["gateway.networking.k8s.io"] = "gateway.networking.k8s.io"
    kind: Literal["Gateway"] = "Gateway"
    section_name: Annotated[str | None, Meaning("A listener of it.")] = None
    port: Annotated[Port | None, Meaning("Listeners of it with this port.")] = None


class TargetRef(Part):
    """What a policy is for, in its own namespace."""

    group: str
    kind: str
    name: Name


class SectionTargetRef(TargetRef):
    """What a policy is for, or a section of it."""

    section_name: Annotated[str | None, unsupported("the policy is for the whole of it")] = None


class LocalRef(Part):
    """A resource in the same namespace."""

    group: str
    kind: str
    name: Name


class SecretRef(Part):
    """A Secret."""

    name: Name
    namespace: Namespace | None = None
    group: Literal[""] = ""
    kind: Literal["Secret"] = "Secret"


class ObjectRef(Part):
    """Any resource."""

    name: Name
    namespace: Namespace | None = None
    group: str = ""
    kind: str = "Service"
    port: Annotated[Port | None, needless("the resource has it")] = None


class HeaderMatch(Part):
    """A condition on a request header; ``x-ai-eg-model`` is the model that the caller asks for."""

    name: HeaderName
    value: HeaderValue
    type: Literal["Exact", "RegularExpression"] = "Exact"


class HeaderRule(Part):
    """A condition on a header of a limit."""

    name: HeaderName
    value: str | None = None
    type: Literal["Exact", "RegularExpression", "Distinct"] = "Exact"
    invert: bool = False


class Selector(OpenPart):
    """Labels of resources or namespaces."""

    match_labels: dict[str, str] = Field(default_factory=dict)
