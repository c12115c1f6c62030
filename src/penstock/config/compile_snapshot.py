"""A checked document to the snapshot that requests see; here is checked what one value means to another.

A provider's id, a backend's address, a key that is needed, a target's backend: every check reports to the findings
and goes on, so that one run names every mistake. Nothing is opened or connected.
"""

from __future__ import annotations

from collections.abc import Mapping

from penstock.config.address import BaseUrl, is_loopback, read_base_url
from penstock.config.certificates import check_upstream_tls
from penstock.config.compile_listeners import build_listeners
from penstock.config.compile_models import (
    build_models,
    build_mutations,
    build_routes,
    warn_of_hidden_models,
    warn_of_idle_backends,
)
from penstock.config.compile_passages import build_passages
from penstock.config.credentials import read_credentials
from penstock.config.default_models import list_default_models
from penstock.config.document import BackendSection, Document
from penstock.config.loaded import Overrides
from penstock.config.log_section import build_access_log
from penstock.config.problems import Findings
from penstock.config.provider_options import read_options
from penstock.config.similar_names import hint
from penstock.config.token_section import build_issuers
from penstock.config.value_readers import hash_key
from penstock.core.provider import Options, Provider, fill_base_url
from penstock.identity.client_keys import ANONYMOUS
from penstock.providers import PLAIN_HTTP, configurable_providers
from penstock.relay.snapshot import (
    Backend,
    BackendTimeouts,
    ClientKey,
    CredentialOverride,
    Model,
    PoolLimits,
    Snapshot,
)
from penstock.routing.name_pattern import is_pattern, specificity


def compile_snapshot(
    document: Document, overrides: Overrides, findings: Findings, source: str
) -> tuple[Snapshot, list[str]]:
    """Build the snapshot, and lines that say how names without a configuration were shared out.

    The snapshot is whole only when the findings have no error afterwards.
    """
    backends = _build_backends(document, findings)
    explanation: list[str] = []
    named: Mapping[str, Model] = {}
    if document.models is None and not document.routes:
        providers = {name: backend for name, backend in backends.items() if backend.provider is not PLAIN_HTTP}
        defaults = list_default_models(providers)
        named, explanation = {**defaults.patterns, **defaults.models}, defaults.explanation
    elif document.models is not None:
        named = build_models(document.models, backends, findings)
    routes = build_routes(document.routes, backends, findings)
    if routes is not None:
        warn_of_hidden_models(named, routes, findings)
    passages = build_passages(document.passthrough, backends, findings)
    passed_on = [entry.rule for entry in passages.entries()] if passages else []
    warn_of_idle_backends(
        [*named.values(), *(entry.rule for entry in (routes.entries() if routes else ())), *passed_on],
        backends,
        findings,
    )
    keys = _build_client_keys(document, findings)
    issuers = build_issuers(document.client_tokens, document.client_keys, findings)
    listener, *others = build_listeners(document, overrides, bool(keys or issuers), findings)
    admin = overrides.admin or document.admin
    snapshot = Snapshot(
        listener=listener,
        other_listeners=tuple(others),
        admin_host=admin.host,
        admin_port=admin.port,
        admin_unix=admin.path,
        backends=backends,
        models={name: model for name, model in named.items() if not is_pattern(name)},
        patterns=tuple(named[name] for name in sorted(filter(is_pattern, named), key=specificity)),
        routes=routes,
        passages=passages,
        client_keys=keys,
        token_issuers=issuers,
        fetching=document.fetch.rules(),
        access_log=build_access_log(document.access_log, backends, findings),
        source=source,
    )
    return snapshot, explanation


def _build_backends(document: Document, findings: Findings) -> dict[str, Backend]:
    backends: dict[str, Backend] = {}
    for name, section in document.backends.items():
        provider = _find_provider(name, section, findings)
        backend = provider and _build_backend(name, section, provider, findings)
        if backend:
            backends[name] = backend
        else:
            findings.broken.add(("backends", name))
    if not document.backends and not findings.breaks_under(("backends",)):
        findings.error(("backends",), "at least one backend is needed")
    return backends


