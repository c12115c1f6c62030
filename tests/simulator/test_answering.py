from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator import answering, tokens
from penstock.simulator.answering import UnanswerableSchema, answer, limited_text, probability
from penstock.simulator.conversation import Ask, JsonOutput, Message, Tool

CITY = {"type": "object", "properties": {"city": {"type": "string", "minLength": 3}}, "required": ["city"]}
IMPOSSIBLE = {"type": "object", "required": ["a"], "properties": {"a": False}}
WEATHER = Tool("get_weather", "Current temperature of a place", CITY, "tools[0].function.parameters", "{}")
ROUTE = Tool("plan_route", "How to travel from one place to another", CITY, "tools[1].function.parameters", "{}")
TOOLS = (WEATHER, ROUTE)


def ask(said: str = "Hello", *more: Message, **wanted: object) -> Ask:
    plain = Ask(vendor="", model="m", messages=(Message("user", said), *more))
    members = {name: getattr(plain, name) for name in Ask.__slots__}
    return Ask(**{**members, **wanted})


def with_tools(said: str, *more: Message, **wanted: object) -> Ask:
    return ask(said, *more, **{"tools": TOOLS, "callable_tools": TOOLS, **wanted})


def called(question: Ask) -> list[str]:
    return [call.name for reply in answer(question).replies for call in reply.calls]


@given(st.text(), st.lists(st.text(min_size=1, max_size=3), max_size=3), st.integers(min_value=0, max_value=50))
def test_a_limited_text_is_a_beginning_without_stops_and_within_its_tokens(
    text: str, stops: list[str], most: int
) -> None:
    reply = limited_text(text, tuple(stops), most)
    assert text.startswith(reply.text)
    assert not any(stop in reply.text for stop in stops)
    assert reply.tokens() == tokens.count(reply.text) <= most
    unlimited = limited_text(text, tuple(stops), None)
    assert reply.finish == ("stop" if reply.text == unlimited.text else "length")


def test_a_text_is_cut_at_the_bound_when_nobody_sets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MAX_ANSWER_TOKENS", 2)
    reply = limited_text("one two three", (), None)
    assert (reply.text, reply.finish) == ("one two", "length")


def test_so_many_answers_are_given_and_counted_as_are_asked_for() -> None:
    found = answer(ask(answers=3, max_tokens=5))
    assert len(found.replies) == 3
    assert found.completion_tokens() == 15
    assert found.prompt_tokens == ask().prompt_tokens()


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("What are temperatures in Bern?", ["get_weather"]),
        ("Travel with me", ["plan_route"]),
        ("The weather where I travel", ["get_weather", "plan_route"]),
        ("Hm", ["get_weather"]),
    ],
)
def test_tools_that_share_words_with_the_caller_are_called_or_else_the_first(said: str, names: list[str]) -> None:
    assert called(with_tools(said)) == names


def test_one_tool_at_a_time_when_the_caller_says_so() -> None:
    assert called(with_tools("The weather where I travel", parallel_calls=False)) == ["get_weather"]


@pytest.mark.parametrize(("mode", "names"), [("none", []), ("auto", []), ("required", ["get_weather"])])
def test_with_results_at_hand_only_those_who_must_call_again_do(mode: str, names: list[str]) -> None:
    assert called(with_tools("Weather?", Message("tool", "21"), tool_mode=mode)) == names


def test_arguments_obey_the_schema_and_calls_have_ids_of_their_own() -> None:
    found = answer(with_tools("The weather where I travel", answers=3))
    calls = [call for reply in found.replies for call in reply.calls]
    assert len({call.id for call in calls}) == len(calls) == 6
    for call in calls:
        jsonschema.validate(json.loads(call.arguments), CITY)
    assert {reply.finish for reply in found.replies} == {"tool_calls"}


@pytest.mark.parametrize("most", range(12))
def test_calls_are_cut_at_the_number_of_tokens(most: int) -> None:
    (full,) = answer(with_tools("Weather?")).replies
    (cut,) = answer(with_tools("Weather?", max_tokens=most)).replies
    assert cut.tokens() <= most or cut == full
    assert cut.finish == ("tool_calls" if full.tokens() <= most else "length")
    if cut.calls:
        assert full.calls[0].arguments.startswith(cut.calls[0].arguments)


@given(st.integers())
def test_json_obeys_the_schema_that_was_given(seed: int) -> None:
    (reply,) = answer(ask(json_output=JsonOutput("city", CITY), seed=(seed,))).replies
    jsonschema.validate(json.loads(reply.text), CITY)


def test_without_a_schema_any_object_will_do() -> None:
    (reply,) = answer(ask(json_output=JsonOutput())).replies
    assert json.loads(reply.text)["simulated"] is True


def test_a_schema_that_nothing_obeys_is_told_with_whose_it_is() -> None:
    with pytest.raises(UnanswerableSchema) as of_answer:
        answer(ask(json_output=JsonOutput("a", IMPOSSIBLE)))
    assert of_answer.value.tool is None
    tool = Tool("f", "", IMPOSSIBLE, "place", "{}")
    with pytest.raises(UnanswerableSchema) as of_tool:
        answer(ask(tools=(tool,), callable_tools=(tool,)))
    assert of_tool.value.tool is tool
    assert "'a'" in of_tool.value.why


@given(st.text(min_size=1, max_size=9), st.integers(min_value=0))
def test_probabilities_are_logarithms_of_probabilities(piece: str, place: int) -> None:
    assert probability(piece, place) < 0
    assert probability(piece, place) == probability(piece, place)


def test_the_sequence_that_stopped_a_text_is_told() -> None:
    reply = limited_text("one two END three STOP", ("STOP", "END"), None)
    assert (reply.text, reply.stopped_at, reply.finish) == ("one two ", "END", "stop")
    assert limited_text("one two END", ("END",), 1).stopped_at is None


def test_a_text_comes_before_calls_when_it_is_wanted_and_both_keep_the_limit() -> None:
    aloud = "Think aloud about the temperature"
    (reply,) = answer(with_tools(aloud)).replies
    assert (reply.text, reply.finish) == (answering.ALOUD_TEXT, "tool_calls")
    assert reply.calls
    for most in range(1, reply.tokens() + 1):
        (cut,) = answer(with_tools(aloud, max_tokens=most)).replies
        assert cut.tokens() <= most
        assert (cut.finish == "tool_calls") == (most == reply.tokens())


def test_an_answer_that_is_filtered_ends_in_the_middle() -> None:
    (cut,) = answer(ask(model=f"{answering.FILTERED_MODEL}-1")).replies
    assert cut.finish == "content_filter"
    assert cut.text
    assert not cut.text.endswith(".")
