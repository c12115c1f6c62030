"""Every fault of the simulator, through the gateway, as the official Python client sees it."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from penstock.simulator.faults import FAULTS, PREFIX
from tests.clients.conversation import fresh, words
from tests.clients.fault_table import ROWS, Answered, BrokenOff, Outcome, Refused
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.reading import finish_reasons_of, words_in

WORDS = 40


@pytest.fixture(scope="module")
def blocking_client(setting: Setting) -> Iterator[OpenAI]:
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        yield client


def model_of(fault: str) -> str:
    return fresh(ROWS[fault].model or PREFIX + fault)


def messages_for(fault: str) -> list[ChatCompletionMessageParam]:
    prefill: list[ChatCompletionMessageParam] = [{"role": "assistant", "content": "Once"}]
    return [*words(WORDS), *(prefill if fault == "refuses-prefill" else [])]


def refused(error: openai.APIStatusError) -> Refused:
    return Refused(type(error), error.status_code, error.code, "retry-after" in error.response.headers)


def see_whole(client: OpenAI, fault: str) -> Outcome:
    try:
        answer = client.chat.completions.create(model=model_of(fault), messages=messages_for(fault))
    except openai.APIStatusError as error:
        return refused(error)
    choice = answer.choices[0]
    assert len((choice.message.content or "").split()) == WORDS
    return Answered(choice.finish_reason)


def see_stream(client: OpenAI, fault: str) -> Outcome:
    chunks: list[ChatCompletionChunk] = []
    try:
        with client.chat.completions.create(model=model_of(fault), messages=messages_for(fault), stream=True) as stream:
            for chunk in stream:
                chunks.append(chunk)  # noqa: PERF402 - what came before an error counts
    except openai.APIStatusError as error:
        assert not chunks
        return refused(error)
    except openai.APIError as error:
        assert words_in(chunks) > 0
        return BrokenOff(str(error.code))
    assert words_in(chunks) == WORDS
    return Answered(next(iter(finish_reasons_of(chunks)), None))


def test_every_fault_has_its_row_and_every_row_its_fault() -> None:
    assert list(ROWS) == [fault.name for fault in FAULTS]


@pytest.mark.parametrize("fault", ROWS)
def test_a_caller_who_waits_for_a_whole_answer_sees(blocking_client: OpenAI, fault: str) -> None:
    assert see_whole(blocking_client, fault) == ROWS[fault].whole


@pytest.mark.parametrize("fault", ROWS)
def test_a_caller_who_reads_a_stream_sees(blocking_client: OpenAI, fault: str) -> None:
    assert see_stream(blocking_client, fault) == ROWS[fault].stream


def test_the_gateway_is_idle_and_well_after_all_of_that(blocking_client: OpenAI, setting: Setting) -> None:
    setting.wait_until_idle()
    assert see_whole(blocking_client, "early-hints") == Answered()