def _find_provider(name: str, section: BackendSection, findings: Findings) -> Provider | None:
    providers = configurable_providers()
    if section.provider is not None:
        return providers[section.provider]
    if name not in providers and not findings.is_broken(("backends", name, "provider")):
        message = f'is required, because "{name}" is not the id of a provider{hint(name, providers)}'
        findings.missing(("backends", name, "provider"), message)
    return providers.get(name)


def _build_backend(name: str, section: BackendSection, provider: Provider, findings: Findings) -> Backend | None:
    path = ("backends", name)
    options = read_options(provider, section.options, (*path, "options"), findings)
    if options is None:
        _check_key(name, section, provider, findings)
        return None
    base_url = _find_base_url(name, section, provider, options, findings)
    credentials = read_credentials(name, section, provider, options, findings)
    _check_key(name, section, provider, findings)
    if base_url is None:
        return None
    if section.api_key or credentials:
        _check_privacy(name, base_url, findings)
    tls = section.tls.build()
    if base_url.scheme == "https":
        check_upstream_tls(tls, ("backends", name, "tls"), findings)
    return Backend(
        name=name,
        provider=provider,
        scheme=base_url.scheme,
        host=base_url.host,
        port=base_url.port,
        base_path=base_url.path,
        api_key=section.api_key,
        credentials=credentials,
        options=options,
        headers=section.headers,
        mutations=build_mutations(section, {}),
        credential_override=_build_override(section),
        timeouts=BackendTimeouts(**dict(section.timeouts)),
        pool=PoolLimits(**dict(section.pool)),
        tls=tls,
    )


def _build_override(section: BackendSection) -> CredentialOverride | None:
    override = section.credential_override
    return CredentialOverride(override.header.lower(), override.fallback) if override else None


def _find_base_url(
    name: str, section: BackendSection, provider: Provider, options: Options, findings: Findings
) -> BaseUrl | None:
    path = ("backends", name)
    if section.base_url is not None or provider.base_url is None:
        if section.base_url is None and not findings.is_broken((*path, "base_url")):
            findings.missing((*path, "base_url"), f"is required: {provider.title} has no address of its own")
        return section.base_url
    missing = options.missing()
    for option in missing:
        if not findings.is_broken((*path, "options", option)):
            findings.missing((*path, "options", option), f"is required for {provider.title}")
    return None if missing else read_base_url(fill_base_url(provider.base_url, options))


def _check_key(name: str, section: BackendSection, provider: Provider, findings: Findings) -> None:
    path = ("backends", name, "api_key")
    other = section.aws or section.entra or section.gcp
    if provider.key_required and section.api_key is None and other is None and not findings.is_broken(path):
        example = f"api_key: ${{{provider.key_env[0]}}}" if provider.key_env else "api_key: {file: PATH}"
        findings.missing(path, f"is required for {provider.title}, such as {example}")
    if section.api_key and provider.key_header.name in section.headers:
        message = f'"{provider.key_header.name}" carries api_key; give one of the two'
        findings.error(("backends", name, "headers", provider.key_header.name), message)


def _check_privacy(name: str, base_url: BaseUrl, findings: Findings) -> None:
    if base_url.scheme == "http" and not is_loopback(base_url.host):
        message = "the key goes over the network unencrypted; use https:// if the server has it"
        findings.warning(("backends", name, "base_url"), message)


def _build_client_keys(document: Document, findings: Findings) -> tuple[ClientKey, ...]:
    names: dict[str, str] = {}
    for name, section in document.client_keys.items():
        digest = hash_key(section.key) if section.key else section.sha256 or ""
        if name == ANONYMOUS:
            findings.error(("client_keys", name), f'"{ANONYMOUS}" is what callers without a key are called')
        elif digest in names:
            findings.error(("client_keys", name), f'is the same key as that of "{names[digest]}"')
        else:
            names[digest] = name
    return tuple(ClientKey(name=name, sha256=digest) for digest, name in names.items())
