"""Whole answers beyond the vectors: what is no answer, what is missing, what only Bedrock has."""

from __future__ import annotations

import json

import pytest

from penstock.core.chat import (
    Audio,
    Citation,
    Image,
    InlineData,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_answer import ChatAnswer
from penstock.core.chat_format import AnswerContext
from penstock.wire.bedrock_converse.lift_answer import lift_answer

Json = dict[str, object]


def lift(*content: Json, **more: object) -> tuple[ChatAnswer, AnswerContext]:
    context = AnswerContext(model="m", request_id="req_1", headers={b"x-amzn-requestid": b"aws-1"}, created=7)
    body = {"output": {"message": {"role": "assistant", "content": list(content)}}, "stopReason": "end_turn", **more}
    return lift_answer(json.dumps(body).encode(), context), context


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"null", b"{}", b'{"output":{}}', b'{"output":{"message":{"role":"assistant"}}}']
)
def test_what_is_no_answer_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        lift_answer(body, AnswerContext(model="m", request_id="r"))


def test_the_id_is_the_header_of_aws() -> None:
    answer, _ = lift()
    assert (answer.id, answer.model, answer.created) == ("aws-1", "m", 7)


def test_what_is_missing_or_null_is_not_said() -> None:
    context = AnswerContext(model="m", request_id="r")
    body = b'{"output":{"message":{"content":[{"toolUse":null},{},{"text":null}]}},"stopReason":null,"usage":null}'
    answer = lift_answer(body, context)
    assert answer.choices[0].blocks == []
    assert (answer.choices[0].finish, answer.choices[0].word, context.unknown) == ("unknown", "", [])


@pytest.mark.parametrize("call", [{}, {"name": "f"}, {"toolUseId": "t"}, {"name": "", "toolUseId": "t"}])
def test_a_call_that_nobody_could_answer_is_a_value_error(call: Json) -> None:
    with pytest.raises(ValueError, match="without an id or a name"):
        lift({"toolUse": call})


def test_arguments_keep_their_text() -> None:
    body = (
        b'{"output":{"message":{"content":[{"toolUse":{"name":"f","toolUseId":"t","input":{ "b": 1.50,"a":1e400 }}}]}}}'
    )
    (block,) = lift_answer(body, AnswerContext(model="m", request_id="r")).choices[0].blocks
    assert block == ToolCall("t", "f", '{ "b": 1.50,"a":1e400 }')


def test_thinking_keeps_its_signature() -> None:
    answer, _ = lift(
        {"reasoningContent": {"reasoningText": {"text": "so", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
    )
    assert answer.choices[0].blocks == [Thinking("so", "c2ln"), RedactedThinking("cmVk")]


def test_pictures_and_sound_are_bytes_or_a_place() -> None:
    answer, _ = lift(
        {"image": {"format": "webp", "source": {"bytes": "UklGRg=="}}},
        {"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://b/k"}}}},
    )
    image, audio = answer.choices[0].blocks
    assert image == Image(InlineData("image/webp", "UklGRg=="))
    assert audio == Audio(UrlSource("s3://b/k", "audio/mpeg"))


def test_a_picture_that_could_not_be_made_is_kept_as_bedrocks_own() -> None:
    answer, context = lift({"image": {"format": "png", "source": {}, "error": {"message": "no"}}})
    (block,) = answer.choices[0].blocks
    assert isinstance(block, VendorBlock)
    assert (block.vendor, block.kind, context.unknown) == ("bedrock_converse", "image", [])


def test_a_block_outside_the_service_model_is_kept_and_counted() -> None:
    answer, context = lift({"hologram": {"depth": 3}})
    (block,) = answer.choices[0].blocks
    assert isinstance(block, VendorBlock)
    assert json.loads(bytes(block.raw)) == {"hologram": {"depth": 3}}
    assert context.unknown == ["content=hologram"]


def test_blocks_of_bedrocks_own_stay_in_their_places() -> None:
    own: list[Json] = [{"guardContent": {"text": {"text": "g"}}}, {"cachePoint": {"type": "default"}}]
    answer, _ = lift({"text": "a"}, own[0], {"text": ""}, {}, {"text": "b"}, own[1])
    first, guard, second, cache = answer.choices[0].blocks
    assert (first, second) == (Text("a"), Text("b"))
    assert isinstance(guard, VendorBlock)
    assert isinstance(cache, VendorBlock)
    assert [json.loads(bytes(block.raw)) for block in (guard, cache)] == own


def test_citations_say_where_the_text_comes_from() -> None:
    source = {"title": "T", "source": "https://example.com/s", "sourceContent": [{"text": "a"}, {"text": "b"}]}
    document = {"location": {"documentPage": {"documentIndex": 2, "start": 1, "end": 3}}}
    answer, _ = lift(
        {"citationsContent": {"content": [{"text": "It "}, {"text": "is."}], "citations": [source, document]}}
    )
    (text,) = answer.choices[0].blocks
    assert isinstance(text, Text)
    assert text.text == "It is."
    first, second = text.citations
    assert (first.url, first.title, first.cited_text) == ("https://example.com/s", "T", "ab")
    assert (first.start, first.end) == (0, 6)
    assert (second.url, second.document_index, second.vendor) == (None, 2, "bedrock_converse")
    assert isinstance(second, Citation)
    assert json.loads(bytes(second.raw)) == document


def test_the_stop_sequence_and_what_only_bedrock_says_are_kept() -> None:
    answer, _ = lift(
        {"text": "Hi"},
        additionalModelResponseFields={"stop_sequence": "END"},
        trace={"promptRouter": {"invokedModelId": "x"}},
        performanceConfig=None,
    )
    assert answer.choices[0].stop_sequence == "END"
    assert set(answer.extras) == {"trace", "additionalModelResponseFields"}


def test_model_fields_of_any_shape_are_no_error() -> None:
    answer, _ = lift(additionalModelResponseFields=[1, 2])
    assert answer.choices[0].stop_sequence is None
