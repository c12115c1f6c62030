"""Reading a chunked body (RFC 9112, section 7.1) while keeping the bytes it came in.

A stream is relayed in the chunks it arrived in, so this scanner finds chunk boundaries instead of decoding: for each
read it yields the payload, and the framed bytes themselves when the read was made of whole, plain chunks. Anything
else (a chunk cut by the read, an extension) yields the payload alone and the relay frames it again.

Strict, since request bodies are framed by it too: a size is 1 to 16 hex digits without space around it, line ends are
CRLF, extensions and trailers are bounded and dropped, and a trailer that would frame a body is refused (RFC 9110,
section 6.5.1).
"""

from __future__ import annotations

import re

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n\x00]{0,1024})?\r\n")
_PARTIAL_SIZE_LINE = re.compile(rb"[0-9A-Fa-f]{1,16}(?:;[^\r\n\x00]{0,1024})?\r?")
_TRAILERS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n")
_PLAIN_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_FRAMING_TRAILER = re.compile(rb"(?:^|\n)(?:content-length|transfer-encoding):", re.IGNORECASE)
_TRAILER_LIMIT = 16 * 1024
_SHORT_BYTES = 8 * 1024
_REMEMBERED_SIZES = 4096


class ChunkedBodyError(ValueError):
    """The body is not validly chunked."""


class _Sizes(dict[bytes, int]):
    """Size line without its end to the size; 0 for what is not a plain size. Lines are read once and remembered."""

    def __missing__(self, line: bytes) -> int:
        if _PLAIN_SIZE.fullmatch(line) is None:
            return 0
        if len(self) >= _REMEMBERED_SIZES:
            self.clear()
        size = self[line] = int(line, 16)
        return size


_sizes = _Sizes()


class ChunkScanner:
    """State of one chunked body.

    ``feed`` returns ``(payload, framed)``: ``framed`` is the input itself when it is whole chunks and nothing else, or
    None. After ``done`` is True, ``rest`` holds the bytes behind the body.
    """

    __slots__ = ("_between_chunks", "_in_trailers", "_pending", "_remaining", "done", "rest")

    def __init__(self) -> None:
        """Expect the first size line."""
        self._pending = b""
        self._remaining = 0  # payload bytes (and then CRLF: 2) still missing of the chunk in progress
        self._in_trailers = False
        self._between_chunks = True
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Take one read.

        Raises:
            ChunkedBodyError: invalid framing.
        """
        if self._between_chunks and len(data) < _SHORT_BYTES:  # most events of streams are one short chunk
            line, _, rest = data.partition(b"\r\n")
            size = _sizes[line]
            if size and len(rest) == size + 2 and rest.endswith(b"\r\n"):
                return rest[:-2], data
        return self._scan(data)

    def _scan(self, data: bytes) -> tuple[bytes, bytes | None]:
        plain = self._between_chunks
        data = self._pending + data if self._pending else data
        self._pending = b""
        payloads: list[bytes] = []
        position = framed_to = 0
        while position < len(data) or self._in_trailers:
            if self._in_trailers:
                self._read_trailers(data[position:])
                break
            if self._remaining:
                position = self._take_chunk(data, position, payloads)
                framed_to = position
                continue
            match = _SIZE_LINE.match(data, position)
            if match is None:
                self._keep_size_line(data[position:])
                break
            plain = plain and match.end(1) + 2 == match.end()
            position = match.end()
            size = int(match[1], 16)
            self._remaining = size + 2 if size else 0
            self._in_trailers = not size
        self._between_chunks = not self._remaining and not self._pending and not self._in_trailers
        plain = plain and not self._remaining and not self._pending and framed_to > 0
        return b"".join(payloads), (data[:framed_to] if plain else None)

    def _take_chunk(self, data: bytes, position: int, payloads: list[bytes]) -> int:
        """Take what is there of the chunk in progress; return the new position."""
        if self._remaining > 2:
            end = min(len(data), position + self._remaining - 2)
            payloads.append(data[position:end])
            self._remaining -= end - position
            position = end
        if self._remaining <= 2 and position < len(data):
            ending = data[position : position + self._remaining]
            if ending != b"\r\n"[2 - self._remaining :][: len(ending)]:
                msg = "a chunk does not end with CRLF"
                raise ChunkedBodyError(msg)
            self._remaining -= len(ending)
            position += len(ending)
        return position

    def _keep_size_line(self, line: bytes) -> None:
        if _PARTIAL_SIZE_LINE.fullmatch(line) is None:
            msg = "a chunk size line is not valid"
            raise ChunkedBodyError(msg)
        self._pending = line

    def _read_trailers(self, data: bytes) -> None:
        if data.startswith(b"\r\n"):
            end = 2
        else:
            found = data.find(b"\r\n\r\n")
            end = found + 4 if found >= 0 else 0
        if (end or len(data)) > _TRAILER_LIMIT:
            msg = "the trailers are too long"
            raise ChunkedBodyError(msg)
        if not end:
            self._pending = data
            return
        if _TRAILERS.fullmatch(data, 0, end) is None or _FRAMING_TRAILER.search(data, 0, end) is not None:
            msg = "the trailers are not valid"
            raise ChunkedBodyError(msg)
        self.done = True
        self.rest = data[end:]
