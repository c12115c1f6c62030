"""AWS Bedrock, by the Converse API that all its chat models share.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and API keys:
https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.cloud_options import AwsOptions, foundation_model
from penstock.core.provider import NativeChat, NativeCount, NativeEmbeddings, Provider

INVOKE = "/model/{model}/invoke"


def embeddings_of(model: str) -> NativeEmbeddings | None:
    """Titan's and Cohere's models make vectors, each by the body of its vendor."""
    if "titan-embed" in model:
        return NativeEmbeddings("titan_embeddings", INVOKE)
    return NativeEmbeddings("cohere_bedrock_embeddings", INVOKE) if "cohere.embed" in model else None


PROVIDER = Provider(
    id="bedrock",
    title="AWS Bedrock",
    schema_name="AWSBedrock",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    paths={},
    native_chat=NativeChat(
        format="bedrock_converse",
        path="/model/{model}/converse",
        stream_path="/model/{model}/converse-stream",
    ),
    native_embeddings=embeddings_of,
    native_count=NativeCount("bedrock_converse_count", "/model/{model}/count-tokens", foundation_model),
    credentials=("aws", "api_key"),
    key_required=False,
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    credential_env=("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    options=AwsOptions,
    option_env={"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    stream_usage="always",
    model_patterns=("amazon.*", "us.amazon.*", "eu.amazon.*", "us.anthropic.*", "eu.anthropic.*", "global.anthropic.*"),
    docs=(
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
    ),
    verified="2026-11-23",
    notes="Addresses inside a VPC and FIPS endpoints are given as base_url.",
)
