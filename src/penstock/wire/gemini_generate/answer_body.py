"""The answer of ``generateContent``, which is also each event of its stream, as msgspec reads it.

Members that Penstock does not read are ignored, and null is absent. What a part means is said here once, for whole
answers and for streams: which block it is, and ids for calls that have none. https://ai.google.dev/api/generate-content
and https://ai.google.dev/api/caching#Part (read 2026-11-23), checked against the types of google-genai 3.4.
"""

from __future__ import annotations

import hashlib
from operator import attrgetter
from sys import getsizeof

import msgspec

from penstock.core.chat import Audio, Image, InlineData, ToolCall, VendorBlock
from penstock.core.chat_answer import FinishReason, TokenLogprob
from penstock.core.chat_format import AnswerContext
from penstock.wire.gemini_generate.errors import GoogleError
from penstock.wire.gemini_generate.usage import UsageMetadata
from penstock.wire.gemini_generate.vocabulary import BLOCK_REASONS, FINISH_REASONS, FORMAT

NOTHING = msgspec.Raw(b"")
_UNSAID = (NOTHING, msgspec.Raw(b"null"))
"""A member that is not there, or null."""


class FunctionCall(msgspec.Struct, rename="camel"):
    """A call; arguments in pieces (``partialArgs``) come only to who asks for them, and we do not."""

    name: str
    id: str | None = None
    args: msgspec.Raw = NOTHING
    partial_args: msgspec.Raw = NOTHING


class Blob(msgspec.Struct, rename="camel"):
    """Bytes of media."""

    data: str
    mime_type: str = "application/octet-stream"


class Part(msgspec.Struct, rename="camel"):
    """A piece of what was said. One member says what it is; ``thought`` and the signature stand beside it."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    executable_code: msgspec.Raw = NOTHING
    code_execution_result: msgspec.Raw = NOTHING
    file_data: msgspec.Raw = NOTHING
    tool_call: msgspec.Raw = NOTHING
    tool_response: msgspec.Raw = NOTHING


class Content(msgspec.Struct):
    """What a candidate said."""

    parts: list[Part] | None = None


class LogprobBody(msgspec.Struct, rename="camel"):
    """A token."""

    token: str = ""
    log_probability: float | None = None


class TopBody(msgspec.Struct):
    """The tokens that were likely at one place."""

    candidates: list[LogprobBody] | None = None


class LogprobsBody(msgspec.Struct, rename="camel"):
    """``logprobsResult``."""

    chosen_candidates: list[LogprobBody] | None = None
    top_candidates: list[TopBody] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One of the answers."""

    content: Content | None = None
    finish_reason: str | None = None
    index: int | None = None
    logprobs_result: LogprobsBody | None = None
    finish_message: msgspec.Raw = NOTHING
    safety_ratings: msgspec.Raw = NOTHING
    grounding_metadata: msgspec.Raw = NOTHING
    citation_metadata: msgspec.Raw = NOTHING
    url_context_metadata: msgspec.Raw = NOTHING
    avg_logprobs: msgspec.Raw = NOTHING


class PromptFeedback(msgspec.Struct, rename="camel"):
    """Why the prompt was refused."""

    block_reason: str | None = None


class Answer(msgspec.Struct, rename="camel"):
    """The whole answer, or an event."""

    candidates: list[Candidate] | None = None
    prompt_feedback: msgspec.Raw = NOTHING
    usage_metadata: UsageMetadata | None = None
    response_id: str | None = None
    model_version: str | None = None
    create_time: str | None = None
    error: GoogleError | None = None


_decode_answer = msgspec.json.Decoder(Answer).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_feedback = msgspec.json.Decoder(PromptFeedback).decode

_EXTRAS = {
    "finish_message": "finishMessage",
    "safety_ratings": "safetyRatings",
    "grounding_metadata": "groundingMetadata",
    "citation_metadata": "citationMetadata",
    "url_context_metadata": "urlContextMetadata",
    "avg_logprobs": "avgLogprobs",
}
_members_of = attrgetter(*_EXTRAS)
_NO_EXTRAS = (NOTHING,) * len(_EXTRAS)
_ID_BYTES = 128
"""Of an id in a set that grows."""
_VENDOR_PARTS = {
    "executable_code": "executableCode",
    "code_execution_result": "codeExecutionResult",
    "file_data": "fileData",
    "tool_call": "toolCall",
    "tool_response": "toolResponse",
}


