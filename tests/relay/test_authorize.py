"""Requests to clouds carry a signature or a token that is valid, and nothing of the caller's instead."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from penstock.core.errors import CredentialUnavailable
from penstock.core.secret import Secret
from penstock.core.upstream_credentials import AwsCredentials, GcpCredentials
from penstock.providers import all_providers
from penstock.relay.authorize import BearerAuthorizer, authorizer_of
from penstock.upstream_auth import sigv4
from penstock.upstream_auth.credential_source import CredentialSource
from penstock.upstream_auth.fetching import Fetched, FetchFailed
from penstock.upstream_auth.refresh_policy import RefreshPolicy
from penstock.upstream_auth.sources import CredentialSources
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import json_answer, scripted_upstream
from tests.relay.served_gateway import backend_at, served, snapshot_of

SECRET = "aws-secret-canary"
CHAT = b'{"model":"gpt","messages":[{"role":"user","content":"Hi"}]}'
CONVERSED = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
    }
).encode()


def bedrock_at(port: int, **of_credentials: Any) -> Any:
    provider = all_providers()["bedrock"]
    declared = AwsCredentials(
        region="eu-west-1", access_key_id="AKIDEXAMPLE", secret_access_key=Secret(SECRET), **of_credentials
    )
    return backend_at(
        port, provider=provider, options=provider.options(), base_path="", api_key=None, credentials=declared
    )


@pytest.mark.parametrize("token", [None, Secret("session-token")])
async def test_a_request_to_aws_is_signed(token: Secret | None, tmp_path: Path) -> None:
    forged = [("x-amz-date", "20200101T000000Z"), ("authorization", "Bearer caller"), ("x-amz-security-token", "t")]
    model = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0"
    async with scripted_upstream(json_answer(CONVERSED)) as upstream:
        snapshot = snapshot_of(bedrock_at(upstream.port, session_token=token), models={"gpt": model})
        async with served(snapshot, log=tmp_path / "log") as gateway:
            answered = await ask(gateway.url, CHAT, headers=forged)

    assert answered.status == 200, answered.body
    sent = upstream.request
    method, target, _ = sent.lines[0].decode().split(" ")
    headers = {name.decode().lower(): value.decode() for name, value in sent.headers}
    assert len(headers) == len(sent.headers)
    keys = sigv4.AwsCredentials("AKIDEXAMPLE", Secret(SECRET), token)
    path, _, query = target.partition("?")
    sigv4.verify(
        sigv4.Signer("eu-west-1", "bedrock"),
        keys,
        datetime.now(UTC),
        method=method,
        path=path,
        query=query,
        headers=headers,
        body=sent.body,
    )
    assert SECRET not in (tmp_path / "log").read_text()


async def test_a_signature_that_aws_refuses_is_the_gateways_trouble() -> None:
    script = json_answer(
        b'{"message":"The security token included in the request is expired"}',
        "x-amzn-errortype: ExpiredTokenException:http://internal.amazon.com/",
        status=403,
    )
    async with scripted_upstream(script) as upstream, served(snapshot_of(bedrock_at(upstream.port))) as gateway:
        answered = await ask(gateway.url, CHAT)
    assert (answered.status, answered.json["error"]["code"]) == (502, "upstream_credential_rejected")


async def test_what_aws_does_not_allow_is_told_to_the_caller() -> None:
    script = json_answer(
        b'{"message":"You do not have access to the model"}', "x-amzn-errortype: AccessDeniedException", status=403
    )
    async with scripted_upstream(script) as upstream, served(snapshot_of(bedrock_at(upstream.port))) as gateway:
        answered = await ask(gateway.url, CHAT)
    assert answered.status == 403
    assert "access to the model" in answered.json["error"]["message"]


def fail() -> Fetched[bytes]:
    msg = "no metadata server"
    raise FetchFailed(msg)


async def test_a_token_is_waited_for_once_and_then_at_hand() -> None:
    fetched = 0

    def fetch() -> Fetched[bytes]:
        nonlocal fetched
        fetched += 1
        return Fetched(b"authorization: Bearer t%d\r\n" % fetched)

    source = CredentialSource("Test", fetch)
    authorizer = BearerAuthorizer(source)
    assert [await authorizer.lines("h", "/", []) for _ in range(3)] == [b"authorization: Bearer t1\r\n"] * 3
    await source.close()


async def test_without_a_token_the_request_fails_and_says_whose_fault_it_is() -> None:
    source = CredentialSource("Test", fail, policy=RefreshPolicy())
    with pytest.raises(CredentialUnavailable):
        await BearerAuthorizer(source).lines("h", "/", [])
    await source.close()


async def test_each_kind_of_credential_has_its_authorizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.upstream_auth.sources._fetch_lines", lambda _declared: Fetched(b"x: y\r\n"))
    sources = CredentialSources()
    assert authorizer_of(backend_at(1), sources) is None
    assert authorizer_of(bedrock_at(1), sources) is not None
    google = backend_at(1, api_key=None, credentials=GcpCredentials(service_account_file="/nowhere.json"))
    assert isinstance(authorizer_of(google, sources), BearerAuthorizer)
    await sources.close()
