"""Azure OpenAI: OpenAI's models behind a resource of the operator's own.

Two ways in, chosen by ``api``. The v1 API takes the deployment's name as ``model``; the older one has it in the path
and wants a dated ``api-version``. The base URL is the resource's endpoint, without ``/openai``.

https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle (read 2026-11-23). Members of messages that it
does not know are a 400 ("Extra inputs are not permitted"): https://github.com/BerriAI/litellm/issues/32188.
"""

from __future__ import annotations

from typing import Literal

from penstock.core.provider import KeyHeader, Options, PathTable, Provider
from penstock.wire.openai_chat.foreign_marks import drop_foreign_marks

LAST_STABLE_VERSION = "2024-10-21"


class AzureOptions(Options, frozen=True):
    """How a resource is called."""

    api: Literal["auto", "v1", "deployments"] = "auto"
    """``auto``: ``deployments`` when there is an ``api_version``, else ``v1``."""
    api_version: str = ""
    """Only for ``deployments``, whose last version that is not a preview is meant unless one is given."""

    def url_values(self) -> dict[str, str]:
        """Return the version that paths name."""
        return {"api_version": self.api_version or LAST_STABLE_VERSION}


def paths(options: Options) -> PathTable:
    """Return the paths of the chosen API; a model's name is the name of its deployment."""
    dated = isinstance(options, AzureOptions) and (
        options.api == "deployments" or (options.api == "auto" and options.api_version)
    )
    if dated:
        prefix, query = "/openai/deployments/{model}", "?api-version={api_version}"
    else:
        prefix, query = "/openai/v1", ""
    return {
        "chat_completions": f"{prefix}/chat/completions{query}",
        "completions": f"{prefix}/completions{query}",
        "embeddings": f"{prefix}/embeddings{query}",
    }


PROVIDER = Provider(
    id="azure-openai",
    title="Azure OpenAI",
    schema_name="AzureOpenAI",
    base_url=None,
    paths=paths,
    credentials=("api_key", "entra"),
    key_header=KeyHeader(name="api-key", prefix=""),
    key_env=("AZURE_OPENAI_API_KEY",),
    base_url_env=("AZURE_OPENAI_ENDPOINT",),
    options=AzureOptions,
    option_env={"api_version": ("OPENAI_API_VERSION",)},
    request_quirks=(drop_foreign_marks,),
    docs=(
        "https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",
        "https://github.com/Azure/azure-rest-api-specs/tree/main/specification/cognitiveservices/data-plane/AzureOpenAI",
    ),
    verified="2026-11-23",
    notes="The base URL is the resource's endpoint (https://NAME.openai.azure.com), models are deployment names.",
)
