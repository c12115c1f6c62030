"""Whatever the SDK can send is read: no member that OpenAI documents is an unknown one."""

from __future__ import annotations

from typing import get_args, get_type_hints

import msgspec
import pytest
from openai.types import chat, shared_params
from openai.types.chat import chat_completion_content_part_param, completion_create_params
from openai.types.chat.chat_completion_content_part_image_param import ImageURL
from openai.types.chat.chat_completion_content_part_input_audio_param import InputAudio
from openai.types.shared_params.response_format_json_schema import JSONSchema

from penstock.wire.openai_chat import request_body as body

PAIRS = [
    (body.SystemTurn, chat.ChatCompletionSystemMessageParam),
    (body.DeveloperTurn, chat.ChatCompletionDeveloperMessageParam),
    (body.UserTurn, chat.ChatCompletionUserMessageParam),
    (body.AssistantTurn, chat.ChatCompletionAssistantMessageParam),
    (body.ToolTurn, chat.ChatCompletionToolMessageParam),
    (body.FunctionTurn, chat.ChatCompletionFunctionMessageParam),
    (body.TextPart, chat.ChatCompletionContentPartTextParam),
    (body.ImagePart, chat.ChatCompletionContentPartImageParam),
    (body.ImageUrl, ImageURL),
    (body.AudioPart, chat.ChatCompletionContentPartInputAudioParam),
    (body.InputAudio, InputAudio),
    (body.FilePart, chat_completion_content_part_param.File),
    (body.FileContent, chat_completion_content_part_param.FileFile),
    (body.RefusalPart, chat.ChatCompletionContentPartRefusalParam),
    (body.FunctionTool, chat.ChatCompletionFunctionToolParam),
    (body.FunctionDefinition, shared_params.FunctionDefinition),
    (body.AllowedTools, chat.ChatCompletionAllowedToolsParam),
    (body.JsonSchema, JSONSchema),
    (body.AnswerFormat, shared_params.ResponseFormatJSONSchema),
    (body.CalledTool, chat.ChatCompletionMessageFunctionToolCallParam),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda kind: kind.__name__)
def test_every_member_of_the_sdk_is_read(ours: type[msgspec.Struct], theirs: type) -> None:
    tag = ours.__struct_config__.tag_field
    assert get_type_hints(theirs).keys() <= {*ours.__struct_fields__, tag}


def test_every_message_and_part_of_the_sdk_is_read() -> None:
    for ours, theirs in (
        (body.AnyTurn, chat.ChatCompletionMessageParam),
        (body.AnyPart, chat.ChatCompletionContentPartParam),
    ):
        known = {struct.__struct_config__.tag for struct in get_args(ours)}
        for kind in get_args(theirs):
            hints = get_type_hints(kind)
            assert set(get_args(hints.get("role") or hints["type"])) <= known


def test_members_of_the_body_that_only_openai_has_are_left_to_travel() -> None:
    documented = get_type_hints(completion_create_params.CompletionCreateParamsBase).keys()
    assert documented - set(body.Body.__struct_fields__) == {
        "audio",
        "modalities",
        "moderation",
        "prediction",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "store",
        "verbosity",
        "web_search_options",
    }
