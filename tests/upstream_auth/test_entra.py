"""Entra ID's tokens: client secret, federated tokens, an OpenID provider's tokens, managed identities."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import EntraCredentials
from penstock.upstream_auth.entra import fetch_entra
from penstock.upstream_auth.fetching import Fetched, FetchFailed
from penstock.upstream_auth.oidc_exchange import identity_steps
from penstock.upstream_auth.token_endpoint import ask_all
from tests.transport.certificates import Authority
from tests.upstream_auth.local_server import Answer, serving
from tests.upstream_auth.microsoft_servers import (
    AUDIENCE,
    CLIENT,
    SECRET,
    TENANT,
    Entra,
    app_service,
    entra,
    machine,
)
from tests.upstream_auth.oidc_provider import oidc_provider


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The certificate authority that vouches for Entra ID here."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.file)
    return authority


def declared(at: Entra, **way: object) -> EntraCredentials:
    values: dict[str, object] = {"tenant_id": TENANT, "client_id": CLIENT, "authority_host": at.server.url}
    return EntraCredentials(**(values | way))  # type: ignore[arg-type]  # a test's own fields


def line_of(fetched: Fetched[bytes]) -> bytes:
    assert fetched.expires_at is not None
    assert 3000 < fetched.expires_at - time.time() <= 3700
    return fetched.value


def test_a_client_secret(authority: Authority) -> None:
    with entra(authority) as at:
        fetched = fetch_entra(declared(at, client_secret=Secret(SECRET)))
    assert line_of(fetched) == b"authorization: Bearer entra.secret\r\n"


def test_a_fetch_leaves_nothing_in_the_log(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with entra(authority) as at:
        fetch_entra(declared(at, client_secret=Secret(SECRET)))
    assert caplog.records == []


def test_every_fetch_gives_a_new_token(authority: Authority) -> None:
    with entra(authority) as at:
        for _ in range(2):
            fetch_entra(declared(at, client_secret=Secret(SECRET)))
    assert sum(asked.path.endswith("/token") for asked in at.server.asked) == 2


def test_a_wrong_client_secret_is_a_failure_in_entras_words_without_the_secret(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with entra(authority) as at, pytest.raises(FetchFailed, match="AADSTS7000215") as caught:
        fetch_entra(declared(at, client_secret=Secret("wrong~secret.value")))
    assert "wrong~secret" not in str(caught.value)
    assert "wrong~secret" not in caplog.text


def test_a_federated_token_that_is_read_from_its_file_each_time(authority: Authority, tmp_path: Path) -> None:
    token = tmp_path / "token"
    with oidc_provider() as cluster, entra(authority, cluster) as at:
        identity = declared(at, federated_token_file=str(token))
        token.write_text("not.a.token", encoding="utf-8")
        with pytest.raises(FetchFailed, match="AADSTS700213"):
            fetch_entra(identity)
        token.write_text(ask_all(identity_steps(cluster.exchange(audience=AUDIENCE))).reveal(), encoding="utf-8")
        assert line_of(fetch_entra(identity)) == b"authorization: Bearer entra.federated\r\n"


def test_an_openid_providers_token_is_the_clients_assertion(authority: Authority) -> None:
    with oidc_provider() as provider, entra(authority, provider) as at:
        fetched = fetch_entra(declared(at, oidc=provider.exchange(audience=AUDIENCE)))
    assert line_of(fetched) == b"authorization: Bearer entra.federated\r\n"


def test_an_assertion_that_entra_does_not_trust_stays_out_of_reason_and_log(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with oidc_provider() as provider, entra(authority) as at, pytest.raises(FetchFailed) as caught:
        fetch_entra(declared(at, oidc=provider.exchange(audience=AUDIENCE)))
    assert "AADSTS700213" in str(caught.value)
    assert provider.granted[0] not in str(caught.value) + caplog.text


def test_a_provider_that_refuses_is_a_failure_before_entra_is_asked(authority: Authority) -> None:
    with oidc_provider() as provider, entra(authority) as at:
        with pytest.raises(FetchFailed, match="invalid_client"):
            fetch_entra(declared(at, oidc=provider.exchange(client_secret=Secret("wrong"))))
    assert at.server.asked == []


@pytest.mark.parametrize(("client", "token"), [(None, "machine.system"), (CLIENT, f"machine.{CLIENT}")])
def test_the_managed_identity_of_a_machine(client: str | None, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(machine) as metadata:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata.url)
        fetched = fetch_entra(EntraCredentials(managed_identity=True, client_id=client))
    assert line_of(fetched) == f"authorization: Bearer {token}\r\n".encode()


def test_the_managed_identity_of_an_app_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(app_service) as endpoint:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoint.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "platform-secret")
        fetched = fetch_entra(EntraCredentials(managed_identity=True))
    assert line_of(fetched) == b"authorization: Bearer app.service\r\n"


def test_a_certificate_that_nobody_vouches_for_is_a_failure(tmp_path: Path) -> None:
    with entra(Authority(tmp_path)) as at, pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
        fetch_entra(declared(at, client_secret=Secret(SECRET)))
    assert at.server.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer("", 200),
        Answer("[]", 200),
        Answer({"token_type": "Bearer", "expires_in": 3599}),
        Answer({"token_type": "Bearer", "access_token": None, "expires_in": 3599}),
        Answer({"token_type": "Bearer", "access_token": "two\r\nx-evil: lines", "expires_in": 3599}),
        Answer("<html>", 403),
    ],
)
def test_an_authority_that_answers_nonsense_is_a_failure(authority: Authority, tmp_path: Path, answer: Answer) -> None:
    token = tmp_path / "token"
    token.write_text("a.b.c", encoding="utf-8")
    with serving(lambda _: answer, authority.issue("127.0.0.1")) as server:
        at = Entra()
        at.server = server
        with pytest.raises(FetchFailed):
            fetch_entra(declared(at, federated_token_file=str(token)))
        with pytest.raises(FetchFailed):
            fetch_entra(declared(at, client_secret=Secret(SECRET)))
