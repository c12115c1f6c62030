"""Asking token endpoints over real connections."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from penstock.core.secret import Secret
from penstock.upstream_auth import token_endpoint
from penstock.upstream_auth.fetching import FetchFailed
from penstock.upstream_auth.oidc_exchange import TokenRequest, identity_steps
from penstock.upstream_auth.token_endpoint import ask, ask_all
from tests.transport.certificates import Authority
from tests.upstream_auth.local_server import Answer, serving
from tests.upstream_auth.oidc_provider import CLIENT, OidcProvider, oidc_provider


@pytest.mark.parametrize("place", ["basic", "post"])
def test_an_identity_is_obtained_from_a_provider_that_knows_us(place: str) -> None:
    with oidc_provider(place) as provider:  # type: ignore[arg-type]  # one of the words
        token = ask_all(identity_steps(provider.exchange(audience="cloud", scopes=("models",))))
        claims = provider.claims(token.reveal(), "cloud")
    assert (claims["sub"], claims["scope"]) == (CLIENT, "models")


def test_a_provider_that_does_not_know_us_is_a_failure_with_its_words() -> None:
    with oidc_provider() as provider, pytest.raises(FetchFailed, match="401: invalid_client who are you"):
        ask_all(identity_steps(provider.exchange(client_secret=Secret("wrong"))))


def test_a_redirect_is_not_followed_with_a_secret() -> None:
    with serving(lambda _: Answer({"access_token": "stolen"})) as elsewhere:
        with serving(lambda _: Answer("", 307, {"location": elsewhere.url})) as server:
            answer = ask(TokenRequest(server.url, {}, b"client_secret=x"))
    assert answer.status == 307
    assert elsewhere.asked == []


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(FetchFailed, match=r"failed: \[Errno \d+\] Connection refused"):
        ask(TokenRequest(f"http://127.0.0.1:{port}/token", {}))


def test_an_answer_without_end_is_a_failure() -> None:
    endless = Answer(b" " * (token_endpoint.MAX_ANSWER_BYTES + 1))
    with serving(lambda _: endless) as server, pytest.raises(FetchFailed, match="is over"):
        ask(TokenRequest(server.url, {}))


def test_silence_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_endpoint, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(FetchFailed, match="timed out"):
            ask(TokenRequest(f"http://127.0.0.1:{port}/token", {}))


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/token", "no url", "http://"])
def test_other_addresses_than_http_are_a_failure(url: str) -> None:
    with pytest.raises(FetchFailed):
        ask(TokenRequest(url, {}))


def test_what_is_not_http_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Answer("")) as server:
        with pytest.raises(FetchFailed):
            ask(TokenRequest(server.url.replace("http", "https"), {}))


def test_a_certificate_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    provider = OidcProvider()
    with serving(provider.answer, authority.issue("127.0.0.1")) as server:
        provider.server = server
        with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
            ask_all(identity_steps(provider.exchange()))
        monkeypatch.setenv("SSL_CERT_FILE", authority.file)
        assert ask_all(identity_steps(provider.exchange()))
