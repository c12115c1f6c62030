from __future__ import annotations

import re

import msgspec
import pytest
from google.genai import types as genai

from penstock.core.chat import Audio, Image, VendorBlock
from penstock.core.chat_format import AnswerContext
from penstock.wire.gemini_generate.answer_body import (
    Answer,
    Blob,
    Calls,
    Candidate,
    FunctionCall,
    LogprobBody,
    LogprobsBody,
    Part,
    TopBody,
    logprobs_of,
    media_block,
    vendor_block,
)


def context(request_id: str = "r") -> AnswerContext:
    return AnswerContext(model="m", request_id=request_id)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Answer, genai.GenerateContentResponse),
        (Candidate, genai.Candidate),
        (Part, genai.Part),
        (FunctionCall, genai.FunctionCall),
    ],
)
def test_every_member_we_read_is_one_that_google_writes(ours: type[msgspec.Struct], theirs: type[genai.Part]) -> None:
    written = {field.alias or name for name, field in theirs.model_fields.items()}
    assert set(ours.__struct_encode_fields__) - {"error"} <= written


def test_calls_without_ids_get_ids_that_a_replay_makes_alike() -> None:
    def ids(request_id: str) -> list[str]:
        calls = Calls(context(request_id))
        return [calls.read(Part(), FunctionCall("f")).id for _ in range(3)]

    assert ids("a") == ids("a")
    assert len({*ids("a"), *ids("b")}) == 6
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", found) for found in ids("a"))


def test_an_id_that_comes_twice_is_given_once() -> None:
    calls = Calls(context())
    first, second = (calls.read(Part(), FunctionCall("f", "same")).id for _ in range(2))
    assert first == "same"
    assert second != "same"


@pytest.mark.parametrize(
    ("arguments", "read"),
    [(b'{ "a" : 1.0,\n "b": [1, 2] }', '{"a":1.0,"b":[1,2]}'), (b"null", "{}"), (b"", "{}"), (b"{}", "{}")],
)
def test_arguments_keep_their_numbers_and_lose_white_space(arguments: bytes, read: str) -> None:
    assert Calls(context()).read(Part(), FunctionCall("f", args=msgspec.Raw(arguments))).arguments == read


def test_arguments_in_pieces_are_not_read_by_halves() -> None:
    with pytest.raises(ValueError, match="pieces"):
        Calls(context()).read(Part(), FunctionCall("f", partial_args=msgspec.Raw(b'[{"jsonPath":"$.a"}]')))


def test_media_are_pictures_or_sounds_or_googles_own() -> None:
    assert isinstance(media_block(Part(), Blob("AA==", "image/png")), Image)
    assert isinstance(media_block(Part(), Blob("AA==", "audio/wav")), Audio)
    other = media_block(Part(thought_signature="c2ln"), Blob("AA==", "video/mp4"))
    assert isinstance(other, VendorBlock)
    kept = {"inlineData": {"data": "AA==", "mimeType": "video/mp4"}, "thoughtSignature": "c2ln"}
    assert msgspec.json.decode(other.raw) == kept


def test_a_part_of_googles_own_keeps_its_signature() -> None:
    part = msgspec.json.decode(b'{"toolCall":{"id":"1"},"thoughtSignature":"c2ln","text":null}', type=Part)
    block = vendor_block(part)
    assert block is not None
    assert (block.vendor, block.kind) == ("gemini_generate", "toolCall")
    assert bytes(block.raw) == b'{"toolCall":{"id":"1"},"thoughtSignature":"c2ln"}'
    assert vendor_block(Part()) is None


def test_a_token_without_a_logprob_was_certain() -> None:
    tokens = logprobs_of(LogprobsBody([LogprobBody("é")], [TopBody([LogprobBody("é", -0.1), LogprobBody("x")])]))
    assert tokens is not None
    assert (tokens[0].logprob, tokens[0].bytes) == (0.0, (0xC3, 0xA9))
    assert [top.token for top in tokens[0].top] == ["é"]
    assert logprobs_of(LogprobsBody([LogprobBody("a", -1.0)])) is not None
    assert logprobs_of(LogprobsBody()) is None
