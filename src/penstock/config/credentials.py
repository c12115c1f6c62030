"""Which credential a backend has: an API key, or what a cloud hands out.

A provider says which kinds it takes. Where a cloud's credential is the usual one and nothing is configured, the cloud's
own chain decides (environment, files, metadata), as its own tools do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.config.credential_sections import AwsSection, CredentialSection, GcpSection, declare
from penstock.config.document import BackendSection
from penstock.config.problems import Findings
from penstock.core.errors import OperatorError
from penstock.core.provider import CredentialKind, Options, Provider
from penstock.core.upstream_credentials import UpstreamCredentials
from penstock.upstream_auth.sources import check_extra

_BY_THE_CLOUDS_OWN_CHAIN: Mapping[str, type[CredentialSection]] = MappingProxyType(
    {"aws": AwsSection, "gcp": GcpSection}
)


def read_credentials(
    name: str, section: BackendSection, provider: Provider, options: Options, findings: Findings
) -> UpstreamCredentials | None:
    """Return the declaration of a backend's credential; None where it is an API key, or none is needed."""
    path = ("backends", name)
    given: dict[CredentialKind, CredentialSection] = {}
    if section.aws is not None:
        given["aws"] = section.aws
    if section.entra is not None:
        given["entra"] = section.entra
    if section.gcp is not None:
        given["gcp"] = section.gcp
    for kind in given:
        if kind not in provider.credentials:
            findings.key_error((*path, kind), f"{provider.title} takes {' or '.join(provider.credentials)}")
            return None
    if len(given) + (section.api_key is not None) > 1:
        findings.error(
            path, f"has more than one credential: {', '.join([*given, *(['api_key'] if section.api_key else [])])}"
        )
        return None
    usual = provider.credentials[0]
    if not given and section.api_key is None and usual in _BY_THE_CLOUDS_OWN_CHAIN:
        given[usual] = _BY_THE_CLOUDS_OWN_CHAIN[usual]()
    for kind, credential in given.items():
        try:
            declared = declare(credential, region=options.url_values().get("region", ""))
            check_extra(declared)
        except (ValueError, OperatorError) as error:
            findings.error((*path, kind) if getattr(section, kind) else path, str(error))
        else:
            return declared
    return None
