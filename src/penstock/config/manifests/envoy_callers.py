"""Resources of Envoy Gateway about callers: their connections, who may call, and what is logged of them.

Fields that have an effect here, or that people rely on, are declared; others are allowed, and reported.

https://gateway.envoyproxy.io/docs/api/extension_types/ (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from penstock.config.manifests.envoy_gateway import V1ALPHA1, PolicySpec
from penstock.config.manifests.parts import ENVOY_GATEWAY, LocalRef, Manifest, OpenPart, Part, SecretRef
from penstock.config.manifests.support import Meaning, needless, unsupported
from penstock.config.manifests.values import AtLeast, AtMost, DurationS, HeaderName, Name, Positive, SizeBytes, Text
from penstock.config.section import no_items


class ConnectionLimit(OpenPart):
    """Connections of callers."""

    value: Annotated[Positive, Meaning("Connections at one time.")]


class ClientConnection(OpenPart):
    """Connections of callers."""

    buffer_limit: Annotated[SizeBytes | None, Meaning("Largest request body; 50 MiB if absent.")] = None
    connection_limit: ConnectionLimit | None = None


class ClientHttpTimeout(OpenPart):
    """Waits on callers."""

    request_received_timeout: Annotated[DurationS | None, Meaning("Longest pause of a request's body.")] = None
    idle_timeout: Annotated[DurationS | None, Meaning("Between requests of one connection.")] = None


class ClientTimeout(OpenPart):
    """Waits on callers."""

    http: ClientHttpTimeout | None = None


class ProxyProtocol(OpenPart):
    """Connections begin with a preamble that names the caller: the PROXY protocol, 1 or 2."""

    optional: Annotated[bool, Meaning("Refused: a caller could leave it out, and say who it is itself.")] = False


class XForwardedFor(OpenPart):
    """The header in which proxies name the caller; one of the two says which proxies are believed."""

    trusted_cidrs: Annotated[
        list[str], AtLeast(1), Field(alias="trustedCIDRs"), Meaning("Networks of proxies that are believed.")
    ] = Field(default_factory=list)
    num_trusted_hops: Annotated[int | None, unsupported("proxies are believed by their addresses: trustedCIDRs")] = None

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if bool(self.trusted_cidrs) == (self.num_trusted_hops is not None):
            msg = "needs exactly one of trustedCIDRs and numTrustedHops"
            raise ValueError(msg)
        return self


class ClientIpDetection(OpenPart):
    """How callers' addresses are known, for the access log."""

    x_forwarded_for: XForwardedFor | None = None
    custom_header: Annotated[dict[str, object] | None, unsupported("x-forwarded-for is looked at")] = None

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if self.x_forwarded_for is not None and self.custom_header is not None:
            msg = "takes either xForwardedFor or customHeader"
            raise ValueError(msg)
        return self


class ClientTrafficPolicySpec(PolicySpec):
    """Callers' connections."""

    proxy_protocol: ProxyProtocol | None = None
    enable_proxy_protocol: Annotated[bool, Meaning("The older form of proxyProtocol.")] = False
    client_ip_detection: Annotated[ClientIpDetection | None, Field(alias="clientIPDetection")] = None
    connection: ClientConnection | None = None
    timeout: ClientTimeout | None = None
    tls: Annotated[
        dict[str, object] | None, unsupported("clientValidation is refused: callers are not asked for certificates")
    ] = None


class ClientTrafficPolicy(Manifest):
    """Callers' connections to a Gateway."""

    group = ENVOY_GATEWAY
    versions = V1ALPHA1

    spec: ClientTrafficPolicySpec


class ExtractFrom(OpenPart):
    """Where a caller's key stands."""

    headers: Annotated[
        list[str], Meaning("`authorization` (after `Bearer `), `x-api-key` and `api-key`, which are always looked at.")
    ] = Field(default_factory=no_items)
    query_params: Annotated[list[str], unsupported("keys do not belong in addresses")] = Field(default_factory=no_items)
    cookies: Annotated[list[str], unsupported()] = Field(default_factory=no_items)


