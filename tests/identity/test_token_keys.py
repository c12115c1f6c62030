"""Key sets: which keys are taken, how one is found, and how a set is fetched, held and renewed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import CredentialUnavailable, OperatorError
from penstock.identity.client_tokens import TokenIssuer, TokenKeys
from penstock.identity.token_keys import LONGEST_KEPT_S, key_source, read_key_set
from tests.identity.token_issuer import ISSUER, key_server, public_jwk


def key_set(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


def test_a_key_is_found_by_id_and_algorithm() -> None:
    keys = read_key_set(key_set(public_jwk("RS256", "a"), public_jwk("ES256", "b"), public_jwk("ES384", "c")))

    assert all(keys.find(kid, alg) for kid, alg in (("a", "PS512"), ("b", "ES256"), (None, "ES384")))
    assert not any(
        keys.find(kid, alg) for kid, alg in (("a", "ES256"), ("b", "ES384"), ("d", "RS256"), (None, "EdDSA"))
    )


def test_of_two_keys_that_a_token_does_not_tell_apart_none_is_taken() -> None:
    keys = read_key_set(key_set(public_jwk("RS256", "a"), public_jwk("RS256", "b", 2)))

    assert keys.find(None, "RS256") is None


@pytest.mark.parametrize(
    "unfit",
    [
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {**public_jwk("RS256"), "use": "enc"},
        {**public_jwk("RS256"), "d": "AQAB"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": 1},
        {},
    ],
)
def test_other_keys_are_left_out(unfit: dict[str, Any]) -> None:
    assert len(read_key_set(key_set(unfit, public_jwk("ES256"))).keys) == 1
    with pytest.raises(ValueError, match="holds no public key"):
        read_key_set(key_set(unfit))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": 1}', '{"keys": []}', b"\xff", json.dumps({"keys": [{}] * 101})]
)
def test_what_is_no_key_set_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"is not a JSON Web Key Set|holds no public key"):
        read_key_set(text)


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["RSA", "EC", "OKP", "P-256", "AQAB"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kty", "n", "e", "crv", "x", "y", "kid", "alg"]), inner, max_size=6)
    ),
)


@given(st.lists(_JSON, max_size=3))
def test_nonsense_is_refused_or_left_out(entries: list[Any]) -> None:
    try:
        found = read_key_set(json.dumps({"keys": entries})).keys
    except ValueError:
        found = []
    assert len(found) <= len(entries)


def test_keys_that_are_given_are_there_at_once() -> None:
    source = key_source("corp", key_set(public_jwk("RS256")), None, 300)

    assert len(source.current().keys) == 1
    with pytest.raises(OperatorError, match=r"client_tokens\.corp\.jwks holds no public key"):
        key_source("corp", key_set({}), None, 300)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_keys_are_fetched_shared_and_fetched_again() -> None:
    held = TokenKeys()
    with key_server(public_jwk("RS256", "a")) as server:
        issuer = TokenIssuer(name="corp", issuer=ISSUER, jwks_url=server.url, refresh_s=0.05)
        source = held.source(issuer)
        assert held.source(issuer) is source
        assert len((await source.ready()).keys) == 1
        server.keys = [public_jwk("RS256", "a"), public_jwk("ES256", "b")]
        await _until(lambda: len(source.current().keys) == 2)
        until = source.current().valid_until
        server.status = 500
        asked = server.asked
        await _until(lambda: server.asked > asked and bool(source.failure))
        assert len(source.current().keys) == 2  # what is held stays in use
        await held.keep_only(())
    assert until is not None
    assert 0 < until - time.time() <= LONGEST_KEPT_S


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"no"), (200, b'{"keys": []}'), (302, b""), (404, b"{}"), (200, b"x" * (1024 * 1024 + 1))],
)
async def test_an_answer_that_is_no_key_set_gives_none(status: int, body: bytes) -> None:
    with key_server() as server:
        server.status, server.body = status, body
        source = key_source("corp", None, server.url, 300)
        source.start()
        try:
            with pytest.raises(CredentialUnavailable):
                await source.ready()
            assert source.failure
        finally:
            await source.close()
