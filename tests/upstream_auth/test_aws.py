"""Amazon's keys, from every place that botocore's chain knows and from roles, against moto and metadata servers."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import botocore.credentials
import pytest

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import AwsCredentials
from penstock.upstream_auth import sigv4
from penstock.upstream_auth.aws import READ_AGAIN_S, fetch_aws
from penstock.upstream_auth.fetching import FetchFailed
from penstock.upstream_auth.oidc_exchange import identity_steps
from penstock.upstream_auth.token_endpoint import ask_all
from tests.upstream_auth.local_server import Answer, Asked, serving
from tests.upstream_auth.moto_sts import moto_server, pass_on, who_is
from tests.upstream_auth.oidc_provider import OidcProvider, oidc_provider

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/gateway"
CHAIN = AwsCredentials(region=REGION)
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
IN_AN_HOUR = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    with moto_server() as url:
        yield url


def write_profiles(home: Path, text: str, name: str = "credentials") -> Path:
    path = home / ".aws" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def keys_of(declared: AwsCredentials) -> sigv4.AwsCredentials:
    return fetch_aws(declared).value


def assert_lives_an_hour(expires_at: float | None) -> None:
    assert expires_at is not None
    assert 3000 < expires_at - time.time() <= 3700


def token_of(provider: OidcProvider) -> str:
    """Return a token as a cluster's own issuer would write it into a pod."""
    return ask_all(identity_steps(provider.exchange(audience="sts.amazonaws.com"))).reveal()


def given(name: str) -> dict[str, str]:
    """Keys as metadata servers write them."""
    return {"AccessKeyId": f"ASIA{name}", "SecretAccessKey": SECRET, "Token": f"token-{name}", "Expiration": IN_AN_HOUR}


# Keys that botocore's chain finds


def test_the_environment_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-env")
    assert keys_of(CHAIN) == sigv4.AwsCredentials("AKIAENV", Secret(SECRET), Secret("token-env"))


def test_a_profile_of_the_shared_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    write_profiles(home, f"[models]\naws_access_key_id = AKIAMODELS\naws_secret_access_key = {SECRET}\n")
    fetched = fetch_aws(AwsCredentials(region=REGION, profile="models"))
    assert fetched.value == sigv4.AwsCredentials("AKIAMODELS", Secret(SECRET))
    assert fetched.read_again_s == READ_AGAIN_S


def test_a_file_of_its_own_is_read_again_after_it_was_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    path = tmp_path / "mounted"
    declared = AwsCredentials(region=REGION, credentials_file=str(path))
    for name in ("AKIAONE", "AKIATWO"):
        path.write_text(f"[default]\naws_access_key_id = {name}\naws_secret_access_key = {SECRET}\n", encoding="utf-8")
        assert keys_of(declared).access_key == name


def test_a_profile_that_assumes_a_role(home: Path, sts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
    write_profiles(home, f"[source]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = {SECRET}\n")
    write_profiles(
        home, f"[profile models]\nrole_arn = {ROLE}\nsource_profile = source\nrole_session_name = s1\n", "config"
    )
    fetched = fetch_aws(AwsCredentials(region=REGION, profile="models"))
    assert who_is(fetched.value, sts) == "arn:aws:sts::123456789012:assumed-role/gateway/s1"
    assert_lives_an_hour(fetched.expires_at)


def test_a_pods_web_identity(tmp_path: Path, sts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with oidc_provider() as cluster:
        (tmp_path / "token").write_text(token_of(cluster), encoding="utf-8")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "irsa")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    fetched = fetch_aws(CHAIN)
    assert who_is(fetched.value, sts) == "arn:aws:sts::123456789012:assumed-role/gateway/irsa"
    assert_lives_an_hour(fetched.expires_at)


def test_a_single_sign_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = "https://gateway.awsapps.example/start"
    write_profiles(
        home,
        f"[profile sso]\nsso_start_url = {start}\nsso_region = {REGION}\nsso_account_id = 123456789012\n"
        "sso_role_name = models\n",
        "config",
    )
    cache = home / ".aws/sso/cache" / f"{hashlib.sha1(start.encode()).hexdigest()}.json"
    cache.parent.mkdir(parents=True)
    # botocore has settled on the home folder when it was imported.
    monkeypatch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(cache.parent))
    cache.write_text(json.dumps({"accessToken": "signed-in", "expiresAt": IN_AN_HOUR}), encoding="utf-8")
    role = {
        "accessKeyId": "ASIASSO",
        "secretAccessKey": SECRET,
        "sessionToken": "token-sso",
        "expiration": int((time.time() + 3600) * 1000),
    }
    with serving(lambda _: Answer({"roleCredentials": role})) as portal:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        fetched = fetch_aws(AwsCredentials(region=REGION, profile="sso"))
    assert fetched.value == sigv4.AwsCredentials("ASIASSO", Secret(SECRET), Secret("token-sso"))
    assert_lives_an_hour(fetched.expires_at)
    assert portal.asked[0].path == "/federation/credentials"
    assert portal.asked[0].query == {"role_name": "models", "account_id": "123456789012"}
    assert portal.asked[0].headers["x-amz-sso_bearer_token"] == "signed-in"


