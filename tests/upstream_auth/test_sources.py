"""Declarations become sources that share, start, and close; what each needs is said when it is missing."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from penstock.core.errors import CredentialUnavailable, OperatorError
from penstock.core.secret import Secret
from penstock.core.upstream_credentials import (
    AwsCredentials,
    EntraCredentials,
    GcpCredentials,
    UpstreamCredentials,
    secrets_of,
)
from penstock.upstream_auth import sigv4, sources
from penstock.upstream_auth.credential_source import CredentialSource
from penstock.upstream_auth.gcp import fetch_gcp
from penstock.upstream_auth.refresh_policy import RefreshPolicy
from penstock.upstream_auth.sources import CredentialSources, check_extra, static_keys
from tests.upstream_auth.google_servers import Google, google
from tests.upstream_auth.local_server import serving
from tests.upstream_auth.microsoft_servers import machine

STATIC = AwsCredentials(
    region="us-east-1", access_key_id="AKIA1", secret_access_key=Secret("secret"), session_token=Secret("token")
)
ROLE = AwsCredentials(
    region="us-east-1",
    access_key_id="AKIA1",
    secret_access_key=Secret("secret"),
    role_arn="arn:aws:iam::123456789012:role/gateway",
)
MACHINE = EntraCredentials(managed_identity=True)


@pytest.fixture
async def held() -> AsyncIterator[CredentialSources]:
    held = CredentialSources()
    yield held
    await held.close()


@pytest.fixture
def at() -> Iterator[Google]:
    with google() as at:
        yield at


async def test_declared_keys_are_there_at_once_and_need_no_library(
    held: CredentialSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "find_spec", lambda _: None)
    assert held.keys(STATIC).current() == sigv4.AwsCredentials("AKIA1", Secret("secret"), Secret("token"))


def test_declared_keys_that_assume_a_role_are_not_used_as_they_are() -> None:
    assert static_keys(ROLE) is None
    assert static_keys(AwsCredentials(region="us-east-1")) is None


async def test_declared_keys_stay_what_they_are_when_a_provider_refuses_them(held: CredentialSources) -> None:
    source = held.keys(STATIC)
    source.renew()
    assert await source.ready() == source.current()


async def test_keys_are_fetched_from_where_the_declaration_says(
    held: CredentialSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    keys = await held.keys(AwsCredentials(region="us-east-1")).ready()
    assert keys.access_key == "AKIAENV"


async def test_lines_are_fetched_from_where_the_declaration_says(
    held: CredentialSources, at: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(machine) as metadata:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata.url)
        assert await held.bearer(MACHINE).ready() == b"authorization: Bearer machine.system\r\n"
    google_account = GcpCredentials(service_account_key=Secret(at.key_file()))
    assert await held.bearer(google_account).ready() == b"authorization: Bearer ya29.account\r\n"


async def test_equal_declarations_share_a_source_and_its_fetch(held: CredentialSources, at: Google) -> None:
    text = at.key_file()
    first, second = (held.bearer(GcpCredentials(service_account_key=Secret(text))) for _ in range(2))
    assert first is second
    await first.ready()
    await second.ready()
    assert len(at.server.asked) == 1


async def test_a_token_is_replaced_by_the_next_without_being_asked(at: Google) -> None:
    at.life_s = 2
    declared = GcpCredentials(service_account_key=Secret(at.key_file()))
    source = CredentialSource("Google Cloud", lambda: fetch_gcp(declared), policy=RefreshPolicy(pause_s=0.1))
    await source.ready()
    first = source.expires_at
    while source.expires_at == first:
        assert await source.ready()
        await asyncio.sleep(0.01)
    await source.close()
    assert len(at.server.asked) == 2


async def test_a_reload_keeps_what_is_still_used_and_closes_the_rest(held: CredentialSources, at: Google) -> None:
    kept = GcpCredentials(service_account_key=Secret(at.key_file()))
    source = held.bearer(kept)
    gone = held.keys(STATIC)
    await source.ready()
    await held.keep_only({kept})
    assert held.bearer(kept) is source
    assert held.keys(STATIC) is not gone
    assert gone.current().access_key == "AKIA1", "requests of the old configuration go on"


async def test_a_source_that_cannot_fetch_says_so_to_callers_without_its_reason(
    held: CredentialSources, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declared = GcpCredentials(service_account_file=str(tmp_path / "none.json"))
    with pytest.raises(CredentialUnavailable) as caught:
        await held.bearer(declared).ready()
    assert caught.value.message == "The gateway has no valid Google Cloud credential for this provider at present."
    assert "none.json" in (caught.value.detail or "")
    assert "none.json" in caplog.text


@pytest.mark.parametrize(
    ("declared", "missing", "says"),
    [
        (AwsCredentials(region="r"), "botocore", "AWS credentials need botocore, .* pip install 'penstock\\[aws\\]'"),
        (MACHINE, "azure.identity", "Microsoft Entra ID credentials need azure.identity, .*\\[azure\\]"),
        (GcpCredentials(), "google.auth", "Google Cloud credentials need google.auth, .*\\[gcp\\]"),
        (GcpCredentials(), "requests", "Google Cloud credentials need requests, .*\\[gcp\\]"),
    ],
)
def test_a_library_that_is_missing_is_named_with_what_installs_it(
    declared: UpstreamCredentials, missing: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_extra(declared)

    def find(name: str) -> ModuleSpec | None:
        if name == missing == "azure.identity":
            raise ModuleNotFoundError(name)  # so it is when the package around it is missing
        return None if name == missing else importlib.util.find_spec(name)

    monkeypatch.setattr(sources, "find_spec", find)
    with pytest.raises(OperatorError, match=says):
        check_extra(declared)


async def test_nothing_that_is_held_prints_a_secret(held: CredentialSources, at: Google) -> None:
    declared = GcpCredentials(service_account_key=Secret(at.key_file()))
    source = held.bearer(declared)
    await source.ready()
    shown = f"{held!r} {source!r} {source._held!r} {held.keys(STATIC)._held!r}"
    assert "ya29" not in shown
    for secret in (*secrets_of(declared), *secrets_of(STATIC)):
        assert f"'{secret.reveal()}'" not in shown
