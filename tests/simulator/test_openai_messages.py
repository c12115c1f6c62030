from __future__ import annotations

import pytest

from penstock.simulator.conversation import Message
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.openai_messages import PART_TOKENS, read_messages, read_stop, refuse_members
from penstock.simulator.request_fields import Fields

CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "time", "arguments": "{}"}},
]
CALLING: dict[str, object] = {"role": "assistant", "content": None, "tool_calls": CALLS}
USER: dict[str, object] = {"role": "user", "content": "Hello"}


def result(call_id: str) -> dict[str, object]:
    return {"role": "tool", "tool_call_id": call_id, "content": "sunny"}


def read(*messages: object) -> tuple[Message, ...]:
    return read_messages(Fields({"messages": list(messages)}))


def refused(*messages: object) -> tuple[str | None, str | None]:
    """Return code and place of the refusal."""
    with pytest.raises(VendorError) as found:
        read(*messages)
    assert found.value.status == 400
    return found.value.code, found.value.param


@pytest.mark.parametrize(
    ("role", "read_as"), [("developer", "system"), ("system", "system"), ("user", "user"), ("assistant", "assistant")]
)
def test_roles_and_text(role: str, read_as: str) -> None:
    (message,) = read({"role": role, "content": "Hello"})
    assert (message.role, message.text) == (read_as, "Hello")


def test_parts_are_one_text_and_pictures_count_without_being_seen() -> None:
    (message,) = read(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "text", "text": "this?"},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            ],
        }
    )
    assert message.text == "What is\nthis?"
    assert message.other_tokens == PART_TOKENS["image_url"] + PART_TOKENS["input_audio"]


def test_results_know_which_tool_they_are_of() -> None:
    _, calling, one, two = read(USER, CALLING, result("call_2"), result("call_1"))
    assert calling.calls == ("call_1", "call_2")
    assert (one.name, two.name) == ("time", "weather")
    assert calling.tokens() > Message("assistant").tokens(), "calls count"


def test_the_older_function_messages_are_read() -> None:
    (message,) = read({"role": "function", "name": "weather", "content": "sunny"})
    assert (message.role, message.name) == ("tool", "weather")


@pytest.mark.parametrize(
    ("messages", "code", "place"),
    [
        ([], "empty_array", "messages"),
        (["hello"], "invalid_type", "messages[0]"),
        ([{"content": "x"}], "missing_required_parameter", "messages[0].role"),
        ([{"role": "robot", "content": "x"}], "invalid_value", "messages[0].role"),
        ([USER, {"role": "user"}], "missing_required_parameter", "messages[1].content"),
        ([{"role": "assistant"}], "missing_required_parameter", "messages[0].content"),
        ([{"role": "user", "content": 7}], "invalid_type", "messages[0].content"),
        (
            [{"role": "user", "content": [{"type": "text"}]}],
            "missing_required_parameter",
            "messages[0].content[0].text",
        ),
        (
            [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
            "invalid_value",
            "messages[0].content[0].type",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}],
            "invalid_type",
            "messages[0].content[0].image_url",
        ),
        ([{"role": "tool", "content": "x"}], "missing_required_parameter", "messages[0].tool_call_id"),
        ([{"role": "function", "content": "x"}], "missing_required_parameter", "messages[0].name"),
        (
            [{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "x"}}]}],
            "missing_required_parameter",
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_malformed_message_is_refused_with_its_place(messages: list[object], code: str, place: str) -> None:
    assert refused(*messages) == (code, place)


def test_a_request_without_messages_is_refused() -> None:
    with pytest.raises(VendorError, match="'messages'"):
        read_messages(Fields({}))


@pytest.mark.parametrize(
    ("messages", "place"),
    [
        ([USER, result("call_1")], "messages[1].role"),
        ([USER, CALLING], "messages[1].role"),
        ([USER, CALLING, result("call_1")], "messages[2].role"),
        ([USER, CALLING, result("call_1"), USER, result("call_2")], "messages[2].role"),
        ([USER, CALLING, result("call_1"), result("call_3")], "messages[3].role"),
    ],
)
def test_calls_and_results_belong_together(messages: list[object], place: str) -> None:
    assert refused(*messages) == (None, place)


@pytest.mark.parametrize(
    ("given", "stops"), [(None, ()), ("", ()), ("END", ("END",)), (["a", "b"], ("a", "b")), (["a"] * 4, ("a",) * 4)]
)
def test_stops_are_one_or_several(given: object, stops: tuple[str, ...]) -> None:
    assert read_stop(Fields({"stop": given}), most=4) == stops


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        (1, "invalid_type", "stop"),
        (["a", 1], "invalid_type", "stop[1]"),
        (["a"] * 5, "array_above_max_length", "stop"),
        ([], "empty_array", "stop"),
    ],
)
def test_other_stops_are_refused(given: object, code: str, place: str) -> None:
    with pytest.raises(VendorError) as found:
        read_stop(Fields({"stop": given}), most=4)
    assert (found.value.code, found.value.param) == (code, place)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({**USER, "thinking_blocks": []}, "messages[1].thinking_blocks"),
        ({**CALLING, "tool_calls": [*CALLS, {"thinking_blocks": 1}]}, "messages[1].tool_calls[2].thinking_blocks"),
    ],
)
def test_members_that_a_vendor_does_not_know_are_refused_with_their_place(message: object, place: str) -> None:
    with pytest.raises(VendorError) as found:
        refuse_members(Fields({"messages": [USER, message]}), frozenset({"thinking_blocks"}))
    assert (found.value.status, found.value.param) == (400, place)
    refuse_members(Fields({"messages": [USER, message]}), frozenset({"extra_content"}))
