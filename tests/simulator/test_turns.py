"""Turns made of blocks, in the common form."""

from __future__ import annotations

from penstock.simulator.turns import Block, Turn, as_messages


def test_results_of_tools_become_messages_behind_what_was_said() -> None:
    blocks = [
        Block("result", "sunny", tool_id="1"),
        Block("text", "and"),
        Block("text", "now?", other_text="x", other_tokens=2),
    ]
    said, result = as_messages(Turn("messages[2]", "user", blocks), {"1": "weather"}, call="call", result="result")
    assert (said.role, said.text, said.other_text, said.other_tokens) == ("user", "and\nnow?", "x", 2)
    assert (result.role, result.text, result.call_id, result.name) == ("tool", "sunny", "1", "weather")


def test_results_alone_say_nothing_else() -> None:
    turn = Turn("", "user", [Block("result", "a", tool_id="1"), Block("result", "b", tool_id="2")])
    assert [message.role for message in as_messages(turn, {}, call="call", result="result")] == ["tool", "tool"]


def test_calls_are_those_of_the_assistant() -> None:
    turn = Turn("", "assistant", [Block("text", "hm"), Block("call", tool_id="7", tool_name="f")])
    (said,) = as_messages(turn, {}, call="call", result="result")
    assert (said.role, said.calls) == ("assistant", ("7",))
