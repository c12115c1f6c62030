"""The PROXY protocol: what a load balancer says of a caller before the caller's own first byte. Versions 1 and 2.

https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt (read 2026-11-23). Only the caller's address is taken from
it; extensions (TLVs) are skipped. Whether the one who says it may be believed is not decided here, nor is anything read
from a socket.

A reader asks for so many bytes as surely belong to the preamble and never for one more: what comes after it, a TLS
handshake perhaps, stays with the connection for whoever reads on.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1_START = b"PROXY "
V1_SHORTEST, V1_LONGEST = 15, 107
"""``PROXY UNKNOWN`` with its line end; two long addresses of IPv6."""
V1_FIELDS = 6
V2_HEAD = struct.Struct("!12sBBH")
LONGEST_BYTES = 16 * 1024
"""Addresses and extensions of version 2; senders use some hundred bytes."""

LOCAL, PROXY = 0x20, 0x21
UNSPECIFIED, TCP4, TCP6, UNIX_STREAM = 0x00, 0x11, 0x21, 0x31
ADDRESS_BYTES = {UNSPECIFIED: 0, TCP4: 12, TCP6: 36, UNIX_STREAM: 216}


class MalformedPreamble(Exception):
    """What came is no preamble; the text says why."""


@dataclass(frozen=True, slots=True)
class Preamble:
    """A preamble that was read whole."""

    source: str | None
    """The caller's address, or ``unix``; None: the connection is the balancer's own, or it does not know."""


class PreambleReader:
    """Reads one preamble, in pieces of any size up to ``wanted``."""

    __slots__ = ("_data", "wanted")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._data = b""
        self.wanted = V1_SHORTEST
        """So many further bytes belong to the preamble for sure; 0 when it is whole."""

    def feed(self, piece: bytes) -> Preamble | None:
        """Take up to ``wanted`` bytes; return the preamble when it is whole.

        Raises:
            MalformedPreamble: it is none.
        """
        data = self._data = self._data + piece
        if data[: len(V1_START)] == V1_START[: len(data)]:
            return self._read_line(data)
        if data[: len(SIGNATURE)] == SIGNATURE[: len(data)]:
            return self._read_binary(data)
        msg = "it does not begin as one"
        raise MalformedPreamble(msg)

    def _read_line(self, line: bytes) -> Preamble | None:
        if line.endswith(b"\r\n"):
            self.wanted = 0
            return Preamble(_read_source(line))
        self.wanted = _missing_of_line(line)
        if len(line) + self.wanted > V1_LONGEST:
            msg = f"its line has more than {V1_LONGEST} bytes"
            raise MalformedPreamble(msg)
        return None

    def _read_binary(self, data: bytes) -> Preamble | None:
        if len(data) < V2_HEAD.size:
            self.wanted = V2_HEAD.size - len(data)
            return None
        _, command, family, length = V2_HEAD.unpack_from(data)
        _check_binary(command, family, length)
        self.wanted = V2_HEAD.size + length - len(data)
        if self.wanted:
            return None
        if command == LOCAL:
            return Preamble(None)
        return Preamble(_read_binary_source(family, data[V2_HEAD.size :]))


def _missing_of_line(line: bytes) -> int:
    """Return how many bytes a line lacks at least: a field that is not there yet has one byte and a space before it."""
    if line.endswith(b"\r"):
        return 1
    if len(line) < V1_SHORTEST:
        return V1_SHORTEST - len(line)
    fields = line.count(b" ") + 1
    missing = 0 if line.startswith(b"PROXY UNKNOWN") else max(0, V1_FIELDS - fields) * 2 + line.endswith(b" ")
    return missing + len(b"\r\n")


def _read_source(line: bytes) -> str | None:
    try:
        fields = line[:-2].decode("ascii").split(" ")
    except UnicodeDecodeError:
        msg = "its line is not ASCII"
        raise MalformedPreamble(msg) from None
    if fields[1] == "UNKNOWN":
        return None
    if fields[1] not in {"TCP4", "TCP6"} or len(fields) != V1_FIELDS:
        msg = "its line has not the fields of TCP4, TCP6 or UNKNOWN"
        raise MalformedPreamble(msg)
    _, family, source, destination, *ports = fields
    try:
        read = _read_v4 if family == "TCP4" else _read_v6
        read(destination)
        address = read(source)
    except ValueError:
        msg = f"its line names no addresses of {family}"
        raise MalformedPreamble(msg) from None
    for port in ports:
        if not port.isdecimal() or len(port) > 5 or int(port) > 65_535 or port != str(int(port)):
            msg = "its line names no ports"
            raise MalformedPreamble(msg)
    return address


def _read_v4(text: str) -> str:
    return str(IPv4Address(text))


def _read_v6(text: str) -> str:
    address = IPv6Address(text)
    if address.scope_id is not None:
        raise ValueError
    return str(address)


def _check_binary(command: int, family: int, length: int) -> None:
    if command not in {LOCAL, PROXY}:
        msg = f"version and command {command:#04x} are not known"
        raise MalformedPreamble(msg)
    if length > LONGEST_BYTES:
        msg = f"it has more than {LONGEST_BYTES} bytes"
        raise MalformedPreamble(msg)
    if command == PROXY and family not in ADDRESS_BYTES:
        msg = f"the address family {family:#04x} is not one of streams"
        raise MalformedPreamble(msg)
    if command == PROXY and length < ADDRESS_BYTES[family]:
        msg = "it is shorter than its addresses"
        raise MalformedPreamble(msg)


def _read_binary_source(family: int, addresses: bytes) -> str | None:
    if family == TCP4:
        return str(IPv4Address(addresses[:4]))
    if family == TCP6:
        return str(IPv6Address(addresses[:16]))
    return "unix" if family == UNIX_STREAM else None
