"""What a simulated provider is asked, in no vendor's format.

The readers of wire formats build an :class:`Ask`; the writer of answers sees nothing else. A new wire format therefore
brings a reader and a renderer, and no new way to answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from penstock.simulator import tokens

Role = Literal["system", "user", "assistant", "tool"]
ToolMode = Literal["none", "auto", "required"]
TOKENS_PER_MESSAGE = 3
"""What a message costs besides its words."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. ``text`` is all of its text parts together."""

    role: Role
    text: str = ""
    calls: tuple[str, ...] = ()
    """Ids of the tool calls that an assistant's message makes."""
    call_id: str | None = None
    """The call that a tool's message answers."""
    name: str = ""
    """The tool that a tool's message speaks for, where that is known."""
    other_text: str = ""
    """What else is counted as text: names and arguments of calls."""
    other_tokens: int = 0
    """What parts that are not text count for."""

    def fewest_tokens(self) -> int:
        """Return a lower bound of the message's tokens that needs no reading."""
        return self.other_tokens + tokens.at_least(len(self.text) + len(self.other_text))

    def tokens(self) -> int:
        """Return what the message counts for."""
        return TOKENS_PER_MESSAGE + self.other_tokens + tokens.count(self.text) + tokens.count(self.other_text)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that may be called; ``place`` is where the request declares its parameters."""

    name: str
    description: str
    parameters: object
    place: str
    text: str
    """The declaration as JSON, for counting."""


@dataclass(frozen=True, slots=True)
class JsonOutput:
    """JSON is asked for: of a schema, or any object when ``schema`` is None."""

    name: str = "answer"
    schema: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request for an answer."""

    vendor: str
    """The provider's name, for people; empty when it is the simulator itself."""
    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_mode: ToolMode = "auto"
    callable_tools: tuple[Tool, ...] = ()
    """The tools that may be called now; a choice of the caller leaves fewer than are declared."""
    parallel_calls: bool = True
    json_output: JsonOutput | None = None
    answers: int = 1
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    seed: tuple[object, ...] = field(default=())
    thinks: bool = False
    """Whether thoughts are wanted before the answer."""

    def prompt_tokens(self) -> int:
        """Return what the whole prompt counts for."""
        declared = sum(tokens.count(tool.text) for tool in self.tools)
        return TOKENS_PER_MESSAGE + declared + sum(message.tokens() for message in self.messages)

    def fewest_prompt_tokens(self) -> int:
        """Return a lower bound of that, without reading the texts."""
        return sum(message.fewest_tokens() for message in self.messages)
