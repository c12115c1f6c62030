"""Streams as callers of Anthropic's format read them: the SDK's events and its accumulation are the oracles."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from penstock.core.chat import (
    ChatRequest,
    Citation,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    VendorBlock,
)
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    Ping,
    RefusalDelta,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
    VendorError,
)
from penstock.core.chat_format import AnswerContext, TooMuchHeldError
from penstock.core.usage import Usage
from penstock.wire.anthropic_messages.encode_events import Encoder
from penstock.wire.framing.sse import EventSplitter, event_data

SDK_EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
BEGIN = Begin("msg_1", "a-model")


def encoder() -> Encoder:
    request = ChatRequest("anthropic_messages", {}, [], stream=True)
    return Encoder(request, AnswerContext(model="asked-model", request_id="req_1"))


def written(*events: ChatEvent) -> list[bytes]:
    """Encode events; return the blocks of the stream."""
    writer = encoder()
    stream = b"".join(writer.encode(event) for event in events)
    whole, blocks = EventSplitter().feed(stream)
    assert whole == stream
    return blocks if stream else []


def kinds(blocks: Iterable[bytes]) -> list[str]:
    """Return the names of events; the name and the ``type`` in the data agree."""
    names = []
    for block in blocks:
        name = block.split(b"\n")[0].removeprefix(b"event: ").decode()
        assert json.loads(event_data(block) or b"")["type"] == name
        names.append(name)
    return names


def accumulated(blocks: Iterable[bytes]) -> Message:
    """Put a stream together as the SDK does; every event is one of its own, and blocks do not overlap."""
    snapshot = None
    buffers: dict[int, bytes] = {}
    open_block: int | None = None
    for block in blocks:
        data = event_data(block) or b""
        if json.loads(data)["type"] == "ping":
            continue
        event = SDK_EVENT.validate_json(data)
        if event.type == "content_block_start":
            assert open_block is None
            assert snapshot is not None
            assert event.index == len(snapshot.content)
            open_block = event.index
        elif event.type == "content_block_delta":
            assert event.index == open_block
        elif event.type == "content_block_stop":
            assert event.index == open_block
            open_block = None
        snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
    assert snapshot is not None
    assert open_block is None
    return Message.model_validate(snapshot.to_dict())


def text_stream(*deltas: str) -> list[ChatEvent]:
    return [BlockBegin(0, 0, Text("")), *(TextDelta(0, 0, delta) for delta in deltas), BlockEnd(0, 0)]


def call(index: int, *fragments: str, name: str = "f") -> list[ChatEvent]:
    begin = BlockBegin(0, index, ToolCall(f"call_{index}", name, ""))
    return [begin, *(ArgumentsDelta(0, index, fragment) for fragment in fragments), BlockEnd(0, index)]


def test_a_plain_stream_byte_for_byte() -> None:
    usage = UsageReport(Usage(input_tokens=10, output_tokens=3))
    start = (
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
        '"role":"assistant","model":"a-model","content":[],"stop_reason":null,"stop_sequence":null,'
        '"usage":{"input_tokens":0,"output_tokens":0}}}'
    )
    begin = (
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}'
    )
    delta = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
    end = (
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        '"stop_sequence":null},"usage":{"input_tokens":10,"output_tokens":3}}'
    )
    blocks = written(BEGIN, *text_stream("Hi “you”", "\n!"), Finish(0, "stop"), usage, End())
    assert [block.decode() for block in blocks] == [
        start,
        'event: ping\ndata: {"type":"ping"}',
        begin,
        delta + '"text":"Hi “you”"}}',
        delta + '"text":"\\n!"}}',
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}',
        end,
        'event: message_stop\ndata: {"type":"message_stop"}',
    ]


def test_counts_that_come_with_the_beginning_stand_in_message_start() -> None:
    early = UsageReport(Usage(input_tokens=100, cached_input_tokens=60, cache_creation_tokens=30), "default")
    late = UsageReport(Usage(output_tokens=7, reasoning_tokens=4))
    blocks = written(BEGIN, early, *text_stream("x"), Finish(0, "length"), late, End())
    start = json.loads(event_data(blocks[0]) or b"")["message"]["usage"]
    assert start == {
        "input_tokens": 10,
        "output_tokens": 0,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 60,
        "service_tier": "standard",
    }
    message = accumulated(blocks)
    assert message.stop_reason == "max_tokens"
    assert message.usage.model_dump(exclude_none=True) == {
        **start,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 4},
    }


def test_every_kind_of_block_is_put_together_again() -> None:
    citation = Citation(vendor="anthropic_messages", raw=msgspec.Raw(CHAR_LOCATION))
    message = accumulated(
        written(
            BEGIN,
            BlockBegin(0, 0, Thinking("")),
            ThinkingDelta(0, 0, "so "),
            ThinkingDelta(0, 0, "what"),
            SignatureDelta(0, 0, "c2ln"),
            SignatureDelta(0, 0, "bmVk"),
            BlockEnd(0, 0),
            BlockBegin(0, 1, RedactedThinking("ZGF0YQ==")),
            BlockEnd(0, 1),
            BlockBegin(0, 2, Text("It ")),
            TextDelta(0, 2, "is."),
            CitationDelta(0, 2, citation),
            CitationDelta(0, 2, Citation(url="https://a.example", title="A", cited_text="so")),
            BlockEnd(0, 2),
            *call(3, '{"a"', ": 1.0}"),
            BlockBegin(0, 4, ToolCall("call_4", "g", "{}")),
            BlockEnd(0, 4),
            BlockBegin(0, 5, VendorBlock("anthropic_messages", "server_tool_use", msgspec.Raw(SERVER_TOOL))),
            ArgumentsDelta(0, 5, '{"query":"x"}'),
            BlockEnd(0, 5),
            Finish(0, "tool_calls"),
            End(),
        )
    )
    assert [block.model_dump(exclude_none=True) for block in message.content] == [
        {"type": "thinking", "thinking": "so what", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {
            "type": "text",
            "text": "It is.",
            "citations": [
                json.loads(CHAR_LOCATION),
                {
                    "type": "web_search_result_location",
                    "url": "https://a.example",
                    "title": "A",
                    "cited_text": "so",
                    "encrypted_index": "",
                },
            ],
        },
        {"type": "tool_use", "id": "call_3", "name": "f", "input": {"a": 1.0}},
        {"type": "tool_use", "id": "call_4", "name": "g", "input": {}},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
    ]
    assert message.stop_reason == "tool_use"


CHAR_LOCATION = (
    b'{"type":"char_location","cited_text":"It","document_index":0,"document_title":"D",'
    b'"start_char_index":0,"end_char_index":2}'
)
SERVER_TOOL = b'{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}'


@given(st.permutations([0, 0, 0, 1, 1, 1, 2, 2, 2]))
def test_interleaved_calls_come_one_after_the_other_and_whole(order: list[int]) -> None:
    """Fragments of three calls in any order; each ends with its last fragment."""
    streams = {index: call(index, f'{{"n":{index},', '"x":"y"}') for index in range(3)}
    parts = {index: [stream[:1], stream[1:2], stream[2:]] for index, stream in streams.items()}
    events = [event for index in order for event in parts[index].pop(0)]
    message = accumulated(written(BEGIN, *events, Finish(0, "tool_calls"), End()))
    assert {
        (block.type, getattr(block, "id", None), json.dumps(getattr(block, "input", None))) for block in message.content
    } == {("tool_use", f"call_{index}", json.dumps({"n": index, "x": "y"})) for index in range(3)}


def test_calls_that_never_end_by_themselves_end_with_the_stream() -> None:
    events = [event for index in (0, 1) for event in call(index, "{}")[:-1]]
    message = accumulated(written(BEGIN, *events, Finish(0, "tool_calls"), End()))
    assert [block.type for block in message.content] == ["tool_use", "tool_use"]


def test_what_waits_for_another_block_is_bounded() -> None:
    context = AnswerContext(model="m", request_id="r", most_held_bytes=100_000)
    writer = Encoder(ChatRequest("anthropic_messages", {}, []), context)
    for event in (BEGIN, *call(0)[:1], *call(1)[:1]):
        writer.encode(event)
    writer.encode(ArgumentsDelta(0, 1, "x" * 90_000))
    empty = ArgumentsDelta(0, 1, "")
    with pytest.raises(TooMuchHeldError):
        b"".join(map(writer.encode, [empty] * 1000))


def test_what_has_waited_and_was_sent_is_held_no_more() -> None:
    context = AnswerContext(model="m", request_id="r")
    writer = Encoder(ChatRequest("anthropic_messages", {}, []), context)
    for event in (BEGIN, *call(0)[:1], *call(1, "{}"), BlockEnd(0, 0), Finish(0, "tool_calls"), End()):
        writer.encode(event)
    assert context.held_bytes == 0


def test_a_refusal_is_text_and_the_stop_reason_says_what_it_is() -> None:
    refusal: list[ChatEvent] = [BlockBegin(0, 0, Refusal("")), RefusalDelta(0, 0, "No."), BlockEnd(0, 0)]
    message = accumulated(written(BEGIN, *refusal, Finish(0, "stop", "stop"), End()))
    assert [block.model_dump(exclude_none=True) for block in message.content] == [{"type": "text", "text": "No."}]
    assert message.stop_reason == "refusal"


def test_calls_are_the_reason_to_stop_even_when_the_vendor_says_only_stop() -> None:
    assert accumulated(written(BEGIN, *call(0, "{}"), Finish(0, "stop"), End())).stop_reason == "tool_use"


def test_a_filter_is_a_refusal_that_names_the_vendors_word() -> None:
    message = accumulated(written(BEGIN, Finish(0, "content_filter", "SAFETY"), End()))
    assert message.stop_reason == "refusal"
    assert message.stop_details is not None
    assert "SAFETY" in (message.stop_details.explanation or "")


def test_a_picture_is_markdown_and_another_vendors_block_is_left_out_and_counted() -> None:
    context = AnswerContext(model="m", request_id="r")
    writer = Encoder(ChatRequest("anthropic_messages", {}, []), context)
    events: list[ChatEvent] = [
        BEGIN,
        BlockBegin(0, 0, VendorBlock("gemini_generate", "executableCode", msgspec.Raw(b"{}"))),
        ArgumentsDelta(0, 0, "x"),
        BlockEnd(0, 0),
        BlockBegin(0, 1, Image(InlineData("image/png", "AAAA"))),
        BlockEnd(0, 1),
        Finish(0, "stop"),
        End(),
    ]
    _, blocks = EventSplitter().feed(b"".join(writer.encode(event) for event in events))
    (block,) = accumulated(blocks).content
    assert block.model_dump(exclude_none=True) == {"type": "text", "text": "![image](data:image/png;base64,AAAA)"}
    assert context.unknown == ["block=gemini_generate.executableCode"]


def test_a_signature_of_gemini_goes_with_its_call() -> None:
    blocks = written(
        BEGIN, BlockBegin(0, 0, ToolCall("c", "f", "{}", "c2ln")), BlockEnd(0, 0), Finish(0, "stop"), End()
    )
    started = json.loads(event_data(blocks[2]) or b"")["content_block"]
    assert started["extra_content"] == {"google": {"thought_signature": "c2ln"}}


def test_a_signature_of_gemini_that_comes_behind_a_text_is_carried_by_an_empty_text() -> None:
    signed: list[ChatEvent] = [
        BlockBegin(0, 0, Text("")),
        TextDelta(0, 0, "Hi"),
        SignatureDelta(0, 0, "c2ln"),
        BlockEnd(0, 0),
    ]
    blocks = written(BEGIN, *signed, *call(1, "{}"), Finish(0, "stop"), End())
    first, carrier, called = (block.to_dict() for block in accumulated(blocks).content)
    assert first == {"type": "text", "text": "Hi"}
    assert carrier == {"type": "text", "text": "", "extra_content": {"google": {"thought_signature": "c2ln"}}}
    assert called["id"] == "call_1"


def test_a_failure_is_an_error_event_and_nothing_comes_after_it() -> None:
    failure = StreamFailure(VendorError("overloaded", "busy", 529, "theirs"))
    blocks = written(BEGIN, BlockBegin(0, 0, Text("")), failure, TextDelta(0, 0, "x"), BlockEnd(0, 0), End())
    assert kinds(blocks) == ["message_start", "ping", "content_block_start", "error"]
    assert json.loads(event_data(blocks[-1]) or b"") == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy"},
        "request_id": "req_1",
    }


def test_a_stream_that_is_cut_gets_no_end() -> None:
    assert kinds(written(BEGIN, *text_stream("x"), Finish(0, "stop")))[-1] == "content_block_stop"


def test_pings_pass_and_further_choices_do_not() -> None:
    other: list[ChatEvent] = [BlockBegin(1, 0, Text("")), TextDelta(1, 0, "x"), BlockEnd(1, 0), Finish(1, "length")]
    blocks = written(BEGIN, Ping(), *other, *text_stream("y", ""), Finish(0, "stop"), End())
    assert kinds(blocks).count("ping") == 2
    message = accumulated(blocks)
    assert [block.type for block in message.content] == ["text"]
    assert message.stop_reason == "end_turn"


def test_an_answer_without_blocks_is_a_message_all_the_same() -> None:
    message = accumulated(written(Begin("resp-7", "m"), Finish(0, "stop_sequence", "stop", "END"), End()))
    assert (message.id, message.content, message.stop_reason, message.stop_sequence) == (
        "msg_resp-7",
        [],
        "stop_sequence",
        "END",
    )
