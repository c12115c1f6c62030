"""What is held of a stream while it goes on, and what holding it costs.

Some things can only be given out whole: a signature, arguments of a call whose name has not come, thinking that is said
once more with its signature. An upstream that never ends them must not fill our memory, so all of it counts against the
one bound of the stream's ``AnswerContext``. What the bound is, and what comes of a stream that goes past it, is decided
by the relay.
"""

from __future__ import annotations

from sys import getsizeof

from msgspec.structs import astuple

from penstock.core.chat import (
    Audio,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    VendorBlock,
)
from penstock.core.chat_answer import (
    ArgumentsDelta,
    BlockBegin,
    BlockEnd,
    CitationDelta,
    RefusalDelta,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
)
from penstock.core.chat_format import AnswerContext

BLOCK_BYTES = 1024
"""What keeping the state of a block, a call or a choice costs beside its texts: not less than it takes."""
_EVENT_BYTES = 256
_PLACE_BYTES = 16
"""Of a piece in a list that grows."""
_NUMBER_BYTES = 40

BlockEvent = (
    BlockBegin | TextDelta | ThinkingDelta | SignatureDelta | ArgumentsDelta | RefusalDelta | CitationDelta | BlockEnd
)
AnswerBlock = Text | Thinking | RedactedThinking | Refusal | ToolCall | Image | Audio | VendorBlock


class HeldText:
    """Pieces of a text that is given out whole."""

    __slots__ = ("_hold", "_release", "_size_bytes", "pieces")

    def __init__(self, context: AnswerContext) -> None:
        """Hold nothing yet; what is held counts against the bound of ``context``."""
        self._hold = context.hold
        self._release = context.release
        self._size_bytes = 0
        self.pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Hold one more piece.

        Raises:
            TooMuchHeldError: the stream makes us hold more than it may.
        """
        size_bytes = getsizeof(piece) + _PLACE_BYTES
        self._size_bytes += size_bytes
        self._hold(size_bytes)
        self.pieces.append(piece)

    def take(self) -> str:
        """Return the whole text, and hold nothing any more."""
        text = "".join(self.pieces)
        self.drop()
        return text

    def drop(self) -> None:
        """Hold nothing any more."""
        self._release(self._size_bytes)
        self._size_bytes = 0
        self.pieces = []


def weigh_event(event: BlockEvent) -> int:
    """Return what holding an event costs, in bytes."""
    match event:
        case BlockBegin():
            return _EVENT_BYTES + weigh_block(event.block)
        case TextDelta():
            return _EVENT_BYTES + getsizeof(event.text) + sum(map(_weigh_token, event.logprobs or ()))
        case ThinkingDelta() | RefusalDelta():
            return _EVENT_BYTES + getsizeof(event.text)
        case ArgumentsDelta():
            return _EVENT_BYTES + getsizeof(event.fragment)
        case SignatureDelta():
            return _EVENT_BYTES + getsizeof(event.signature)
        case CitationDelta():
            cited = event.citation
            texts = (cited.url or "", cited.title or "", cited.cited_text or "")
            return 2 * _EVENT_BYTES + len(bytes(cited.raw)) + sum(map(getsizeof, texts))
        case BlockEnd():
            return _EVENT_BYTES


def _weigh_token(token: TokenLogprob) -> int:
    spelt = len(token.bytes or ()) * _NUMBER_BYTES
    return _EVENT_BYTES + getsizeof(token.token) + spelt + sum(map(_weigh_token, token.top))


def weigh_block(block: AnswerBlock) -> int:
    """Return what keeping a block costs, in bytes."""
    return BLOCK_BYTES + sum(map(getsizeof, _texts_of(block)))


def _texts_of(block: AnswerBlock) -> tuple[str | bytes, ...]:
    match block:
        case Text() | Thinking():
            return block.text, block.signature or ""
        case Refusal():
            return (block.text,)
        case RedactedThinking():
            return (block.data,)
        case ToolCall():
            return block.id, block.name, block.arguments, block.signature or ""
        case Image() | Audio():
            return tuple(filter(None, astuple(block.source)))
        case VendorBlock():
            return block.kind, bytes(block.raw)
