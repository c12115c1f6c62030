"""Neutral events to the stream of OpenAI chat: ``chat.completion.chunk`` objects as server-sent events.

One event of the hot path (a piece of text, of thinking or of arguments) is one chunk: a prefix rendered once per
choice, the text as JSON, a fixed suffix. What comes when:

- The first chunk of a choice carries ``"role":"assistant"`` in front of what it has to say.
- A call begins with a chunk of its ``index`` (0, 1, 2 … among the calls of its choice), id, type, name and empty
  arguments, then one chunk per fragment; a call without any gets ``{}`` when it ends.
- ``thinking_blocks`` are said whole, when the block ends, and only if there is a signature to send back; each has an
  ``index``, by which the SDKs merge the members of lists. Until then ``reasoning_content`` shows the thinking.
- The counts are said in an own last chunk without choices, if the caller asked for it (then ``"usage":null`` stands in
  all others) and the provider reported any.
- ``[DONE]`` only when the upstream said that it has ended. An error is an event with ``error``, and the last.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23). Whole answers: ``lower_answer``.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import (
    Audio,
    ChatRequest,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    Ping,
    RefusalDelta,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, later_counts
from penstock.wire.framing.sse import render_event
from penstock.wire.held_text import BLOCK_BYTES, AnswerBlock, HeldText, weigh_block
from penstock.wire.openai_chat.answer_body import (
    CallBody,
    FunctionBody,
    annotation,
    audio_body,
    extra_content,
    image_body,
    logprobs_body,
    thinking_body,
)
from penstock.wire.openai_chat.lower_answer import finish_words
from penstock.wire.openai_chat.render_error import render_vendor_error
from penstock.wire.openai_chat.usage import usage_body
from penstock.wire.openai_chat.vocabulary import DEPRECATED_WORDS, calls_functions

_END_OF_STREAM = b"data: [DONE]\n\n"
_PING = b": ping\n\n"
_CONTENT = b'"content":'
_MOST_NAME_CHARS = 512
"""Of the names that stand in every chunk: a longer one is none, and would make each chunk as long."""
_encode = msgspec.json.Encoder().encode


class _Block:
    """A block that has begun: what must be known of it until it ends."""

    __slots__ = ("arguments", "block", "call", "signature", "texts", "weight_bytes")

    def __init__(self, block: AnswerBlock, call: int, context: AnswerContext) -> None:
        self.block = block
        self.weight_bytes = weigh_block(block)
        context.hold(self.weight_bytes)
        self.call = call
        """Number of a call among the calls of its choice."""
        self.arguments = False
        """Whether a call has had any."""
        self.texts = HeldText(context)
        self.signature = HeldText(context)


class _Choice:
    """One choice of the stream."""

    __slots__ = ("before_text", "begin", "blocks", "calls", "citations", "end", "images", "prefix", "said", "thoughts")

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        """A chunk up to the inside of its delta."""
        self.before_text = prefix + _CONTENT
        self.said = False
        self.blocks: dict[int, _Block] = {}
        self.calls = 0
        self.citations = 0
        self.images = 0
        self.thoughts = 0
        self.begin = 0
        """Where the present text block begins and ends in the content, in characters."""
        self.end = 0


class StreamEncoder:
    """Renders one stream; see the module for what it says when."""

    __slots__ = ("_choices", "_context", "_end", "_functions", "_head", "_suffix", "_tier", "_usage", "_wants_usage")

    def __init__(self, request: ChatRequest, context: AnswerContext) -> None:
        """Begin a stream that answers ``request``."""
        self._context = context
        self._wants_usage = request.wants_usage_event
        self._functions = calls_functions(request)
        self._choices: dict[int, _Choice] = {}
        self._usage = UNREPORTED
        self._tier: str | None = None
        self._end = b',"usage":null}\n\n' if request.wants_usage_event else b"}\n\n"
        self._suffix = b'},"finish_reason":null}]' + self._end
        self._head = b""
        self._begin(Begin(context.request_id, context.model))

    def encode(self, event: ChatEvent) -> bytes:
        """Take one event, and return the bytes it makes."""
        if type(event) is TextDelta:
            choice = self._choices.get(event.choice)
            if choice is None or not choice.said or event.logprobs is not None:
                return self._text(event)
            choice.end += len(event.text)
            return choice.before_text + _encode(event.text) + self._suffix
        if type(event) is UsageReport:
            return self._report(event)
        if type(event) is ArgumentsDelta:
            return self._arguments(event)
        if type(event) is ThinkingDelta:
            choice = self._choice(event.choice)
            shown = self._chunk(choice, b'"reasoning_content":' + _encode(event.text))
            choice.blocks[event.index].texts.add(event.text)  # now, since encoding has made it larger in memory
            return shown
        return self._rarer(event)

    def _rarer(self, event: ChatEvent) -> bytes:
        match event:
            case BlockBegin():
                return self._block_begin(event)
            case BlockEnd():
                return self._block_end(event)
            case SignatureDelta():
                self._choice(event.choice).blocks[event.index].signature.add(event.signature)
                return b""
            case RefusalDelta():
                return self._chunk(self._choice(event.choice), b'"refusal":' + _encode(event.text))
            case CitationDelta():
                return self._citation(event)
            case Finish():
                return self._finish(event)
            case Begin():
                self._begin(event)
                return b""
            case Ping():
                return _PING
            case StreamFailure():
                return render_event(render_vendor_error(event.error, self._context.request_id))
            case End():
                return self._usage_chunk() + _END_OF_STREAM
            case _:  # the hot path has taken these
                return b""

    # --- pieces

    def _text(self, event: TextDelta) -> bytes:
        choice = self._choice(event.choice)
        choice.end += len(event.text)
        delta = _CONTENT + _encode(event.text)
        if event.logprobs is None:
            return self._chunk(choice, delta)
        return self._chunk(choice, delta, b'},"logprobs":' + _encode(logprobs_body(event.logprobs)))

    def _arguments(self, event: ArgumentsDelta) -> bytes:
        choice = self._choice(event.choice)
        block = choice.blocks[event.index]
        if not event.fragment:
            return b""
        block.arguments = True
        return self._fragment(choice, block.call, event.fragment)

    def _fragment(self, choice: _Choice, call: int, fragment: str) -> bytes:
        if self._functions:
            return self._function(choice, call, b'{"arguments":%b}' % _encode(fragment))
        return self._chunk(
            choice, b'"tool_calls":[{"index":%d,"function":{"arguments":%b}}]' % (call, _encode(fragment))
        )

    def _function(self, choice: _Choice, call: int, said: bytes) -> bytes:
        """Say something of a call in the deprecated form, which has one."""
        return b"" if call else self._chunk(choice, b'"function_call":' + said)

    def _citation(self, event: CitationDelta) -> bytes:
        choice = self._choice(event.choice)
        found = annotation(event.citation, choice.begin, choice.end, choice.citations)
        if found is None:
            return b""
        choice.citations += 1
        return self._chunk(choice, b'"annotations":[' + _encode(found) + b"]")

    # --- blocks

    def _block_begin(self, event: BlockBegin) -> bytes:
        choice = self._choice(event.choice)
        block = event.block
        begun = choice.blocks[event.index] = _Block(block, choice.calls, self._context)
        match block:
            case Text():
                choice.begin = choice.end
                begun.signature.add(block.signature or "")
                return self._text(TextDelta(event.choice, event.index, block.text)) if block.text else b""
            case Thinking():
                begun.signature.add(block.signature or "")
                shown = b'"reasoning_content":' + _encode(block.text)
                begun.texts.add(block.text)
                return self._chunk(choice, shown) if block.text else b""
            case ToolCall():
                choice.calls += 1
                begun.arguments = bool(block.arguments)
                return self._call_begin(choice, begun.call, block)
            case Refusal():
                return self._chunk(choice, b'"refusal":' + _encode(block.text)) if block.text else b""
            case Image():
                return self._image(choice, block)
            case Audio():
                sound = audio_body(block, self._context.request_id)
                return b"" if sound is None else self._chunk(choice, b'"audio":' + _encode(sound))
            case _:  # redacted thinking is said when it ends; a vendor's own block has no place
                return b""

    def _call_begin(self, choice: _Choice, number: int, call: ToolCall) -> bytes:
        if self._functions:
            return self._function(choice, number, _encode(FunctionBody(call.name, call.arguments)))
        body = CallBody(
            index=number,
            id=call.id,
            function=FunctionBody(call.name, call.arguments),
            extra_content=extra_content(call.signature),
        )
        return self._chunk(choice, b'"tool_calls":[' + _encode(body) + b"]")

    def _image(self, choice: _Choice, image: Image) -> bytes:
        body = image_body(image, choice.images)
        if body is None:
            return b""
        choice.images += 1
        return self._chunk(choice, b'"images":[' + _encode(body) + b"]")

    def _block_end(self, event: BlockEnd) -> bytes:
        choice = self._choice(event.choice)
        ended = choice.blocks.pop(event.index)
        self._context.release(ended.weight_bytes)
        shown, signature = ended.texts.take(), ended.signature.take()
        match ended.block:
            case ToolCall():
                return b"" if ended.arguments else self._fragment(choice, ended.call, "{}")
            case Text() if signature:
                return self._chunk(choice, b'"extra_content":' + _encode(extra_content(signature)))
            case Thinking() if signature:
                return self._thought(choice, Thinking(shown, signature))
            case RedactedThinking() as redacted:
                return self._thought(choice, redacted)
            case _:
                return b""

    def _thought(self, choice: _Choice, block: Thinking | RedactedThinking) -> bytes:
        body = thinking_body(block, choice.thoughts)
        choice.thoughts += 1
        return self._chunk(choice, b'"thinking_blocks":[' + _encode(body) + b"]")

    # --- the frame

    def _begin(self, event: Begin) -> None:
        created = event.created if event.created is not None else self._context.created
        context = self._context
        self._head = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,' % (
            _encode(event.id if len(event.id) <= _MOST_NAME_CHARS else context.request_id),
            created,
            _encode(event.model if len(event.model) <= _MOST_NAME_CHARS else context.model),
        )
        if event.service_tier is not None and len(event.service_tier) <= _MOST_NAME_CHARS:
            self._head += b'"service_tier":%b,' % _encode(event.service_tier)
        self._choices.clear()

    def _choice(self, index: int) -> _Choice:
        choice = self._choices.get(index)
        if choice is None:
            prefix = self._head + b'"choices":[{"index":%d,"delta":{' % index
            self._context.hold(BLOCK_BYTES + 2 * len(prefix))
            choice = self._choices[index] = _Choice(prefix)
        return choice

    def _chunk(self, choice: _Choice, delta: bytes, logprobs: bytes | None = None) -> bytes:
        suffix = self._suffix if logprobs is None else logprobs + self._suffix[1:]
        if choice.said:
            return choice.prefix + delta + suffix
        choice.said = True
        return choice.prefix + b'"role":"assistant",' + delta + suffix

    def _finish(self, event: Finish) -> bytes:
        choice = self._choice(event.choice)
        reason, native = finish_words(event.reason, event.word, calls=choice.calls > 0)
        if self._functions:
            reason = DEPRECATED_WORDS.get(reason, reason)
        delta = b"" if choice.said else b'"role":"assistant","content":""'
        choice.said = True
        ending = b'},"finish_reason":' + _encode(reason)
        if native is not None:
            ending += b',"native_finish_reason":' + _encode(native)
        return choice.prefix + delta + ending + b"}]" + self._end

    def _report(self, event: UsageReport) -> bytes:
        """Keep the counts for the end."""
        if self._wants_usage:
            self._usage = later_counts(self._usage, event.usage)
        if event.service_tier is not None and b'"service_tier":' not in self._head:
            self._tier = event.service_tier
        return b""

    def _usage_chunk(self) -> bytes:
        body = usage_body(self._usage) if self._wants_usage else None
        if body is None:
            return b""
        tier = b"" if self._tier is None else b',"service_tier":' + _encode(self._tier)
        return self._head + b'"choices":[],"usage":' + _encode(body) + tier + b"}\n\n"
