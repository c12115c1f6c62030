"""Options of providers that live in a cloud's region, and the host names made from them.

Several providers share a cloud: Gemini and Claude on Google's Vertex AI, Converse and InvokeModel on AWS Bedrock. What
each of them offers stands in its own file.

https://docs.cloud.google.com/vertex-ai/docs/general/locations and
https://docs.aws.amazon.com/general/latest/gr/bedrock.html (read 2026-11-23).
"""

from __future__ import annotations

import re

from penstock.core.provider import Options

_REGIONS = re.compile(r"(?:us-gov|us|eu|apac|uk|au|jp|ca|sa|me|af|global)\.(?=[a-z0-9-]+\.)")


class AwsOptions(Options, frozen=True):
    """Where in AWS the models are."""

    region: str = "us-east-1"


def foundation_model(model: str) -> str:
    """Return the id of the model behind a cross-region inference profile (``us.anthropic.…``), which some APIs want.

    Of an ARN, the name at its end says it; the ARN of an application's own profile names no model and stays.
    """
    name = model.rpartition("/")[2] if model.startswith("arn:") else model
    name = _REGIONS.sub("", name, count=1)
    return name if "." in name else model


class VertexOptions(Options, frozen=True):
    """Where in Google Cloud the models are; ``global`` is a location too."""

    project: str = ""
    """Id of the project; there is no default."""
    region: str = "global"

    def url_values(self) -> dict[str, str]:
        """Add ``host``: the global location has one without its name."""
        name = "aiplatform.googleapis.com"
        return {**super().url_values(), "host": name if self.region == "global" else f"{self.region}-{name}"}

    def missing(self) -> tuple[str, ...]:
        """Return ``project`` when it was not given."""
        return () if self.project else ("project",)
