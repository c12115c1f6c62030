"""Every fault of the simulator as the official Anthropic client sees it: the same table, through a translation.

What the provider refuses keeps its status; what the gateway itself must say keeps its code. A stream that breaks is
never a whole message.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message, MessageParam

from penstock.simulator.faults import PREFIX
from tests.clients.conversation import fresh
from tests.clients.fault_table import ROWS, Answered, BrokenOff, Outcome, Refused

WORDS = 40
QUESTION: list[MessageParam] = [{"role": "user", "content": f"Write {WORDS} words."}]
PREFILL: list[MessageParam] = [{"role": "assistant", "content": "Once"}]


BOUNDED: Mapping[str, tuple[object, object]] = MappingProxyType(
    {"huge-body": (502, 502), "huge-event": ("answered", ("broken off", "upstream_invalid"))}
)
"""Faults that a relay of bytes lets pass: what is translated must be held, and that is bounded. Whole, and streamed."""


def model_of(fault: str) -> str:
    return fresh(ROWS[fault].model or PREFIX + fault)


def messages_for(fault: str) -> list[MessageParam]:
    return [*QUESTION, *(PREFILL if fault == "refuses-prefill" else [])]


def words_of(message: Message) -> int:
    return sum(len(block.text.split()) for block in message.content if block.type == "text")


def see_whole(client: Anthropic, fault: str) -> object:
    try:
        message = client.messages.create(model=model_of(fault), max_tokens=500, messages=messages_for(fault))
    except anthropic.APIStatusError as error:
        return error.status_code
    assert words_of(message) == WORDS
    return "answered"


def see_stream(client: Anthropic, fault: str) -> object:
    seen = 0
    try:
        with client.messages.stream(model=model_of(fault), max_tokens=500, messages=messages_for(fault)) as stream:
            for text in stream.text_stream:
                seen += bool(text)
            message = stream.get_final_message()
    except anthropic.APIStatusError as error:
        return error.status_code if not seen else ("broken off", error.error_code)
    assert words_of(message) == WORDS
    return "answered"


def told(outcome: Outcome) -> object:
    match outcome:
        case Answered():
            return "answered"
        case Refused():
            return outcome.status
        case BrokenOff():
            return ("broken off", outcome.code if outcome.code.startswith("upstream_") else None)


@pytest.mark.parametrize("fault", ROWS)
def test_a_caller_who_waits_for_a_whole_answer_sees(claude: Anthropic, fault: str) -> None:
    expected = BOUNDED[fault][0] if fault in BOUNDED else told(ROWS[fault].whole)
    assert see_whole(claude, fault) == expected


@pytest.mark.parametrize("fault", ROWS)
def test_a_caller_who_reads_a_stream_sees(claude: Anthropic, fault: str) -> None:
    expected = BOUNDED[fault][1] if fault in BOUNDED else told(ROWS[fault].stream)
    assert see_stream(claude, fault) == expected
