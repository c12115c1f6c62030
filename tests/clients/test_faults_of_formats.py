"""The simulator's faults in the formats of providers that do not speak OpenAI's, as both official clients see them.

What is seen must be of the same kind as in ``fault_table``: whose fault it is, and above all that no part of an answer
looks like all of it. The words of a refusal differ by vendor and are not looked at here. Slow and huge answers do not
depend on the format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from penstock.simulator.faults import PREFIX
from tests.clients.conversation import fresh, user
from tests.clients.fault_table import ROWS, Answered, BrokenOff, Outcome, Refused
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.reading import words_in
from tests.clients.test_anthropic_faults import messages_for as anthropic_messages_for
from tests.clients.test_anthropic_faults import words_of
from tests.clients.test_faults import WORDS, messages_for

FORMATS = ("anthropic", "bedrock", "bedrock-anthropic", "cohere-native", "gemini-native")
ANTHROPICS = ("anthropic", "bedrock-anthropic")
"""Those whose answers reach a client of Anthropic's as they are."""
FAULTS = [name for name, row in ROWS.items() if not row.model and name not in {"huge-body", "huge-event", "gzip-bomb"}]
BROKEN_OFF = "broken off"
STREAMS: Mapping[tuple[str, str], object] = MappingProxyType(
    {
        **{(one, "wrong-content-length"): BROKEN_OFF for one in FORMATS},
        # There the last event says both why the answer ended and that it has
        **{(one, "no-done"): BROKEN_OFF for one in ("cohere-native", "gemini-native")},
        **{(one, "no-finish"): BROKEN_OFF for one in ("bedrock", "cohere-native", "gemini-native")},
    }
)
"""What a reader of a stream sees otherwise than with a provider that speaks OpenAI's format."""
UNREADABLE = {("anthropic", "no-usage"), ("bedrock-anthropic", "no-usage")}
"""What reaches Anthropic's client as it is and is no answer to it: without counts."""
FRAMED_STREAMS: Mapping[str, object] = MappingProxyType(
    {
        "gzip": 502,  # nobody asked for frames to be compressed
    }
)
"""What a client of Anthropic's sees otherwise of events that are taken out of AWS's frames."""


@pytest.fixture(scope="module")
def client(setting: Setting) -> Iterator[OpenAI]:
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as one:
        yield one


def model_of(name: str, fault: str) -> str:
    return f"{name}/{fresh(PREFIX + fault)}"


def kind_of(outcome: Outcome) -> object:
    match outcome:
        case Answered():
            return "answered"
        case Refused():
            return outcome.status
        case BrokenOff():
            return BROKEN_OFF


def whole_seen_by_openai(client: OpenAI, name: str, fault: str) -> object:
    try:
        answer = client.chat.completions.create(model=model_of(name, fault), messages=messages_for(fault))
    except openai.APIStatusError as error:
        return error.status_code
    [choice] = answer.choices
    if choice.finish_reason == "content_filter":
        return "filtered"
    assert len((choice.message.content or "").split()) == WORDS
    return "answered"


def stream_seen_by_openai(client: OpenAI, name: str, fault: str) -> object:
    chunks = []
    try:
        with client.chat.completions.create(
            model=model_of(name, fault), messages=messages_for(fault), stream=True
        ) as stream:
            for chunk in stream:
                chunks.append(chunk)  # noqa: PERF402 - what came before an error counts
    except openai.APIStatusError as error:
        assert not chunks
        return error.status_code
    except openai.APIError:
        assert words_in(chunks) > 0
        return BROKEN_OFF
    if [choice.finish_reason for choice in chunks[-1].choices] == ["content_filter"]:
        return "filtered"
    assert words_in(chunks) == WORDS
    return "answered"


def expected(name: str, fault: str, *, streamed: bool) -> object:
    if (name, fault) == ("gemini-native", "content-filter"):
        return "filtered"  # Gemini says so in an answer that has no content
    if streamed and (name, fault) in STREAMS:
        return STREAMS[name, fault]
    return kind_of(ROWS[fault].stream if streamed else ROWS[fault].whole)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", FORMATS)
def test_an_openai_client_sees(client: OpenAI, name: str, fault: str) -> None:
    assert whole_seen_by_openai(client, name, fault) == expected(name, fault, streamed=False)
    assert stream_seen_by_openai(client, name, fault) == expected(name, fault, streamed=True)


def whole_seen_by_anthropic(claude: Anthropic, name: str, fault: str) -> object:
    try:
        message = claude.messages.create(
            model=model_of(name, fault), max_tokens=500, messages=anthropic_messages_for(fault)
        )
    except anthropic.APIStatusError as error:
        return error.status_code
    assert words_of(message) == WORDS
    return "answered"


def stream_seen_by_anthropic(claude: Anthropic, name: str, fault: str) -> object:
    seen = False
    try:
        with claude.messages.stream(
            model=model_of(name, fault), max_tokens=500, messages=anthropic_messages_for(fault)
        ) as stream:
            for _ in stream.text_stream:
                seen = True
            message = stream.get_final_message()
    except anthropic.APIStatusError as error:
        return BROKEN_OFF if seen else error.status_code
    assert words_of(message) == WORDS
    return "answered"


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for name in ANTHROPICS for fault in FAULTS if (name, fault) not in UNREADABLE]
)
def test_an_anthropic_client_sees(claude: Anthropic, name: str, fault: str) -> None:
    streamed = expected(name, fault, streamed=True)
    if name == "bedrock-anthropic":
        streamed = FRAMED_STREAMS.get(fault, streamed)
    assert whole_seen_by_anthropic(claude, name, fault) == expected(name, fault, streamed=False)
    assert stream_seen_by_anthropic(claude, name, fault) == streamed


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", [*FORMATS, "bedrock-key"])
def test_a_refusal_of_the_gateways_own_credential_is_not_the_callers(
    client: OpenAI, claude: Anthropic, name: str, *, streamed: bool
) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=f"refused/{name}", messages=user("Hello"), stream=streamed)
    assert (caught.value.status_code, caught.value.code) == (502, "upstream_credential_rejected")
    with pytest.raises(anthropic.InternalServerError) as refused:
        claude.messages.create(
            model=f"refused/{name}", max_tokens=5, messages=[{"role": "user", "content": "Hello"}], stream=streamed
        )
    assert (refused.value.status_code, refused.value.error_code) == (502, "upstream_credential_rejected")
