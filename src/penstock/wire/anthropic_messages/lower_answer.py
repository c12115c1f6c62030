"""An answer in the neutral form to a caller of Anthropic's format, and the parts of it that a stream shows too.

One message of blocks in order. What the format has no block for is told in text: a refusal (the stop reason says what
it is), a picture (as Markdown with its bytes or address). Arguments of a tool that are no JSON object stand whole under
``INVALID_JSON``, the key that Anthropic's documentation gives for handing such arguments on; blocks that only another
vendor knows are left out. Gemini's signatures of calls and texts stand in ``extra_content``, the member that Google's
own OpenAI-compatible API has for them: clients send blocks back as they came, and the provider wants them then.
``input_tokens`` is the input without what was read from the cache or written to it.

https://platform.claude.com/docs/en/api/messages/create, .../build-with-claude/handling-stop-reasons,
.../agents-and-tools/tool-use/fine-grained-tool-streaming (read 2026-11-23), checked against the types of the Python SDK
2.12.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat import (
    Audio,
    Block,
    ChatRequest,
    Citation,
    Document,
    FileSource,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Source,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    VendorBlock,
)
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.usage import Usage
from penstock.wire.anthropic_messages.vocabulary import FORMAT, SHOWN_SERVICE_TIERS, STOP_WORDS

Shown = dict[str, object]

INVALID_JSON = "INVALID_JSON"
_EXPLANATIONS: Mapping[str, str] = MappingProxyType(
    {
        "content_filter": "The provider withheld the answer",
        "guardrail": "The provider withheld the answer",
        "malformed_tool_call": "The model's call of a tool could not be read",
        "error": "The provider did not complete the answer",
    }
)
"""Ends of other formats that this one calls a refusal: which it was is told beside the stop reason."""
_object: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def lower_answer(answer: ChatAnswer, _request: ChatRequest) -> bytes:
    """Render a whole answer; of several choices, which callers of this format cannot ask for, the first."""
    choice = answer.choices[0] if answer.choices else Choice(0, [], "unknown")
    content = [shown for shown in map(show_block, choice.blocks) if shown is not None]
    message = message_head(answer.id, answer.model)
    message["content"] = content
    message.update(stop(choice.finish, choice.word, choice.stop_sequence, choice.extras, set(map(type, choice.blocks))))
    message["usage"] = {
        "input_tokens": 0,
        "output_tokens": 0,
        **show_usage(answer.usage),
        **show_tier(answer.service_tier),
    }
    return msgspec.json.encode(message)


def message_head(id_: str, model: str) -> Shown:
    """Return the members that a message begins with."""
    return {
        "id": id_ if id_.startswith("msg_") else f"msg_{id_}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def stop(
    finish: FinishReason,
    word: str,
    sequence: str | None,
    extras: Mapping[str, msgspec.Raw],
    kinds: Collection[type[Block]],
) -> Shown:
    """Return the members that say why an answer ended.

    ``extras`` are what the vendor says beside the reason, of which Anthropic's own details are repeated; ``kinds``
    those of the answer's blocks.
    """
    if finish in {"stop", "unknown"}:  # some vendors say so even of calls and refusals
        finish = "refusal" if Refusal in kinds else "tool_calls" if ToolCall in kinds else finish
    shown: Shown = {"stop_reason": STOP_WORDS[finish], "stop_sequence": sequence}
    if "stop_details" in extras:
        shown["stop_details"] = extras["stop_details"]
    elif finish in _EXPLANATIONS:
        explanation = f"{_EXPLANATIONS[finish]} ({word or finish})."
        shown["stop_details"] = {"type": "refusal", "category": None, "explanation": explanation}
    return shown


def show_usage(usage: Usage) -> Shown:
    """Return the counts that were reported, under this format's names."""
    shown: Shown = {}
    read, created = usage.cached_input_tokens, usage.cache_creation_tokens
    if usage.input_tokens is not None:
        shown["input_tokens"] = max(usage.input_tokens - (read or 0) - (created or 0), 0)
    if created is not None:
        shown["cache_creation_input_tokens"] = created
    if read is not None:
        shown["cache_read_input_tokens"] = read
    if usage.output_tokens is not None:
        shown["output_tokens"] = usage.output_tokens
    if usage.reasoning_tokens is not None:
        shown["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return shown


def show_tier(tier: str | None) -> Shown:
    """Return the tier that served the answer, where this format has a word for it."""
    word = SHOWN_SERVICE_TIERS.get(tier or "")
    return {} if word is None else {"service_tier": word}


# --- blocks


def show_block(block: Block) -> Shown | msgspec.Raw | None:
    """Return a block as this format has it; None for one that only another vendor knows."""
    match block:
        case Text():
            shown: Shown = {"type": "text", "text": block.text, **carry_signature(block.signature)}
            citations = [found for found in map(show_citation, block.citations) if found is not None]
            return {**shown, "citations": citations} if citations else shown
        case ToolCall():
            shown = {"type": "tool_use", "id": block.id, "name": block.name, "input": _input(block.arguments)}
            return {**shown, **carry_signature(block.signature)}
        case Thinking():
            return {"type": "thinking", "thinking": block.text, "signature": block.signature or ""}
        case RedactedThinking():
            return {"type": "redacted_thinking", "data": block.data}
        case VendorBlock():
            return block.raw if block.vendor == FORMAT else None
        case Refusal():
            return {"type": "text", "text": block.text}
        case Image() | Audio() | Document():
            return {"type": "text", "text": in_markdown(block)}
        case ToolResult():
            return None  # no model says these


def carry_signature(signature: str | None) -> Shown:
    """Return the member that takes Gemini's signature of a call or a text through a caller, who sends blocks back."""
    return {} if signature is None else {"extra_content": {"google": {"thought_signature": signature}}}


def show_citation(citation: Citation) -> Shown | msgspec.Raw | None:
    """Return a citation as this format has it; None for one that it has no form for."""
    if citation.vendor == FORMAT and bytes(citation.raw):
        return citation.raw
    if citation.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.cited_text or "",
        "encrypted_index": "",  # only Anthropic's own search has one
    }


def in_markdown(block: Image | Audio | Document) -> str:
    """Return media of an answer as text, since no block of this format can hold them."""
    kind = type(block).__name__.lower()
    mark = "!" if isinstance(block, Image) else ""
    return f"{mark}[{kind}]({_address(block.source)})"


def _address(source: Source) -> str:
    match source:
        case InlineData():
            return f"data:{source.media_type};base64,{source.data}"
        case FileSource():
            return source.file_id
        case TextSource():
            return source.text
        case _:
            return source.url


def _input(arguments: str) -> object:
    text = arguments.strip() or "{}"
    try:
        _object.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return {INVALID_JSON: arguments}
    return msgspec.Raw(text.encode())
