"""Answer an :class:`Ask`: call tools, write JSON that obeys a schema, or speak; then keep to the limits.

Tools that may be called are called until their results are there; then the answer is text that uses them. Which tools:
those whose names or descriptions share a word with the caller's last message, or else the first. The pieces of an
answer are its completion tokens, each counted once. Formats are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from penstock.simulator import tokens
from penstock.simulator.chance import chance, digest
from penstock.simulator.conversation import Ask, Tool
from penstock.simulator.prose import last_said, trailing_results, words_of, write_object, write_text
from penstock.simulator.schema.document import SchemaRefused
from penstock.simulator.schema.write import write_value
from penstock.simulator.thinking import write_thought

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
FILTERED_MODEL = "simulated-filtered"
"""In a model's name: a content filter ends its answers in the middle."""
ALOUD = "think aloud"
"""In the caller's last words: calls of tools have a text before them."""
ALOUD_TEXT = "Let me look that up with a tool (simulated)."
MAX_PARALLEL_CALLS = 8
MAX_ANSWER_TOKENS = 100_000
"""What an answer is cut at when the caller sets no limit."""


class UnanswerableSchema(Exception):
    """A schema of the request is malformed, not understood, or obeyed by nothing that was found."""

    def __init__(self, why: str, tool: Tool | None) -> None:
        """Take the reason, and the tool whose parameters it is about (None: the answer's own schema)."""
        super().__init__(why)
        self.why = why
        self.tool = tool


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, its arguments as the pieces of a JSON text."""

    id: str
    name: str
    pieces: tuple[str, ...]

    @property
    def arguments(self) -> str:
        """The arguments' JSON text."""
        return "".join(self.pieces)

    @property
    def values(self) -> object:
        """The arguments as values; None where they were cut, as a text that is no JSON has none."""
        try:
            return msgspec.json.decode(self.arguments)
        except msgspec.DecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """One of the answers to a request: text, calls, or both."""

    pieces: tuple[str, ...]
    calls: tuple[Call, ...]
    finish: FinishReason
    thought: tuple[str, ...] = ()
    """Pieces of what was thought before."""
    stopped_at: str | None = None
    """The stop sequence that ended the text."""

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    def tokens(self) -> int:
        """Return what the reply counts for; a call's name counts like text."""
        return (
            len(self.thought)
            + len(self.pieces)
            + sum(tokens.count(call.name) + len(call.pieces) for call in self.calls)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """All replies to a request, and what they count for."""

    replies: tuple[Reply, ...]
    prompt_tokens: int

    def completion_tokens(self) -> int:
        """Return what all replies count for."""
        return sum(reply.tokens() for reply in self.replies)


def answer(ask: Ask) -> Answer:
    """Answer a request.

    Raises:
        UnanswerableSchema: no value could be written for a schema that must be obeyed.
    """
    return Answer(tuple(_reply(ask, number) for number in range(ask.answers)), ask.prompt_tokens())


def _reply(ask: Ask, number: int) -> Reply:
    thought = tokens.split(write_thought(ask)) if ask.thinks else ()
    most = MAX_ANSWER_TOKENS if ask.max_tokens is None else ask.max_tokens
    if len(thought) > most:
        return Reply((), (), "length", thought[:most])
    return replace(_reply_after_thought(ask, number, most - len(thought)), thought=thought)


def _reply_after_thought(ask: Ask, number: int, max_tokens: int) -> Reply:
    called = _tools_to_call(ask)
    if called:
        said = tokens.split(ALOUD_TEXT) if ALOUD in last_said(ask).lower() else ()
        if len(said) > max_tokens:
            return Reply(said[:max_tokens], (), "length")
        calls = [_call(ask, tool, number, place) for place, tool in enumerate(called)]
        return replace(_limited_calls(calls, max_tokens - len(said)), pieces=said)
    reply = limited_text(_text(ask, number), ask.stop, max_tokens)
    if FILTERED_MODEL in ask.model:
        return replace(reply, pieces=reply.pieces[: len(reply.pieces) // 2], finish="content_filter", stopped_at=None)
    return reply


def _text(ask: Ask, number: int) -> str:
    wanted = ask.json_output
    if wanted is None:
        return write_text(ask, number)
    if wanted.schema is None:
        return msgspec.json.encode(write_object(ask, number)).decode()
    seed = ("answer", ask.model, last_said(ask), *ask.seed, number)
    try:
        return msgspec.json.encode(write_value(wanted.schema, *seed)).decode()
    except SchemaRefused as error:
        raise UnanswerableSchema(str(error), None) from error


def limited_text(text: str, stop: tuple[str, ...], max_tokens: int | None) -> Reply:
    """Cut a text before the first stop sequence, then at the number of tokens."""
    at, sequence = min(((place, one) for one in stop if (place := text.find(one)) >= 0), default=(len(text), None))
    pieces = tokens.split(text[:at])
    most = MAX_ANSWER_TOKENS if max_tokens is None else max_tokens
    if len(pieces) > most:
        return Reply(pieces[:most], (), "length")
    return Reply(pieces, (), "stop", stopped_at=sequence)


# --- tools


def _tools_to_call(ask: Ask) -> list[Tool]:
    if ask.tool_mode == "none" or not ask.callable_tools:
        return []
    if ask.tool_mode == "auto" and trailing_results(ask):
        return []
    said = set(_stems(last_said(ask)))
    matches = {
        tool.name: len(said.intersection(_stems(f"{tool.name} {tool.description}"))) for tool in ask.callable_tools
    }
    best = sorted(ask.callable_tools, key=lambda tool: -matches[tool.name])
    if not ask.parallel_calls or not matches[best[0].name]:
        return best[:1]
    return [tool for tool in best if matches[tool.name]][:MAX_PARALLEL_CALLS]


def _stems(text: str) -> Iterator[str]:
    """Yield the words that carry meaning, without their plural: short words match everything."""
    for word in words_of(text.replace("_", " ")):
        if len(word) > 3:
            yield word.lower().removesuffix("s")


def _call(ask: Ask, tool: Tool, number: int, place: int) -> Call:
    said = (ask.model, last_said(ask), len(ask.messages), *ask.seed, number, place)
    try:
        arguments = write_value(tool.parameters, "call", tool.name, *said)
    except SchemaRefused as error:
        raise UnanswerableSchema(str(error), tool) from error
    call_id = f"call_{digest('call id', tool.name, *said).hex()[:24]}"
    return Call(call_id, tool.name, tokens.split(msgspec.json.encode(arguments).decode()))


def _limited_calls(calls: list[Call], max_tokens: int) -> Reply:
    """Cut the calls at the number of tokens: the last one's arguments break off, as a real model's do."""
    left = max_tokens
    kept: list[Call] = []
    for call in calls:
        left -= tokens.count(call.name)
        if left < 0:
            return Reply((), tuple(kept), "length")
        kept.append(Call(call.id, call.name, call.pieces[:left]))
        left -= len(call.pieces)
        if left < 0:
            return Reply((), tuple(kept), "length")
    return Reply((), tuple(kept), "tool_calls")


def probability(piece: str, place: int) -> float:
    """Return an invented logarithm of the probability of a piece, fixed by the piece and its place."""
    return -round(chance("logprob", piece, place).expovariate(2.0), 6) or -0.000001
