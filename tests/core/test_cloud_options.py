"""Options of providers inside a cloud."""

from __future__ import annotations

import pytest

from penstock.core.cloud_options import AwsOptions, VertexOptions
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
