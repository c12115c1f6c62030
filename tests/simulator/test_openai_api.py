from __future__ import annotations

import json

import pytest
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from penstock.core.endpoint import EndpointId
from penstock.simulator.dialect import Prepared
from penstock.simulator.openai_api import CONTEXT_WINDOW_TOKENS, Question, prepare
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.openai_format import Stamp
from penstock.simulator.request_fields import Fields
from penstock.simulator.vendors import Vendor, all_vendors

VENDORS = {vendor.id: vendor for vendor in all_vendors()}
OPENAI = VENDORS["openai"]
IMPOSSIBLE = {"type": "object", "required": ["a"], "properties": {"a": False}}


def ask(endpoint: EndpointId, body: dict[str, object], vendor: Vendor = OPENAI, seed: int = 0) -> Prepared:
    def stamp(kind: str) -> Stamp:
        return Stamp(f"{kind}1", 1_800_000_000, "m", "fp")

    return prepare(endpoint, Question(vendor, Fields({"model": "m", **body}), stamp, ((b"x-mark", b"1"),), seed))


def chat(said: str = "Hello", vendor: Vendor = OPENAI, **members: object) -> Prepared:
    return ask("chat_completions", {"messages": [{"role": "user", "content": said}], **members}, vendor)


def chunks_of(prepared: Prepared) -> list[ChatCompletionChunk]:
    assert prepared.events is not None
    *events, _done = prepared.events
    return [ChatCompletionChunk.model_validate_json(event[6:]) for event in events]


def refused(endpoint: EndpointId, **body: object) -> VendorError:
    with pytest.raises(VendorError) as found:
        ask(endpoint, body)
    return found.value


def test_a_chat_is_answered_whole_and_takes_as_long_as_its_tokens() -> None:
    prepared = chat()
    found = ChatCompletion.model_validate_json(prepared.body)
    assert found.id == "chatcmpl-1"
    assert "Hello" in (found.choices[0].message.content or "")
    assert found.usage is not None
    assert prepared.tokens == found.usage.completion_tokens
    assert prepared.headers == ((b"x-mark", b"1"),)


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_streams_have_their_counts_where_the_vendor_puts_them(vendor: Vendor, asked: bool) -> None:
    chunks = chunks_of(chat(vendor=vendor, stream=True, stream_options={"include_usage": asked}))
    with_counts = [chunk for chunk in chunks if chunk.usage]
    expected = {"on_request": int(asked), "always": 1, "never": 0}[vendor.stream_usage]
    assert len(with_counts) == expected
    if expected:
        assert chunks[-1].usage is not None
        assert bool(chunks[-1].choices) == (vendor.stream_usage == "always")


def test_only_vendors_that_pad_their_events_do_so() -> None:
    padded = {
        id_ for id_, one in VENDORS.items() if b"obfuscation" in b"".join(chat(vendor=one, stream=True).events or ())
    }
    assert padded == {"penstock-simulator", "openai", "azure-openai"}


def test_every_prompt_of_a_completion_gets_so_many_answers() -> None:
    prepared = ask("completions", {"prompt": ["One", "Two"], "n": 2, "max_tokens": 5, "echo": True})
    found = Completion.model_validate_json(prepared.body)
    assert [choice.text[:3] for choice in found.choices] == ["One", "One", "Two", "Two"]
    assert [choice.index for choice in found.choices] == [0, 1, 2, 3]
    assert found.usage is not None
    assert prepared.tokens == found.usage.completion_tokens == 20


def test_a_completion_streams() -> None:
    prepared = ask("completions", {"prompt": "One", "stream": True})
    assert prepared.events is not None
    *events, done = prepared.events
    assert done == b"data: [DONE]\n\n"
    choices = [json.loads(event[6:])["choices"][0] for event in events]
    assert sum(bool(choice["text"]) for choice in choices) == prepared.tokens == 16
    assert [choice["finish_reason"] for choice in choices] == [None] * 16 + ["length"]


def test_an_embedding_has_the_dimensions_that_were_asked_for() -> None:
    prepared = ask("embeddings", {"input": ["a", "b"], "dimensions": 5})
    found = CreateEmbeddingResponse.model_validate_json(prepared.body)
    assert [len(one.embedding) for one in found.data] == [5, 5]


@pytest.mark.parametrize("endpoint", ["chat_completions", "completions"])
def test_the_same_seed_gives_the_same_answer_and_another_one_another(endpoint: EndpointId) -> None:
    body: dict[str, object] = {"prompt": "One", "messages": [{"role": "user", "content": "One"}], "max_tokens": 60}
    assert ask(endpoint, body).body == ask(endpoint, body).body
    assert len({ask(endpoint, body, seed=seed).body for seed in range(8)}) > 1
    assert len({ask(endpoint, {**body, "seed": seed}).body for seed in range(8)}) > 1


@pytest.mark.parametrize("text", ["a " * (CONTEXT_WINDOW_TOKENS + 1), "a" * 9 * (CONTEXT_WINDOW_TOKENS + 1)])
def test_a_prompt_beyond_the_window_is_refused(text: str) -> None:
    for error, place in (
        (refused("chat_completions", messages=[{"role": "user", "content": text}]), "messages"),
        (refused("completions", prompt=text), "prompt"),
    ):
        assert (error.status, error.code, error.param) == (400, "context_length_exceeded", place)


def test_a_schema_that_nothing_obeys_is_the_caller_s_fault() -> None:
    messages = [{"role": "user", "content": "Hello"}]
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": IMPOSSIBLE}}
    error = refused("chat_completions", messages=messages, response_format=wanted)
    assert (error.status, error.code, error.param) == (400, None, "response_format")
    tools = [{"type": "function", "function": {"name": "f", "parameters": IMPOSSIBLE}}]
    error = refused("chat_completions", messages=messages, tools=tools)
    assert (error.code, error.param) == ("invalid_function_parameters", "tools[0].function.parameters")


def test_json_is_written_where_a_schema_asks_for_it() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    found = ChatCompletion.model_validate_json(chat(response_format=wanted).body)
    assert isinstance(json.loads(found.choices[0].message.content or "")["n"], int)


def test_marks_of_other_vendors_are_refused_by_those_that_do() -> None:
    marked: dict[str, object] = {"role": "assistant", "content": "Ho", "thinking_blocks": []}
    messages = [{"role": "user", "content": "Hi"}, marked, {"role": "user", "content": "And?"}]
    places: dict[str, str | None] = {}
    for vendor in VENDORS.values():
        try:
            ask("chat_completions", {"messages": messages}, vendor)
        except VendorError as error:
            places[vendor.id] = error.param
    strict = ("openai", "azure-openai", "groq", "mistral", "gemini")
    assert places == dict.fromkeys(strict, "messages[1].thinking_blocks")
