"""What a relay reads of embeddings, in requests and answers."""

from __future__ import annotations

import pytest

from penstock.core.endpoint import AnswerFacts, RequestFacts
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.usage import Usage
from penstock.wire.openai_embeddings import read_answer, read_request


def test_the_model_is_read_and_nothing_streams() -> None:
    facts = read_request(JsonObject(b'{"input":["a"],"stream":true,"model":"m"}'))
    assert facts == RequestFacts(model="m", stream=False, wants_usage_event=False)


def test_a_request_need_not_name_a_model() -> None:
    assert read_request(JsonObject(b"{}")).model is None


@pytest.mark.parametrize("body", [b'{"model":7}', b'{"model":"a","model":"b"}'])
def test_a_model_in_doubt_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_request(JsonObject(body))


def test_usage_is_read_beside_any_vectors() -> None:
    body = b'{"data":[{"embedding":"AAAA"}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}'
    assert read_answer(body, None) == AnswerFacts(Usage(input_tokens=3, total_tokens=3), "m")


def test_a_providers_own_reader_reads_the_usage() -> None:
    body = b'{"data":[],"usage":{"n":4}}'
    facts = read_answer(body, lambda usage: Usage(input_tokens=4) if usage == {"n": 4} else Usage())
    assert facts.usage == Usage(input_tokens=4)


@pytest.mark.parametrize("body", [b'{"data":[],"usage":7,"model":[]}', b'{"data":[],"usage":null}'])
def test_members_of_another_type_say_nothing(body: bytes) -> None:
    assert read_answer(body, None) == AnswerFacts()


def test_an_error_under_success_is_seen() -> None:
    assert read_answer(b'{"error":{"message":"no"}}', None).error == "no"


@pytest.mark.parametrize("body", [b"{}", b'{"hello":1}', b'{"data":null}', b'{"data":{}}'])
def test_an_object_that_is_neither_vectors_nor_an_error_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="without vectors"):
        read_answer(body, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not an embeddings answer"):
        read_answer(body, None)
