"""Google's tokens: service accounts, federation, impersonation, metadata server, each on its documented wire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import GcpCredentials, GcpWorkloadIdentity, OidcExchange
from penstock.upstream_auth.fetching import Fetched, FetchFailed
from penstock.upstream_auth.gcp import fetch_gcp
from penstock.upstream_auth.oidc_exchange import identity_steps
from penstock.upstream_auth.token_endpoint import ask_all
from tests.upstream_auth.google_servers import AUDIENCE, AWS_TYPE, JWT_TYPE, TARGET, Google, google
from tests.upstream_auth.local_server import Answer, serving
from tests.upstream_auth.oidc_provider import oidc_provider


def line_of(fetched: Fetched[bytes]) -> bytes:
    assert fetched.expires_at is not None
    assert 3000 < fetched.expires_at - time.time() <= 3700
    return fetched.value


def pool(oidc: OidcExchange) -> GcpWorkloadIdentity:
    return GcpWorkloadIdentity(project_number="123", pool="gateways", provider="keycloak", oidc=oidc)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_service_accounts_key_in_a_file(tmp_path: Path) -> None:
    with google() as at:
        declared = GcpCredentials(service_account_file=write(tmp_path / "sa.json", at.key_file()))
        assert line_of(fetch_gcp(declared)) == b"authorization: Bearer ya29.account\r\n"


def test_a_service_accounts_key_as_text() -> None:
    with google() as at:
        assert line_of(fetch_gcp(GcpCredentials(service_account_key=Secret(at.key_file()))))


def test_a_replaced_key_file_is_read_again(tmp_path: Path) -> None:
    with google() as at:
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        declared = GcpCredentials(service_account_file=write(tmp_path / "sa.json", at.key_file(stranger)))
        with pytest.raises(FetchFailed, match="Invalid JWT Signature"):
            fetch_gcp(declared)
        write(tmp_path / "sa.json", at.key_file())
        assert line_of(fetch_gcp(declared))


def test_a_service_account_acts_as_another() -> None:
    with google() as at:
        declared = GcpCredentials(
            service_account_key=Secret(at.key_file()), impersonate=TARGET, iam_credentials_url=at.server.url
        )
        assert line_of(fetch_gcp(declared)) == b"authorization: Bearer ya29.impersonated\r\n"


def test_an_openid_providers_token_becomes_googles() -> None:
    with oidc_provider() as provider, google(provider) as at:
        declared = GcpCredentials(
            workload_identity=pool(provider.exchange(audience=AUDIENCE)), sts_url=f"{at.server.url}/v1/token"
        )
        assert line_of(fetch_gcp(declared)) == b"authorization: Bearer ya29.federated\r\n"


def test_an_openid_providers_token_becomes_a_service_accounts() -> None:
    with oidc_provider() as provider, google(provider) as at:
        declared = GcpCredentials(
            workload_identity=pool(provider.exchange(audience=AUDIENCE)),
            sts_url=f"{at.server.url}/v1/token",
            impersonate=TARGET,
            iam_credentials_url=at.server.url,
        )
        assert line_of(fetch_gcp(declared)) == b"authorization: Bearer ya29.impersonated\r\n"


def test_a_provider_that_google_does_not_trust_is_a_failure_without_the_token() -> None:
    with oidc_provider() as provider, oidc_provider() as other, google(other) as at:
        declared = GcpCredentials(
            workload_identity=pool(provider.exchange(audience=AUDIENCE)), sts_url=f"{at.server.url}/v1/token"
        )
        with pytest.raises(FetchFailed, match="untrusted") as caught:
            fetch_gcp(declared)
        assert provider.granted[0] not in str(caught.value)


def federation_file(at: Google, source: dict[str, object], kind: str = JWT_TYPE) -> str:
    return json.dumps(
        {
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": kind,
            "token_url": f"{at.server.url}/v1/token",
            "credential_source": source,
        }
    )


def test_a_federation_file_as_gcloud_writes_it(tmp_path: Path) -> None:
    with oidc_provider() as provider, google(provider) as at:
        token = ask_all(identity_steps(provider.exchange(audience=AUDIENCE))).reveal()
        source: dict[str, object] = {"file": write(tmp_path / "token", token)}
        declared = GcpCredentials(external_account_file=write(tmp_path / "pool.json", federation_file(at, source)))
        assert line_of(fetch_gcp(declared)) == b"authorization: Bearer ya29.federated\r\n"


def test_a_federation_file_for_machines_of_amazon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    source: dict[str, object] = {
        "environment_id": "aws1",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    }
    with google() as at:
        text = federation_file(at, source, AWS_TYPE)
        declared = GcpCredentials(external_account_file=write(tmp_path / "pool.json", text))
        assert line_of(fetch_gcp(declared)) == b"authorization: Bearer ya29.federated\r\n"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"executable": {"command": "/bin/true"}}, "a program to be run"),
        (None, "not an external account"),
        ({}, "credential_source"),
        ({"file": "/nowhere/token"}, "/nowhere/token"),
        ({"file": "/nowhere/token", "format": 5}, "AttributeError"),
    ],
)
def test_a_federation_file_that_cannot_be_followed_is_a_failure(
    tmp_path: Path, source: dict[str, object], says: str
) -> None:
    with google() as at:
        declared = GcpCredentials(external_account_file=write(tmp_path / "pool.json", federation_file(at, source)))
        with pytest.raises(FetchFailed, match=says):
            fetch_gcp(declared)
        assert at.server.asked == []


FETCH_ON_A_MACHINE = """
import sys
from penstock.core.upstream_credentials import GcpCredentials
from penstock.upstream_auth.gcp import fetch_gcp
account, url = sys.argv[1:]
for declared in (GcpCredentials(), GcpCredentials(impersonate=account, iam_credentials_url=url)):
    print(fetch_gcp(declared).value.decode().strip())
