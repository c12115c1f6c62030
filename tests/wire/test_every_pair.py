"""What holds of every caller's format with every upstream's format, for made-up conversations.

Requests are made in OpenAI's format. What a caller of another format would send is what the lower of that format makes
of them, for a body towards its provider is a body from its callers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.core.chat import ChatRequest, Document, Image, Text, ToolCall, ToolResult
from penstock.core.chat_answer import ChatAnswer, UsageReport
from penstock.core.chat_format import AnswerContext, CallerFormat, FormatId, Lowered, UpstreamFormat
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.core.usage import UNREPORTED, Usage, later_counts
from penstock.relay.stream_events import EventCutter
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.wire.chat_oracles import ANSWER_ORACLES, REQUEST_ORACLES, STREAM_ORACLES
from tests.wire.chat_requests import answers, events_of, extended_requests, openai_requests

FORMATS: tuple[FormatId, ...] = get_args(FormatId)
CALLERS: tuple[FormatId, ...] = ("openai_chat", "anthropic_messages")
FACTS = (
    ModelFacts(),
    ModelFacts(json_schema=True, full_json_schema=True, thinking="adaptive", efforts=("low", "medium", "high")),
    ModelFacts(json_schema=True, thinking="budget", thinking_budget=(1024, 32_000), forced_tools_while_thinking=True),
    ModelFacts(thinking="level", efforts=("low", "high"), can_stop_thinking=False, sampling=False),
)
WITH_IDS = frozenset(FORMATS) - {"gemini_generate"}
"""Formats that tell calls apart by id; Gemini's does by order and name."""
ID_MEMBERS = frozenset({"id", "toolUseId"})

every_pair = pytest.mark.parametrize(
    ("caller_id", "upstream_id"), [(caller, upstream) for caller in CALLERS for upstream in FORMATS]
)
patiently = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def find_caller(format_id: FormatId) -> CallerFormat:
    try:
        return find_caller_format(format_id)
    except LookupError as missing:
        pytest.skip(str(missing))


def find_upstream(format_id: FormatId) -> UpstreamFormat:
    try:
        return find_upstream_format(format_id)
    except LookupError as missing:
        pytest.skip(str(missing))


def ask(caller: CallerFormat, request: dict[str, object]) -> ChatRequest:
    """Return the request as a caller of this format would have sent it."""
    lifted = find_caller("openai_chat").lift(JsonObject(json.dumps(request).encode()))
    if caller.id == "openai_chat":
        return lifted
    return caller.lift(JsonObject(find_upstream(caller.id).lower(lifted, "m", FACTS[1]).body))


def lowered(upstream: UpstreamFormat, request: ChatRequest, facts: ModelFacts) -> Lowered | None:
    """Return the request in the upstream's format; None when it says that it cannot carry it."""
    try:
        return upstream.lower(request, "m", facts)
    except InvalidRequest:
        return None


