"""Chunks of a stream, byte by byte where it matters."""

from __future__ import annotations

import json

from penstock.core.chat import (
    Audio,
    ChatRequest,
    Citation,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
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
    TokenLogprob,
    UsageReport,
    VendorError,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.json_object import JsonObject
from penstock.core.usage import Usage
from penstock.wire.openai_chat.encode_events import StreamEncoder
from penstock.wire.openai_chat.lift_request import lift_request
from tests.wire.chat_oracles import check_openai_stream

BEGIN = Begin("id1", "m", 7)
HEAD = b'data: {"id":"id1","object":"chat.completion.chunk","created":7,"model":"m",'


def request(*, usage: bool = False) -> ChatRequest:
    options = {"stream_options": {"include_usage": usage}}
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True, **options}
    return lift_request(JsonObject(json.dumps(body).encode()))


def encode(*events: ChatEvent, usage: bool = False) -> bytes:
    encoder = StreamEncoder(request(usage=usage), AnswerContext(model="m", request_id="req", created=5))
    stream = b"".join(map(encoder.encode, events))
    check_openai_stream(stream)
    return stream


def deltas(stream: bytes) -> list[object]:
    chunks = [json.loads(block[6:]) for block in stream.split(b"\n\n") if block.startswith(b"data: {")]
    return [chunk["choices"][0]["delta"] for chunk in chunks]


def block(content: Text | Thinking | RedactedThinking | Refusal | ToolCall, *inner: ChatEvent) -> list[ChatEvent]:
    return [BlockBegin(0, 0, content), *inner, BlockEnd(0, 0)]


