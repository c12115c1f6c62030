"""Server-sent events: cut a byte stream into whole events, without changing a byte.

WHATWG HTML, section 9.2 (read 2026-11-23): lines end in LF, CRLF or CR; a blank line ends an event; a field's value may
or may not have one space in front; a line that begins with a colon is a comment. Streams arrive cut anywhere. What an
event's data means belongs to the wire formats.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_BLANK_LINE = re.compile(rb"\n(?:\n|\r\n|\r(?!\n|\Z))|\r(?:\n(?:\n|\r\n|\r(?!\n|\Z))|\r\n|\r)")
"""Two line ends; behind LF, a last CR is half of a CRLF. It begins with a character, which is what makes it fast."""
_ANY_LINE_END = re.compile(rb"\r\n|\n|\r")
_LF, _CR = b"\n\r"
"""As numbers: ``in`` would try bytes as a number first, and fail dearly."""


class EventSplitter:
    """Cuts a stream at the ends of its events and holds back the incomplete rest.

    ``feed`` returns ``(whole, blocks)``: the bytes of all events now complete, exactly as they came, and the same as a
    list of blocks without their blank lines. When nothing is held before or after, ``whole`` is the input itself. The
    work is linear in the length of the stream, however small the pieces of a long event are: what is held is added to,
    never copied, and what was searched is not searched again.
    """

    __slots__ = ("_searched", "held")

    def __init__(self) -> None:
        """Begin at the start of a stream."""
        self.held = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> tuple[bytes, list[bytes]]:
        """Take one piece of the stream."""
        held = self.held
        if held:
            held += data
            found = _BLANK_LINE.search(held, self._searched)
            if found is None:
                self._searched = max(0, len(held) - 3)
                return b"", []
            start = found.start()
            data = bytes(held)
            held.clear()
        elif data.endswith(b"\n\n") and _CR not in data:
            return data, data[:-2].split(b"\n\n")
        else:
            start = 0
        blocks = []
        position = 0
        for match in _BLANK_LINE.finditer(data, start):
            blocks.append(data[position : match.start()])
            position = match.end()
        held += data[position:]
        self._searched = max(0, len(held) - 3)
        return data[:position], blocks

    def give_up_holding(self) -> bytes:
        """Return what is held, to be passed on although its event is not complete."""
        held = bytes(self.held)
        self.held.clear()
        self._searched = 0
        return held


def without_blocks(whole: bytes, blocks: list[bytes], hidden: Collection[int]) -> bytes:
    """Return what ``feed`` returned without the blocks of these numbers; the others keep their bytes."""
    kept = []
    position = 0
    for number, block in enumerate(blocks):
        blank_line = _BLANK_LINE.match(whole, position + len(block))
        end = blank_line.end() if blank_line else len(whole)
        if number not in hidden:
            kept.append(whole[position:end])
        position = end
    return b"".join(kept)


def event_data(block: bytes) -> bytes | None:
    """Return an event's data, its lines joined by LF; None when the block has no data (a comment, say)."""
    if block.startswith(b"data:") and _LF not in block and _CR not in block:
        return block[6:] if block[5:6] == b" " else block[5:]
    lines = []
    for line in _ANY_LINE_END.split(block.removeprefix(b"\xef\xbb\xbf")):
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value[1:] if value[:1] == b" " else value)
    return b"\n".join(lines) if lines else None


def render_event(data: bytes) -> bytes:
    """Frame data that has no line end in it as one event."""
    return b"data: " + data + b"\n\n"