def ids_in(value: object, known: set[str]) -> Iterator[str]:
    """Yield the ids of calls in the order in which a body makes them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ID_MEMBERS and inner in known and "content" not in value and "status" not in value:
                yield inner
            yield from ids_in(inner, known)
    elif isinstance(value, list):
        for inner in value:
            yield from ids_in(inner, known)


@every_pair
@patiently
@given(request=openai_requests(), facts=st.sampled_from(FACTS))
def test_a_request_is_carried_or_refused_and_the_vendor_takes_it(
    caller_id: FormatId, upstream_id: FormatId, request: dict[str, object], facts: ModelFacts
) -> None:
    caller, upstream = find_caller(caller_id), find_upstream(upstream_id)
    made = lowered(upstream, ask(caller, request), facts)
    if made is not None:
        REQUEST_ORACLES[upstream_id](json.loads(made.body))
        assert all(loss.path.startswith("$.") for loss in made.losses)


@pytest.mark.parametrize("upstream_id", [upstream for upstream in FORMATS if upstream != "openai_chat"])
@patiently
@given(request=extended_requests(), facts=st.sampled_from(FACTS))
def test_what_clients_of_gateways_add_is_carried_or_reported(
    upstream_id: FormatId, request: dict[str, object], facts: ModelFacts
) -> None:
    made = lowered(find_upstream(upstream_id), ask(find_caller("openai_chat"), request), facts)
    if made is not None:
        REQUEST_ORACLES[upstream_id](json.loads(made.body))
        assert {"$.min_p", "$.web_search_options"} <= {loss.path for loss in made.losses}


@every_pair
@patiently
@given(request=openai_requests())
def test_ids_of_calls_and_their_order_survive(
    caller_id: FormatId, upstream_id: FormatId, request: dict[str, object]
) -> None:
    caller, upstream = find_caller(caller_id), find_upstream(upstream_id)
    asked = ask(caller, request)
    calls = [block for message in asked.messages for block in message.blocks if isinstance(block, ToolCall)]
    made = lowered(upstream, asked, FACTS[1])
    if made is None:
        return
    body: object = json.loads(made.body)
    if upstream_id in WITH_IDS:
        assert list(ids_in(body, {call.id for call in calls})) == [call.id for call in calls]
    else:
        assert isinstance(body, dict)
        parts = [part for content in body["contents"] for part in content["parts"]]
        names = [part["functionCall"]["name"] for part in parts if "functionCall" in part]
        assert names == [call.name for call in calls]


def substance(request: ChatRequest) -> list[object]:
    """Return what a conversation says, whoever says instructions first and however turns are cut."""
    instructions: list[object] = []
    said: list[object] = []
    for message in request.messages:
        into = instructions if message.role in {"system", "developer"} else said
        for block in message.blocks:
            match block:
                case Text(text=text):
                    into.append(("text", message.role in {"user", "assistant"} and message.role, text))
                case ToolCall(id=call_id, name=name, arguments=arguments):
                    into.append(("call", call_id, name, json.loads(arguments)))
                case ToolResult(call_id=call_id, content=content):
                    into.append(("result", call_id, [inner.text for inner in content if isinstance(inner, Text)]))
                case Image(source=source) | Document(source=source):
                    into.append(("media", source))
                case _:
                    raise AssertionError(block)
    return instructions + said


@patiently
@given(request=openai_requests())
def test_a_conversation_says_the_same_after_a_way_through_anthropics_format_and_back(
    request: dict[str, object],
) -> None:
    request = {name: value for name, value in request.items() if name != "response_format"}  # may add a tool
    first = ask(find_caller("openai_chat"), request)
    through = ask(find_caller("anthropic_messages"), request)
    back = find_upstream("openai_chat").lower(through, "m", FACTS[1])
    again = find_caller("openai_chat").lift(JsonObject(back.body))
    assert substance(again) == substance(first)
    assert [getattr(tool, "name", None) for tool in again.tools] == [
        getattr(tool, "name", None) for tool in first.tools
    ]
    assert (again.stop, again.stream) == (first.stop, first.stream)


# --- answers


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="req_test", created=5)


def kept_counts(usage: Usage) -> tuple[int | None, ...]:
    """Return the counts that the formats of callers all have; they write nothing for a cache that was not used."""
    return usage.input_tokens, usage.cached_input_tokens or 0, usage.cache_creation_tokens or 0, usage.output_tokens


@pytest.mark.parametrize("caller_id", CALLERS)
@given(answer=answers(most_choices=1))
def test_counts_reach_the_caller(caller_id: FormatId, answer: ChatAnswer) -> None:
    caller, reader = find_caller(caller_id), find_upstream(caller_id)
    request = ask(caller, {"model": "m", "messages": [{"role": "user", "content": "Hello"}]})
    body = caller.lower_answer(answer, request)
    ANSWER_ORACLES[caller_id](body)
    assert kept_counts(reader.lift_answer(body, context()).usage) == kept_counts(answer.usage)


@pytest.mark.parametrize("caller_id", CALLERS)
@given(answer=answers(most_choices=1))
def test_counts_reach_the_caller_of_a_stream(caller_id: FormatId, answer: ChatAnswer) -> None:
    caller = find_caller(caller_id)
    request = ask(caller, {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True})
    request.wants_usage_event = True
    encoder = caller.encoder(request, context())
    stream = b"".join(map(encoder.encode, events_of(answer)))
    STREAM_ORACLES[caller_id](stream)
    assert kept_counts(usage_in(find_upstream(caller_id), stream)) == kept_counts(answer.usage)


def usage_in(reader: UpstreamFormat, stream: bytes) -> Usage:
    decoder, usage = reader.decoder(context()), UNREPORTED
    for kind, data in EventCutter(reader.framing, 1_000_000).feed(stream):
        for event in decoder.decode(kind, data):
            if isinstance(event, UsageReport):
                usage = later_counts(usage, event.usage)
    return usage
