"""Anthropic, by its OpenAI-compatible path.

https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk, whose table of fields is the table here
(read 2026-11-23). Anthropic means the path for trying its models; much of a request is ignored there.
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import keep_one_choice, report_ignored, value_of

HIGHEST_TEMPERATURE = 1
IGNORED = (
    "logprobs",
    "metadata",
    "response_format",
    "prediction",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "service_tier",
    "audio",
    "logit_bias",
    "store",
    "user",
    "modalities",
    "top_logprobs",
    "reasoning_effort",
)


def report_ignored_fields(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report ``response_format``, ``seed``, ``logprobs``, the penalties and whatever else is taken and ignored."""
    report_ignored(edit, IGNORED, "Anthropic ignores it on its OpenAI-compatible path")


def ask_for_one_choice(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Make ``n`` 1, the only number that is taken."""
    keep_one_choice(edit, "Anthropic takes no other number than 1")


def report_capped_temperature(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report a ``temperature`` above 1, which Anthropic itself lowers to 1."""
    temperature = value_of(edit, "temperature")
    if isinstance(temperature, int | float) and temperature > HIGHEST_TEMPERATURE:
        edit.report("temperature", "clamped", "Anthropic takes values above 1 as 1")


PROVIDER = Provider(
    id="anthropic-openai",
    title="Anthropic (OpenAI-compatible)",
    base_url="https://api.anthropic.com/v1",
    paths={"chat_completions": "/chat/completions"},
    request_quirks=(report_ignored_fields, ask_for_one_choice, report_capped_temperature),
    docs=("https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk",),
    verified="2026-11-23",
    notes=(
        "Details of usage are always empty here: cached input is not reported. For most uses the provider anthropic is "
        "better; this one is for a configuration that asks for it."
    ),
)