class ApiKeyAuth(Part):
    """Keys of callers."""

    credential_refs: Annotated[list[SecretRef], AtLeast(1), Meaning("Secrets of caller to key.")]
    extract_from: Annotated[list[ExtractFrom], AtLeast(1)] = Field(default_factory=no_items)
    forward_client_id_header: Annotated[
        str | None, Field(alias="forwardClientIDHeader"), unsupported("backends are not told who calls")
    ] = None
    sanitize: Annotated[bool, Meaning("Callers' keys never go to backends.")] = True


class CorsPolicy(OpenPart):
    """Browsers that may call."""

    allow_origins: Annotated[list[str], Meaning("Origins, or `*`.")] = Field(default_factory=no_items)
    max_age: Annotated[DurationS | None, Meaning("How long browsers remember.")] = None
    allow_methods: Annotated[list[str], needless("all of the API's methods")] = Field(default_factory=no_items)
    allow_headers: Annotated[list[str], needless("what a browser asks for")] = Field(default_factory=no_items)
    expose_headers: Annotated[list[str], unsupported()] = Field(default_factory=no_items)
    allow_credentials: Annotated[bool, unsupported("keys are not cookies")] = False


class RemoteJwks(OpenPart):
    """Keys of an issuer at an address."""

    uri: Annotated[Text, Meaning("An `https` URL.")]
    cache_duration: Annotated[DurationS | None, Meaning("How often they are fetched; 5 minutes if absent.")] = None
    backend_refs: Annotated[list[dict[str, object]], unsupported("the URL is asked as it is")] = Field(
        default_factory=no_items
    )
    backend_settings: Annotated[dict[str, object] | None, unsupported("waits and tries are Penstock's own")] = None


class LocalJwks(Part):
    """Keys of an issuer, given here."""

    type: Literal["Inline", "ValueRef"] = "Inline"
    inline: Annotated[Text | None, Meaning("A JSON Web Key Set.")] = None
    value_ref: Annotated[LocalRef | None, Meaning("A ConfigMap with it in `jwks`, or in its only entry.")] = None

    @model_validator(mode="after")
    def _has_what_its_type_names(self) -> Self:
        inline, named = self.inline is not None, self.value_ref is not None
        if (self.type == "Inline") != inline or (self.type == "ValueRef") != named:
            msg = "type: Inline needs inline, type: ValueRef needs valueRef, and neither has the other"
            raise ValueError(msg)
        return self


class JwtHeader(Part):
    """A header that holds a token."""

    name: HeaderName
    value_prefix: str | None = None


class JwtExtract(Part):
    """Where a token stands."""

    headers: Annotated[
        list[JwtHeader], Meaning("`Authorization` after `Bearer `, which is always looked at; others are refused.")
    ] = Field(default_factory=no_items)
    cookies: Annotated[list[str], Meaning("Refused.")] = Field(default_factory=no_items)
    params: Annotated[list[str], Meaning("Refused: tokens do not belong in addresses.")] = Field(
        default_factory=no_items
    )


class JwtProvider(Part):
    """An issuer of tokens, and which of them are taken."""

    name: Annotated[Name, Meaning("Stands before callers' names in the log.")]
    issuer: Annotated[Text | None, Meaning("Required here.")] = None
    audiences: Annotated[list[str], AtMost(32), Meaning("One must be the token's.")] = Field(default_factory=no_items)
    remote_jwks: Annotated[RemoteJwks | None, Field(alias="remoteJWKS")] = None
    local_jwks: Annotated[LocalJwks | None, Field(alias="localJWKS")] = None
    extract_from: JwtExtract | None = None
    claim_to_headers: Annotated[list[dict[str, object]], unsupported("backends are not told who calls")] = Field(
        default_factory=no_items
    )
    recompute_route: Annotated[bool, needless("claims decide no route")] = False

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.remote_jwks is None) == (self.local_jwks is None):
            msg = "needs exactly one of remoteJWKS and localJWKS"
            raise ValueError(msg)
        return self


