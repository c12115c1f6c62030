from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator import tokens
from penstock.simulator.conversation import TOKENS_PER_MESSAGE, Ask, Message, Tool

MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    st.text(max_size=60),
    other_text=st.text(max_size=60),
    other_tokens=st.integers(min_value=0, max_value=200),
)


@given(st.lists(MESSAGES, max_size=5))
def test_the_lower_bound_is_never_above_the_count(messages: list[Message]) -> None:
    ask = Ask(vendor="", model="m", messages=tuple(messages))
    assert ask.fewest_prompt_tokens() <= ask.prompt_tokens()


@given(st.lists(MESSAGES, max_size=5), MESSAGES)
def test_a_prompt_counts_for_the_sum_of_its_messages(messages: list[Message], another: Message) -> None:
    before = Ask(vendor="", model="m", messages=tuple(messages)).prompt_tokens()
    after = Ask(vendor="", model="m", messages=(*messages, another)).prompt_tokens()
    assert after - before == another.tokens()


def test_texts_names_pictures_and_declared_tools_count() -> None:
    assert Message("user", "Hello, world").tokens() == TOKENS_PER_MESSAGE + 3
    assert Message("user", "Hello", other_text="f{}", other_tokens=85).tokens() == TOKENS_PER_MESSAGE + 1 + 85 + 2
    text = '{"name":"weather"}'
    tool = Tool("weather", "", {}, "tools[0].function.parameters", text)
    plain, offered = (Ask(vendor="", model="m", messages=(), tools=tools) for tools in ((), (tool,)))
    assert offered.prompt_tokens() - plain.prompt_tokens() == tokens.count(text)
