"""The tables know every word of the SDK, and say none that it does not know."""

from __future__ import annotations

from typing import get_args

import msgspec
from openai.types.chat.chat_completion import Choice

from penstock.wire.openai_chat import request_body as body
from penstock.wire.openai_chat.vocabulary import (
    AUDIO_FORMATS,
    AUDIO_TYPES,
    FINISH_REASONS_READ,
    FINISH_WORDS,
    INEXACT,
    PARTS,
    PARTS_OF_ROLES,
    ROLES,
)


def sdk_words() -> set[str]:
    return set(get_args(Choice.model_fields["finish_reason"].annotation))


def tags(union: object) -> set[object]:
    return {struct.__struct_config__.tag for struct in get_args(union)}


def test_callers_read_only_finish_reasons_of_the_sdk() -> None:
    assert set(FINISH_WORDS.values()) <= sdk_words()


def test_every_finish_reason_of_the_sdk_is_read() -> None:
    assert sdk_words() <= FINISH_REASONS_READ.keys()


def test_a_reason_that_is_said_exactly_is_read_as_itself() -> None:
    exact = FINISH_WORDS.keys() - INEXACT - {"stop_sequence"}  # OpenAI says stop for both
    assert {FINISH_REASONS_READ[FINISH_WORDS[reason]] for reason in exact} == exact


def test_roles_and_parts_that_are_named_are_the_ones_that_are_read() -> None:
    assert set(ROLES) == tags(body.AnyTurn)
    assert set(PARTS) == tags(body.AnyPart)
    assert set().union(*PARTS_OF_ROLES.values()) == set(PARTS)


def test_formats_of_sound_are_read_and_written_alike() -> None:
    assert {word: AUDIO_FORMATS[media_type] for word, media_type in AUDIO_TYPES.items()} == {
        word: word for word in AUDIO_TYPES
    }
    assert msgspec.json.encode(list(AUDIO_TYPES)) == b'["wav","mp3"]'
