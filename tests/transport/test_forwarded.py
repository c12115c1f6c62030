"""Whose word about the caller's address is taken, and which address that is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.transport.forwarded import MOST_HOPS, UNKNOWN, ForwardedHeader, TrustedProxies, name_peer
from penstock.transport.server_request import HeaderList

OURS = ("10.0.0.0/8", "fd00::/8", "unix")
ADDRESSES = st.ip_addresses().map(str)


def caller(peer: str, *values: str, header: ForwardedHeader = "x-forwarded-for") -> str:
    headers: HeaderList = [(header.encode(), value.encode("latin-1")) for value in values]
    return TrustedProxies(OURS, header).caller(peer, headers)


@pytest.mark.parametrize(
    ("peer", "values", "found"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.9.9.9,10.8.8.8"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.1.1.1"], "1.2.3.4"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("10.0.0.1", ["1.2.3.4, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, rubbish, 10.3.3.3"], "10.3.3.3"),
        ("10.0.0.1", ["1.2.3.4:5555"], "1.2.3.4"),
        ("fd00::1", ["[2001:db8::7]:80, fd00::2"], "2001:db8::7"),
        ("fd00::1", ["2001:DB8:0::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["::ffff:1.2.3.4"], "1.2.3.4"),
        ("unix", ["1.2.3.4"], "1.2.3.4"),
        ("1.1.1.1", ["1.2.3.4"], "1.1.1.1"),
        ("", ["1.2.3.4"], ""),
    ],
)
def test_the_rightmost_address_that_is_not_trusted_is_the_caller(peer: str, values: list[str], found: str) -> None:
    assert caller(peer, *values) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("for=1.2.3.4", "1.2.3.4"),
        ("for=6.6.6.6;by=10.0.0.1, For=1.2.3.4;proto=https", "1.2.3.4"),
        ('proto=https; for="[2001:db8::7]:4711"', "2001:db8::7"),
        ('for="1.2.3.4:80", for=10.1.1.1', "1.2.3.4"),
        ("for=1.2.3.4, for=_hidden", "10.0.0.1"),
        ("for=1.2.3.4, by=10.1.1.1", "10.0.0.1"),
        ('for="6.6.6.6, for=1.2.3.4', "1.2.3.4"),
        ("before=6.6.6.6", "10.0.0.1"),
    ],
)
def test_forwarded_is_read_as_its_rfc_writes_it(value: str, found: str) -> None:
    assert caller("10.0.0.1", value, header="forwarded") == found


def test_the_header_that_the_proxies_do_not_write_says_nothing() -> None:
    headers: HeaderList = [(b"forwarded", b"for=6.6.6.6"), (b"x-forwarded-for", b"1.2.3.4")]
    assert TrustedProxies(OURS, "x-forwarded-for").caller("10.0.0.1", headers) == "1.2.3.4"
    assert TrustedProxies(OURS, "forwarded").caller("10.0.0.1", headers) == "6.6.6.6"


@given(st.text(st.characters(codec="latin-1")), ADDRESSES, st.lists(ADDRESSES, max_size=3))
def test_whatever_a_caller_writes_the_address_that_a_trusted_proxy_saw_counts(
    invented: str, seen: str, between: list[str]
) -> None:
    ours = [each for each in between if TrustedProxies(OURS, "x-forwarded-for").trusts(each)]
    found = caller("10.0.0.1", ", ".join([invented, seen, *ours]))
    address = ip_address(seen)
    expected = str(getattr(address, "ipv4_mapped", None) or address)
    if not TrustedProxies(OURS, "x-forwarded-for").trusts(seen):
        assert found == expected


@given(st.text(st.characters(codec="latin-1")), ADDRESSES)
def test_a_peer_that_is_not_trusted_cannot_say_anything(invented: str, peer: str) -> None:
    if not TrustedProxies(OURS, "forwarded").trusts(peer):
        assert caller(peer, invented, header="forwarded") == peer


@pytest.mark.parametrize(
    ("peername", "name"), [(("1.2.3.4", 5), "1.2.3.4"), (("::1", 5, 0, 0), "::1"), ("", "unix"), (None, "unknown")]
)
def test_the_other_end_of_a_socket_has_a_name(peername: object, name: str) -> None:
    assert name_peer(peername) == name


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_nobody_trusts_who_is_unknown(header: ForwardedHeader) -> None:
    assert not TrustedProxies(["0.0.0.0/0", "::/0", "unix"], header).trusts(UNKNOWN)


def test_only_so_many_hops_are_looked_at() -> None:
    hops = ["1.2.3.4", *["10.0.0.7"] * MOST_HOPS]
    assert caller("10.0.0.1", ",".join(hops)) == "10.0.0.7"
    assert caller("10.0.0.1", ",".join(hops[:-1])) == "1.2.3.4"
