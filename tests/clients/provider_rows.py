"""Every provider that real clients are run against, and what is asked of it there: one row each.

The tests beside this file take their cases from here, and so does the table of what is tested by what
(``scripts/generate_tested_table.py``): the table cannot claim what no test does. ``providers.yaml`` configures a
backend for each row, with the models ``ROW/chat`` and ``ROW/embeddings``. How a provider is simulated is the
simulator's business, and that a model answers well is nobody's here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Capability = Literal[
    "whole answers",
    "streams",
    "tools",
    "structured output",
    "embeddings",
    "completions",
    "signed thinking",
    "token counts",
]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
Credential = Literal["key", "AWS signature", "Google token", "Entra token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One backend of ``providers.yaml``."""

    name: str
    """Name of the backend."""
    provider: str
    """Id of the provider."""
    mission: str
    """The name under which users look for it."""
    vectors: bool = False
    """Whether it makes embeddings."""
    completions: bool = False
    """Whether it has OpenAI's older endpoint too."""
    signs: bool = False
    """Whether its model signs what it thinks, and wants it back unchanged beside the calls that it made."""
    counts: bool = False
    """Whether it counts the tokens of a prompt."""
    credential: Credential = "key"
    """What the simulator verifies on every request."""
    streams_usage: bool = True
    """Whether its streams tell how many tokens there were."""
    always_thinks: bool = False
    """Whether its model thinks whatever is asked: it shows that only if told to, and no tool can be forced."""
    approximates_choice: bool = False
    """Whether the choice of one tool has to be approximated, which is reported as a loss."""

    @property
    def chat(self) -> str:
        """The model to chat with, as callers name it."""
        return f"{self.name}/chat"

    @property
    def embeddings(self) -> str:
        """The model that makes vectors, as callers name it."""
        return f"{self.name}/embeddings"

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What is tried of the provider."""
        every: tuple[Capability, ...] = ("whole answers", "streams", "tools", "structured output")
        return (
            *every,
            *(("embeddings",) if self.vectors else ()),
            *(("completions",) if self.completions else ()),
            *(("signed thinking",) if self.signs else ()),
            *(("token counts",) if self.counts else ()),
        )


_AWS: Credential = "AWS signature"
_GOOGLE: Credential = "Google token"
_ENTRA: Credential = "Entra token"

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row(name="openai", provider="openai", mission="OpenAI", vectors=True, completions=True),
        Row(name="bedrock", provider="bedrock", mission="AWS Bedrock", vectors=True, credential=_AWS),
        Row(name="bedrock-claude", provider="bedrock", mission="AWS Bedrock", signs=True, counts=True, credential=_AWS),
        Row(
            name="bedrock-anthropic",
            provider="bedrock-anthropic",
            mission="Anthropic on AWS Bedrock",
            signs=True,
            counts=True,
            credential=_AWS,
        ),
        Row(name="azure-openai", provider="azure-openai", mission="Azure OpenAI", vectors=True, completions=True),
        Row(name="azure-deployments", provider="azure-openai", mission="Azure OpenAI", vectors=True, completions=True),
        Row(
            name="azure-entra",
            provider="azure-openai",
            mission="Azure OpenAI",
            vectors=True,
            completions=True,
            credential=_ENTRA,
        ),
        Row(name="gemini", provider="gemini", mission="Google Gemini", vectors=True),
        Row(
            name="gemini-native",
            provider="gemini-native",
            mission="Google Gemini",
            vectors=True,
            signs=True,
            counts=True,
        ),
        Row(name="groq", provider="groq", mission="Groq"),
        Row(name="xai", provider="xai", mission="Grok", completions=True),
        Row(name="together", provider="together", mission="Together AI", vectors=True, completions=True),
        Row(name="cohere", provider="cohere", mission="Cohere", vectors=True, streams_usage=False),
        Row(name="cohere-native", provider="cohere-native", mission="Cohere", vectors=True, approximates_choice=True),
        Row(name="mistral", provider="mistral", mission="Mistral", vectors=True),
        Row(name="deepinfra", provider="deepinfra", mission="DeepInfra", vectors=True, completions=True),
        Row(name="deepseek", provider="deepseek", mission="DeepSeek"),
        Row(name="hunyuan", provider="hunyuan", mission="Hunyuan", vectors=True),
        Row(name="tencent-lkeap", provider="tencent-lkeap", mission="Tencent LLM Knowledge Engine"),
        Row(
            name="vertex",
            provider="vertex",
            mission="Google Vertex AI",
            vectors=True,
            signs=True,
            counts=True,
            credential=_GOOGLE,
        ),
        Row(
            name="vertex-anthropic",
            provider="vertex-anthropic",
            mission="Anthropic on Vertex AI",
            signs=True,
            counts=True,
            credential=_GOOGLE,
            always_thinks=True,
            approximates_choice=True,
        ),
        Row(name="sambanova", provider="sambanova", mission="SambaNova", vectors=True, completions=True),
        Row(
            name="anthropic",
            provider="anthropic",
            mission="Anthropic",
            signs=True,
            counts=True,
            always_thinks=True,
            approximates_choice=True,
        ),
    )
}

WITH_VECTORS = [name for name, row in ROWS.items() if row.vectors]
WITH_COMPLETIONS = [name for name, row in ROWS.items() if row.completions]
WITH_SIGNATURES = [name for name, row in ROWS.items() if row.signs]
WITH_COUNTS = [name for name, row in ROWS.items() if row.counts]
