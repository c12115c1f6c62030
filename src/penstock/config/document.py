"""What a native configuration file may say: every field, its kind, its default and its meaning.

One class for each mapping of the file. The descriptions here are the reference (``docs/configuration.md``) and what
editors show. Defaults are those of :mod:`penstock.relay.snapshot`. Short forms (``listen: 127.0.0.1:1975``) become
the long ones before anything is checked. What a value means together with others is checked by
:mod:`penstock.config.compile_snapshot`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from penstock.config.address import Address
from penstock.config.credential_sections import AwsSection, EntraSection, GcpSection
from penstock.config.fetch_section import FetchSection
from penstock.config.fields import (
    ClientKeyText,
    Count,
    FilePath,
    Headers,
    ListenAddress,
    ModelName,
    Pattern,
    PemText,
    ProviderId,
    Seconds,
    SecretText,
    Sha256,
    Size,
    Switch,
    Text,
    UnixSeconds,
    Url,
    Whole,
    Word,
)
from penstock.config.listener_sections import ListenerSection, ListenSection, address_field
from penstock.config.log_section import AccessLogSection
from penstock.config.passthrough_section import PassageSection
from penstock.config.pem_sources import either
from penstock.config.retry_section import RetrySection, RuleTimeoutsSection
from penstock.config.section import Section, no_items, split_target
from penstock.config.tests_section import ConfigTestSection
from penstock.config.token_section import ClientTokensSection
from penstock.relay.snapshot import (
    BackendTimeouts,
    ClientTimeouts,
    Limits,
    LossPolicy,
    PoolLimits,
    UpstreamTls,
)

_LIMITS = Limits()
_CLIENT_TIMEOUTS = ClientTimeouts()
_BACKEND_TIMEOUTS = BackendTimeouts()
_POOL = PoolLimits()
RemovedHeaders = Annotated[list[Text], Field(default_factory=no_items, description="Headers of callers not to send.")]
SetBody = Annotated[
    dict[str, object],
    Field(default_factory=dict, repr=False, description="Members of the body to set, once translated."),
]
RemovedBody = Annotated[
    list[Text], Field(default_factory=no_items, description="Members of the body to take out, before any is set.")
]
DEFAULT_ADMIN = Address("127.0.0.1", 1064)


class LimitsSection(Section):
    """Sizes that bound what a caller or a backend can make the gateway hold."""

    body: Size = Field(_LIMITS.body_bytes, description="Largest request body.")
    headers: Size = Field(_LIMITS.header_bytes, description="Request line and headers together.")
    header_count: Count = Field(_LIMITS.headers, description="Headers of one request.")
    upstream_headers: Size = Field(_LIMITS.upstream_header_bytes, description="Status line and headers of an answer.")
    inspected_answer: Size = Field(
        _LIMITS.inspected_answer_bytes,
        description="How much of an answer is kept to read its usage; a longer one is still relayed whole. Also "
        "how much of an answer in another format may be held to translate it; past that it ends in an error.",
    )
    event: Size = Field(_LIMITS.event_bytes, description="Longest event of a stream.")
    connections: Count = Field(_LIMITS.connections, description="Connections of callers at one time, at each listener.")
    pipelined_requests: Count = Field(
        _LIMITS.pipelined_requests, description="Requests of one connection that wait for the one before."
    )


class ClientTimeoutsSection(Section):
    """Waits on the callers' side."""

    header_s: Seconds = Field(_CLIENT_TIMEOUTS.header_s, description="Until the head of a request is complete.")
    body_s: Seconds = Field(
        _CLIENT_TIMEOUTS.body_s,
        description="Longest pause while a request body, or our answer, is not moving; a body that comes at less than "
        "1 KiB a second has no more than this in all.",
    )
    keep_alive_s: Seconds = Field(_CLIENT_TIMEOUTS.keep_alive_s, description="Between requests of one connection.")


class BackendTimeoutsSection(Section):
    """Waits on a backend's side."""

    connect_s: Seconds = Field(_BACKEND_TIMEOUTS.connect_s, description="Until connected, TLS included.")
    first_byte_s: Seconds = Field(
        _BACKEND_TIMEOUTS.first_byte_s, description="From the request sent to the head of the answer."
    )
    idle_s: Seconds = Field(_BACKEND_TIMEOUTS.idle_s, description="Longest pause inside an answer.")
    total_s: Seconds = Field(_BACKEND_TIMEOUTS.total_s, description="The whole attempt.")


class PoolSection(Section):
    """Connections to one backend."""

    connections: Count = Field(_POOL.connections, description="Open connections at one time.")
    waiting: Count = Field(_POOL.waiting, description="Requests that wait for a connection.")
    wait_s: Seconds = Field(_POOL.wait_s, description="Longest wait for a connection to come free.")
    idle_connections: Count = Field(_POOL.idle_connections, description="Unused connections that stay open.")
    idle_s: Seconds = Field(
        _POOL.idle_s, description="How long an unused connection stays open; less than the server's keep-alive time."
    )
    dns_refresh_s: Seconds = Field(_POOL.dns_refresh_s, description="How often the host name is looked up again.")


