"""HTTPRoute of the Kubernetes Gateway API, as far as a plain one leads to a Backend.

What decides which requests a rule takes, and what becomes of them, is declared whole: a condition or a filter that is
not known here is refused, since without it other requests would be served, or otherwise.

https://gateway-api.sigs.k8s.io/reference/spec/#httproute (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from penstock.config.manifests.parts import GATEWAY_API, HeaderMatch, LocalRef, Manifest, OpenPart, ParentRef, Part
from penstock.config.manifests.support import Meaning, unsupported
from penstock.config.manifests.values import (
    AtLeast,
    AtMost,
    DurationS,
    HeaderName,
    HeaderValue,
    HostName,
    HttpStatus,
    Name,
    Namespace,
    Natural,
    Port,
    Text,
    Weight,
)

Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
FilterType = Literal[
    "RequestHeaderModifier",
    "ResponseHeaderModifier",
    "URLRewrite",
    "RequestRedirect",
    "RequestMirror",
    "CORS",
    "ExternalAuth",
    "ExtensionRef",
]
FILTER_BLOCKS: Mapping[FilterType, str] = MappingProxyType(
    {
        "RequestHeaderModifier": "requestHeaderModifier",
        "ResponseHeaderModifier": "responseHeaderModifier",
        "URLRewrite": "urlRewrite",
        "RequestRedirect": "requestRedirect",
        "RequestMirror": "requestMirror",
        "CORS": "cors",
        "ExternalAuth": "externalAuth",
        "ExtensionRef": "extensionRef",
    }
)
"""The block that goes with each type."""


class PathMatch(Part):
    """A path: by whole segments, or as a whole."""

    type: Annotated[Literal["Exact", "PathPrefix", "RegularExpression"], Meaning("`Exact` or `PathPrefix`.")] = (
        "PathPrefix"
    )
    value: Annotated[Text, AtMost(1024)] = "/"


class HttpMatch(Part):
    """Conditions that must all hold."""

    path: PathMatch = Field(default_factory=PathMatch)
    method: Method | None = None
    headers: Annotated[list[HeaderMatch], AtMost(16)] = Field(default_factory=list)
    query_params: Annotated[list[dict[str, object]], AtMost(16), Meaning("Refused: other requests would match.")] = (
        Field(default_factory=list)
    )

    @model_validator(mode="after")
    def _names_headers_once(self) -> Self:
        names = [each.name.lower() for each in self.headers]
        if len(set(names)) < len(names):
            msg = "headers: a name stands twice"
            raise ValueError(msg)
        return self


class NamedValue(Part):
    """A header and its value."""

    name: HeaderName
    value: HeaderValue


class HeaderFilter(Part):
    """Changes of headers."""

    set: Annotated[list[NamedValue], AtMost(16), Meaning("Instead of any of that name.")] = Field(default_factory=list)
    add: Annotated[list[NamedValue], AtMost(16), Meaning("Beside any of that name.")] = Field(default_factory=list)
    remove: Annotated[list[HeaderName], AtMost(16)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_headers_once(self) -> Self:
        names = [*(each.name.lower() for each in (*self.set, *self.add)), *map(str.lower, self.remove)]
        if len(set(names)) < len(names):
            msg = "set, add and remove: a name stands twice"
            raise ValueError(msg)
        return self


class PathModifier(Part):
    """What a path becomes."""

    type: Literal["ReplaceFullPath", "ReplacePrefixMatch"]
    replace_full_path: Annotated[str | None, AtMost(1024)] = None
    replace_prefix_match: Annotated[str | None, AtMost(1024), Meaning("With a match of a PathPrefix.")] = None

    @model_validator(mode="after")
    def _has_what_its_type_names(self) -> Self:
        full, prefix = self.replace_full_path is not None, self.replace_prefix_match is not None
        if (self.type == "ReplaceFullPath") != full or (self.type == "ReplacePrefixMatch") != prefix:
            msg = "the type ReplaceFullPath needs replaceFullPath alone, ReplacePrefixMatch replacePrefixMatch alone"
            raise ValueError(msg)
        return self


class UrlRewrite(Part):
    """What a backend gets in place of what the caller sent."""

    hostname: Annotated[HostName | None, Meaning("The `Host` header; otherwise the backend's own.")] = None
    path: PathModifier | None = None


class HttpFilter(Part):
    """A change of requests or answers: the one block that its type names."""

    type: FilterType
    request_header_modifier: HeaderFilter | None = None
    response_header_modifier: HeaderFilter | None = None
    url_rewrite: UrlRewrite | None = None
    request_redirect: Annotated[dict[str, object] | None, Meaning("Refused.")] = None
    request_mirror: Annotated[dict[str, object] | None, Meaning("Refused.")] = None
    cors: Annotated[dict[str, object] | None, Meaning("Refused: a SecurityPolicy says which browsers may call.")] = None
    external_auth: Annotated[dict[str, object] | None, Meaning("Refused.")] = None
    extension_ref: Annotated[LocalRef | None, Meaning("Refused.")] = None

    @model_validator(mode="after")
    def _has_the_block_of_its_type(self) -> Self:
        given = {
            field.alias or name for name, field in type(self).model_fields.items() if name in self.model_fields_set
        }
        if given - {"type"} != {FILTER_BLOCKS[self.type]}:
            msg = f"the type {self.type} needs the block {FILTER_BLOCKS[self.type]}, and no other"
            raise ValueError(msg)
        return self


class HttpRouteTarget(OpenPart):
    """Where a plain route leads: a Backend."""

    name: Name
    namespace: Annotated[Namespace | None, Meaning("Another namespace needs a ReferenceGrant there.")] = None
    group: str = ""
    kind: Annotated[str, Meaning("`Backend`; a Service has no address here.")] = "Service"
    port: Annotated[Port | None, unsupported("the Backend has it")] = None
    weight: Annotated[Weight, Meaning("Share of the requests.")] = 1
    filters: Annotated[list[HttpFilter], AtMost(16), Meaning("Refused: filters belong to the rule.")] = Field(
        default_factory=list
    )


class HttpTimeouts(OpenPart):
    """Waits of a rule."""

    request: Annotated[DurationS | None, Meaning("The whole answer.")] = None
    backend_request: Annotated[DurationS | None, Meaning("One attempt.")] = None


class HttpRetry(OpenPart):
    """When another try is made."""

    codes: Annotated[list[HttpStatus], AtLeast(1), Meaning("Statuses that are tried again.")] = Field(
        default_factory=list
    )
    attempts: Annotated[Natural | None, Meaning("Tries after the first.")] = None
    backoff: Annotated[DurationS | None, Meaning("Longest wait before another try.")] = None


class HttpRouteRule(OpenPart):
    """A rule of a plain route."""

    name: Annotated[Text | None, Meaning("For people.")] = None
    matches: Annotated[list[HttpMatch], AtMost(64), Meaning("One must hold; none is every path.")] = Field(
        default_factory=list
    )
    filters: Annotated[list[HttpFilter], AtMost(16)] = Field(default_factory=list)
    backend_refs: Annotated[list[HttpRouteTarget], AtMost(16)] = Field(default_factory=list)
    timeouts: HttpTimeouts | None = None
    retry: HttpRetry | None = None
    session_persistence: Annotated[dict[str, object] | None, unsupported("each request goes by weight")] = None


class HttpRouteSpec(OpenPart):
    """A plain route."""

    parent_refs: Annotated[list[ParentRef], AtMost(32), Meaning("The Gateway.")] = Field(default_factory=list)
    hostnames: Annotated[list[HostName], AtMost(16), Meaning("Hosts of requests.")] = Field(default_factory=list)
    rules: Annotated[list[HttpRouteRule], AtMost(16)] = Field(default_factory=list)


class HTTPRoute(Manifest):
    """A plain route beside AIGatewayRoutes; one that the Envoy AI Gateway has generated is skipped."""

    group = GATEWAY_API
    versions = ("v1", "v1beta1")

    spec: HttpRouteSpec
