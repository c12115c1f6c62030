"""The oracle is the official client's types: every body and every event is one of them."""

from __future__ import annotations

import json
import struct
from base64 import b64decode
from collections.abc import Iterable

import pytest
from openai.types import Completion, CreateEmbeddingResponse, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from penstock.simulator.answering import Answer, Call, Reply
from penstock.simulator.openai_chat_request import StreamOptions
from penstock.simulator.openai_format import (
    DONE,
    Continuation,
    Stamp,
    chat_body,
    chat_events,
    completion_body,
    completion_events,
    embedding_body,
    model_list_body,
    model_members,
)
from penstock.simulator.openai_text_requests import EmbeddingRequest, Prompt

STAMP = Stamp("chatcmpl-1", 1_800_000_000, 'a "model"', "fp_simulator")
TEXT = Reply(("Hé", "llo", '"\n', " \U0001f642"), (), "stop")
CALLS = Reply((), (Call("call_1", "weather", ('{"city":', '"Bern"}')), Call("call_2", "time", ("{}",))), "tool_calls")
CUT = Reply(("One",), (), "length")
BOTH = Reply(TEXT.pieces, CALLS.calls, "tool_calls")
EMPTY = Reply((), (), "length")
ANSWERS = [Answer(replies, 9) for replies in ((TEXT,), (CALLS,), (BOTH,), (TEXT, CUT), (EMPTY,))]
FOUND = [Continuation(TEXT, "Once ", 5), Continuation(CUT, "", 4)]


def read_events(events: Iterable[bytes]) -> list[object]:
    """Return the decoded events before the last one, which must be ``[DONE]``."""
    *found, last = events
    assert last == DONE
    assert all(one.startswith(b"data: ") and one.endswith(b"\n\n") for one in found)
    return [json.loads(one[6:]) for one in found]


def chunks_of(answer: Answer, options: StreamOptions, top: int | None = None) -> list[ChatCompletionChunk]:
    events = read_events(chat_events(answer, STAMP, options, top))
    return [ChatCompletionChunk.model_validate(one, strict=True) for one in events]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("top", [None, 0, 2])
def test_a_whole_chat_answer_is_the_client_s_type(answer: Answer, top: int | None) -> None:
    found = ChatCompletion.model_validate_json(chat_body(answer, STAMP, top))
    assert (found.id, found.model, found.system_fingerprint) == (STAMP.id, STAMP.model, STAMP.fingerprint)
    assert found.usage is not None
    assert found.usage.total_tokens == 9 + answer.completion_tokens() == 9 + found.usage.completion_tokens
    for choice, reply in zip(found.choices, answer.replies, strict=True):
        assert (choice.finish_reason, choice.message.content) == (reply.finish, None if reply is CALLS else reply.text)
        assert (choice.logprobs is None) == (top is None)
        if choice.logprobs is not None:
            assert [one.token for one in choice.logprobs.content or []] == list(reply.pieces)
            assert all(len(one.top_logprobs) == top for one in choice.logprobs.content or [])


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("top", [None, 2])
def test_a_stream_adds_up_to_the_whole_answer(answer: Answer, top: int | None) -> None:
    chunks = chunks_of(answer, StreamOptions(), top)
    whole = ChatCompletion.model_validate_json(chat_body(answer, STAMP, top))
    for wanted in whole.choices:
        own = [choice for chunk in chunks for choice in chunk.choices if choice.index == wanted.index]
        assert "".join(one.delta.content or "" for one in own) == (wanted.message.content or "")
        assert [one.finish_reason for one in own if one.finish_reason] == [wanted.finish_reason]
        assert own[0].delta.role == "assistant"
        arguments: dict[tuple[int, str], str] = {}
        deltas = [delta for one in own for delta in one.delta.tool_calls or []]
        for delta in deltas:
            assert delta.function is not None
            if delta.id:
                arguments[delta.index, delta.id] = ""
            at = next(reversed(arguments))
            assert at[0] == delta.index
            arguments[at] += delta.function.arguments or ""
        calls = wanted.message.tool_calls or []
        assert arguments == {
            (place, call.id): call.function.arguments for place, call in enumerate(calls) if call.type == "function"
        }
        logged = [token for one in own if one.logprobs for token in one.logprobs.content or []]
        assert logged == ((wanted.logprobs.content or []) if wanted.logprobs else [])


