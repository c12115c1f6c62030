"""Messages as Gemini's ``contents`` and ``systemInstruction``.

Gemini knows two speakers, who take turns: neighbouring messages of one speaker are joined. Results of tools are parts
of the user's turn (``functionResponse``), by the name of the function, which is found by the id of the call. The order
of the parts of a model's turn stays as it was, because signatures belong to places.

Signatures (https://ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11-23): a signature goes back on the
part that carried it. Gemini 3 and later refuse a turn whose first call has none; a call that another model made gets
the documented stand-in. Thinking goes back as a part marked ``thought``, as Google's SDK sends it, with a signature
only when Gemini made it. These models also name calls by ids; older ones match results by name and order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from penstock.core.chat import (
    Audio,
    Block,
    ChatRequest,
    Document,
    Image,
    Message,
    RedactedThinking,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire import search_result
from penstock.wire.call_ids import CallsById
from penstock.wire.gemini_generate.lower_media import Part, media_part
from penstock.wire.gemini_generate.vocabulary import FORMAT, SIGNATURE_MARK, SKIP_SIGNATURE, callers_name, takes_levels

Content = dict[str, object]

_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NO_MARKERS = "Gemini caches by itself and takes no markers"


def lower_contents(request: ChatRequest, facts: ModelFacts, losses: Losses) -> tuple[list[Part], list[Content]]:
    """Return the parts of ``systemInstruction`` and the ``contents``.

    Raises:
        InvalidRequest: a result of a call that nobody made, arguments that are not a JSON object, or a block that
            Gemini cannot read.
    """
    return _Contents(request, facts, losses).lower()


class _Contents:
    """The conversation so far."""

    __slots__ = ("_contents", "_facts", "_losses", "_media", "_names", "_parts", "_request", "_role", "_system")

    def __init__(self, request: ChatRequest, facts: ModelFacts, losses: Losses) -> None:
        self._request = request
        self._facts = facts
        self._losses = losses
        self._names: CallsById[str] = CallsById()
        self._media: list[Part] = []
        """Of results of tools, until the results of the turn are all there: nothing may stand between them."""
        self._system: list[Part] = []
        self._contents: list[Content] = []
        self._role = ""
        self._parts: list[Part] = []
        """Of the latest turn, whose role that is."""

    def lower(self) -> tuple[list[Part], list[Content]]:
        for message in self._request.messages:
            if message.name is not None:
                self._losses.at(f"{message.at}.name", "Gemini has no names of participants")
            if message.role in {"system", "developer"}:
                self._add_system(message)
            else:
                self._add_turn(message)
        if not self._contents and self._system:
            self._losses.at(self._request.messages[0].at, "Gemini needs a turn of the user: sent as one", "moved")
            return [], [{"role": "user", "parts": self._system}]
        if not self._contents:
            msg = "The conversation is empty: at least one message must say something."
            raise InvalidRequest(msg, code="empty_conversation", param=self._request.path("messages"))
        return self._system, self._contents

    def _add_system(self, message: Message) -> None:
        if self._contents:
            self._losses.at(message.at, "Gemini takes instructions only before the conversation", "moved")
        for block in message.blocks:
            if not isinstance(block, Text):
                msg = "Instructions for Gemini can only be text."
                raise InvalidRequest(msg, code="unsupported_content", param=block.at)
            self._system += self._text(block)

    def _add_turn(self, message: Message) -> None:
        role = "model" if message.role == "assistant" else "user"
        if role == "user":
            self._names.end_turn()
        parts: list[Part] = []
        for block in message.blocks:
            parts += self._lower_block(block)
        if self._media:
            parts += self._media
            self._media = []
        if role == "model" and takes_levels(self._facts):
            self._sign(parts, message.blocks)
        if not parts:
            return
        if self._role == role:
            self._parts += parts
            return
        self._role, self._parts = role, parts
        self._contents.append({"role": role, "parts": parts})

    def _sign(self, parts: Iterable[Part], blocks: Iterable[Block]) -> None:
        """Give the first call of a turn the stand-in for a signature, if it has none."""
        part = next((part for part in parts if "functionCall" in part), None)
        if part is None or "thoughtSignature" in part:
            return
        part["thoughtSignature"] = SKIP_SIGNATURE
        call = next(block for block in blocks if isinstance(block, ToolCall))
        self._losses.at(call.at, "Gemini did not make this call: its check of signatures is skipped", "approximated")

    # --- blocks

    def _lower_block(self, block: Block) -> list[Part]:
        if isinstance(block, Text):
            return self._text(block)
        self._drop_marker(block)
        match block:
            case Image() | Audio():
                return [media_part(block, self._request.vendor, self._facts, self._losses)]
            case Document():
                return self._document(block)
            case ToolCall():
                return [self._call(block)]
            case ToolResult():
                return self._result(block)
            case Thinking():
                return self._thinking(block)
            case RedactedThinking():
                self._losses.at(block.at, "only the vendor that wrote this thinking can read it")
                return []
            case Refusal():
                self._losses.at(block.at, "Gemini does not tell a refusal from other text", "approximated")
                return [{"text": block.text}] if block.text else []
            case VendorBlock():
                return self._vendor_block(block)
        assert_never(block)

    def _drop_marker(self, block: Block) -> None:
        if getattr(block, "cache", None) is not None:
            self._losses.at(f"{block.at}.cache_control", _NO_MARKERS)

    def _text(self, block: Text) -> list[Part]:
        if block.cache is not None:
            self._drop_marker(block)
        if block.citations:
            self._losses.at(f"{block.at}.citations", "Gemini takes no citations back")
        if block.signature is not None:
            return [{"text": block.text, "thoughtSignature": block.signature}]
        return [{"text": block.text}] if block.text else []  # Gemini refuses empty text

    def _document(self, block: Document) -> list[Part]:
        if block.cite:
            self._losses.at(f"{block.at}.citations", "Gemini does not cite documents of the request")
        said: list[Part] = []
        if block.context is not None:
            self._losses.at(
                f"{block.at}.context", "Gemini has no place for it beside a document: sent as text", "moved"
            )
            said = [{"text": block.context}]
        if block.title is not None and isinstance(block.source, TextSource):
            title = callers_name(self._request.vendor, "title")
            self._losses.at(f"{block.at}.{title}", "a document that is plain text has no title here")
        return [*said, media_part(block, self._request.vendor, self._facts, self._losses)]

    def _call(self, block: ToolCall) -> Part:
        self._names.add(block.id, block.name)
        try:
            _arguments.decode(block.arguments or "{}")
        except (msgspec.DecodeError, RecursionError) as error:
            msg = "The arguments of a tool call must be the text of a JSON object."
            raise InvalidRequest(msg, code="invalid_tool_arguments", param=block.at) from error
        call: Part = {"name": block.name, "args": msgspec.Raw((block.arguments or "{}").encode())}
        if takes_levels(self._facts):
            call["id"] = block.id
        return {"functionCall": call, **({"thoughtSignature": block.signature} if block.signature else {})}

    def _result(self, block: ToolResult) -> list[Part]:
        name = self._names.answered_by(block.call_id)
        if name is None:
            msg = f"No earlier message calls a tool with the id {block.call_id!r}, so this cannot be its result."
            raise InvalidRequest(msg, code="tool_result_without_call", param=block.at)
        texts: list[str] = []
        media: list[Part] = []
        for item in block.content:
            for part in self._lower_block(item):
                said = part.get("text")
                if isinstance(said, str):
                    texts.append(said)
                else:
                    media.append(part)
        response: Part = {"name": name, "response": {"error" if block.is_error else "output": "\n".join(texts)}}
        if takes_levels(self._facts):
            response["id"] = block.call_id
            if media:
                response["parts"] = media
        elif media:
            self._losses.at(block.at, "this model takes only text from a tool: media follow the results", "moved")
            self._media += media
        return [{"functionResponse": response}]

    def _thinking(self, block: Thinking) -> list[Part]:
        ours = block.signature is not None and block.signature.startswith(SIGNATURE_MARK)
        if block.signature and not ours:
            self._losses.at(f"{block.at}.signature", "another vendor made it")
        if not block.text and not ours:
            return []
        signature = {"thoughtSignature": block.signature[len(SIGNATURE_MARK) :]} if ours and block.signature else {}
        return [{"text": block.text, "thought": True, **signature}]

    def _vendor_block(self, block: VendorBlock) -> list[Part]:
        if block.kind == search_result.KIND:
            return self._text(search_result.read_text(block, self._losses))
        if block.kind == "document":
            msg = "Gemini takes no documents that are made of blocks."
            raise InvalidRequest(msg, code="unsupported_content", param=block.at)
        if block.vendor != FORMAT:
            self._losses.at(block.at, f"only {block.vendor} knows a {block.kind}")
            return []
        try:
            return [_arguments.decode(block.raw)]  # type: ignore[list-item]  # a dict of Raw is a dict of objects
        except msgspec.DecodeError as error:
            msg = "A part of Gemini's own must be a JSON object."
            raise InvalidRequest(msg, param=block.at) from error
