"""Claude on Google's Vertex AI, by ``rawPredict``: Anthropic's Messages API with the model in the path.

https://platform.claude.com/docs/en/api/claude-on-vertex-ai and .../docs/en/build-with-claude/vision ("base64 image
sources only" for models that Google manages; documents: https://github.com/anthropics/anthropic-sdk-typescript/issues/1038)
(read 2026-11-23).
"""

from __future__ import annotations

import re

from penstock.core.cloud_options import VertexOptions
from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import CallerHeaders, NativeChat, Options, Provider

MODEL = "/publishers/anthropic/models/{model}"
VERSION = b'"vertex-2023-10-16"'
_UNVERSIONED = re.compile(rb'@(?:default|latest)"$')


def name_version_not_model(edit: JsonEdit, _options: Options, _headers: CallerHeaders) -> None:
    """Put ``anthropic_version`` into the body, and take ``model`` out of it: it is in the path."""
    edit.remove("model")
    if edit.raw("anthropic_version") is None:
        edit.set("anthropic_version", VERSION)


def name_version_of_count(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Put ``anthropic_version`` into a request to count; the model stands in it, without a version that means none."""
    model = edit.raw("model") or b""
    if _UNVERSIONED.search(model):
        edit.set("model", _UNVERSIONED.sub(b'"', model))
    if edit.raw("anthropic_version") is None:
        edit.set("anthropic_version", VERSION)


PROVIDER = Provider(
    id="vertex-anthropic",
    title="Anthropic on Vertex AI",
    schema_name="GCPAnthropic",
    base_url="https://{host}/v1/projects/{project}/locations/{region}",
    paths={"count_tokens": "/publishers/anthropic/models/count-tokens:rawPredict"},
    native_chat=NativeChat(
        format="anthropic_messages",
        path=MODEL + ":rawPredict",
        stream_path=MODEL + ":streamRawPredict",
        splices=(name_version_not_model,),
    ),
    by_url=False,
    credentials=("gcp",),
    key_required=False,
    options=VertexOptions,
    stream_usage="always",
    request_quirks=(name_version_of_count,),
    docs=(
        "https://platform.claude.com/docs/en/api/claude-on-vertex-ai",
        "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude",
        "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens",
    ),
    verified="2026-11-23",
)
