"""From a declaration to its source; equal declarations share one, and so does a reload.

Amazon's, Microsoft's and Google's libraries are extras of the package. That one is missing is said when a configuration
needs it; it is imported in the thread of the first fetch, since that takes up to half a second. A source begins to
fetch as soon as it is asked for, so that the first request seldom waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from types import MappingProxyType

from penstock.core.errors import OperatorError
from penstock.core.secret import Secret
from penstock.core.upstream_credentials import AwsCredentials, EntraCredentials, GcpCredentials, UpstreamCredentials
from penstock.upstream_auth import sigv4
from penstock.upstream_auth.credential_source import CredentialSource
from penstock.upstream_auth.fetching import Fetched

BearerCredentials = EntraCredentials | GcpCredentials
"""What becomes request lines; Amazon's keys sign instead."""

KeysSource = CredentialSource[sigv4.AwsCredentials]
BearerSource = CredentialSource[bytes]

EXTRAS: Mapping[type[UpstreamCredentials], tuple[str, str, tuple[str, ...]]] = MappingProxyType(
    {
        AwsCredentials: ("AWS", "aws", ("botocore",)),
        EntraCredentials: ("Microsoft Entra ID", "azure", ("azure.identity",)),
        GcpCredentials: ("Google Cloud", "gcp", ("google.auth", "requests")),
    }
)
"""Declaration to what it is called, the extra that it needs, and what that extra installs."""


def check_extra(declared: UpstreamCredentials) -> None:
    """Look whether the library that a declaration needs is installed, without importing it.

    Raises:
        OperatorError: it is not; the text says how to install it.
    """
    if isinstance(declared, AwsCredentials) and static_keys(declared) is not None:
        return
    title, extra, modules = EXTRAS[type(declared)]
    missing = [name for name in modules if not _installed(name)]
    if missing:
        msg = f"{title} credentials need {' and '.join(missing)}, not installed here: pip install 'penstock[{extra}]'"
        raise OperatorError(msg)


class CredentialSources:
    """Every source of a process, by declaration; belongs to one event loop."""

    def __init__(self) -> None:
        """Have none yet."""
        self._keys: dict[AwsCredentials, KeysSource] = {}
        self._bearers: dict[BearerCredentials, BearerSource] = {}

    def keys(self, declared: AwsCredentials) -> KeysSource:
        """Return the source of keys that sign.

        Raises:
            OperatorError: botocore is needed and not installed.
        """
        source = self._keys.get(declared)
        if source is None:
            check_extra(declared)
            title = EXTRAS[AwsCredentials][0]
            source = CredentialSource(title, lambda: _fetch_keys(declared), held=static_keys(declared))
            self._keys[declared] = source
            source.start()
        return source

    def bearer(self, declared: BearerCredentials) -> BearerSource:
        """Return the source of the request lines that carry a bearer token, each with CRLF.

        Raises:
            OperatorError: the library that is needed is not installed.
        """
        source = self._bearers.get(declared)
        if source is None:
            check_extra(declared)
            source = CredentialSource(EXTRAS[type(declared)][0], lambda: _fetch_lines(declared))
            self._bearers[declared] = source
            source.start()
        return source

    async def keep_only(self, used: Collection[UpstreamCredentials]) -> None:
        """Close the sources that a new configuration no longer uses; requests of the old one may still use them."""
        closing = [self._keys.pop(declared).close() for declared in list(self._keys) if declared not in used]
        closing += [self._bearers.pop(declared).close() for declared in list(self._bearers) if declared not in used]
        await asyncio.gather(*closing)

    async def close(self) -> None:
        """Close every source."""
        await self.keep_only(())


def static_keys(declared: AwsCredentials) -> Fetched[sigv4.AwsCredentials] | None:
    """Return declared keys that are used as they are: they need neither botocore nor a fetch."""
    if declared.role_arn is not None or declared.access_key_id is None:
        return None
    secret = declared.secret_access_key or Secret("")
    return Fetched(sigv4.AwsCredentials(declared.access_key_id, secret, declared.session_token))


def _fetch_keys(declared: AwsCredentials) -> Fetched[sigv4.AwsCredentials]:
    if (static := static_keys(declared)) is not None:
        return static
    from penstock.upstream_auth.aws import fetch_aws  # noqa: PLC0415  # an extra

    return fetch_aws(declared)


def _fetch_lines(declared: BearerCredentials) -> Fetched[bytes]:
    if isinstance(declared, EntraCredentials):
        from penstock.upstream_auth.entra import fetch_entra  # noqa: PLC0415  # an extra

        return fetch_entra(declared)
    from penstock.upstream_auth.gcp import fetch_gcp  # noqa: PLC0415  # an extra

    return fetch_gcp(declared)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False
