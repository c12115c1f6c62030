"""Messages as Cohere's turns.

https://docs.cohere.com/reference/chat, ``…/docs/tool-use-overview``, ``…/docs/reasoning``, ``…/docs/image-inputs``
(read 2026-11-23). What the API wants and callers do not always give:

* The system prompt is the first turn; system and developer messages from the middle are moved there.
* A result of a tool is a turn of its own, in front of what the user says besides. Results cannot be marked as errors:
  the text of one that failed becomes ``{"error": text}``, since the content is meant to be the text of a JSON object.
* What the assistant says before it calls tools is its ``tool_plan``.
* Documents are beside the conversation (``documents``), and are plain text.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import (
    Audio,
    Block,
    Document,
    Image,
    InlineData,
    Message,
    RedactedThinking,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire import search_result
from penstock.wire.cohere_chat.vocabulary import DETAILS, ROLES

Turn = dict[str, object]
NO_OUTPUT = "(no output)"
"""What an empty result of a tool says: messages without content are refused."""


class Turns:
    """Puts the turns of one request together, and the documents that were in them."""

    __slots__ = ("_facts", "_losses", "documents", "turns")

    def __init__(self, facts: ModelFacts, losses: Losses) -> None:
        """Begin without a turn."""
        self._facts = facts
        self._losses = losses
        self.turns: list[Turn] = []
        self.documents: list[Turn] = []

    def add(self, messages: list[Message]) -> None:
        """Write the messages.

        Raises:
            InvalidRequest: nothing is left to be asked, or there is content that this API cannot be given.
        """
        system = self._system(messages)
        for message in messages:
            if message.name is not None:
                self._losses.at(f"{message.at}.name", "participants have no names here")
            if message.role == "user":
                self._user(message)
            elif message.role == "assistant":
                self._assistant(message)
        if not self.turns and system:
            self._losses.at(messages[0].at, "Cohere needs a turn of the user: sent as one", "moved")
            self.turns.append({"role": ROLES["user"], "content": _joined(system)})
        elif system:
            self.turns.insert(0, {"role": ROLES["system"], "content": _joined(system)})
        if not self.turns:
            msg = "The conversation has no content that this model could answer."
            raise InvalidRequest(msg, code="empty_conversation", param="messages")

    def _system(self, messages: list[Message]) -> list[Turn]:
        parts: list[Turn] = []
        begun = False
        for message in messages:
            if message.role not in {"system", "developer"}:
                begun = True
                continue
            if begun:
                self._losses.at(message.at, "moved into the system prompt, in front of the conversation", "moved")
            for block in message.blocks:
                if not isinstance(block, Text):
                    raise _unsupported(block, "a system prompt can only be text")
                parts += self._text(block)
        return parts

    def _user(self, message: Message) -> None:
        parts: list[Turn] = []
        for block in message.blocks:
            if isinstance(block, ToolResult):
                if parts:
                    self._losses.at(block.at, "results of tools come in front of the user's turn", "moved")
                self.turns.append(self._result(block))
            else:
                parts += self._user_part(block)
        if parts:
            self.turns.append({"role": ROLES["user"], "content": _joined(parts)})

    def _user_part(self, block: Block) -> list[Turn]:
        match block:
            case Text():
                return self._text(block)
            case Image():
                return [self._image(block)]
            case Document():
                self._no_marker(block)
                self.documents.append(_document(block))
                self._losses.at(block.at, "documents stand beside the conversation at Cohere", "moved")
                return []
            case VendorBlock(kind=search_result.KIND):
                return self._text(search_result.read_text(block, self._losses))
            case VendorBlock():
                raise _unsupported(block, f"a block of type {block.kind} cannot be given to it")
            case _:
                raise _unsupported(block, f"{type(block).__name__.lower()} content cannot be given to it")

    def _text(self, block: Text) -> list[Turn]:
        self._no_marker(block)
        if block.signature:
            self._losses.at(block.at, "the signature on this text is another vendor's")
        if block.citations:
            self._losses.at(f"{block.at}.citations", "citations are not sent back")
        return [{"type": "text", "text": block.text}] if block.text else []

    def _no_marker(self, block: Text | Image | Audio | Document | ToolCall | ToolResult) -> None:
        if block.cache is not None:
            self._losses.at(f"{block.at}.cache_control", "Cohere decides itself what it caches")

    def _image(self, block: Image) -> Turn:
        self._no_marker(block)
        match block.source:
            case InlineData():
                url = f"data:{block.source.media_type};base64,{block.source.data}"
            case UrlSource() if block.source.url.startswith(("https://", "http://")):
                url = block.source.url
            case _:
                raise _unsupported(block, "a picture must be in the request or at a web address")
        picture = {"url": url}
        if block.detail in DETAILS:
            picture["detail"] = block.detail
        elif block.detail is not None:
            self._losses.at(block.at, "Cohere knows low, high and auto detail", "approximated")
        return {"type": "image_url", "image_url": picture}

    # --- results of tools

    def _result(self, block: ToolResult) -> Turn:
        self._no_marker(block)
        parts: list[Turn] = []
        for item in block.content:
            match item:
                case Text():
                    parts += self._text(item)
                case Document():
                    parts.append({"type": "document", "document": _document(item)})
                case VendorBlock(kind=search_result.KIND):
                    parts += self._text(search_result.read_text(item, self._losses))
                case _:
                    raise _unsupported(item, "a result of a tool is text or documents")
        content: object = _joined(parts) if parts else ""
        texts = [item.text for item in block.content if isinstance(item, Text)]
        if block.is_error and len(texts) == len(block.content):
            self._losses.at(f"{block.at}.is_error", "Cohere does not mark errors: said in the content", "approximated")
            content = msgspec.json.encode({"error": "\n".join(texts)}).decode()
        elif block.is_error:
            self._losses.at(f"{block.at}.is_error", "Cohere does not mark errors")
        if not content:
            why = "a result must say something: a text that there is none was sent"
            self._losses.at(block.at, why, "approximated")
            content = NO_OUTPUT
        return {"role": "tool", "tool_call_id": block.call_id, "content": content}

    # --- the assistant's turns

    def _assistant(self, message: Message) -> None:
        parts: list[Turn] = []
        calls: list[Turn] = []
        for block in message.blocks:
            if isinstance(block, ToolCall):
                calls.append(self._call(block))
            else:
                parts += self._assistant_part(block)
        turn: Turn = {"role": ROLES["assistant"]}
        if calls:
            plan = "".join(str(part["text"]) for part in parts if part["type"] == "text")
            parts = [part for part in parts if part["type"] != "text"]
            turn["tool_calls"] = calls
            if plan:
                turn["tool_plan"] = plan
        if parts:
            turn["content"] = _joined(parts)
        if calls or parts:
            self.turns.append(turn)

    def _assistant_part(self, block: Block) -> list[Turn]:
        match block:
            case Text():
                return self._text(block)
            case Refusal():
                self._losses.at(block.at, "a refusal is text here", "approximated")
                return [{"type": "text", "text": block.text}]
            case Thinking():
                return self._thinking(block)
            case RedactedThinking():
                self._losses.at(block.at, "only the vendor that wrote this thinking can read it")
                return []
            case VendorBlock():
                self._losses.at(block.at, f"only {block.vendor} knows a {block.kind}")
                return []
            case _:
                raise _unsupported(block, f"its assistant does not say {type(block).__name__.lower()} content")

    def _thinking(self, block: Thinking) -> list[Turn]:
        if self._facts.thinking == "none":
            self._losses.at(block.at, "this model does not think")
            return []
        if block.signature:
            self._losses.at(block.at, "the signature of this thinking is another vendor's", "approximated")
        return [{"type": "thinking", "thinking": block.text}] if block.text else []

    def _call(self, block: ToolCall) -> Turn:
        self._no_marker(block)
        if block.signature:
            self._losses.at(block.at, "the signature on this call is another vendor's")
        function = {"name": block.name, "arguments": block.arguments.strip() or "{}"}
        return {"id": block.id, "type": "function", "function": function}


def _joined(parts: list[Turn]) -> object:
    """Return the content of a turn: the plain text when that is all there is."""
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts


def _document(block: Document) -> Turn:
    if not isinstance(block.source, TextSource):
        raise _unsupported(block, "its documents are plain text")
    data = {"title": block.title, "context": block.context, "text": block.source.text}
    return {"data": {name: value for name, value in data.items() if value}}


def _unsupported(block: Block, why: str) -> InvalidRequest:
    msg = f'"{block.at}" cannot be sent to this model: {why}.'
    return InvalidRequest(msg, code="unsupported_content", param=block.at)
