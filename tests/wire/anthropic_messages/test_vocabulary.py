from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from anthropic.types import Base64ImageSourceParam, StopReason
from anthropic.types.beta import BetaStopReason
from anthropic.types.shared import ErrorType

from penstock.core.chat_answer import ErrorKind
from penstock.wire.anthropic_messages import vocabulary as words
from penstock.wire.status_kinds import kind_of_status


def test_every_stop_reason_of_the_sdk_has_a_row() -> None:
    assert {*get_args(StopReason), *get_args(BetaStopReason)} == set(get_args(words.StopReason))
    assert set(get_args(words.StopReason)) == set(words.STOP_REASONS)


def test_every_error_type_of_the_sdk_has_a_row() -> None:
    assert set(get_args(ErrorType)) <= set(get_args(words.ErrorType))
    assert set(get_args(words.ErrorType)) == set(words.ERROR_KINDS)


def test_a_stop_reason_survives_the_way_there_and_back() -> None:
    for word, reason in words.STOP_REASONS.items():
        assert words.STOP_WORDS[reason] == word or word == "compaction"


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_an_error_kind_keeps_its_meaning_or_becomes_the_wider_one(kind: ErrorKind) -> None:
    back = words.ERROR_KINDS[words.ERROR_TYPES[kind]]
    assert back == ("invalid_request" if kind in {"context_length", "content_filter"} else kind)


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_the_status_of_a_kind_means_that_kind(kind: ErrorKind) -> None:
    back = kind_of_status(words.ERROR_STATUSES[kind])
    assert back == ("invalid_request" if kind in {"context_length", "content_filter"} else kind)


def test_statuses_without_a_row_are_the_fault_of_whom_their_class_says() -> None:
    assert kind_of_status(418) == "invalid_request"
    assert kind_of_status(599) == "server"


def test_image_types_are_those_of_the_sdk() -> None:
    hints = get_type_hints(Base64ImageSourceParam, include_extras=False)
    assert set(get_args(hints["media_type"])) == words.IMAGE_MEDIA_TYPES
