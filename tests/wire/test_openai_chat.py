"""OpenAI chat to the neutral form and back keeps everything; its two sides agree, and the SDK agrees with both."""

from __future__ import annotations

import json

import httpx2
import msgspec
import openai
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import Block, Message, ToolResult
from penstock.core.chat_answer import ChatAnswer, ChatEvent
from penstock.core.chat_format import AnswerContext
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.wire.framing.sse import EventSplitter, event_data
from penstock.wire.openai_chat.caller import CALLER
from penstock.wire.openai_chat.upstream import UPSTREAM
from tests.wire.chat_oracles import check_openai_answer, check_openai_request, check_openai_stream
from tests.wire.chat_requests import answers, events_of, openai_requests
from tests.wire.chat_vector import check_order

REQUEST = CALLER.lift(JsonObject(b'{"messages":[{"role":"user","content":"Hello"}],"stream":true}'))
COUNTING = CALLER.lift(
    JsonObject(
        b'{"messages":[{"role":"user","content":"Hello"}],"stream":true,"stream_options":{"include_usage":true}}'
    )
)


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="req_test", created=5)


def without_places(messages: list[Message]) -> list[Message]:
    """Return messages as if they came from nowhere: where they stood may change on the way, what they say may not."""
    return [msgspec.structs.replace(message, at="", blocks=list(map(_nowhere, message.blocks))) for message in messages]


def _nowhere(block: Block) -> Block:
    if isinstance(block, ToolResult):
        content = tuple(msgspec.structs.replace(inner, at="") for inner in block.content)
        block = msgspec.structs.replace(block, content=content)
    return msgspec.structs.replace(block, at="")


@given(openai_requests())
def test_a_request_says_the_same_after_the_neutral_form(request: dict[str, object]) -> None:
    lifted = CALLER.lift(JsonObject(json.dumps(request).encode()))
    lowered = UPSTREAM.lower(lifted, "m", ModelFacts())
    again = CALLER.lift(JsonObject(lowered.body))
    assert not lowered.losses
    check_openai_request(json.loads(lowered.body))
    assert without_places(again.messages) == without_places(lifted.messages)
    for name in set(lifted.__struct_fields__) - {"messages", "paths"}:
        assert getattr(again, name) == getattr(lifted, name), name


@given(answers())
def test_an_answer_says_the_same_after_the_wire(answer: ChatAnswer) -> None:
    body = CALLER.lower_answer(answer, REQUEST)
    check_openai_answer(body)
    again = UPSTREAM.lift_answer(body, context())
    again.vendor = answer.vendor
    assert again == answer


def decode(stream: bytes) -> list[ChatEvent]:
    decoder = UPSTREAM.decoder(context())
    events: list[ChatEvent] = []
    for block in EventSplitter().feed(stream)[1]:
        events += decoder.decode("", event_data(block) or b"")
    return events + decoder.close()


@given(answers())
def test_a_stream_says_the_same_after_the_wire(answer: ChatAnswer) -> None:
    encoder = CALLER.encoder(COUNTING, context())
    stream = b"".join(map(encoder.encode, events_of(answer)))
    check_openai_stream(stream)
    events = decode(stream)
    check_order(events)
    again = CALLER.encoder(COUNTING, context())
    assert b"".join(map(again.encode, events)) == stream


def as_the_sdk_reads(stream: bytes) -> dict[str, object]:
    """Return the message that the SDK's own helper puts together from a stream, as its user sends it back."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with openai.OpenAI(api_key="x", base_url="http://x/v1", http_client=http) as client:
        with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}]) as events:
            completion = events.get_final_completion()
    return completion.choices[0].message.model_dump(exclude_none=True)


@given(answers(most_choices=1).filter(lambda answer: answer.choices[0].finish in {"stop", "tool_calls"}))
def test_a_turn_comes_back_through_the_sdk_with_its_calls_and_signatures(answer: ChatAnswer) -> None:
    encoder = CALLER.encoder(COUNTING, context())
    message = as_the_sdk_reads(b"".join(map(encoder.encode, events_of(answer))))
    body = json.dumps({"messages": [{"role": "user", "content": "x"}, message]}).encode()
    (turn,) = without_places(CALLER.lift(JsonObject(body)).messages[1:])
    assert turn.blocks == answer.choices[0].blocks


@given(answers(most_choices=1), st.data())
def test_a_stream_that_is_cut_off_has_no_end(answer: ChatAnswer, data: st.DataObject) -> None:
    encoder = CALLER.encoder(REQUEST, context())
    pieces = [piece for event in events_of(answer) if (piece := encoder.encode(event))]
    kept = pieces[: data.draw(st.integers(0, len(pieces) - 2))]  # without the finish, and without [DONE]
    stream = b"".join(kept)
    check_order(decode(stream))
    assert not [event for event in decode(stream) if type(event).__name__ in {"End", "Finish"}]
