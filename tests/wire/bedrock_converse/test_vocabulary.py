"""The tables against the service model that AWS publishes: a new word there is noticed here."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.bedrock_converse import vocabulary
from penstock.wire.bedrock_converse.answer_blocks import KNOWN_VENDOR_BLOCKS
from penstock.wire.status_kinds import kind_of_status

SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


def words_of(shape: str) -> set[str]:
    return set(SERVICE.shape_for(shape).enum)


def members_of(shape: str) -> Any:
    return SERVICE.shape_for(shape).members


def test_every_stop_reason_has_a_row() -> None:
    assert words_of("StopReason") <= set(vocabulary.STOP_REASONS)


def test_every_exception_of_the_operation_and_of_its_stream_has_a_row() -> None:
    named = {shape.name.lower() for shape in SERVICE.operation_model("ConverseStream").error_shapes}
    in_streams = {name.lower() for name in members_of("ConverseStreamOutput") if name.endswith("Exception")}
    assert named | in_streams <= set(vocabulary.ERROR_KINDS)
    assert in_streams <= set(vocabulary.STREAM_ERROR_STATUSES)


def test_an_exception_inside_a_stream_has_the_status_of_the_same_exception_outside() -> None:
    statuses = {
        shape.name.lower(): shape.metadata["error"]["httpStatusCode"]
        for shape in SERVICE.operation_model("ConverseStream").error_shapes
    }
    for name, status in vocabulary.STREAM_ERROR_STATUSES.items():
        assert statuses.get(name, status) == status


@pytest.mark.parametrize(
    ("table", "shape"),
    [
        (vocabulary.IMAGE_FORMATS, "ImageFormat"),
        (vocabulary.AUDIO_FORMATS, "AudioFormat"),
        (vocabulary.VIDEO_FORMATS, "VideoFormat"),
        (vocabulary.DOCUMENT_FORMATS, "DocumentFormat"),
    ],
)
def test_media_formats_are_those_of_the_service(table: dict[str, str], shape: str) -> None:
    assert set(table.values()) <= words_of(shape)
    if shape in {"ImageFormat", "DocumentFormat"}:
        assert set(table.values()) == words_of(shape)


def test_service_tiers_and_cache_times_are_those_of_the_service() -> None:
    assert {tier for tier in vocabulary.SERVICE_TIERS.values() if tier} == words_of("ServiceTierType")
    assert words_of("CacheTTL") == vocabulary.CACHE_TTLS


def test_members_passed_from_the_callers_body_are_members_of_the_request() -> None:
    assert set(members_of("ConverseRequest")) >= vocabulary.PASSED_EXTRAS


def test_every_kind_of_content_block_is_known() -> None:
    assert set(members_of("ContentBlock")) <= {"text", "citationsContent"} | KNOWN_VENDOR_BLOCKS


CLAUDE_LIKE = ModelFacts(thinking="budget")


@pytest.mark.parametrize(
    ("model", "facts", "vendor"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", UNKNOWN_MODEL, "anthropic"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", UNKNOWN_MODEL, "anthropic"),
        ("us-gov.amazon.nova-lite-v1:0", UNKNOWN_MODEL, "amazon"),
        ("deepseek.v3-v1:0", UNKNOWN_MODEL, "deepseek"),
        ("arn:aws:bedrock:us-east-1::foundation-model/cohere.command-r-v1:0", UNKNOWN_MODEL, "cohere"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama4-v1:0", UNKNOWN_MODEL, "meta"),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3", UNKNOWN_MODEL, ""),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3", CLAUDE_LIKE, "anthropic"),
    ],
)
def test_the_vendor_is_read_from_the_id_of_a_model(model: str, facts: ModelFacts, vendor: str) -> None:
    assert vocabulary.vendor_of(model, facts) == vendor


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ("us.amazon.nova-2-lite-v1:0", "reasoningConfig"),
        ("openai.gpt-oss-120b-1:0", "reasoning_effort"),
        ("openai.gpt-6-luna", "reasoning.effort"),
        ("moonshot.kimi-k2-thinking", "reasoning_effort"),
        ("deepseek.v3-v1:0", "reasoning_effort"),
    ],
)
def test_each_family_is_told_its_effort_in_its_own_member(model: str, shape: str) -> None:
    assert vocabulary.reasoning_shape(model) == shape


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit"), (418, "invalid_request"), (599, "server")])
def test_a_status_alone_tells_whose_fault_it_is(status: int, kind: str) -> None:
    assert kind_of_status(status) == kind


@pytest.mark.parametrize(
    ("vendor", "facts", "thinking", "continues"),
    [
        ("anthropic", ModelFacts(), False, True),
        ("anthropic", ModelFacts(), True, False),
        ("anthropic", ModelFacts(prefill=False), False, False),
        ("amazon", ModelFacts(prefill=False), False, False),
        ("", ModelFacts(), False, True),
        ("meta", ModelFacts(), False, False),
    ],
)
def test_who_goes_on_from_a_turn_of_the_assistant(
    vendor: str, facts: ModelFacts, thinking: bool, continues: bool
) -> None:
    assert vocabulary.continues_turns(vendor, facts, thinking=thinking) is continues