class Jwt(Part):
    """Tokens of callers, signed by RSA or elliptic curves. Callers are called by the claim `sub`, which is required."""

    optional: Annotated[bool, Meaning("`true` is refused: it would let in who has none.")] = False
    providers: Annotated[list[JwtProvider], AtLeast(1), AtMost(4)]


class SecurityPolicySpec(PolicySpec):
    """Who may call. What is not known here is refused, since it may keep somebody out."""

    model_config = ConfigDict(extra="forbid")

    api_key_auth: ApiKeyAuth | None = None
    cors: CorsPolicy | None = None
    jwt: Jwt | None = None
    oidc: Annotated[dict[str, object] | None, Meaning("Refused: it cannot be enforced.")] = None
    basic_auth: Annotated[dict[str, object] | None, Meaning("Refused, likewise.")] = None
    ext_auth: Annotated[dict[str, object] | None, Meaning("Refused, likewise.")] = None
    authorization: Annotated[dict[str, object] | None, Meaning("Refused, likewise.")] = None


class SecurityPolicy(Manifest):
    """Who may call."""

    group = ENVOY_GATEWAY
    versions = V1ALPHA1

    spec: SecurityPolicySpec


class FileSink(OpenPart):
    """A file of the log."""

    path: Text


class LogSink(OpenPart):
    """Where the log goes."""

    type: Literal["File", "ALS", "OpenTelemetry"]
    file: Annotated[FileSink | None, Meaning("`/dev/stdout` or a path.")] = None
    open_telemetry: Annotated[dict[str, object] | None, unsupported()] = None
    als: Annotated[dict[str, object] | None, unsupported()] = None


class LogFormat(OpenPart):
    """How lines look."""

    type: Annotated[Literal["Text", "JSON"] | None, Meaning("Which of the two, if both are given.")] = None
    text: Annotated[Text | None, Meaning("A line, with commands such as `%RESPONSE_CODE%`.")] = None
    json_: Annotated[
        dict[str, Text] | None,
        Field(alias="json"),
        Meaning("Members of a line, likewise. One with a command that is not known here is left out."),
    ] = None

    @model_validator(mode="after")
    def _has_what_its_type_says(self) -> Self:
        if self.type is not None and (self.text if self.type == "Text" else self.json_) is None:
            msg = f"the type {self.type} needs {self.type.lower()}"
            raise ValueError(msg)
        return self


class LogSettings(OpenPart):
    """A log."""

    sinks: Annotated[list[LogSink], AtLeast(1), AtMost(50)]
    format: Annotated[LogFormat | None, Meaning("JSON with Penstock's own members, if absent.")] = None
    matches: Annotated[list[str], unsupported("every request is logged")] = Field(default_factory=no_items)
    type: Annotated[str | None, unsupported()] = None


class AccessLog(OpenPart):
    """The access log."""

    disable: bool = False
    settings: list[LogSettings] = Field(default_factory=no_items)


class Telemetry(OpenPart):
    """What is recorded."""

    access_log: AccessLog | None = None
    metrics: Annotated[dict[str, object] | None, unsupported("metrics are on the admin listener")] = None
    tracing: Annotated[dict[str, object] | None, unsupported()] = None


class EnvoyProxySpec(OpenPart):
    """How Envoy runs."""

    telemetry: Telemetry | None = None
    logging: Annotated[dict[str, object] | None, unsupported("`--log-level` says it")] = None
    provider: Annotated[dict[str, object] | None, needless("there are no containers")] = None


class EnvoyProxy(Manifest):
    """How Envoy runs: its logs."""

    group = ENVOY_GATEWAY
    versions = V1ALPHA1

    spec: EnvoyProxySpec = Field(default_factory=EnvoyProxySpec)
