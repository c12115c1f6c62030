"""What is asked for becomes a body that the service takes, whatever it is; vectors show what becomes of what."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.core.chat import (
    Audio,
    Block,
    CacheMarker,
    ChatRequest,
    Document,
    FileSource,
    Image,
    InlineData,
    Message,
    Reasoning,
    RedactedThinking,
    Refusal,
    ResponseFormat,
    Source,
    Text,
    TextSource,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.upstream import UPSTREAM
from tests.wire.chat_oracles import check_bedrock_request

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
MARKERS = st.none() | st.builds(CacheMarker, st.none() | st.sampled_from(["5m", "1h", "24h"]))
SOURCES: st.SearchStrategy[Source] = st.one_of(
    st.builds(
        InlineData,
        st.sampled_from(["image/png", "image/tiff", "application/pdf", "video/mp4", "audio/wav", "text/csv", "x/y"]),
        st.just("AAAA"),
    ),
    st.builds(UrlSource, st.sampled_from(["s3://bucket/a.png", "s3://bucket/a.pdf", "https://example.com/a.png"])),
    st.builds(FileSource, st.just("file-1")),
    st.builds(TextSource, TEXTS.filter(bool)),
)
IDS = st.sampled_from(["c1", "call.2", "call:2", "", "x" * 70, "x" * 71, "ä"])
NAMES = st.sampled_from(["get_weather", "get-time", "bad name", "x" * 65])
ARGUMENTS = st.sampled_from(["{}", "", '{"a": 1.50}', "[]", "nonsense"])
WRITTEN = st.one_of(
    st.builds(Text, TEXTS, MARKERS),
    st.builds(Image, SOURCES, st.sampled_from([None, "low"]), MARKERS),
    st.builds(Document, SOURCES, st.none() | TEXTS, st.none() | TEXTS, st.none() | st.booleans(), MARKERS),
    st.builds(VendorBlock, st.just("v"), st.sampled_from(["search_result", "odd"]), st.just(msgspec.Raw(b"{}"))),
)
BLOCKS: st.SearchStrategy[Block] = st.one_of(
    WRITTEN,
    st.builds(Audio, SOURCES, MARKERS),
    st.builds(ToolCall, IDS, NAMES, ARGUMENTS, st.none() | st.just("c2ln"), MARKERS),
    st.builds(ToolResult, IDS, st.lists(WRITTEN, max_size=3).map(tuple), st.none() | st.booleans(), MARKERS),
    st.builds(Thinking, TEXTS, st.none() | st.just("c2ln")),
    st.builds(RedactedThinking, st.just("cmVk")),
    st.builds(Refusal, TEXTS),
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "developer", "user", "assistant"]),
    st.lists(BLOCKS, max_size=4),
    st.none() | TEXTS,
    st.just("messages[0]"),
)
WORDS = st.text("ab \n", max_size=4)
PICTURES = st.sampled_from([InlineData("image/png", "AAAA"), UrlSource("s3://bucket/a.jpg")])
FILES = st.sampled_from([InlineData("application/pdf", "AAAA"), TextSource("x"), InlineData("video/mp4", "AAAA")])
USERS = st.one_of(
    st.builds(Text, WORDS, MARKERS),
    st.builds(Image, PICTURES, st.sampled_from([None, "low"]), MARKERS),
    st.builds(Document, FILES, st.none() | TEXTS, st.none() | TEXTS, st.none() | st.booleans(), MARKERS),
    st.builds(
        ToolResult,
        IDS,
        st.lists(st.builds(Text, WORDS, MARKERS) | st.builds(Image, PICTURES), max_size=2).map(tuple),
        st.none() | st.booleans(),
        MARKERS,
    ),
)
ASSISTANTS = st.one_of(
    st.builds(Text, WORDS, MARKERS),
    st.builds(
        ToolCall, IDS, st.sampled_from(["get_weather", "f"]), st.sampled_from(["{}", "", '{"a": 1.50}']), cache=MARKERS
    ),
    st.builds(Thinking, TEXTS, st.none() | st.just("c2ln")),
    st.builds(RedactedThinking, st.just("cmVk")),
    st.builds(Refusal, WORDS),
)
GOOD_MESSAGES = st.one_of(
    st.builds(Message, st.just("user"), st.lists(USERS, min_size=1, max_size=3), at=st.just("messages[0]")),
    st.builds(Message, st.just("assistant"), st.lists(ASSISTANTS, max_size=3), at=st.just("messages[1]")),
    st.builds(Message, st.just("system"), st.lists(st.builds(Text, WORDS, MARKERS), max_size=2)),
)
WILD_SCHEMAS = [b"", b"{}", b'{"type":"object"}', b'{"properties":{}}', b'{"type":"string"}', b"1"]
TOOLS = st.builds(
    Tool, st.sampled_from(["get_weather", "a", "b"]), TEXTS, st.just(msgspec.Raw(b'{"properties":{}}')), cache=MARKERS
)
WILD_TOOLS = st.builds(
    Tool, NAMES, st.none() | TEXTS, st.sampled_from(WILD_SCHEMAS).map(msgspec.Raw), st.none() | st.booleans(), MARKERS
)


def requests(
    messages: st.SearchStrategy[Message], tools: st.SearchStrategy[Tool], schemas: list[bytes], raws: list[bytes]
) -> st.SearchStrategy[ChatRequest]:
    """Return requests of these messages and tools that may ask for anything else."""
    objects = st.sampled_from(raws).map(msgspec.Raw)
    forms = st.sampled_from(["text", "json_object", "json_schema"])
    return st.builds(
        ChatRequest,
        vendor=st.sampled_from(["openai_chat", "anthropic_messages"]),
        paths=st.just({}),
        messages=st.lists(messages, min_size=1, max_size=5),
        tools=st.lists(tools, max_size=2),
        tool_choice=st.none()
        | st.builds(ToolChoice, st.sampled_from(["auto", "none", "required"]), st.sampled_from([(), ("a", "b")]))
        | st.just(ToolChoice("named", ("get_weather",))),
        parallel_tool_calls=st.none() | st.booleans(),
        max_output_tokens=st.none() | st.integers(1, 5000),
        temperature=st.none() | st.floats(0, 2),
        top_p=st.none() | st.floats(0, 1),
        top_k=st.none() | st.integers(0, 100),
        stop=st.lists(TEXTS, max_size=3).map(tuple),
        seed=st.none() | st.integers(),
        reasoning=st.none()
        | st.builds(
            Reasoning,
            st.sampled_from([None, "enabled", "disabled", "adaptive"]),
            st.sampled_from([None, "none", "minimal", "low", "high", "max", "odd"]),
            st.none() | st.integers(0, 90000),
            st.none() | st.booleans(),
        ),
        response_format=st.none() | st.builds(ResponseFormat, forms, st.sampled_from(schemas).map(msgspec.Raw), TEXTS),
        service_tier=st.none() | st.sampled_from(["auto", "flex", "scale"]),
        user=st.none() | TEXTS,
        metadata=st.none() | objects,
        extras=st.dictionaries(st.sampled_from(["store", "additionalModelRequestFields"]), objects, max_size=2),
    )


WILD = requests(MESSAGES, WILD_TOOLS, WILD_SCHEMAS, [b"{}", b"[]", b'{"\xc3\xa4":1}'])
GOOD = requests(GOOD_MESSAGES, TOOLS, [b"", b'{"type":"object"}'], [b"{}", b'{"a":"b"}'])
FACTS = st.builds(
    ModelFacts,
    json_schema=st.booleans(),
    thinking=st.sampled_from(["none", "budget", "adaptive", "level"]),
    efforts=st.sampled_from([(), ("low", "medium", "high"), ("none", "high", "max")]),
    thinking_budget=st.sampled_from([None, (1024, 32000)]),
    can_stop_thinking=st.booleans(),
    sampling=st.booleans(),
    temperature_or_top_p=st.booleans(),
    forced_tools_while_thinking=st.booleans(),
)
MODELS = st.sampled_from(
    [
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "amazon.nova-2-lite-v1:0",
        "openai.gpt-6-luna",
        "arn:aws:bedrock:us-east-1:1:application-inference-profile/a",
    ]
)


@given(WILD, MODELS, FACTS)
def test_what_cannot_be_sent_is_refused_and_nothing_else_is_raised(
    request: ChatRequest, model: str, facts: ModelFacts
) -> None:
    try:
        lowered = UPSTREAM.lower(request, model, facts)
    except InvalidRequest:
        return
    check_bedrock_request(json.loads(lowered.body))


@given(GOOD, MODELS, FACTS)
def test_whatever_is_asked_for_is_sent_as_the_service_wants_it(
    request: ChatRequest, model: str, facts: ModelFacts
) -> None:
    assume(any(says_something(block) for message in request.messages for block in message.blocks))
    lowered = UPSTREAM.lower(request, model, facts)
    body = json.loads(lowered.body)
    check_bedrock_request(body)
    roles = [turn["role"] for turn in body["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
    for turn in body["messages"]:
        check_turn(turn)
    names = [block["document"]["name"] for turn in body["messages"] for block in turn["content"] if "document" in block]
    assert len(names) == len(set(names))
    last = body["messages"][-1]
    if last["role"] == "assistant":
        said = last["content"][-1].get("text", "")
        assert said == said.rstrip()
    assert lowered.body.count(b'"cachePoint"') <= 4
    assert all(loss.path.startswith("$.") and loss.why for loss in lowered.losses)
    assert (lowered.json_tool is None) or any(
        tool.get("toolSpec", {}).get("name") == lowered.json_tool for tool in body["toolConfig"]["tools"]
    )


def says_something(block: Block) -> bool:
    """Say whether a block is one that is sent."""
    if isinstance(block, Text | Refusal):
        return bool(block.text.strip())
    return not isinstance(block, Thinking) or block.signature is not None


def check_turn(turn: Any) -> None:
    """Assert what the API wants of a turn beyond what its service model says."""
    kinds = [next(iter(block)) for block in turn["content"]]
    assert kinds
    assert kinds[0] != "cachePoint"
    results = [number for number, kind in enumerate(kinds) if kind == "toolResult"]
    others = [number for number, kind in enumerate(kinds) if kind not in {"toolResult", "cachePoint"}]
    assert not results or not others or max(results) < min(others)
    assert "document" not in kinds or "text" in kinds
    assert all(block["text"].strip() for block in turn["content"] if "text" in block)


@pytest.mark.parametrize("block", [Refusal("no"), Text("Hi", CacheMarker())])
def test_instructions_are_text_alone(block: Block) -> None:
    request = ChatRequest("openai_chat", {}, [Message("system", [block]), Message("user", [Text("Hi")])])
    if isinstance(block, Text):
        body = json.loads(UPSTREAM.lower(request, "m", ModelFacts()).body)
        assert body["system"] == [{"text": "Hi"}, {"cachePoint": {"type": "default"}}]
    else:
        with pytest.raises(InvalidRequest, match="text"):
            UPSTREAM.lower(request, "m", ModelFacts())
