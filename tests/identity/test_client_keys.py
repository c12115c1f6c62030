from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import Unauthenticated
from penstock.identity.client_keys import ANONYMOUS, identify, index_keys

_KEY = b"pk-0123456789abcdef"


def _digest(key: bytes) -> str:
    return sha256(key).hexdigest()


_KEYS = index_keys([("ci", _digest(_KEY)), ("phone", _digest(b"another-long-key-00"))])


def _identify(**headers: bytes) -> str:
    return identify({name.replace("_", "-").encode(): value for name, value in headers.items()}.get, _KEYS)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("authorization", b"Bearer " + _KEY),
        ("authorization", b"bearer  " + _KEY + b" "),
        ("x-api-key", _KEY),
        ("api-key", _KEY),
    ],
)
def test_key_is_found_in_every_place_that_clients_use(header: str, value: bytes) -> None:
    assert identify({header.encode(): value}.get, _KEYS) == "ci"


def test_each_key_has_its_own_name() -> None:
    assert _identify(x_api_key=b"another-long-key-00") == "phone"


def test_bearer_decides_when_several_keys_are_sent() -> None:
    with pytest.raises(Unauthenticated):
        _identify(authorization=b"Bearer wrong", x_api_key=_KEY)


def test_other_authorization_scheme_leaves_the_word_to_the_key_headers() -> None:
    assert _identify(authorization=b"Basic dXNlcjpwYXNz", api_key=_KEY) == "ci"


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": b"Bearer "}, {"authorization": b"Basic x"}, {"api_key": b""}]
)
def test_missing_key_is_told_from_a_wrong_one(headers: dict[str, bytes]) -> None:
    with pytest.raises(Unauthenticated) as caught:
        _identify(**headers)

    assert (caught.value.status, caught.value.code) == (401, "missing_api_key")
    assert caught.value.headers == (("www-authenticate", "Bearer"),)


@given(st.binary(min_size=1, max_size=60))
def test_unknown_key_is_refused_and_never_repeated(key: bytes) -> None:
    with pytest.raises(Unauthenticated) as caught:
        _identify(x_api_key=b"canary-" + key)

    assert caught.value.code == "invalid_api_key"
    assert "canary" not in caught.value.message


def test_without_configured_keys_everyone_is_anonymous() -> None:
    assert identify({b"x-api-key": b"whatever"}.get, index_keys([])) == ANONYMOUS


def test_digests_that_share_their_first_bytes_are_kept_apart() -> None:
    real = bytes.fromhex(_digest(_KEY))
    twin = real[:8] + bytes(24)

    assert identify({b"api-key": _KEY}.get, index_keys([("twin", twin.hex()), ("ci", real.hex())])) == "ci"


@pytest.mark.parametrize("digest", ["", "00" * 31, "zz" * 32])
def test_digest_of_another_form_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        index_keys([("ci", digest)])
