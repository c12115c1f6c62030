"""Claude on AWS Bedrock, by InvokeModel: Anthropic's Messages API with the model in the path.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
and https://platform.claude.com/docs/en/api/claude-on-amazon-bedrock (read 2026-11-23). Betas are named in the body
there, not in a header; pictures and documents are base64 only (.../docs/en/build-with-claude/vision, for
bedrock-runtime).
"""

from __future__ import annotations

import msgspec

from penstock.core.cloud_options import AwsOptions, foundation_model
from penstock.core.json_object import JsonEdit
from penstock.core.provider import CallerHeaders, NativeChat, NativeCount, Options, Provider

VERSION = b'"bedrock-2023-05-31"'
BETA_HEADER = b"anthropic-beta"


def name_version_not_model(edit: JsonEdit, _options: Options, _headers: CallerHeaders) -> None:
    """Put ``anthropic_version`` into the body, and take ``model`` and ``stream`` out: the path says both."""
    edit.remove("model")
    edit.remove("stream")
    if edit.raw("anthropic_version") is None:
        edit.set("anthropic_version", VERSION)


def move_betas_into_body(edit: JsonEdit, _options: Options, headers: CallerHeaders) -> None:
    """Name the betas of the ``anthropic-beta`` header in ``anthropic_beta``, where Bedrock looks for them."""
    named = [name.strip().decode("latin-1") for name in headers.get(BETA_HEADER, b"").split(b",") if name.strip()]
    if named and edit.raw("anthropic_beta") is None:
        edit.set("anthropic_beta", msgspec.json.encode(list(dict.fromkeys(named))))


PROVIDER = Provider(
    id="bedrock-anthropic",
    title="Anthropic on AWS Bedrock",
    schema_name="AWSAnthropic",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    paths={},
    native_chat=NativeChat(
        format="anthropic_messages",
        path="/model/{model}/invoke",
        stream_path="/model/{model}/invoke-with-response-stream",
        splices=(name_version_not_model, move_betas_into_body),
        in_frames=True,
    ),
    native_count=NativeCount("bedrock_invoke_count", "/model/{model}/count-tokens", foundation_model),
    by_url=False,
    credentials=("aws", "api_key"),
    key_required=False,
    options=AwsOptions,
    stream_usage="always",
    docs=(
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html",
        "https://platform.claude.com/docs/en/api/claude-on-amazon-bedrock",
    ),
    verified="2026-11-23",
)
