"""Options of providers inside a cloud."""

from __future__ import annotations

import pytest

from penstock.core.cloud_options import AwsOptions, VertexOptions, foundation_model
from penstock.core.provider import fill_base_url

VERTEX = "https://{host}/v1/projects/{project}/locations/{region}"


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("global", "https://aiplatform.googleapis.com/v1/projects/p/locations/global"),
        ("us-east5", "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5"),
    ],
)
def test_the_global_location_has_a_host_without_its_name(region: str, url: str) -> None:
    assert fill_base_url(VERTEX, VertexOptions(project="p", region=region)) == url


def test_a_project_must_be_given() -> None:
    assert VertexOptions().missing() == ("project",)
    assert VertexOptions(project="p").missing() == ()
    assert AwsOptions().missing() == ()


def test_what_stands_in_an_address_cannot_leave_its_place() -> None:
    assert fill_base_url("https://x.{region}.example", AwsOptions(region="a/b?c")) == "https://x.a%2Fb%3Fc.example"


@pytest.mark.parametrize(
    ("model", "foundation"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0"),
        ("us-gov.anthropic.claude-x", "anthropic.claude-x"),
        ("us.x", "us.x"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        (
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3",
        ),
    ],
)
def test_the_model_behind_an_inference_profile_is_found(model: str, foundation: str) -> None:
    assert foundation_model(model) == foundation