def test_who_offered_functions_reads_a_function_call() -> None:
    asked = {"messages": [{"role": "user", "content": "x"}], "functions": [{"name": "f"}], "stream": True}
    encoder = StreamEncoder(
        lift_request(JsonObject(json.dumps(asked).encode())), AnswerContext(model="m", request_id="r")
    )
    first = [ArgumentsDelta(0, 0, '{"a"'), ArgumentsDelta(0, 0, ":1}")]
    second: list[ChatEvent] = [BlockBegin(0, 1, ToolCall("d", "g", "")), BlockEnd(0, 1)]
    events = [BEGIN, *block(ToolCall("c", "f", ""), *first), *second, Finish(0, "tool_calls"), End()]
    stream = b"".join(map(encoder.encode, events))
    check_openai_stream(stream)
    assert deltas(stream) == [
        {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": '{"a"'}},
        {"function_call": {"arguments": ":1}"}},
        {},
    ]
    assert b'"finish_reason":"function_call"' in stream


def test_a_piece_of_text_is_a_chunk_and_the_first_says_who_speaks() -> None:
    stream = encode(BEGIN, *block(Text(""), TextDelta(0, 0, "a\n"), TextDelta(0, 0, '"é"')), Finish(0, "stop"), End())
    assert stream == (
        HEAD + b'"choices":[{"index":0,"delta":{"role":"assistant","content":"a\\n"},"finish_reason":null}]}\n\n'
        + HEAD + '"choices":[{"index":0,"delta":{"content":"\\"é\\""},"finish_reason":null}]}\n\n'.encode()
        + HEAD + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        + b"data: [DONE]\n\n"
    )  # fmt: skip


def test_an_answer_without_content_still_says_who_speaks() -> None:
    stream = encode(BEGIN, Finish(0, "length"), End())
    assert deltas(stream) == [{"role": "assistant", "content": ""}]


def test_without_a_begin_our_own_id_stands_in() -> None:
    assert b'"id":"req","object":"chat.completion.chunk","created":5,' in encode(Finish(0, "stop"))


def test_what_a_block_begins_with_is_said() -> None:
    assert deltas(encode(BEGIN, *block(Text("a"), TextDelta(0, 0, "b")))) == [
        {"role": "assistant", "content": "a"},
        {"content": "b"},
    ]
    assert deltas(encode(BEGIN, *block(Refusal("n"), RefusalDelta(0, 0, "o")))) == [
        {"role": "assistant", "refusal": "n"},
        {"refusal": "o"},
    ]
    shown = deltas(encode(BEGIN, *block(Thinking("a", "s"), ThinkingDelta(0, 0, "b"))))
    assert shown[2] == {"thinking_blocks": [{"type": "thinking", "index": 0, "thinking": "ab", "signature": "s"}]}


def test_calls_are_numbered_among_the_calls_of_their_choice() -> None:
    events: list[ChatEvent] = [
        BEGIN,
        *block(Text("x")),
        BlockBegin(0, 1, ToolCall("a", "f", "")),
        BlockBegin(0, 2, ToolCall("b", "g", "", "Z3M=")),
        ArgumentsDelta(0, 2, "{"),
        ArgumentsDelta(0, 1, "{}"),
        ArgumentsDelta(0, 2, ""),
        ArgumentsDelta(0, 2, "}"),
        BlockEnd(0, 1),
        BlockEnd(0, 2),
        BlockBegin(1, 0, ToolCall("c", "f", '{"a":1}')),
        BlockEnd(1, 0),
    ]
    called = [delta["tool_calls"][0] for delta in deltas(encode(*events))[1:]]  # type: ignore[index]  # decoded JSON
    assert [(call["index"], call["function"]["arguments"]) for call in called] == [
        (0, ""), (1, ""), (1, "{"), (0, "{}"), (1, "}"), (0, '{"a":1}'),
    ]  # fmt: skip
    assert called[1]["extra_content"] == {"google": {"thought_signature": "Z3M="}}
    assert [call.get("id") for call in called] == ["a", "b", None, None, None, "c"]


def test_a_call_without_arguments_gets_an_empty_object() -> None:
    assert b'"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]' in encode(BEGIN, *block(ToolCall("a", "f", "")))


def test_signed_thinking_is_said_whole_when_it_ends() -> None:
    shown: list[ChatEvent] = [ThinkingDelta(0, 0, "2+"), ThinkingDelta(0, 0, "2")]
    thinking = block(Thinking(""), *shown, SignatureDelta(0, 0, "c2ln"))
    stream = encode(BEGIN, *thinking, *block(RedactedThinking("eno=")))
    assert deltas(stream)[2:] == [
        {"thinking_blocks": [{"type": "thinking", "index": 0, "thinking": "2+2", "signature": "c2ln"}]},
        {"thinking_blocks": [{"type": "redacted_thinking", "index": 1, "data": "eno="}]},
    ]
    assert len(deltas(encode(BEGIN, *block(Thinking(""), *shown)))) == 2


def test_the_signature_of_a_text_comes_when_it_ends() -> None:
    stream = encode(BEGIN, *block(Text(""), TextDelta(0, 0, "x"), SignatureDelta(0, 0, "Z3M=")))
    assert deltas(stream)[-1] == {"extra_content": {"google": {"thought_signature": "Z3M="}}}


def test_a_citation_is_of_the_text_so_far() -> None:
    events = block(Text(""), TextDelta(0, 0, "abc"), CitationDelta(0, 0, Citation(url="u")))
    second: list[ChatEvent] = [BlockBegin(0, 1, Text("de")), CitationDelta(0, 1, Citation(url="v", start=0, end=1))]
    found = [delta["annotations"][0]["url_citation"] for delta in deltas(encode(BEGIN, *events, *second))[1::2]]  # type: ignore[index]  # decoded JSON
    assert [(note["url"], note["start_index"], note["end_index"]) for note in found] == [("u", 0, 3), ("v", 3, 4)]
    assert len(deltas(encode(BEGIN, *block(Text(""), CitationDelta(0, 0, Citation(cited_text="x")))))) == 0


def test_pictures_and_sound_are_said() -> None:
    inline = InlineData("image/png", "AA==")
    stream = encode(BEGIN, BlockBegin(0, 0, Image(inline)), BlockEnd(0, 0), BlockBegin(0, 1, Audio(inline)))
    assert deltas(stream) == [
        {
            "role": "assistant",
            "images": [{"type": "image_url", "index": 0, "image_url": {"url": "data:image/png;base64,AA=="}}],
        },
        {"audio": {"id": "req", "data": "AA==", "expires_at": 0, "transcript": ""}},
    ]


def test_log_probabilities_stand_beside_the_delta() -> None:
    token = TokenLogprob("a", -0.5, (97,), (TokenLogprob("b", -1.0),))
    stream = encode(BEGIN, BlockBegin(0, 0, Text("")), TextDelta(0, 0, "a", (token,)))
    assert json.loads(stream[6:])["choices"][0]["logprobs"] == {
        "content": [
            {
                "token": "a",
                "logprob": -0.5,
                "bytes": [97],
                "top_logprobs": [{"token": "b", "logprob": -1.0, "bytes": None}],
            }
        ],
        "refusal": None,
    }


def test_counts_come_in_a_chunk_of_their_own_for_who_asked() -> None:
    events: list[ChatEvent] = [
        BEGIN,
        UsageReport(Usage(input_tokens=2)),
        Finish(0, "stop"),
        UsageReport(Usage(output_tokens=3)),
        End(),
    ]
    assert b"usage" not in encode(*events)
    finish, counts, done, rest = encode(*events, usage=True).split(b"\n\n")
    assert finish.endswith(b'"finish_reason":"stop"}],"usage":null}')
    assert counts == HEAD + (b'"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}}')
    assert (done, rest) == (b"data: [DONE]", b"")


def test_counts_that_nobody_reported_are_not_said() -> None:
    assert b'"choices":[]' not in encode(BEGIN, Finish(0, "stop"), End(), usage=True)


def test_the_tier_stands_in_every_chunk_or_with_the_counts() -> None:
    begun = encode(Begin("id1", "m", 7, "flex"), *block(Text("a")))
    assert b'"service_tier":"flex"' in begun
    late = encode(BEGIN, UsageReport(Usage(1, output_tokens=1), "priority"), Finish(0, "stop"), End(), usage=True)
    assert b'"total_tokens":2},"service_tier":"priority"}' in late


def test_a_ping_is_a_comment_and_a_failure_is_the_last_event() -> None:
    assert encode(Ping()) == b": ping\n\n"
    stream = encode(BEGIN, *block(Text("a")), StreamFailure(VendorError("overloaded", "Busy.", 529)))
    assert stream.endswith(
        b'data: {"error":{"message":"Busy.","type":"server_error","param":null,"code":"overloaded",'
        b'"request_id":"req"}}\n\n'
    )
