from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.conversation import Ask, Message
from penstock.simulator.prose import (
    MAX_WORDS,
    last_said,
    quoted,
    trailing_results,
    words_of,
    write_continuation,
    write_object,
    write_text,
)


def ask(*messages: Message, vendor: str = "OpenAI", seed: int = 0) -> Ask:
    return Ask(vendor=vendor, model="gpt-x", messages=messages, seed=(seed,))


def user(text: str) -> Message:
    return Message("user", text)


@given(st.text(max_size=300), st.integers(), st.integers(min_value=0, max_value=9))
def test_every_text_says_that_it_is_simulated_and_for_whom_it_stands(said: str, seed: int, number: int) -> None:
    text = write_text(ask(user(f"~{said}"), seed=seed), number)
    assert "imulat" in text
    assert "gpt-x of OpenAI" in text


@given(st.text(max_size=300), st.integers(), st.integers(min_value=0, max_value=9))
def test_the_same_request_gets_the_same_words(said: str, seed: int, number: int) -> None:
    one, other = (write_text(ask(user(said), seed=seed), number) for _ in range(2))
    assert one == other


def test_another_seed_and_another_answer_get_other_words() -> None:
    texts = {write_text(ask(user("Hello"), seed=seed), number) for seed in range(9) for number in range(4)}
    assert len(texts) > 4


@given(st.integers(min_value=1, max_value=2000))
def test_so_many_words_are_written_as_are_asked_for(wanted: int) -> None:
    text = write_text(ask(user(f"Write {wanted} words about rivers.")), 0)
    assert len(text.split()) == wanted


@pytest.mark.parametrize("said", ["a 50-word story", "50 words", "exactly 50 Words!"])
def test_a_number_of_words_is_found_as_people_write_it(said: str) -> None:
    assert len(write_text(ask(user(said)), 0).split()) == 50
    assert len(write_continuation("m", said).split()) == 50


def test_nobody_gets_more_words_than_the_bound() -> None:
    assert len(write_text(ask(user("999999 words")), 0).split()) == MAX_WORDS


def test_a_text_uses_instructions_results_and_what_was_said() -> None:
    text = write_text(
        ask(
            Message("system", "Be brief."),
            user("First"),
            Message("assistant", "Yes"),
            user("How warm is it?"),
            Message("assistant", calls=("c",)),
            Message("tool", "21 degrees", call_id="c", name="weather"),
        ),
        0,
    )
    for part in ("“Be brief.”", "“How warm is it?”", "The result of weather is: “21 degrees”", "message 2 from you"):
        assert part in text


def test_only_results_at_the_end_are_news() -> None:
    old, new = Message("tool", "old"), (Message("tool", "a"), Message("tool", "b"))
    assert trailing_results(ask(old, user("More"), *new)) == list(new)
    assert trailing_results(ask(*new, user("Thanks"))) == []


def test_the_last_words_are_the_user_s() -> None:
    assert last_said(ask(user("one"), user(" two "), Message("assistant", "three"))) == "two"
    assert last_said(ask(Message("system", "one"))) == ""


def test_an_object_says_that_it_is_simulated_and_has_the_results() -> None:
    said = write_object(ask(user("JSON"), Message("tool", "21", name="weather"), Message("tool", "x")), 0)
    assert said["simulated"] is True
    assert said["tool_results"] == {"weather": "21", "tool_1": "x"}
    assert "tool_results" not in write_object(ask(user("JSON")), 0)


@given(st.text(), st.text(max_size=40))
def test_a_continuation_says_that_it_is_simulated_and_is_fixed_by_its_prompt(prompt: str, seed: str) -> None:
    text = write_continuation("m", f"{prompt}!", seed)
    assert text == write_continuation("m", f"{prompt}!", seed)
    assert "simulated" in text or len(text.split()) < 4


@given(st.text(max_size=1000), st.integers(min_value=1, max_value=100))
def test_quotations_are_short_and_on_one_line(text: str, chars: int) -> None:
    found = quoted(text, chars)
    assert len(found) <= chars + 3
    assert "\n" not in found


def test_words_are_letters_and_digits_with_what_joins_them() -> None:
    assert words_of("Don't re-use x_y, or 3 «été»!") == ["Don't", "re-use", "x", "y", "or", "3", "été"]
    assert words_of("a b c", most=2) == ["a", "b"]
