"""Preambles that a balancer may send, whole, in pieces and followed by anything; and bytes that are none."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.transport.proxy_protocol import (
    ADDRESS_BYTES,
    LOCAL,
    LONGEST_BYTES,
    PROXY,
    SIGNATURE,
    TCP4,
    TCP6,
    UNIX_STREAM,
    UNSPECIFIED,
    V1_LONGEST,
    MalformedPreamble,
    Preamble,
    PreambleReader,
)

V4, V6 = st.ip_addresses(v=4), st.ip_addresses(v=6).filter(lambda address: "." not in str(address))
PORTS = st.integers(0, 65_535)


def line(family: str, source: object, destination: object, ports: tuple[int, int]) -> bytes:
    return f"PROXY {family} {source} {destination} {ports[0]} {ports[1]}\r\n".encode()


def binary(command: int, family: int, addresses: bytes, extensions: bytes = b"") -> bytes:
    data = addresses + extensions
    return SIGNATURE + struct.pack("!BBH", command, family, len(data)) + data


def packed(source: IPv4Address | IPv6Address, destination: IPv4Address | IPv6Address) -> bytes:
    return source.packed + destination.packed + struct.pack("!HH", 4000, 443)


WELL_FORMED: st.SearchStrategy[tuple[bytes, str | None]] = st.one_of(
    st.tuples(V4, V4, st.tuples(PORTS, PORTS)).map(lambda it: (line("TCP4", *it), str(it[0]))),
    st.tuples(V6, V6, st.tuples(PORTS, PORTS)).map(lambda it: (line("TCP6", *it), str(it[0]))),
    st.just((b"PROXY UNKNOWN\r\n", None)),
    st.text("abc 0:.", max_size=80).map(lambda rest: (f"PROXY UNKNOWN {rest}\r\n".encode(), None)),
    st.tuples(V4, V4, st.binary(max_size=300)).map(
        lambda it: (binary(PROXY, TCP4, packed(*it[:2]), it[2]), str(it[0]))
    ),
    st.tuples(V6, V6, st.binary(max_size=300)).map(
        lambda it: (binary(PROXY, TCP6, packed(*it[:2]), it[2]), str(it[0]))
    ),
    st.binary(max_size=300).map(lambda rest: (binary(PROXY, UNSPECIFIED, b"", rest), None)),
    st.binary(min_size=216, max_size=300).map(lambda paths: (binary(PROXY, UNIX_STREAM, paths), "unix")),
    st.tuples(st.integers(0, 255), st.binary(max_size=300)).map(lambda it: (binary(LOCAL, *it), None)),
)


def read(stream: bytes, most: list[int]) -> tuple[Preamble | None, bytes]:
    """Read a preamble as a transport does: at most what is wanted, or less; return it and the bytes behind it."""
    reader = PreambleReader()
    preamble = None
    pieces = iter(most)
    while stream and reader.wanted:
        size = min(reader.wanted, next(pieces, reader.wanted))
        piece, stream = stream[:size], stream[size:]
        preamble = reader.feed(piece)
    return preamble, stream


@given(WELL_FORMED, st.binary(max_size=400), st.lists(st.integers(1, 50)))
def test_a_preamble_is_read_whatever_the_pieces_and_no_byte_behind_it_is_taken(
    preamble: tuple[bytes, str | None], behind: bytes, most: list[int]
) -> None:
    data, source = preamble
    assert read(data + behind, most) == (Preamble(source), behind)


@given(WELL_FORMED, st.data())
def test_what_is_not_whole_is_waited_for(preamble: tuple[bytes, str | None], data: st.DataObject) -> None:
    whole = preamble[0]
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert read(whole[:cut], []) == (None, b"")


@given(st.one_of(st.binary(), st.binary().map(lambda rest: SIGNATURE + rest), st.binary().map(lambda r: b"PROXY " + r)))
def test_any_bytes_are_read_refused_or_waited_for_within_bounds(data: bytes) -> None:
    reader = PreambleReader()
    taken = 0
    while data and reader.wanted:
        assert taken + reader.wanted <= max(V1_LONGEST, 16 + LONGEST_BYTES)
        piece, data = data[: reader.wanted], data[reader.wanted :]
        taken += len(piece)
        try:
            whole = reader.feed(piece)
        except MalformedPreamble:
            return
        assert (whole is not None) == (reader.wanted == 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"G", "does not begin as one"),
        (b"\x16\x03\x01\x02\x00", "does not begin as one"),
        (b"PROXZ TCP4 1.1.", "does not begin as one"),
        (SIGNATURE[:-1] + b"\x00" + bytes(3), "does not begin as one"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", "not the fields"),
        (b"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", "not the fields"),
        (b"PROXY TCP4  1.2.3.4 5.6.7.8 1\r\n", "no addresses of TCP4"),
        (b"PROXY TCP4 ::1 5.6.7.8 1 2\r\n", "no addresses of TCP4"),
        (b"PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", "no addresses of TCP4"),
        (b"PROXY TCP6 1.2.3.4 ::1 1 2\r\n", "no addresses of TCP6"),
        (b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "no addresses of TCP6"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "no ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "no ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "no ports"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 ١ 2\r\n".encode(), "not ASCII"),
        (b"PROXY UNKNOWN " + b"x" * 100, "more than 107 bytes"),
        (binary(0x11, TCP4, bytes(12)), "version and command 0x11"),
        (binary(0x22, TCP4, bytes(12)), "version and command 0x22"),
        (binary(PROXY, 0x12, bytes(12)), "address family 0x12"),
        (binary(PROXY, 0x41, bytes(12)), "address family 0x41"),
        (SIGNATURE + struct.pack("!BBH", PROXY, TCP4, LONGEST_BYTES + 1), "more than 16384 bytes"),
        *((binary(PROXY, family, bytes(size - 1)), "shorter") for family, size in ADDRESS_BYTES.items() if size),
    ],
)
def test_what_is_no_preamble_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(MalformedPreamble, match=why):
        read(data, [])
