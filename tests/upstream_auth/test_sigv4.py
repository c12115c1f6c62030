"""Signatures against botocore's signer and the examples that AWS documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.secret import Secret
from penstock.upstream_auth.sigv4 import (
    DATE_FORMAT,
    UNSIGNED_PAYLOAD,
    AwsCredentials,
    SignatureRefused,
    Signer,
    verify,
)

KEY = AwsCredentials("AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
TEMPORARY = AwsCredentials(
    "ASIAEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret("token/with+signs==")
)
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
PATH = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
DATE = NOW.strftime(DATE_FORMAT)
BEDROCK = Signer("us-east-1", "bedrock")

SEGMENTS = st.text("abcXYZ019.-_~%:@!$ä/", max_size=12).filter(lambda text: "//" not in text)
PAIRS = st.tuples(st.text("abz09-_~%.", min_size=1, max_size=5), st.text("abz09-_~%.=", max_size=5))
OTHER_HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "x-amzn-bedrock-trace", "accept", "x-amz-target"]),
    st.text("abc09 ,;=/\t", max_size=20),
    max_size=4,
)


def lines_of(block: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block.decode().split("\r\n")[:-1])


def signed_by_botocore(
    monkeypatch: pytest.MonkeyPatch,
    signer: Signer,
    key: AwsCredentials,
    *,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime = NOW,
) -> str:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)
    token = key.token.reveal() if key.token else None
    credentials = Credentials(key.access_key, key.secret_key.reveal(), token)
    request = AWSRequest("POST", url, headers=dict(headers), data=body)
    SigV4Auth(credentials, signer.service, signer.region).add_auth(request)
    authorization = request.headers["Authorization"]
    assert isinstance(authorization, str)
    return authorization


@given(
    segments=st.lists(SEGMENTS, max_size=4),
    pairs=st.lists(PAIRS, max_size=4),
    headers=OTHER_HEADERS,
    body=st.binary(max_size=200),
    region=st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2"]),
    service=st.sampled_from(["bedrock", "sts"]),
    key=st.sampled_from([KEY, TEMPORARY]),
)
def test_signatures_are_those_of_botocore(
    *,
    segments: list[str],
    pairs: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    region: str,
    service: str,
    key: AwsCredentials,
) -> None:
    signer = Signer(region, service)
    path = "/" + "/".join(segments)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    ours = lines_of(signer.sign(key, DATE, host=HOST, path=path, query=query, headers=headers, body=body))
    with pytest.MonkeyPatch.context() as patch:
        theirs = signed_by_botocore(patch, signer, key, url=f"https://{HOST}{path}?{query}", headers=headers, body=body)
    assert ours["authorization"] == theirs
    assert ours.get("x-amz-security-token") == (key.token.reveal() if key.token else None)


KEYS_OF_ONE_SECOND = (
    KEY,
    TEMPORARY,
    AwsCredentials("AKIDOTHER", KEY.secret_key),
    AwsCredentials(KEY.access_key, Secret("rotated")),
    AwsCredentials(TEMPORARY.access_key, TEMPORARY.secret_key, Secret("next+token==")),
)
MOMENTS = st.sampled_from([NOW, NOW + timedelta(seconds=1), NOW + timedelta(days=1)])


@given(st.lists(st.tuples(st.sampled_from(KEYS_OF_ONE_SECOND), MOMENTS, st.none() | OTHER_HEADERS), max_size=12))
def test_what_one_signer_remembers_of_a_second_is_of_that_key_and_second(
    requests: list[tuple[AwsCredentials, datetime, dict[str, str] | None]],
) -> None:
    signer = Signer("us-east-1", "bedrock")
    for key, now, headers in requests:
        ours = lines_of(signer.sign(key, now.strftime(DATE_FORMAT), host=HOST, path=PATH, headers=headers, body=b"{}"))
        with pytest.MonkeyPatch.context() as patch:
            theirs = signed_by_botocore(
                patch, signer, key, url=f"https://{HOST}{PATH}", headers=headers or {}, body=b"{}", now=now
            )
        assert ours["authorization"] == theirs
        assert ours.get("x-amz-security-token") == (key.token.reveal() if key.token else None)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        ("GET", "/", "", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/",
            "Param2=value2&Param1=value1",
            {},
            b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "POST",
            "/",
            "",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "get-vanilla-query-order-key-case", "post-x-www-form-urlencoded"],
)
def test_the_examples_of_the_signature_v4_test_suite(
    *, method: str, path: str, query: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    lines = Signer("us-east-1", "service").sign(
        KEY,
        "20150830T123600Z",
        method=method,
        host="example.amazonaws.com",
        path=path,
        query=query,
        headers=headers,
        body=body,
    )
    assert lines_of(lines)["authorization"].endswith(f"Signature={signature}")


def test_the_documented_example_of_listing_users() -> None:
    lines = Signer("us-east-1", "iam").sign(
        KEY,
        "20150830T123600Z",
        method="GET",
        host="iam.amazonaws.com",
        path="/",
        query="Action=ListUsers&Version=2010-05-08",
        headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    assert lines_of(lines)["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_the_hash_of_the_body_may_be_given() -> None:
    body = b'{"messages":[]}'
    hashed = BEDROCK.sign(KEY, DATE, host=HOST, path=PATH, body_sha256=sha256(body).hexdigest())
    assert hashed == BEDROCK.sign(KEY, DATE, host=HOST, path=PATH, body=body)


def test_the_day_and_the_key_are_not_confused_by_what_is_remembered() -> None:
    signer = Signer("us-east-1", "bedrock")
    keys = [AwsCredentials("AKID", Secret(f"secret{number}")) for number in range(20)]
    days = [(NOW + timedelta(days=number)).strftime(DATE_FORMAT) for number in range(3)]
    for _ in range(2):
        for key in keys:
            for day in days:
                fresh = Signer("us-east-1", "bedrock").sign(key, day, host=HOST, path=PATH)
                assert signer.sign(key, day, host=HOST, path=PATH) == fresh


# --- verification


def signed_headers(body: bytes = b"{}", more: Mapping[str, str] | None = None) -> dict[str, str]:
    headers = {"content-type": "application/json", **(more or {})}
    lines = lines_of(BEDROCK.sign(TEMPORARY, DATE, host=HOST, path=PATH, headers=headers, body=body))
    return {"host": HOST, "accept": "*/*", **headers, **lines}


def check(headers: Mapping[str, str], *, body: bytes = b"{}", path: str = PATH, now: datetime = NOW) -> None:
    verify(BEDROCK, TEMPORARY, now, method="POST", path=path, query="", headers=headers, body=body)


@given(st.binary(max_size=100), st.integers(-300, 300))
def test_what_was_signed_is_accepted_within_five_minutes(body: bytes, seconds: int) -> None:
    check(signed_headers(body=body), body=body, now=NOW + timedelta(seconds=seconds))


def test_what_botocore_signs_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = {"content-type": "application/json"}
    authorization = signed_by_botocore(
        monkeypatch, BEDROCK, TEMPORARY, url=f"https://{HOST}{PATH}", headers=sent, body=b"{}"
    )
    token = TEMPORARY.token.reveal() if TEMPORARY.token else ""
    dated = {"x-amz-date": DATE, "x-amz-security-token": token}
    check({"host": HOST, **sent, **dated, "authorization": authorization})


def changed(name: str, value: str) -> dict[str, str]:
    return {**signed_headers(), name: value}


def without(name: str) -> dict[str, str]:
    headers = signed_headers()
    del headers[name]
    return headers


AUTHORIZATION = signed_headers()["authorization"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (without("authorization"), "MissingAuthenticationTokenException"),
        (changed("authorization", "Bearer abc"), "IncompleteSignatureException"),
        (without("x-amz-date"), "IncompleteSignatureException"),
        (changed("x-amz-date", "23 Nov 2026"), "IncompleteSignatureException"),
        (changed("x-amz-date", "20261123T120001Z"), "InvalidSignatureException"),
        (changed("content-type", "text/plain"), "InvalidSignatureException"),
        (changed("host", "bedrock-runtime.eu-west-1.amazonaws.com"), "InvalidSignatureException"),
        (changed("x-amz-target", "not signed"), "InvalidSignatureException"),
        (without("content-type"), "InvalidSignatureException"),
        (without("x-amz-security-token"), "UnrecognizedClientException"),
        (changed("x-amz-security-token", "another"), "UnrecognizedClientException"),
        (changed("authorization", AUTHORIZATION.replace("ASIA", "AKIA")), "UnrecognizedClientException"),
        (changed("authorization", AUTHORIZATION.replace("us-east-1", "us-west-2")), "InvalidSignatureException"),
        (changed("authorization", AUTHORIZATION.replace("/bedrock/", "/sts/")), "InvalidSignatureException"),
        (changed("authorization", AUTHORIZATION.replace("20261123/", "20261122/")), "InvalidSignatureException"),
        (
            changed("authorization", AUTHORIZATION.replace("content-type;host", "host;accept")),
            "InvalidSignatureException",
        ),
        (changed("authorization", AUTHORIZATION.replace(";host;", ";")), "InvalidSignatureException"),
        (changed("authorization", re.sub(r".$", "x", AUTHORIZATION)), "IncompleteSignatureException"),
        (changed("authorization", AUTHORIZATION[:-64] + "0" * 64), "InvalidSignatureException"),
        (signed_headers(more={"x-amz-content-sha256": "0" * 64}), "InvalidSignatureException"),
    ],
)
def test_what_aws_would_refuse_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(headers)
    assert refused.value.code == code


def test_another_body_or_path_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="does not match"):
        check(signed_headers(), body=b"{ }")
    with pytest.raises(SignatureRefused, match="does not match"):
        check(signed_headers(), path=f"{PATH}-stream")


@pytest.mark.parametrize(("seconds", "problem"), [(301, "expired"), (-301, "not yet current")])
def test_a_signature_that_is_too_old_or_too_new_is_refused(seconds: int, problem: str) -> None:
    with pytest.raises(SignatureRefused, match=problem):
        check(signed_headers(), now=NOW + timedelta(seconds=seconds))


def test_a_payload_that_says_it_is_unsigned_is_accepted_as_aws_accepts_it() -> None:
    headers = {"x-amz-content-sha256": UNSIGNED_PAYLOAD}
    lines = lines_of(BEDROCK.sign(TEMPORARY, DATE, host=HOST, path=PATH, headers=headers, body_sha256=UNSIGNED_PAYLOAD))
    check({"host": HOST, **headers, **lines}, body=b"anything")