"""


def test_the_metadata_server_of_a_machine() -> None:
    with google() as at:
        # In a process of its own: google-auth decides where the server is when it is imported.
        place = {"GCE_METADATA_HOST": at.server.authority, "GCE_METADATA_IP": at.server.authority}
        ran = subprocess.run(
            [sys.executable, "-c", FETCH_ON_A_MACHINE, TARGET, at.server.url],
            env={**os.environ, **place, "NO_GCE_CHECK": "false"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.stdout.splitlines() == [
        "authorization: Bearer ya29.machine",
        "authorization: Bearer ya29.impersonated",
    ], ran.stderr


def test_the_file_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with google() as at:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", write(tmp_path / "adc.json", at.key_file()))
        assert line_of(fetch_gcp(GcpCredentials())) == b"authorization: Bearer ya29.account\r\n"


def test_a_quota_project_has_a_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with google() as at:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", write(tmp_path / "adc.json", at.key_file()))
        monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "billed")
        assert line_of(fetch_gcp(GcpCredentials())) == (
            b"authorization: Bearer ya29.account\r\nx-goog-user-project: billed\r\n"
        )


def test_nothing_there_is_a_failure_that_says_what_was_looked_for() -> None:
    with pytest.raises(FetchFailed, match="default credentials were not found"):
        fetch_gcp(GcpCredentials())


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"type": "service_account"}'])
def test_a_key_that_is_none_is_a_failure(text: str) -> None:
    with pytest.raises(FetchFailed):
        fetch_gcp(GcpCredentials(service_account_key=Secret(text)))


@pytest.mark.parametrize(
    "answer",
    [
        Answer("", 200),
        Answer("[]", 200),
        Answer({"expires_in": 3599}, 200),
        Answer({"access_token": "two\r\nx-evil: lines", "expires_in": 3599}),
        Answer({"access_token": ["ya29.listed"], "expires_in": 3599}),
        Answer({"access_token": "ya29.endless", "expires_in": 1e300}),
        Answer("[" * 100_000),
        Answer("busy", 400),
    ],
)
def test_a_token_endpoint_that_answers_nonsense_is_a_failure(tmp_path: Path, answer: Answer) -> None:
    with google() as at, serving(lambda _: answer) as endpoint:
        key = at.key_file().replace(at.server.url, endpoint.url)
        source: dict[str, object] = {"file": write(tmp_path / "token", "a.b.c")}
        pool_file = write(tmp_path / "pool.json", federation_file(at, source).replace(at.server.url, endpoint.url))
        with pytest.raises(FetchFailed):
            fetch_gcp(GcpCredentials(external_account_file=pool_file))
        with pytest.raises(FetchFailed) as caught:
            fetch_gcp(GcpCredentials(service_account_key=Secret(key)))
    assert "PRIVATE" not in str(caught.value)
