"""Which tokens are taken, and what their callers are called."""

from __future__ import annotations

import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any, get_args

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import GatewayError, Overloaded, Unauthenticated
from penstock.identity.client_keys import index_keys
from penstock.identity.client_tokens import LONGEST_TOKEN, TokenCallers, TokenIssuer
from penstock.identity.token_keys import Algorithm, key_source
from tests.identity.token_issuer import ISSUER, private_key, public_jwk, token

_KEY = "pk-client-key-0123456789"


def callers(*keys: dict[str, Any], client_keys: bool = False, clock: Any = time.time, **rules: Any) -> TokenCallers:
    text = json.dumps({"keys": list(keys or [public_jwk("RS256")])})
    issuer = TokenIssuer(name="corp", **{"issuer": ISSUER, "jwks": text, "audiences": ("penstock",), **rules})
    index = index_keys([("team", sha256(_KEY.encode()).hexdigest())] if client_keys else [])
    return TokenCallers([issuer], {"corp": key_source("corp", text, None, 300)}, index, clock)


def who(callers: TokenCallers, text: str) -> str:
    return callers.identify({b"authorization": f"Bearer {text}".encode()}.get)


def refusal(callers: TokenCallers, text: str) -> GatewayError:
    with pytest.raises(Unauthenticated) as caught:
        who(callers, text)
    assert caught.value.status == 401
    assert dict(caught.value.headers)["www-authenticate"].startswith("Bearer")
    assert text[:200] not in caught.value.message
    return caught.value


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_a_right_token_names_its_caller(algorithm: str) -> None:
    taking = callers(public_jwk(algorithm), algorithms=(algorithm,))

    assert who(taking, token(algorithm)) == "corp/ann"
    assert who(taking, token(algorithm)) == "corp/ann"


def test_another_claim_may_name_the_caller() -> None:
    assert who(callers(caller_claim="azp"), token(azp="batch job")) == "corp/batch job"


@pytest.mark.parametrize("audience", ["penstock", ["x", "penstock"]])
def test_one_audience_must_be_ours(audience: object) -> None:
    assert who(callers(), token(aud=audience)) == "corp/ann"


def test_without_audiences_any_will_do() -> None:
    taking = callers(audiences=())

    assert who(taking, token(aud="elsewhere")) == who(taking, token(aud=None)) == "corp/ann"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "elsewhere"}, "audience"),
        ({"aud": None}, "claims"),
        ({"iss": "https://evil.example"}, "issuer is not known"),
        ({"iss": None}, "issuer is not known"),
        ({"iss": ["https://login.example.com"]}, "issuer is not known"),
        ({"exp": None}, "claims"),
        ({"exp": "soon"}, "claims"),
        ({"nbf": int(time.time()) + 3600}, "not valid yet"),
        ({"sub": None}, "does not name its caller"),
        ({"sub": ""}, "does not name its caller"),
        ({"sub": "a\nb"}, "does not name its caller"),
        ({"sub": "x" * 129}, "does not name its caller"),
    ],
)
def test_a_token_with_another_claim_is_refused(changes: dict[str, Any], why: str) -> None:
    try:
        text = token(**changes)
    except TypeError:  # the library that makes them will not make this one
        text = _forged({"alg": "RS256", "kid": "1"}, {"iss": ISSUER, **changes})
    error = refusal(callers(), text)

    assert error.code == "invalid_token"
    assert why in error.message or "signed JSON Web Token" in error.message or "claims" in error.message


def test_an_expired_token_is_told_so_after_the_leeway() -> None:
    assert who(callers(), token(exp=int(time.time()) - 30)) == "corp/ann"
    assert refusal(callers(), token(exp=int(time.time()) - 90)).code == "token_expired"
    assert refusal(callers(leeway_s=1.0), token(exp=int(time.time()) - 30)).code == "token_expired"


def test_a_token_that_was_taken_is_asked_again_when_it_expires() -> None:
    now = [time.time()]
    taking = callers(clock=lambda: now[0])
    text = token()
    assert who(taking, text) == "corp/ann"
    (first,) = taking._known.values()

    assert who(taking, text) == "corp/ann"
    assert list(taking._known.values()) == [first]
    now[0] += 700  # by our clock; the library, whose own has not moved, is asked again
    assert who(taking, text) == "corp/ann"
    (second,) = taking._known.values()
    assert second is not first


