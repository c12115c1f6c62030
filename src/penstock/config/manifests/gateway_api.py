"""Resources of the Kubernetes Gateway API, and the few of Kubernetes itself, that stand beside AIGatewayRoutes.

Fields that have an effect here are declared; others are allowed, and reported.

https://gateway-api.sigs.k8s.io/reference/spec/ (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from penstock.config.manifests.parts import (
    CORE,
    GATEWAY_API,
    LocalRef,
    Manifest,
    OpenPart,
    Part,
    SecretRef,
    SectionTargetRef,
    Selector,
)
from penstock.config.manifests.support import Meaning, needless, unsupported
from penstock.config.manifests.values import AtLeast, AtMost, HostName, Name, Namespace, Port, Text
from penstock.config.section import no_items


class AllowedNamespaces(Part):
    """Namespaces whose routes may attach."""

    from_: Annotated[Literal["Same", "All", "Selector", "None"], Field(alias="from")] = "Same"
    selector: Selector | None = None


class AllowedRoutes(OpenPart):
    """Routes that may attach."""

    namespaces: AllowedNamespaces = Field(default_factory=AllowedNamespaces)
    kinds: Annotated[list[dict[str, object]] | None, needless("AIGatewayRoutes attach")] = None


class ListenerTls(Part):
    """The certificate that callers see. What is not known here is refused, since it may keep somebody out."""

    mode: Literal["Terminate", "Passthrough"] = "Terminate"
    certificate_refs: Annotated[list[SecretRef], Meaning("A Secret with `tls.crt` and `tls.key`.")] = Field(
        default_factory=no_items
    )
    options: Annotated[dict[str, str] | None, unsupported()] = None


class GatewayListener(OpenPart):
    """Where callers connect."""

    name: Name
    port: Annotated[Port, Meaning("Below 1024: 10000 more, as in Envoy Gateway's own containers.")]
    protocol: Annotated[Text, Meaning("`HTTP` or `HTTPS`.")]
    hostname: Annotated[HostName | None, Meaning("Narrows the hosts of routes.")] = None
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes = Field(default_factory=AllowedRoutes)


class Infrastructure(OpenPart):
    """How the gateway is deployed."""

    parameters_ref: Annotated[LocalRef | None, Meaning("An EnvoyProxy.")] = None
    labels: Annotated[dict[str, str], needless("there are no pods to label")] = Field(default_factory=dict)
    annotations: Annotated[dict[str, str], needless("there are no pods to annotate")] = Field(default_factory=dict)


class GatewaySpec(OpenPart):
    """Where callers connect."""

    gateway_class_name: Annotated[Name, Meaning("Its class may name an EnvoyProxy.")]
    listeners: Annotated[list[GatewayListener], AtLeast(1), AtMost(64)]
    infrastructure: Infrastructure | None = None
    tls: Annotated[dict[str, object] | None, Meaning("Refused: callers are not asked for certificates.")] = None

    @model_validator(mode="after")
    def _names_listeners_once(self) -> Self:
        names = [each.name for each in self.listeners]
        if len(set(names)) < len(names):
            msg = "listeners: a name stands twice"
            raise ValueError(msg)
        return self


class Gateway(Manifest):
    """Where callers connect."""

    group = GATEWAY_API
    versions = ("v1", "v1beta1")

    spec: GatewaySpec


class ClassParametersRef(Part):
    """The EnvoyProxy of a class."""

    group: str
    kind: str
    name: Name
    namespace: Namespace | None = None


class GatewayClassSpec(OpenPart):
    """Who builds gateways of this class."""

    controller_name: Annotated[Text, Meaning("Any; Penstock is the controller.")]
    parameters_ref: Annotated[ClassParametersRef | None, Meaning("An EnvoyProxy.")] = None
    description: Annotated[str | None, Meaning("For people.")] = None


class GatewayClass(Manifest):
    """A kind of gateways."""

    group = GATEWAY_API
    versions = ("v1", "v1beta1")

    spec: GatewayClassSpec


class GrantFrom(Part):
    """Who may refer."""

    group: str
    kind: str
    namespace: Namespace


class GrantTo(Part):
    """To what."""

    group: str
    kind: str
    name: Name | None = None


class ReferenceGrantSpec(Part):
    """Who may refer to what in this namespace."""

    from_: Annotated[list[GrantFrom], AtLeast(1), AtMost(16), Field(alias="from")]
    to: Annotated[list[GrantTo], AtLeast(1), AtMost(16)]


class ReferenceGrant(Manifest):
    """Who may refer to what in this namespace."""

    group = GATEWAY_API
    versions = ("v1", "v1beta1")

    spec: ReferenceGrantSpec


class TlsValidation(OpenPart):
    """How a backend's certificate is checked."""

    hostname: Annotated[HostName, Meaning("The name in the certificate.")]
    well_known_ca_certificates: Annotated[Literal["System"] | None, Field(alias="wellKnownCACertificates")] = None
    ca_certificate_refs: Annotated[list[LocalRef], AtMost(8), Meaning("A ConfigMap or Secret with `ca.crt`; one.")] = (
        Field(default_factory=no_items)
    )

    @model_validator(mode="after")
    def _trusts_somebody(self) -> Self:
        if (self.well_known_ca_certificates is None) == (not self.ca_certificate_refs):
            msg = "needs exactly one of wellKnownCACertificates and caCertificateRefs"
            raise ValueError(msg)
        return self


class BackendTlsPolicySpec(OpenPart):
    """TLS towards backends."""

    target_refs: Annotated[list[SectionTargetRef], AtLeast(1), AtMost(16)]
    validation: TlsValidation


class BackendTLSPolicy(Manifest):
    """TLS towards a backend."""

    group = GATEWAY_API
    versions = ("v1", "v1alpha3")

    spec: BackendTlsPolicySpec


class ServiceManifest(Manifest):
    """A name in a cluster. AIServiceBackends do not refer to it."""

    group = CORE
    versions = ("v1",)

    spec: Annotated[dict[str, object], needless("backends are addressed by host name")] = Field(default_factory=dict)


class SecretManifest(Manifest):
    """Keys and certificates: text in `stringData`, base64 in `data`, or from variables and files by annotation."""

    group = CORE
    versions = ("v1",)

    data: dict[str, str] = Field(default_factory=dict)
    string_data: dict[str, str] = Field(default_factory=dict)
    type: Annotated[str | None, needless("what is in it decides")] = None
    immutable: Annotated[bool | None, needless()] = None


class ConfigMapManifest(Manifest):
    """Texts: certificate authorities of a BackendTLSPolicy, or from variables and files by annotation."""

    group = CORE
    versions = ("v1",)

    data: dict[str, str] = Field(default_factory=dict)
    binary_data: Annotated[dict[str, str], unsupported()] = Field(default_factory=dict)
    immutable: Annotated[bool | None, needless()] = None