def test_the_endpoint_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Answer(given("ECS"))) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v2/credentials/1")
        fetched = fetch_aws(CHAIN)
    assert fetched.value == sigv4.AwsCredentials("ASIAECS", Secret(SECRET), Secret("token-ECS"))
    assert_lives_an_hour(fetched.expires_at)


def test_the_pod_identity_agent_is_shown_the_token_that_is_in_the_file_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "pod-identity"
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    with serving(lambda asked: Answer(given(asked.headers["authorization"]))) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v1/credentials")
        for name in ("first", "second"):
            token.write_text(name, encoding="utf-8")
            assert keys_of(CHAIN).access_key == f"ASIA{name}"


def test_the_metadata_of_an_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    def instance(asked: Asked) -> Answer:
        if asked.method == "PUT" and asked.path == "/latest/api/token":
            return Answer("session")
        if asked.headers.get("x-aws-ec2-metadata-token") != "session":
            return Answer("", 401)
        role = "/latest/meta-data/iam/security-credentials/"
        return Answer(given("IMDS")) if asked.path == f"{role}models" else Answer("models")

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    with serving(instance) as metadata:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        fetched = fetch_aws(CHAIN)
    assert fetched.value == sigv4.AwsCredentials("ASIAIMDS", Secret(SECRET), Secret("token-IMDS"))
    assert_lives_an_hour(fetched.expires_at)


def test_a_chain_that_finds_nothing_says_where_it_looked() -> None:
    with pytest.raises(FetchFailed, match="no keys in the environment, a profile, a container's or the instance's"):
        fetch_aws(CHAIN)


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(FetchFailed, match=r"ProfileNotFound: .*\(models\)"):
        fetch_aws(AwsCredentials(region=REGION, profile="models"))


# Roles that are declared


def test_a_role_is_assumed_with_declared_keys(sts: str) -> None:
    asked: list[Asked] = []

    def see(request: Asked) -> Answer:
        asked.append(request)
        return pass_on(sts, request)

    with serving(see) as endpoint:
        declared = AwsCredentials(
            region=REGION,
            access_key_id="AKIASOURCE",
            secret_access_key=Secret(SECRET),
            role_arn=ROLE,
            role_session_name="models",
            external_id="agreed-upon",
            sts_url=endpoint.url,
        )
        fetched = fetch_aws(declared)
    form = asked[0].form
    assert (form["Action"], form["RoleArn"], form["ExternalId"]) == ("AssumeRole", ROLE, "agreed-upon")
    assert f"Credential=AKIASOURCE/{time.strftime('%Y')}" in asked[0].headers["authorization"]
    assert who_is(fetched.value, sts) == "arn:aws:sts::123456789012:assumed-role/gateway/models"
    assert_lives_an_hour(fetched.expires_at)