@pytest.mark.parametrize(
    ("claims", "taken"), [({"team": "a"}, True), ({"team": ["x", "b"]}, True), ({"team": "c"}, False)]
)
def test_further_claims_must_have_one_of_their_values(claims: dict[str, Any], taken: bool) -> None:
    taking = callers(claims=(("team", ("a", "b")),))
    if taken:
        assert who(taking, token(**claims)) == "corp/ann"
    else:
        assert "claim 'team'" in refusal(taking, token(**claims)).message
    assert "claim 'team'" in refusal(taking, token()).message
    assert "claim 'team'" in refusal(taking, token(team={"a": 1})).message


def _forged(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(head).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


_CLAIMS = {"iss": ISSUER, "sub": "ann", "aud": "penstock", "exp": int(time.time()) + 600}


def test_no_signature_is_none() -> None:
    for alg in ("none", "None", "NONE", None, 1):
        assert "not allowed" in refusal(callers(), _forged({"alg": alg, "kid": "1"}, _CLAIMS)).message or alg is None


def test_a_public_key_is_no_shared_secret() -> None:

    key = private_key("RS256").public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "kid": "1"}
    signed = _forged(head, _CLAIMS).rpartition(".")[0]

    mac = base64.urlsafe_b64encode(hmac.new(pem, signed.encode(), sha256).digest()).rstrip(b"=").decode()

    assert "not allowed" in refusal(callers(), f"{signed}.{mac}").message


def test_an_algorithm_that_is_not_allowed_is_refused_with_the_right_key() -> None:
    assert "not allowed" in refusal(callers(algorithms=("ES256",)), token()).message
    assert "not allowed" in refusal(callers(), token("RS512")).message


async def test_an_algorithm_of_other_keys_is_refused() -> None:
    taking = callers(public_jwk("RS256"), algorithms=("RS256", "ES256"))

    assert "not known to have" in refusal(taking, token("ES256")).message
    assert "not known to have" in refusal(callers(public_jwk("RS256", alg="RS384")), token()).message


async def test_keys_are_found_by_their_ids() -> None:
    taking = callers(public_jwk("RS256", "1"), public_jwk("RS256", "2", 2))

    assert who(taking, token(kid="1")) == who(taking, token(kid="2", number=2)) == "corp/ann"
    assert "signature" in refusal(taking, token(kid="2")).message
    assert "not known to have" in refusal(taking, token(kid="3")).message
    assert "not known to have" in refusal(taking, token(kid=None)).message  # which of the two?
    assert who(callers(), token(kid=None)) == "corp/ann"


def test_a_changed_token_is_refused() -> None:
    head, claims, signature = token().split(".")
    other = base64.urlsafe_b64encode(json.dumps({**_CLAIMS, "sub": "eve"}).encode()).rstrip(b"=").decode()

    assert "signature" in refusal(callers(), f"{head}.{other}.{signature}").message
    assert "signature" in refusal(callers(), f"{head}.{claims}.{signature[:-8]}AAAAAAAA").message


def test_what_must_be_understood_and_is_not_is_refused() -> None:
    text = jwt.encode(_CLAIMS, private_key("RS256"), "RS256", {"kid": "1", "crit": ["x"], "x": 1})

    assert refusal(callers(), text).code == "invalid_token"


def test_a_token_is_not_read_when_it_is_too_long() -> None:
    assert "longer than" in refusal(callers(), token(pad="x" * LONGEST_TOKEN)).message


@pytest.mark.parametrize("headers", [{}, {b"authorization": b"Basic YTpi"}, {b"x-api-key": _KEY.encode()}])
def test_without_a_token_nobody_is_served(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Unauthenticated) as caught:
        callers().identify(headers.get)

    assert caught.value.code == "missing_token"


def test_a_key_is_as_good_where_keys_are_configured() -> None:
    taking = callers(client_keys=True)

    assert who(taking, _KEY) == "team"
    assert who(taking, token()) == "corp/ann"
    assert refusal(taking, "pk-another-key-0123456789").code == "invalid_api_key"


async def test_without_keys_of_the_issuer_the_caller_is_not_to_blame() -> None:
    issuer = TokenIssuer(name="corp", issuer=ISSUER, jwks_url="http://127.0.0.1:9/keys")
    source = key_source("corp", None, issuer.jwks_url, 300)
    try:
        with pytest.raises(Overloaded) as caught:
            who(TokenCallers([issuer], {"corp": source}, {}), token())
    finally:
        await source.close()

    assert (caught.value.status, caught.value.code) == (503, "token_keys_unavailable")


@given(st.text("abcXYZ019._-", max_size=60) | st.builds("{}.{}.{}".format, *[st.text("ewIiOJ9_-", max_size=30)] * 3))
def test_nothing_else_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(Unauthenticated):
        who(_TAKING, text)


_TAKING = callers()
