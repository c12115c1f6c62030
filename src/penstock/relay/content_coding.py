"""Reading compressed answers for their usage, within bounds.

The compressed bytes are relayed as they are; this only looks inside. RFC 9110, section 8.4.1 (gzip, deflate) and RFC
7932 (br). A body that would unpack beyond the limit is not unpacked (a small body can hold gigabytes); one that is
broken, or so small that it must be meant to burst, is told apart from one that only a caller can read.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli

IDENTITY = frozenset({b"", b"identity"})
MAX_RATIO = 100
"""How many times its size a body beyond the limit may unpack to; texts do by ten, deflate can by a thousand."""


class UnreadableCodingError(ValueError):
    """The body cannot be unpacked: another coding, broken, or too large."""


class SpoiltCodingError(UnreadableCodingError):
    """Nobody can unpack the body, or nobody should: it is broken, cut, or bursts."""


def decode(body: bytes, coding: bytes, limit_bytes: int) -> bytes:
    """Return the body without its content coding.

    Raises:
        SpoiltCodingError: broken data, or more than ``limit_bytes`` in a very small body.
        UnreadableCodingError: unknown coding, or more than ``limit_bytes`` inside.
    """
    if coding in IDENTITY:
        return body
    decoder = _DECODERS.get(coding)
    if decoder is None:
        msg = f"content coding {coding!r} is not understood"
        raise UnreadableCodingError(msg)
    try:
        return decoder(body, limit_bytes)
    except (zlib.error, brotli.error) as error:
        msg = f"broken {coding.decode('ascii', 'replace')} body"
        raise SpoiltCodingError(msg) from error


class StreamUnpacker:
    """Unpacks a gzip or deflate stream as it comes, for an upstream that compresses events although not asked to.

    Raises (constructor and ``feed``):
        UnreadableCodingError: another coding, broken data, or more than ``limit_bytes`` out of one piece.
    """

    def __init__(self, coding: bytes, limit_bytes: int) -> None:
        """Begin at the start of the stream."""
        if _DECODERS.get(coding) is not _inflate:
            msg = f"a stream in content coding {coding!r} is not understood"
            raise UnreadableCodingError(msg)
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._limit_bytes = limit_bytes

    def feed(self, data: bytes) -> bytes:
        """Unpack one piece; what follows the end of the coding is dropped, as callers' own unpackers drop it."""
        if self._unpacker.eof:
            return b""
        try:
            unpacked = self._unpacker.decompress(data, self._limit_bytes)
        except zlib.error as error:
            msg = "the compressed stream is broken"
            raise UnreadableCodingError(msg) from error
        if self._unpacker.unconsumed_tail:
            msg = f"a piece of the stream unpacks to more than {self._limit_bytes} bytes"
            raise UnreadableCodingError(msg)
        return unpacked


def _inflate(body: bytes, limit_bytes: int) -> bytes:
    if not body:
        return b""
    raw_deflate = body[0] & 0x0F != 8 and not body.startswith(b"\x1f\x8b")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS if raw_deflate else zlib.MAX_WBITS | 32)
    unpacked = unpacker.decompress(body, limit_bytes + 1)
    _check(len(body), len(unpacked), limit_bytes, ended=unpacker.eof)
    return unpacked


def _unbrotli(body: bytes, limit_bytes: int) -> bytes:
    if not body:
        return b""
    unpacker = brotli.Decompressor()
    unpacked = unpacker.process(body, output_buffer_limit=limit_bytes + 1)
    _check(len(body), len(unpacked), limit_bytes, ended=unpacker.is_finished())
    return bytes(unpacked)


def _check(packed_bytes: int, unpacked_bytes: int, limit_bytes: int, *, ended: bool) -> None:
    """Judge an unpacking that stops behind the limit."""
    if unpacked_bytes <= limit_bytes:
        if not ended:
            msg = "the body is cut"
            raise SpoiltCodingError(msg)
        return
    if unpacked_bytes > MAX_RATIO * packed_bytes:
        msg = f"the body unpacks to more than {MAX_RATIO} times its size"
        raise SpoiltCodingError(msg)
    msg = f"the body unpacks to more than {limit_bytes} bytes"
    raise UnreadableCodingError(msg)


_DECODERS: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"gzip": _inflate,
    b"x-gzip": _inflate,
    b"deflate": _inflate,
    b"br": _unbrotli,
}