class BackendTlsSection(Section):
    """TLS towards a backend; certificates are always verified."""

    ca_file: FilePath | None = Field(None, description="Certificate authorities to trust instead of the system's, PEM.")
    client_cert_file: FilePath | None = Field(None, description="Our own certificate, PEM.")
    client_key_file: FilePath | None = Field(None, description="The key of our own certificate, PEM.")
    ca: PemText | None = Field(None, description="Certificate authorities as text, instead of `ca_file`.")
    client_cert: PemText | None = Field(None, description="Our own certificate as text, instead of a file.")
    client_key: PemText | None = Field(None, description="Its key as text, such as `${CLIENT_KEY}`.")
    server_name: Text | None = Field(None, description="Name in the backend's certificate, when not the URL's host.")

    @model_validator(mode="after")
    def _has_both_halves(self) -> Self:
        tls = self.build()
        if (tls.client_cert is None) != (tls.client_key is None):
            msg = "our own certificate and its key go together (client_cert_file and client_key_file)"
            raise ValueError(msg)
        return self

    def build(self) -> UpstreamTls:
        """Return how the backend is met; ``ValueError`` when a part is there twice."""
        return UpstreamTls(
            ca=either("ca", self.ca_file, self.ca),
            client_cert=either("client_cert", self.client_cert_file, self.client_cert),
            client_key=either("client_key", self.client_key_file, self.client_key),
            server_name=self.server_name,
        )


class CredentialOverrideSection(Section):
    """A caller may bring its own key for the provider."""

    header: Text = Field(description="The request header that holds it.")
    fallback: Switch = Field(True, description="Use the configured key when a request has none; else refuse it.")


class BackendSection(Section):
    """A provider at an address, with a credential."""

    provider: ProviderId | None = Field(
        None, description="Id of the provider (`penstock providers`). Default: the backend's name, if it is an id."
    )
    base_url: Url | None = Field(
        None, description="`http://` or `https://` URL, path prefix included. Default: the provider's own."
    )
    api_key: SecretText | None = Field(None, description="The provider's key, such as `${OPENAI_API_KEY}`.")
    aws: AwsSection | None = Field(None, description="Instead of api_key: sign as AWS wants it.")
    entra: EntraSection | None = Field(None, description="Instead of api_key: tokens of Microsoft Entra ID.")
    gcp: GcpSection | None = Field(None, description="Instead of api_key: tokens of Google Cloud.")
    credential_override: CredentialOverrideSection | None = Field(
        None, description="Let callers bring their own key for the provider."
    )
    options: dict[str, object] = Field(
        default_factory=dict, repr=False, description="Settings that only this provider has."
    )
    headers: Headers = Field(
        default_factory=dict, repr=False, description="Further headers of every request to this backend."
    )
    remove_headers: RemovedHeaders
    set_body: SetBody
    remove_body: RemovedBody
    timeouts: BackendTimeoutsSection = Field(
        default_factory=BackendTimeoutsSection, description="Waits on the backend's side."
    )
    pool: PoolSection = Field(default_factory=PoolSection, description="Connections to the backend.")
    tls: BackendTlsSection = Field(default_factory=BackendTlsSection, description="TLS towards the backend.")


class TargetSection(Section):
    """A backend, and a model's name there."""

    has_short_form = True

    backend: Text = Field(description="Name of a backend of this configuration.")
    model: Text | None = Field(
        None,
        description="The model's name there; `*` is what the `*` of a pattern stood for. Default: the caller's name.",
    )
    weight: Whole = Field(1, description="Share of the requests among the targets of one priority; 0 is none.")
    priority: Whole = Field(0, description="Lower is tried first; the others wait for it to fail.")
    set_headers: Headers = Field(default_factory=dict, repr=False, description="Headers to send with these values.")
    remove_headers: RemovedHeaders
    set_body: SetBody
    remove_body: RemovedBody

    @classmethod
    def expand(cls, value: object) -> object:
        """Read ``backend`` or ``backend/model``."""
        return split_target(value)


class ModelSection(Section):
    """Where the requests for a model go."""

    has_short_form = True

    targets: list[TargetSection] = Field(
        min_length=1, description="`backend`, `backend/model`, or mappings; chosen by priority, then by weight."
    )
    owned_by: Text | None = Field(
        None, description="Who the list of models says owns it. Default: the first target's provider."
    )
    created: UnixSeconds = Field(0, description="When the list of models says it was made; 0 is unknown.")
    listed: Switch = Field(True, description="Whether the list of models shows it. Patterns are never shown.")
    retry: RetrySection = Field(default_factory=RetrySection, description="When another target is tried.")
    losses: LossPolicy = Field(
        "allow", description="`reject`: refuse a request that the provider cannot take as it is, naming what is lost."
    )

    @classmethod
    def expand(cls, value: object) -> object:
        """Read one target."""
        return {"targets": [value]} if isinstance(value, str) else value


