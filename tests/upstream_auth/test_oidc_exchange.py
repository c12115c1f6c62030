"""The client credentials grant: what is asked, and how answers of every kind are read."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import get_args
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import OidcExchange
from penstock.upstream_auth.fetching import FetchFailed
from penstock.upstream_auth.oidc_exchange import AUTHENTICATIONS, TokenAnswer, TokenRequest, identity_steps

SECRET = "s3cret+/%"
TOKEN_URL = "https://id.example/token"
EXCHANGE = OidcExchange(
    client_id="gate way",
    client_secret=Secret(SECRET),
    token_url=TOKEN_URL,
    scopes=("models", "openid"),
    audience="sts.amazonaws.com",
)


def json_answer(body: object, status: int = 200) -> TokenAnswer:
    return TokenAnswer(status, json.dumps(body).encode())


def play(exchange: OidcExchange, *answers: TokenAnswer) -> tuple[list[TokenRequest], Secret]:
    """Answer each request in turn and return the requests and the identity."""
    steps = identity_steps(exchange)
    requests: list[TokenRequest] = []
    try:
        requests.append(next(steps))
        for answer in answers:
            request = steps.send(answer)
            requests.append(request)
    except StopIteration as end:
        return requests, end.value
    raise AssertionError(f"there is a request more than answers: {requests[-1]}")


def failure(exchange: OidcExchange, *answers: TokenAnswer) -> str:
    with pytest.raises(FetchFailed) as caught:
        play(exchange, *answers)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_the_grant_is_the_one_of_rfc_6749() -> None:
    (request,), token = play(EXCHANGE, json_answer({"access_token": "t1", "token_type": "Bearer", "expires_in": 60}))
    assert token == Secret("t1")
    assert request.url == TOKEN_URL
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    # Section 2.3.1: id and secret are form-encoded before they are joined.
    assert request.headers["authorization"] == "Basic " + b64encode(b"gate+way:s3cret%2B%2F%25").decode()
    assert parse_qs((request.body or b"").decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["models openid"],
        "audience": ["sts.amazonaws.com"],
    }


def test_the_token_endpoint_is_looked_up_under_the_issuer() -> None:
    exchange = OidcExchange(client_id="c", client_secret=Secret(SECRET), issuer="https://id.example/realms/main/")
    found = {"issuer": "https://id.example/realms/main", "token_endpoint": "https://id.example/realms/main/token"}
    (discovery, grant), token = play(exchange, json_answer(found), json_answer({"access_token": "t"}))
    assert discovery.url == "https://id.example/realms/main/.well-known/openid-configuration"
    assert discovery.body is None
    assert "authorization" not in discovery.headers
    assert grant.url == found["token_endpoint"]
    assert token == Secret("t")


def test_a_client_that_is_refused_in_the_header_is_made_known_in_the_form() -> None:
    refused = json_answer({"error": "invalid_client"}, 401)
    (header, form), token = play(EXCHANGE, refused, json_answer({"access_token": "t"}))
    assert "authorization" in header.headers
    assert "authorization" not in form.headers
    sent = parse_qs((form.body or b"").decode())
    assert (sent["client_id"], sent["client_secret"]) == (["gate way"], [SECRET])
    assert token == Secret("t")


@pytest.mark.parametrize("way", ["basic", "post"])
def test_a_way_that_was_chosen_is_the_only_one_tried(way: str) -> None:
    values = {"client_id": "c", "client_secret": Secret(SECRET), "token_url": TOKEN_URL, "client_authentication": way}
    exchange = OidcExchange(**values)  # type: ignore[arg-type]  # one of the words
    said = failure(exchange, json_answer({"error": "invalid_client", "error_description": "no"}, 401))
    assert said == f"the token endpoint {TOKEN_URL} answers 401: invalid_client no"


def test_every_way_has_its_order() -> None:
    words = get_args(OidcExchange.__annotations__["client_authentication"]) or ("auto", "basic", "post")
    assert set(AUTHENTICATIONS) == set(words)


def test_an_id_token_is_taken_where_that_is_wanted() -> None:
    exchange = OidcExchange(client_id="c", client_secret=Secret(SECRET), token_url=TOKEN_URL, token="id_token")
    assert play(exchange, json_answer({"access_token": "a", "id_token": "i"}))[1] == Secret("i")
    assert failure(exchange, json_answer({"access_token": "a"})).endswith("answers without id_token")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (TokenAnswer(200, b"<html>"), "answers 200"),
        (TokenAnswer(200, b"[]"), "answers 200"),
        (TokenAnswer(200, b'{"access_token": 5}'), "answers 200"),
        (TokenAnswer(200, b"[" * 100_000), "answers 200"),
        (TokenAnswer(200, b""), "answers 200"),
        (json_answer({"access_token": ""}), "answers without access_token"),
        (json_answer({"error": "server_error"}, 500), "answers 500: server_error"),
        (TokenAnswer(503, b"busy"), "answers 503"),
        (TokenAnswer(302, b""), "answers 302"),
    ],
)
def test_an_answer_that_is_no_token_is_a_failure_that_says_so(answer: TokenAnswer, says: str) -> None:
    assert says in failure(EXCHANGE, answer)


def test_a_secret_that_the_provider_echoes_stays_out_of_the_reason() -> None:
    echo = json_answer({"error": "invalid_client", "error_description": f"wrong secret {SECRET}"}, 401)
    assert failure(EXCHANGE, echo, echo).endswith("invalid_client wrong secret ********")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (TokenAnswer(404, b""), "answers 404 without a token endpoint"),
        (json_answer({"issuer": "https://id.example"}), "answers 200 without a token endpoint"),
        (json_answer({"issuer": "https://evil.example", "token_endpoint": TOKEN_URL}), "says it is https://evil"),
        (json_answer({"issuer": "https://id.example", "token_endpoint": "http://id.example/t"}), "is not https"),
        (json_answer({"issuer": "https://id.example", "token_endpoint": "file:///etc/passwd"}), "is not https"),
    ],
)
def test_a_discovery_that_cannot_be_trusted_is_a_failure(answer: TokenAnswer, says: str) -> None:
    exchange = OidcExchange(client_id="c", client_secret=Secret(SECRET), issuer="https://id.example")
    assert says in failure(exchange, answer)


def test_requests_and_answers_do_not_print_what_they_hold() -> None:
    (request,), _ = play(EXCHANGE, json_answer({"access_token": "t1-secret"}))
    assert repr(request) == f"TokenRequest('{TOKEN_URL}')"
    assert repr(json_answer({"access_token": "t1-secret"})) == "TokenAnswer(200)"


@given(st.integers(100, 599), st.binary())
def test_whatever_is_answered_ends_in_a_token_or_a_failure(status: int, body: bytes) -> None:
    answer = TokenAnswer(status, body)
    try:
        _, token = play(EXCHANGE, answer, answer) if status in {400, 401, 403} else play(EXCHANGE, answer)
    except FetchFailed:
        return
    assert status == 200
    assert token
