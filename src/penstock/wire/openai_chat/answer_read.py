"""An upstream's chat answers and chunks, as msgspec reads them: lenient, for "compatible" vendors are many.

Unknown members are ignored and nulls are absent. Beside OpenAI's members: ``reasoning_content`` and ``reasoning``
(DeepSeek, vLLM, OpenRouter), thinking as parts of the content (Mistral), and the extensions that ``answer_body``
writes. What they mean is the work of ``lift_answer`` and ``decode_events``.

https://developers.openai.com/api/reference/resources/chat, https://api-docs.deepseek.com/guides/thinking_mode,
https://docs.mistral.ai/capabilities/reasoning (all read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat_answer import TokenLogprob


class Part(msgspec.Struct):
    """A part of content; Mistral's thinking is a list of further parts."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    thinking: str | list[Part] | None = None


class Function(msgspec.Struct):
    """A called function, or a piece of the call; some vendors send arguments as an object."""

    name: str | None = None
    arguments: str | dict[str, msgspec.Raw] | None = None


class Google(msgspec.Struct):
    """Google's own."""

    thought_signature: str | None = None


class Extra(msgspec.Struct):
    """What vendors add."""

    google: Google | None = None


class Call(msgspec.Struct):
    """A call of a tool, or a piece of it; ``index`` only in streams, and not from everyone."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: Function | None = None
    extra_content: Extra | None = None


class ThinkingBlock(msgspec.Struct):
    """A member of ``thinking_blocks``."""

    type: str = "thinking"
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None


class UrlCitation(msgspec.Struct):
    """Where a stretch of the content comes from."""

    url: str | None = None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class Annotation(msgspec.Struct):
    """A note on the content."""

    type: str = ""
    url_citation: UrlCitation | None = None


class Message(msgspec.Struct):
    """A message of an answer, or what a chunk adds to it."""

    content: str | list[Part] | None = None
    reasoning_content: str | None = None
    reasoning: str | dict[str, msgspec.Raw] | list[msgspec.Raw] | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    annotations: list[Annotation] | None = None
    extra_content: Extra | None = None


class TopToken(msgspec.Struct):
    """An alternative token."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None


class Token(TopToken):
    """A token of the answer."""

    top_logprobs: list[TopToken] | None = None


class Logprobs(msgspec.Struct):
    """The tokens of a choice, or of a chunk."""

    content: list[Token] | None = None


class Choice(msgspec.Struct):
    """One answer."""

    index: int = 0
    message: Message | None = None
    delta: Message | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Answer(msgspec.Struct):
    """A whole answer, or a chunk of one."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: dict[str, object] | None = None
    service_tier: str | None = None
    error: dict[str, object] | str | None = None


_decoder = msgspec.json.Decoder(Answer)


def decode_answer(data: bytes) -> Answer:
    """Return an answer or a chunk.

    Raises:
        ValueError: not JSON, or not such an object.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not a chat completion: {error}"
        raise ValueError(msg) from error


def shown_reasoning(message: Message) -> str:
    """Return reasoning that the vendor shows, whatever it calls it."""
    if message.reasoning_content is not None:
        return message.reasoning_content
    return message.reasoning if isinstance(message.reasoning, str) else ""


def arguments_text(function: Function) -> str:
    """Return the text of arguments; of an object, its JSON."""
    arguments = function.arguments
    if isinstance(arguments, dict):
        return msgspec.json.encode(arguments).decode()
    return arguments or ""


def thought_in(part: Part) -> str:
    """Return the text of a part that is thinking."""
    if isinstance(part.thinking, list):
        return "".join([inner.text or "" for inner in part.thinking])
    return part.thinking or part.text or ""


def signature_of(extra: Extra | None) -> str | None:
    """Return Gemini's signature."""
    return None if extra is None or extra.google is None else extra.google.thought_signature or None


def tokens_of(logprobs: Logprobs | None) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens; None when the vendor says nothing of them."""
    if logprobs is None or logprobs.content is None:
        return None
    return tuple(
        TokenLogprob(
            token.token,
            token.logprob,
            token.bytes,
            tuple(TokenLogprob(top.token, top.logprob, top.bytes) for top in token.top_logprobs or ()),
        )
        for token in logprobs.content
    )
