"""Structured output by a forced tool: the tool's call becomes the answer's text again.

A model that takes no JSON Schema for its answer can be made to call a tool whose input has that schema. The ``lower``
of a format adds the tool and says its name (``Lowered.json_tool``); here its call is turned into the text the caller
asked for, in whole answers and in streams alike. What the tool looks like in a format is that format's business.

The text of such an answer must be JSON alone. So once the tool has been called, other text of that choice and further
calls of the same tool are left out; text that came before it is held back until it is known which of the two it is.
Calls of the caller's own tools stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import msgspec

from penstock.core.chat import Block, Text, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    BlockBegin,
    BlockEnd,
    ChatAnswer,
    ChatEvent,
    Choice,
    End,
    Finish,
    FinishReason,
    StreamFailure,
    TextDelta,
)
from penstock.core.chat_format import AnswerContext
from penstock.wire.held_text import BLOCK_BYTES, BlockEvent, weigh_event

TOOL_NAME = "json_answer"
DESCRIPTION = (
    "Give the final answer by calling this tool. Its input is the answer itself, as the JSON object that was asked for."
)


def choose_tool_name(taken: Iterable[str]) -> str:
    """Return a name for the tool that none of the caller's tools has."""
    names = set(taken)
    name, number = TOOL_NAME, 2
    while name in names:
        name, number = f"{TOOL_NAME}_{number}", number + 1
    return name


def unwrap_answer(answer: ChatAnswer, tool_name: str) -> ChatAnswer:
    """Return the answer with the call of this tool as its text."""
    answer.choices = [_unwrap_choice(choice, tool_name) for choice in answer.choices]
    return answer


def _unwrap_choice(choice: Choice, tool_name: str) -> Choice:
    call = next((block for block in choice.blocks if isinstance(block, ToolCall) and block.name == tool_name), None)
    if call is None:
        return choice
    blocks: list[Block] = []
    for block in choice.blocks:
        if block is call:
            blocks.append(Text(call.arguments))
        elif not isinstance(block, Text) and not (isinstance(block, ToolCall) and block.name == tool_name):
            blocks.append(block)
    others = any(isinstance(block, ToolCall) for block in blocks)
    choice.blocks = blocks
    choice.finish = _finish(choice.finish, others=others)
    return choice


def _finish(reason: FinishReason, *, others: bool) -> FinishReason:
    """Say why the answer ended once the tool's call is text; other calls still want their results."""
    return "stop" if reason == "tool_calls" and not others else reason


_OF_CHOICE = (*get_args(BlockEvent), Finish)


class _ChoiceState:
    """What is known of one choice of a stream."""

    __slots__ = ("called", "context", "held", "held_bytes", "index", "left_out", "numbers", "others", "tool_index")

    def __init__(self, context: AnswerContext) -> None:
        context.hold(BLOCK_BYTES)
        self.context = context
        self.called = False
        self.others = False
        self.tool_index = -1
        """The tool's block, as the upstream numbers it."""
        self.index = 0
        """Blocks given out so far."""
        self.numbers: dict[int, int] = {}
        self.left_out: set[int] = set()
        self.held: list[BlockEvent] | None = None
        """Events since a first text block, while it is open what that text is."""
        self.held_bytes = 0

    def hold(self, event: BlockEvent) -> None:
        """Hold an event.

        Raises:
            TooMuchHeldError: the stream makes us hold more than it may.
        """
        size_bytes = weigh_event(event)
        self.context.hold(size_bytes)
        self.held_bytes += size_bytes
        if self.held is None:
            self.held = []
        self.held.append(event)

    def take_held(self) -> list[BlockEvent]:
        """Return what was held, and hold nothing any more."""
        held, self.held = self.held or [], None
        self.context.release(self.held_bytes)
        self.held_bytes = 0
        return held


class EventUnwrapper:
    """Does to the events of a stream what :func:`unwrap_answer` does to a whole answer."""

    __slots__ = ("_choices", "_context", "_tool_name")

    def __init__(self, tool_name: str, context: AnswerContext) -> None:
        """Unwrap the calls of the tool of this name; what is held back counts against the bound of ``context``."""
        self._tool_name = tool_name
        self._context = context
        self._choices: dict[int, _ChoiceState] = {}

    def unwrap(self, events: list[ChatEvent]) -> list[ChatEvent]:
        """Take the events that one piece of the stream gave; return those that may be passed on.

        Raises:
            TooMuchHeldError: more would have to be held back than the context allows.
        """
        passed: list[ChatEvent] = []
        for event in events:
            if isinstance(event, _OF_CHOICE):
                state = self._choices.get(event.choice)
                if state is None:
                    state = self._choices[event.choice] = _ChoiceState(self._context)
                if isinstance(event, Finish):
                    _release(state, passed)
                    passed.append(_unwrap_finish(event, state))
                else:
                    self._take(event, state, passed)
                continue
            if isinstance(event, End | StreamFailure):
                passed += self.close()
            passed.append(event)
        return passed

    def close(self) -> list[ChatEvent]:
        """Return what is still held back: the stream is over, whole or cut."""
        rest: list[ChatEvent] = []
        for state in self._choices.values():
            _release(state, rest)
        return rest

    def _take(self, event: BlockEvent, state: _ChoiceState, passed: list[ChatEvent]) -> None:
        if isinstance(event, BlockBegin):
            self._begin(event, state, passed)
        elif event.index == state.tool_index:
            _give(_as_text(event), state, passed)
        elif event.index not in state.left_out:
            if state.held is not None:
                state.hold(event)
            else:
                _give(event, state, passed)
        elif isinstance(event, BlockEnd):
            state.left_out.remove(event.index)

    def _begin(self, event: BlockBegin, state: _ChoiceState, passed: list[ChatEvent]) -> None:
        block = event.block
        if isinstance(block, ToolCall) and block.name == self._tool_name:
            if state.called:
                state.left_out.add(event.index)
                return
            state.called = True
            state.tool_index = event.index
            _release(state, passed, without_text=True)
            _give(BlockBegin(event.choice, event.index, Text(block.arguments)), state, passed)
        elif isinstance(block, Text) and state.called:
            state.left_out.add(event.index)
        elif isinstance(block, Text) and state.held is None:
            state.hold(event)
        elif isinstance(block, ToolCall):
            state.others = True
            _release(state, passed)  # the text before it announces that call
            _give(event, state, passed)
        elif state.held is not None:
            state.hold(event)
        else:
            _give(event, state, passed)


def _release(state: _ChoiceState, passed: list[ChatEvent], *, without_text: bool = False) -> None:
    """Give out what was held; without its text blocks when the tool's call is the text."""
    for event in state.take_held():
        if without_text and isinstance(event, BlockBegin) and isinstance(event.block, Text):
            state.left_out.add(event.index)
        if event.index not in state.left_out:
            _give(event, state, passed)


def _give(event: BlockEvent, state: _ChoiceState, passed: list[ChatEvent]) -> None:
    """Pass an event of a block on, under the number that leaves no gap."""
    index = state.numbers.get(event.index)
    if index is None:
        index = state.numbers[event.index] = state.index
        state.index += 1
    if isinstance(event, BlockEnd):
        del state.numbers[event.index]
    event.index = index
    passed.append(event)


def _as_text(event: BlockEvent) -> BlockEvent:
    if isinstance(event, ArgumentsDelta):
        return TextDelta(event.choice, event.index, event.fragment)
    return event


def _unwrap_finish(event: Finish, state: _ChoiceState) -> Finish:
    if not state.called:
        return event
    return msgspec.structs.replace(event, reason=_finish(event.reason, others=state.others))
