"""The vectors hold single cases; here, what is true of every request."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from penstock.core import chat
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.data import facts_of
from penstock.wire.anthropic_messages.lower_request import lower_request
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from tests.wire.chat_oracles import check_anthropic_request

WORDS = st.sampled_from(["", " ", "a", "Hi there. ", "é\n"])
MARKERS = st.sampled_from([None, chat.CacheMarker(), chat.CacheMarker("1h"), chat.CacheMarker("1d")])
TEXTS = st.builds(chat.Text, WORDS, MARKERS, at=st.just("t"))
SOURCES = st.sampled_from(
    [
        chat.InlineData("image/png", "iVBO"),
        chat.InlineData("image/tiff", "SUkq"),
        chat.InlineData("application/pdf", "JVBE"),
        chat.InlineData("text/csv", "YQ=="),
        chat.UrlSource("https://a/b.pdf"),
        chat.UrlSource("gs://a/b"),
        chat.FileSource("file_1"),
        chat.TextSource("Hi"),
    ]
)
IMAGES = st.builds(chat.Image, SOURCES, st.sampled_from([None, "low"]), MARKERS, st.just("i"))
DOCUMENTS = st.builds(chat.Document, SOURCES, st.sampled_from([None, "t"]), cache=MARKERS, at=st.just("d"))
IDS = st.sampled_from(["toolu_1", "a:b", "a_b", ""])
RESULTS = st.builds(
    chat.ToolResult,
    IDS,
    st.lists(TEXTS | IMAGES | DOCUMENTS, max_size=2).map(tuple),
    st.sampled_from([None, True, False]),
    MARKERS,
    st.just("r"),
)
CALLS = st.builds(
    chat.ToolCall,
    IDS,
    st.sampled_from(["f", "a.b"]),
    st.sampled_from(["", "{}", '{"a":1.0}', "[", "[]"]),
    cache=MARKERS,
    at=st.just("c"),
)
THINKING = st.builds(chat.Thinking, WORDS, st.sampled_from([None, "sig"]), st.just("th")) | st.builds(
    chat.RedactedThinking, st.just("EmwK")
)
FOREIGN = st.just(chat.VendorBlock("gemini_generate", "x", msgspec.Raw(b"{}"), "v"))
MESSAGES = st.one_of(
    st.builds(chat.Message, st.sampled_from(["system", "developer"]), st.lists(TEXTS, max_size=2), at=st.just("m")),
    st.builds(
        chat.Message,
        st.just("user"),
        st.lists(TEXTS | IMAGES | DOCUMENTS | RESULTS | FOREIGN, max_size=3),
        at=st.just("m"),
    ),
    st.builds(
        chat.Message, st.just("assistant"), st.lists(TEXTS | CALLS | THINKING | FOREIGN, max_size=3), at=st.just("m")
    ),
)
SCHEMAS = st.sampled_from(
    [b"", b'{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}', b'{"type":"array"}']
)
TOOLS = st.builds(
    chat.Tool,
    st.sampled_from(["f", "g", "json_answer"]),
    st.none() | WORDS,
    SCHEMAS.map(msgspec.Raw),
    st.none() | st.booleans(),
    MARKERS,
    st.just("tool"),
)
REASONING = st.builds(
    chat.Reasoning,
    st.sampled_from([None, "enabled", "disabled", "adaptive"]),
    st.sampled_from([None, "none", "minimal", "low", "high", "max", "odd"]),
    st.none() | st.integers(0, 100_000),
    st.none() | st.booleans(),
)
FORMS = st.builds(
    chat.ResponseFormat, st.sampled_from(["text", "json_object", "json_schema"]), SCHEMAS.map(msgspec.Raw)
)
REQUESTS = st.builds(
    chat.ChatRequest,
    vendor=st.sampled_from(["openai_chat", FORMAT]),
    paths=st.just({}),
    messages=st.lists(MESSAGES, max_size=6),
    stream=st.booleans(),
    tools=st.lists(TOOLS, max_size=2),
    tool_choice=st.sampled_from(
        [
            None,
            chat.ToolChoice("auto"),
            chat.ToolChoice("none"),
            chat.ToolChoice("required"),
            chat.ToolChoice("named", ("f",)),
        ]
    ),
    parallel_tool_calls=st.none() | st.booleans(),
    max_output_tokens=st.none() | st.integers(1, 200_000),
    temperature=st.sampled_from([None, 0.0, 0.7, 1.0, 2.0]),
    top_p=st.sampled_from([None, 0.5, 0.99, 1.0]),
    top_k=st.sampled_from([None, 5]),
    stop=st.sampled_from([(), ("END", " "), ("\n",)]),
    response_format=st.none() | FORMS,
    reasoning=st.none() | REASONING,
    service_tier=st.sampled_from([None, "auto", "flex", "odd"]),
    user=st.sampled_from([None, "u"]),
)
MODELS = st.sampled_from(
    ["claude-opus-5-5", "claude-opus-5", "claude-sonnet-4-6", "claude-opus-4-5", "claude-haiku-4-5", "gpt-oss"]
)


def lowered_or_refused(request: chat.ChatRequest, facts: ModelFacts) -> dict[str, object] | InvalidRequest:
    try:
        decoded = json.loads(lower_request(request, "claude", facts).body)
    except InvalidRequest as refusal:
        return refusal
    assert isinstance(decoded, dict)
    return decoded


@given(REQUESTS, MODELS)
def test_every_request_is_one_that_the_api_documents_or_is_refused(request: chat.ChatRequest, model: str) -> None:
    body = lowered_or_refused(request, facts_of(model))
    if isinstance(body, InvalidRequest):
        assert body.param is not None, "it says where"
        return
    check_anthropic_request(body)
    check_turns(body["messages"])
    check_limits(body)


def check_turns(messages: object) -> None:
    """Assert what the API refuses although its types allow it."""
    assert isinstance(messages, list)
    assert messages[0]["role"] == "user"
    roles = [message["role"] for message in messages]
    assert all(one != other for one, other in pairwise(roles))
    for message in messages:
        kinds = [block["type"] for block in message["content"]]
        assert kinds
        assert all(block["text"].strip() for block in message["content"] if block["type"] == "text")
        assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result")
    last = messages[-1]
    if last["role"] == "assistant" and last["content"][-1]["type"] == "text":
        assert last["content"][-1]["text"] == last["content"][-1]["text"].rstrip()


def check_limits(body: dict[str, object]) -> None:
    assert json.dumps(body).count('"cache_control"') <= 4
    thinking, limit = body.get("thinking"), body["max_tokens"]
    if isinstance(thinking, dict) and thinking["type"] != "disabled":
        assert body.get("tool_choice", {"type": "auto"}) in (
            {"type": "auto"},
            {"type": "none"},
            {"type": "auto", "disable_parallel_tool_use": True},
        )
        assert not {"temperature", "top_k"} & body.keys()
        budget = thinking.get("budget_tokens")
        assert budget is None or (isinstance(limit, int) and 1024 <= budget < limit)


def minimal(**members: object) -> chat.ChatRequest:
    request = chat.ChatRequest(vendor="test", paths={}, messages=[chat.Message("user", [chat.Text("Hi")])])
    return msgspec.structs.replace(request, **members)


def test_a_plain_request_loses_nothing() -> None:
    lowered = lower_request(minimal(), "claude", UNKNOWN_MODEL)
    assert lowered.losses == ()
    assert lowered.headers == ()
    assert (
        lowered.body
        == b'{"model":"claude","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}'
    )


def test_members_of_the_same_vendor_go_back_in_and_cannot_replace_ours() -> None:
    extras = {"inference_geo": msgspec.Raw(b'"eu"'), "model": msgspec.Raw(b'"other"')}
    body = json.loads(lower_request(minimal(vendor=FORMAT, extras=extras), "claude", UNKNOWN_MODEL).body)
    assert (body["inference_geo"], body["model"]) == ("eu", "claude")


def test_members_of_another_vendor_are_lost_unless_they_ask_for_nothing() -> None:
    extras = {
        "store": msgspec.Raw(b"false"),
        "verbosity": msgspec.Raw(b'"low"'),
        "web_search_options": msgspec.Raw(b"{}"),
    }
    lowered = lower_request(minimal(extras=extras), "claude", UNKNOWN_MODEL)
    assert [(loss.path, loss.kind) for loss in lowered.losses] == [
        ("$.verbosity", "dropped"),
        ("$.web_search_options", "dropped"),
    ]