class MatchSection(Section):
    """Conditions that must all hold."""

    model: Text | None = Field(None, description="The model's name.")
    model_regex: Pattern | None = Field(None, description="An expression that fits the model's whole name.")
    headers: Headers = Field(default_factory=dict, description="Headers with these values.")
    header_regex: dict[str, Pattern] = Field(
        default_factory=dict, description="Headers whose whole values these expressions fit."
    )

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if self.model is not None and self.model_regex is not None:
            msg = "takes either model or model_regex"
            raise ValueError(msg)
        return self


class RuleSection(Section):
    """Which requests, and where they go."""

    name: Word | None = Field(None, description="For logs and metrics. Default: its number.")
    match: list[MatchSection] = Field(default_factory=no_items, description="Any of these; none is every request.")
    targets: list[TargetSection] = Field(
        min_length=1, description="`backend`, `backend/model`, or mappings; chosen by priority, then by weight."
    )
    timeouts: RuleTimeoutsSection = Field(default_factory=RuleTimeoutsSection, description="Waits of this rule.")
    retry: RetrySection = Field(default_factory=RetrySection, description="When another target is tried.")
    owned_by: Text | None = Field(None, description="Who the list of models says owns its models.")
    created: UnixSeconds = Field(0, description="When the list of models says they were made; 0 is unknown.")
    losses: LossPolicy = Field("allow", description="`reject`: refuse a request that loses something on its way.")


class RouteSection(Section):
    """Rules for some host names, or for all."""

    name: Word = Field(description="For logs and metrics.")
    hostnames: list[Text] = Field(
        default_factory=no_items,
        description="Hosts that callers use, `*.example.com` for all below; none is every host.",
    )
    rules: list[RuleSection] = Field(min_length=1, description="Rules; the more specific match wins, then the order.")


class ClientKeySection(Section):
    """A key of a caller: the key itself, or what it hashes to."""

    has_short_form = True

    key: ClientKeyText | None = Field(
        None, description="The key, at least 16 characters. Only its SHA-256 is kept in memory."
    )
    sha256: Sha256 | None = Field(None, description="Instead of the key: its SHA-256, so that no file holds the key.")

    @classmethod
    def expand(cls, value: object) -> object:
        """Read a key, or ``{file: path}`` of a key."""
        return {"key": value} if isinstance(value, str) or (isinstance(value, dict) and "file" in value) else value

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if (self.key is None) == (self.sha256 is None):
            msg = "needs either key or sha256"
            raise ValueError(msg)
        return self


class Document(Section):
    """A whole configuration."""

    listen: ListenSection = Field(default_factory=ListenSection, description="Where the gateway listens for callers.")
    listeners: list[ListenerSection] = Field(
        default_factory=no_items,
        description="Further addresses for callers. Where there are any, `listen` has no default address.",
    )
    admin: ListenAddress = address_field(DEFAULT_ADMIN, "Where health and metrics are served. Keep it private.")
    backends: dict[Word, BackendSection] = Field(
        default_factory=dict, description="Providers in use, by a name of your choice."
    )
    models: dict[ModelName, ModelSection] | None = Field(
        None,
        description="Names that callers use, or patterns with `*`. Default: what the providers are known for.",
    )
    routes: list[RouteSection] = Field(
        default_factory=no_items, description="Rules by model, host and headers; they are looked at before models."
    )
    passthrough: list[PassageSection] = Field(
        default_factory=no_items,
        description="Requests to pass on as they are, by their paths, where no endpoint of the API has the path.",
    )
    client_keys: dict[Word, ClientKeySection] = Field(
        default_factory=dict, description="Keys that callers must show, by caller."
    )
    client_tokens: dict[Word, ClientTokensSection] = Field(
        default_factory=dict, description="Issuers whose signed tokens (JWT) callers may show instead of a key."
    )
    fetch: FetchSection = Field(
        default_factory=FetchSection, description="Media by URL, for providers that take bytes only."
    )
    limits: LimitsSection = Field(default_factory=LimitsSection, description="Sizes that bound what is held in memory.")
    timeouts: ClientTimeoutsSection = Field(
        default_factory=ClientTimeoutsSection, description="Waits on the callers' side."
    )
    access_log: AccessLogSection = Field(
        default_factory=AccessLogSection,
        description="One JSON line for each request: `-`, a file's path or `off`; or a mapping.",
    )
    tests: dict[Text, ConfigTestSection] = Field(
        default_factory=dict, description="What must become of requests; a configuration is refused if it does not."
    )