def test_a_role_is_assumed_with_what_the_chain_finds(sts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    keys = keys_of(AwsCredentials(region=REGION, role_arn=ROLE, sts_url=sts))
    assert who_is(keys, sts) == "arn:aws:sts::123456789012:assumed-role/gateway/penstock"


def test_a_role_is_assumed_with_a_token_in_a_file_that_is_read_each_time(tmp_path: Path, sts: str) -> None:
    path = tmp_path / "token"
    seen: list[str] = []

    def see(request: Asked) -> Answer:
        seen.append(request.form["WebIdentityToken"])
        return pass_on(sts, request)

    with serving(see) as endpoint:
        declared = AwsCredentials(region=REGION, role_arn=ROLE, web_identity_token_file=str(path), sts_url=endpoint.url)
        path.write_text("first.web.identity\n", encoding="utf-8")
        fetch_aws(declared)
        path.write_text("second.web.identity\n", encoding="utf-8")
        fetched = fetch_aws(declared)
    assert seen == ["first.web.identity", "second.web.identity"]
    assert who_is(fetched.value, sts) == "arn:aws:sts::123456789012:assumed-role/gateway/penstock"
    assert_lives_an_hour(fetched.expires_at)


def test_an_openid_providers_token_becomes_a_role(sts: str) -> None:
    with oidc_provider() as provider:

        def trust(request: Asked) -> Answer:
            assert "authorization" not in request.headers, "who has no keys cannot sign"
            provider.claims(request.form["WebIdentityToken"], "sts.amazonaws.com")
            return pass_on(sts, request)

        with serving(trust) as endpoint:
            exchange = provider.exchange(audience="sts.amazonaws.com")
            declared = AwsCredentials(region=REGION, role_arn=ROLE, oidc=exchange, sts_url=endpoint.url)
            fetched = fetch_aws(declared)
    assert who_is(fetched.value, sts) == "arn:aws:sts::123456789012:assumed-role/gateway/penstock"
    assert_lives_an_hour(fetched.expires_at)


def test_a_role_that_may_not_be_assumed_is_a_failure_in_amazons_words_without_what_was_sent() -> None:
    def deny(request: Asked) -> Answer:
        error = f"<Code>AccessDenied</Code><Message>Not authorized: {request.form['WebIdentityToken']}</Message>"
        return Answer(f"<ErrorResponse><Error>{error}</Error></ErrorResponse>", 403, {"content-type": "text/xml"})

    with oidc_provider() as provider, serving(deny) as endpoint:
        declared = AwsCredentials(region=REGION, role_arn=ROLE, oidc=provider.exchange(), sts_url=endpoint.url)
        with pytest.raises(FetchFailed) as caught:
            fetch_aws(declared)
        assert "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation" in str(caught.value)
        assert provider.granted[0] not in str(caught.value)


def test_a_provider_that_refuses_is_a_failure_before_amazon_is_asked() -> None:
    with oidc_provider() as provider, serving(lambda _: Answer("", 500)) as endpoint:
        exchange = provider.exchange(client_secret=Secret("wrong"))
        declared = AwsCredentials(region=REGION, role_arn=ROLE, oidc=exchange, sts_url=endpoint.url)
        with pytest.raises(FetchFailed, match="invalid_client"):
            fetch_aws(declared)
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>nonsense"), (200, "<AssumeRoleResponse/>"), (500, "busy"), (200, "")],
)
def test_a_token_service_that_answers_nonsense_is_a_failure(status: int, body: str) -> None:
    with serving(lambda _: Answer(body, status, {"content-type": "text/xml"})) as endpoint:
        declared = AwsCredentials(
            region=REGION, access_key_id="A", secret_access_key=Secret(SECRET), role_arn=ROLE, sts_url=endpoint.url
        )
        with pytest.raises(FetchFailed) as caught:
            fetch_aws(declared)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("member", "value", "says"),
    [
        ("AccessKeyId", None, "access key"),
        ("AccessKeyId", "", "access key"),
        ("AccessKeyId", "ASIA\r\nx-evil: 1", "access key"),
        ("SecretAccessKey", None, "secret key"),
        ("SecretAccessKey", 5, "secret key"),
        ("SecretAccessKey", "", "secret key"),
        ("Token", "two\r\nx-evil: lines", "session token"),
        ("Token", ["token"], "session token"),
        ("Token", "\u65e5", "session token"),
    ],
)
def test_keys_that_cannot_sign_or_stand_in_a_header_are_a_failure_that_does_not_repeat_them(
    monkeypatch: pytest.MonkeyPatch, member: str, value: object, says: str
) -> None:
    with serving(lambda _: Answer({**given("ECS"), member: value})) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v2/credentials/1")
        with pytest.raises(FetchFailed) as caught:
            fetch_aws(CHAIN)
    assert str(caught.value) == f"the {says} that was given is not one word of ASCII characters"


def test_a_profiles_program_that_prints_nonsense_is_a_failure(home: Path) -> None:
    write_profiles(home, "[default]\ncredential_process = echo 5\n", "config")
    with pytest.raises(FetchFailed):
        fetch_aws(CHAIN)


def test_a_token_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    declared = AwsCredentials(region=REGION, role_arn=ROLE, web_identity_token_file=str(tmp_path / "none"))
    with pytest.raises(FetchFailed, match="No such file"):
        fetch_aws(declared)