@pytest.mark.parametrize("answer", ANSWERS)
def test_counts_come_where_they_were_asked_for(answer: Answer) -> None:
    nowhere = chunks_of(answer, StreamOptions("nowhere"))
    assert not any(chunk.usage for chunk in nowhere)
    apart = chunks_of(answer, StreamOptions("own_event"))
    assert [bool(chunk.usage) for chunk in apart] == [False] * (len(apart) - 1) + [True]
    assert apart[-1].choices == []
    within = chunks_of(answer, StreamOptions("last_choice"))
    assert [bool(chunk.usage) for chunk in within] == [False] * (len(within) - 1) + [True]
    assert within[-1].choices
    assert apart[-1].usage == within[-1].usage
    assert within[-1].usage is not None
    assert within[-1].usage.completion_tokens == answer.completion_tokens()


def test_events_that_bring_a_token_are_as_many_as_the_tokens() -> None:
    chunks = chunks_of(Answer((TEXT,), 9), StreamOptions())
    assert sum(bool(choice.delta.content) for chunk in chunks for choice in chunk.choices) == TEXT.tokens()


def test_padding_hides_how_long_a_piece_is_and_can_be_declined() -> None:
    events = read_events(chat_events(Answer((TEXT,), 9), STAMP, StreamOptions(), None))
    assert all(isinstance(one, dict) and one["obfuscation"] for one in events)
    plain = b"".join(chat_events(Answer((TEXT,), 9), STAMP, StreamOptions(include_obfuscation=False), None))
    assert b"obfuscation" not in plain


@pytest.mark.parametrize("top", [None, 0, 3])
def test_a_whole_completion_is_the_client_s_type(top: int | None) -> None:
    found = Completion.model_validate_json(completion_body(FOUND, STAMP, 9, top))
    assert [choice.text for choice in found.choices] == [f"Once {TEXT.text}", CUT.text]
    assert [choice.finish_reason for choice in found.choices] == ["stop", "length"]
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (9, TEXT.tokens() + CUT.tokens())
    for choice, prompt in zip(found.choices, ("", "Four"), strict=True):
        assert (choice.logprobs is None) == (top is None)
        if choice.logprobs is not None:
            tokens, offsets = choice.logprobs.tokens or [], choice.logprobs.text_offset or []
            assert [(prompt + choice.text)[at:].startswith(token) for token, at in zip(tokens, offsets, strict=True)]
            assert "".join(tokens) == choice.text
            assert offsets[0] == len(prompt)


def reason_of(event: object) -> object:
    """Return why an answer ended; where it goes on, write what the client's type, unlike the service, insists on."""
    assert isinstance(event, dict)
    (choice,) = event["choices"]
    reason = choice["finish_reason"]
    choice["finish_reason"] = reason or "stop"
    return reason


@pytest.mark.parametrize("top", [None, 3])
def test_a_streamed_completion_adds_up_to_the_whole_one(top: int | None) -> None:
    events = read_events(completion_events(FOUND, STAMP, StreamOptions("own_event"), 9, top))
    reasons = [reason_of(one) for one in events[:-1]]
    assert [reason for reason in reasons if reason] == ["length", "stop"]
    chunks = [Completion.model_validate(one) for one in events]
    whole = Completion.model_validate_json(completion_body(FOUND, STAMP, 9, top))
    assert chunks[-1].usage == whole.usage
    for wanted in whole.choices:
        own = [choice for chunk in chunks for choice in chunk.choices if choice.index == wanted.index]
        assert "".join(one.text for one in own) == wanted.text
        assert own[-1].finish_reason == wanted.finish_reason
        offsets = [at for one in own if one.logprobs for at in one.logprobs.text_offset or []]
        assert offsets == ((wanted.logprobs.text_offset or []) if wanted.logprobs else [])


def test_embeddings_are_the_same_in_both_encodings() -> None:
    inputs = (Prompt("one"), Prompt("", (1, 2)))
    numbers, packed = (
        CreateEmbeddingResponse.model_validate_json(
            embedding_body(EmbeddingRequest(model="m", inputs=inputs, dimensions=8, encoding=encoding))
            if encoding == "float"
            else unpacked(embedding_body(EmbeddingRequest(model="m", inputs=inputs, dimensions=8, encoding=encoding)))
        )
        for encoding in ("float", "base64")
    )
    assert numbers == packed
    assert [one.index for one in numbers.data] == [0, 1]
    assert numbers.usage.prompt_tokens == 3


def unpacked(body: bytes) -> bytes:
    """Turn base64 into numbers, as the client does."""
    found = json.loads(body)
    for one in found["data"]:
        one["embedding"] = struct.unpack("<8f", b64decode(one["embedding"]))
    return json.dumps(found).encode()


def test_models_are_the_client_s_type() -> None:
    found = json.loads(model_list_body([model_members("a", 1, "me"), model_members("b", 2, "you")]))
    assert [Model.model_validate(one).id for one in found["data"]] == ["a", "b"]
    assert found["object"] == "list"
