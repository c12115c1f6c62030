"""``client_tokens``: what an operator is told of it, and what it compiles to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.loaded import Loaded
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.identity import token_keys
from penstock.identity.client_tokens import TokenIssuer
from tests.identity.token_issuer import public_jwk

_URL = "https://login.example.com/keys"


def load(tmp_path: Path, tokens: dict[str, Any], **more: Any) -> Loaded:
    path = tmp_path / "c.yaml"
    document = {"backends": {"openai": {"api_key": "sk-0123456789"}}, "client_tokens": tokens, **more}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_files([str(path)], {})


def corp(**more: Any) -> dict[str, Any]:
    return {"corp": {"issuer": "https://login.example.com", "jwks_url": _URL, **more}}


def test_every_setting_arrives(tmp_path: Path) -> None:
    settings = {
        "audiences": ["a", "b"],
        "refresh_s": 60,
        "algorithms": ["EdDSA"],
        "caller_claim": "azp",
        "claims": {"team": ["x", "y"]},
        "leeway_s": 5,
    }

    (issuer,) = load(tmp_path, corp(**settings)).snapshot.token_issuers

    assert issuer == TokenIssuer(
        name="corp",
        issuer="https://login.example.com",
        audiences=("a", "b"),
        jwks_url=_URL,
        refresh_s=60,
        algorithms=("EdDSA",),
        caller_claim="azp",
        claims=(("team", ("x", "y")),),
        leeway_s=5,
    )


def test_keys_may_stand_in_the_file(tmp_path: Path) -> None:
    tokens = {"corp": {"issuer": "i", "jwks": {"keys": [public_jwk("ES256")]}}}

    (issuer,) = load(tmp_path, tokens).snapshot.token_issuers

    assert issuer.jwks is not None
    assert token_keys.read_key_set(issuer.jwks).find("1", "ES256")


def test_tokens_open_an_address_that_others_can_reach(tmp_path: Path) -> None:
    assert load(tmp_path, corp(), listen="0.0.0.0:1975").snapshot.token_issuers
    with pytest.raises(ConfigurationInvalid, match="no client_keys are configured"):
        load(tmp_path, {}, listen="0.0.0.0:1975")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (corp(jwks_url=None), "needs either jwks_url or jwks"),
        (corp(jwks={"keys": []}), "needs either jwks_url or jwks"),
        (corp(jwks_url="http://login.example.com/keys"), "must be https"),
        (corp(jwks_url=None, jwks={"keys": [{"kty": "oct", "k": "AA"}]}), "holds no public key"),
        (corp(algorithms=[]), "must not be empty"),
        (corp(algorithms=["HS256"]), "must be 'RS256'"),
        (corp(algorithms=["none"]), "must be 'RS256'"),
        ({**corp(), "other": corp()["corp"]}, 'is that of "corp" too'),
        (corp(isuer="x"), 'unknown key; did you mean "issuer"?'),
    ],
)
def test_what_is_wrong_is_refused(tokens: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(tmp_path, tokens)

    assert any(message in problem.message and problem.place for problem in caught.value.problems)


def test_a_caller_is_called_by_one_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="is the name of a client key too"):
        load(tmp_path, corp(), client_keys={"corp": "pk-client-key-0123456789"})


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_keys, "find_spec", lambda _name: None)

    with pytest.raises(ConfigurationInvalid, match=r"pip install 'penstock\[jwt\]'"):
        load(tmp_path, corp())
