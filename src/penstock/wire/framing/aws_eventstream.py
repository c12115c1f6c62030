"""AWS event stream: cut a byte stream into frames, both checksums checked, and write frames.

``vnd.amazon.eventstream`` (smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-23): total length, length of the
headers and a CRC-32 of these two, four bytes each; the headers; the payload; a CRC-32 of all before it. A header is a
name, a type and a value. Streams arrive cut anywhere. What an event's payload means belongs to the wire formats.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

PRELUDE_BYTES = 12
OVERHEAD_BYTES = 16
"""Bytes of a frame beside its headers and its payload."""
MAX_FRAME_BYTES = 16 * 1024 * 1024
MAX_HEADERS_BYTES = 128 * 1024
_REMEMBERED_HEADERS = 32
_STRING = 7
_PRELUDE = struct.Struct("!III")
_CHECKSUM = struct.Struct("!I")

HeaderValue = bool | int | bytes | UUID
Headers = Mapping[str, str]
_FIXED: Mapping[int, tuple[int, Callable[[bytes], HeaderValue]]] = {
    0: (0, lambda _: True),
    1: (0, lambda _: False),
    2: (1, lambda data: int.from_bytes(data, "big", signed=True)),
    3: (2, lambda data: int.from_bytes(data, "big", signed=True)),
    4: (4, lambda data: int.from_bytes(data, "big", signed=True)),
    5: (8, lambda data: int.from_bytes(data, "big", signed=True)),
    8: (8, lambda data: int.from_bytes(data, "big", signed=True)),  # a time, in milliseconds since 1970
    9: (16, lambda data: UUID(bytes=data)),
}
"""Header type to the size of its value in bytes and its reading; byte strings (6) and strings (7) have a length."""


class Frame(NamedTuple):
    """One message. ``headers`` are the ones that are strings; ``others`` the rest (times in milliseconds)."""

    headers: Headers
    payload: bytes
    others: Mapping[str, HeaderValue]


class FrameSplitter:
    """Cuts a stream at the ends of its frames; ``held`` is the incomplete rest."""

    __slots__ = ("_known", "_limit_bytes", "_needed_bytes", "held")

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        """Begin at the start of a stream; a frame over ``limit_bytes`` is refused as soon as its length is known."""
        self.held = bytearray()
        self._limit_bytes = limit_bytes
        self._needed_bytes = PRELUDE_BYTES
        self._known: dict[bytes, tuple[Headers, Mapping[str, HeaderValue]]] = {}

    def only_frame(self, data: bytes) -> Frame | None:
        """Take a piece that is one sound frame with headers that came before; None for any other: then feed it."""
        size = len(data)
        if self.held or not OVERHEAD_BYTES <= size <= self._limit_bytes:
            return None
        frame_bytes, headers_bytes, said = _PRELUDE.unpack_from(data)
        payload_at = PRELUDE_BYTES + headers_bytes
        known = self._known.get(data[PRELUDE_BYTES:payload_at])
        if known is None or frame_bytes != size or crc32(data[:8]) != said:
            return None
        if crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
            return None
        return Frame(known[0], data[payload_at:-4], known[1])

    def feed(self, data: bytes) -> list[Frame]:
        """Take one piece of the stream and return the frames that are now whole.

        Raises:
            ValueError: the next frame has an impossible length, a wrong checksum or headers that cannot be read.
                Frames before it are returned first: then the next call raises, and ``held`` is not empty until then.
        """
        if self.held:
            self.held += data
            if len(self.held) < self._needed_bytes:
                return []
            data = bytes(self.held)
            self.held.clear()
        frames: list[Frame] = []
        position, size = 0, len(data)
        while size - position >= PRELUDE_BYTES:
            try:
                frame_bytes, headers_bytes, checksum = self._read_prelude(data, position)
                if size - position < frame_bytes:
                    self._needed_bytes = frame_bytes
                    break
                frames.append(self._read_frame(data, position, frame_bytes, headers_bytes, checksum))
            except ValueError:
                self._needed_bytes = 0
                self.held += data[position:]
                if frames:
                    return frames
                raise
            position += frame_bytes
        else:
            self._needed_bytes = PRELUDE_BYTES
        self.held += data[position:]
        return frames

    def _read_prelude(self, data: bytes, at: int) -> tuple[int, int, int]:
        """Return length of the frame, length of its headers, and the checksum so far."""
        frame_bytes, headers_bytes, said = _PRELUDE.unpack_from(data, at)
        checksum = crc32(data[at : at + 8])
        if checksum != said:
            msg = "event stream: the checksum of a frame's lengths is wrong"
            raise ValueError(msg)
        if frame_bytes < OVERHEAD_BYTES + headers_bytes or headers_bytes > MAX_HEADERS_BYTES:
            msg = f"event stream: a frame of {frame_bytes} bytes cannot have {headers_bytes} bytes of headers"
            raise ValueError(msg)
        if frame_bytes > self._limit_bytes:
            msg = f"event stream: a frame of {frame_bytes} bytes is over the limit of {self._limit_bytes}"
            raise ValueError(msg)
        return frame_bytes, headers_bytes, checksum

    def _read_frame(self, data: bytes, at: int, frame_bytes: int, headers_bytes: int, checksum: int) -> Frame:
        end = at + frame_bytes - 4
        (said,) = _CHECKSUM.unpack_from(data, end)
        if crc32(memoryview(data)[at + 8 : end], checksum) != said:
            msg = "event stream: the checksum of a frame is wrong"
            raise ValueError(msg)
        payload_at = at + PRELUDE_BYTES + headers_bytes
        block = data[at + PRELUDE_BYTES : payload_at]
        known = self._known.get(block)  # the frames of one kind of event have the same headers
        if known is None:
            known = read_headers(block)
            if len(self._known) < _REMEMBERED_HEADERS:
                self._known[block] = known
        return Frame(known[0], data[payload_at:end], known[1])


def read_headers(block: bytes) -> tuple[Headers, Mapping[str, HeaderValue]]:
    """Return the headers that are strings, and the others; ``ValueError`` when the block is cut, odd or repeats one."""
    strings: dict[str, str] = {}
    others: dict[str, HeaderValue] = {}
    at = 0
    while at < len(block):
        name_end = at + 1 + block[at]
        name = block[at + 1 : name_end].decode()
        kind = block[name_end] if name_end < len(block) else -1
        at = name_end + 1
        if not name or name in strings or name in others:
            msg = "event stream: a header has no name, or stands twice"
            raise ValueError(msg)
        if kind in {6, _STRING}:
            length = int.from_bytes(block[at : at + 2], "big") if at + 2 <= len(block) else len(block)
            at += 2
        elif kind in _FIXED:
            length = _FIXED[kind][0]
        else:
            msg = f"event stream: no header is of type {kind}"
            raise ValueError(msg)
        value = block[at : at + length]
        if len(value) < length:
            msg = "event stream: a header is cut off"
            raise ValueError(msg)
        at += length
        if kind == _STRING:
            strings[name] = value.decode()
        else:
            others[name] = value if kind == 6 else _FIXED[kind][1](value)
    return strings, others


def encode_frame(headers: Headers, payload: bytes) -> bytes:
    """Render one frame whose headers are all strings.

    Raises:
        ValueError: a name that is not 1 to 255 bytes, a value of 32 KiB or more, or a frame over the limits of AWS.
    """
    block = b"".join(_encode_header(name.encode(), value.encode()) for name, value in headers.items())
    frame_bytes = OVERHEAD_BYTES + len(block) + len(payload)
    if len(block) > MAX_HEADERS_BYTES or frame_bytes > MAX_FRAME_BYTES:
        msg = f"event stream: a frame of {frame_bytes} bytes is too large"
        raise ValueError(msg)
    lengths = struct.pack("!II", frame_bytes, len(block))
    frame = b"".join((lengths, _CHECKSUM.pack(crc32(lengths)), block, payload))
    return frame + _CHECKSUM.pack(crc32(frame))


def _encode_header(name: bytes, value: bytes) -> bytes:
    if not 0 < len(name) < 256 or len(value) >= 32 * 1024:
        msg = "event stream: a header is empty or too long"
        raise ValueError(msg)
    return struct.pack(f"!B{len(name)}sBH", len(name), name, _STRING, len(value)) + value