def decode_answer(data: bytes) -> Answer:
    """Read a whole answer, or an event. Counts that are not what Google documents are left out: the answer counts more.

    Raises:
        ValueError: not the format.
    """
    try:
        return _decode_answer(data)
    except msgspec.ValidationError as error:
        refused = error
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error
    try:
        members = _decode_members(data)
        if members.pop("usageMetadata", None) is not None:
            return _decode_answer(msgspec.json.encode(members))
    except RecursionError:
        pass
    raise refused


def is_said(raw: msgspec.Raw) -> bool:
    """Whether a member is there and not null."""
    return raw not in _UNSAID


def extras_of(candidate: Candidate) -> dict[str, msgspec.Raw]:
    """Return what Google says of a candidate alone, by Google's names."""
    found = _members_of(candidate)
    if found == _NO_EXTRAS:
        return {}
    return {name: raw for name, raw in zip(_EXTRAS.values(), found, strict=True) if raw not in _UNSAID}


def block_reason(answer: Answer) -> str | None:
    """Return the word for why the prompt was refused; None when it was not."""
    if not is_said(answer.prompt_feedback):
        return None
    return _decode_feedback(answer.prompt_feedback).block_reason or None


def refusal_of_prompt(word: str, context: AnswerContext) -> FinishReason:
    """Return what a ``blockReason`` means."""
    if word not in BLOCK_REASONS:
        context.note(f"blockReason={word}")
    return BLOCK_REASONS.get(word, "content_filter")


def finish_of(word: str, context: AnswerContext, *, calls: bool) -> FinishReason:
    """Return what a ``finishReason`` means; ``calls``: the candidate called functions."""
    try:
        reason = FINISH_REASONS[word]
    except KeyError:
        context.note(f"finishReason={word}")
        return "unknown"
    return "tool_calls" if calls and reason == "stop" else reason


class Calls(msgspec.Struct, gc=False):
    """Gives the calls of one answer their ids: Google's, else ones of our own that any replay makes alike."""

    context: AnswerContext
    given: set[str] = set()

    def read(self, part: Part, call: FunctionCall) -> ToolCall:
        """Return the call of a part; its arguments without the white space that Google's answers have.

        Raises:
            ValueError: its arguments come in pieces.
        """
        if is_said(call.partial_args):
            msg = "the arguments of a function call come in pieces, which was not asked for"
            raise ValueError(msg)
        arguments = msgspec.json.format(bytes(call.args), indent=-1).decode() if is_said(call.args) else "{}"
        return ToolCall(self._id(call.id), call.name, arguments, part.thought_signature)

    def _id(self, given: str | None) -> str:
        if not given or given in self.given:
            source = f"{self.context.request_id}:{len(self.given)}".encode()
            given = f"call_{hashlib.blake2s(source, digest_size=12).hexdigest()}"
        self.context.hold(getsizeof(given) + _ID_BYTES)
        self.given.add(given)
        return given


def media_block(part: Part, blob: Blob) -> Image | Audio | VendorBlock:
    """Return a picture or a sound that the model made; of media of another kind, Google's own part."""
    source = InlineData(blob.mime_type, blob.data)
    if blob.mime_type.startswith("image/"):
        return Image(source)
    if blob.mime_type.startswith("audio/"):
        return Audio(source)
    return _vendor_block("inlineData", msgspec.Raw(msgspec.json.encode(blob)), part)


def vendor_block(part: Part) -> VendorBlock | None:
    """Return a part that only Google knows (code it ran, its own tools); None when nothing we know is in it."""
    for field, name in _VENDOR_PARTS.items():
        raw = getattr(part, field)
        if is_said(raw):
            return _vendor_block(name, raw, part)
    return None


def _vendor_block(name: str, raw: msgspec.Raw, part: Part) -> VendorBlock:
    """Keep the whole part, with the signature it must be sent back with."""
    members: dict[str, object] = {name: raw}
    if part.thought_signature is not None:
        members["thoughtSignature"] = part.thought_signature
    return VendorBlock(FORMAT, name, msgspec.Raw(msgspec.json.encode(members)))


def logprobs_of(result: LogprobsBody) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens with their alternatives; None when there are none."""
    if not result.chosen_candidates:
        return None
    tops = result.top_candidates or []
    return tuple(
        _token(chosen, tuple(_token(top) for top in (tops[place].candidates or ()) if top.log_probability is not None))
        if place < len(tops)
        else _token(chosen)
        for place, chosen in enumerate(result.chosen_candidates)
    )


def _token(body: LogprobBody, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    logprob = 0.0 if body.log_probability is None else body.log_probability  # proto3 leaves 0 (certainty) out
    return TokenLogprob(body.token, logprob, tuple(body.token.encode()), top)
