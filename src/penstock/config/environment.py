"""Without a configuration: every provider whose variables are set, all at once.

A provider is in use when the variable of its key is set; one that can do without a key (a local server) also when the
variable of its address is. What is found becomes an ordinary document, so that everything else (checks, models,
warnings) is that of a configuration file. Which variables there are is declared in the providers' files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.loaded import NO_OVERRIDES, Loaded, Overrides, name_options, summarise
from penstock.config.problems import ConfigurationInvalid, Findings
from penstock.config.read_document import read_document
from penstock.config.yaml_tree import KeyPath, Value
from penstock.core.errors import OperatorError
from penstock.core.provider import Provider
from penstock.core.upstream_credentials import AwsCredentials, GcpCredentials
from penstock.providers import all_providers
from penstock.upstream_auth.sources import check_extra


@dataclass(frozen=True, slots=True)
class _Found:
    """A provider that the environment names, and by which variables."""

    provider: Provider
    key_variable: str | None
    url_variable: str | None
    credential_variable: str | None = None

    def variables(self) -> str:
        """Say which variables are set."""
        names = [name for name in (self.key_variable or self.credential_variable, self.url_variable) if name]
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} set"


def load_environment(environ: Mapping[str, str], overrides: Overrides = NO_OVERRIDES) -> Loaded:
    """Build a configuration from the variables that are set.

    Raises:
        ConfigurationInvalid: a variable's value cannot be used.
        OperatorError: no provider's variable is set; the text lists them all.
    """
    usable, remarks = find_providers(environ)
    if not usable:
        raise OperatorError("\n".join([*remarks, describe_variables()]))
    findings = Findings(elsewhere=name_options(overrides))
    backends: dict[str, Value] = {found.provider.id: _write_backend(found, environ, findings) for found in usable}
    document = read_document({"backends": backends}, Path(), findings)
    snapshot, shared_out = compile_snapshot(document, overrides, findings, "environment")
    problems = findings.sorted()
    if findings.failed:
        raise ConfigurationInvalid(problems)
    explanation = [f"Configuration: environment ({summarise(snapshot)})"]
    explanation += [f"{found.provider.title}: {found.variables()}" for found in usable]
    return Loaded(snapshot=snapshot, explanation=(*explanation, *remarks, *shared_out), warnings=tuple(problems))


def find_providers(environ: Mapping[str, str]) -> tuple[list[_Found], list[str]]:
    """Return the providers that the environment names, by id, and remarks on those that lack a variable."""
    usable: list[_Found] = []
    remarks: list[str] = []
    for provider in all_providers().values():
        found = _Found(
            provider,
            _first_set(provider.key_env, environ),
            _first_set(provider.base_url_env, environ),
            _first_set(provider.credential_env, environ),
        )
        if not found.key_variable and found.credential_variable:
            lacking = _lacking_for_cloud(found, environ)
            if lacking:
                remarks.append(f"{provider.title}: {found.credential_variable} is set, but {lacking}; left out")
            else:
                usable.append(found)
            continue
        if not found.key_variable and (provider.key_required or not found.url_variable):
            continue
        if provider.base_url is None and not found.url_variable:
            needed = " or ".join(provider.base_url_env) or "an address, which only a configuration can give"
            remarks.append(f"{provider.title}: {found.key_variable} is set, but it also needs {needed}; left out")
            continue
        usable.append(found)
    return usable, remarks


def _lacking_for_cloud(found: _Found, environ: Mapping[str, str]) -> str:
    """Say what a cloud's own chain of credentials still needs; nothing when it can be used."""
    provider = found.provider
    values = {name: _first_set(names, environ) or "" for name, names in provider.option_env.items()}
    given = {name: environ[variable] for name, variable in values.items() if variable}
    missing = msgspec.convert(given, provider.options).missing()
    if missing:
        return f"it also needs {' and '.join(' or '.join(provider.option_env[name]) for name in missing)}"
    try:
        check_extra(AwsCredentials(region="any") if "aws" in provider.credentials else GcpCredentials())
    except OperatorError as error:
        return str(error)
    return ""


def describe_variables() -> str:
    """Say which variables would do, one line for each provider."""
    lines = ["No provider is set up. Set the variables of at least one, or name a configuration file:"]
    for provider in all_providers().values():
        ways = (*provider.key_env, *provider.credential_env)
        needed = [" or ".join(ways)] if ways else []
        if provider.base_url_env and (provider.base_url is None or not provider.key_env):
            needed.append(" or ".join(provider.base_url_env))
        if needed:
            lines.append(f"  {provider.title:<30} {' and '.join(needed)}")
    lines.append("To try Penstock without any key: penstock demo")
    return "\n".join(lines)


def _write_backend(found: _Found, environ: Mapping[str, str], findings: Findings) -> Value:
    """Write what a configuration file would say of this provider."""
    path: KeyPath = ("backends", found.provider.id)
    backend: dict[str, Value] = {}
    if found.key_variable:
        key = environ[found.key_variable].strip()
        backend["api_key"] = key
        findings.hide(key, found.key_variable)
        findings.elsewhere[*path, "api_key"] = found.key_variable
    if found.url_variable:
        findings.elsewhere[*path, "base_url"] = found.url_variable
        try:
            backend["base_url"] = found.provider.read_base_url(environ[found.url_variable].strip())
        except ValueError:
            findings.error((*path, "base_url"), "is not an address that this provider can have")
            findings.broken.add((*path, "base_url"))
    options: dict[str, Value] = {}
    for option, names in found.provider.option_env.items():
        variable = _first_set(names, environ)
        if variable is not None:
            findings.elsewhere[*path, "options", option] = variable
            options[option] = environ[variable].strip()
    if options:
        backend["options"] = options
    headers: dict[str, Value] = {
        name: environ[variable].strip()
        for name, variable in found.provider.header_env.items()
        if environ.get(variable, "").strip()
    }
    if headers:
        backend["headers"] = headers
    return backend


def _first_set(names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    return next((name for name in names if environ.get(name, "").strip()), None)
