"""What is tested by what: which test shows which capability of a provider, by client.

Every check runs against each row of ``provider_rows`` that has the capability, whatever format the provider speaks.
``docs/reference/tested.md`` and the column of the provider tables are written from here and from those rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from penstock.data import RealClients
from tests.clients.provider_rows import ROWS, Capability, Row

OPENAI, ANTHROPIC, PYDANTIC_AI, AI_SDK = "O", "A", "P", "N"
CLIENTS: Mapping[str, str] = MappingProxyType(
    {
        OPENAI: "the official OpenAI client for Python",
        ANTHROPIC: "the official Anthropic client for Python",
        PYDANTIC_AI: "pydantic-ai, an agent framework for Python, by each of the two",
        AI_SDK: "the AI SDK, an agent framework for Node, by its clients for either format",
    }
)
"""Clients by the letter that stands for them in the table."""


@dataclass(frozen=True, slots=True)
class Check:
    """One test that runs against every row."""

    client: str
    capability: Capability
    file: str
    """Beside this one."""
    test: str
    """Its function; in a file for Node, words in its name."""


CHECKS = (
    Check(OPENAI, "whole answers", "test_every_provider.py", "test_an_answer_is_whole"),
    Check(OPENAI, "streams", "test_every_provider.py", "test_a_stream_is_whole"),
    Check(OPENAI, "tools", "test_every_provider.py", "test_tools_are_called_and_their_results_are_used"),
    Check(OPENAI, "tools", "test_every_provider.py", "test_streamed_calls_can_be_answered"),
    Check(OPENAI, "structured output", "test_every_provider.py", "test_structured_output_is_parsed"),
    Check(OPENAI, "structured output", "test_every_provider.py", "test_streamed_structured_output_is_parsed"),
    Check(OPENAI, "embeddings", "test_every_provider.py", "test_texts_become_vectors"),
    Check(OPENAI, "completions", "test_every_provider.py", "test_a_text_goes_on"),
    Check(OPENAI, "signed thinking", "test_signed_thinking.py", "test_a_loop_of_two_rounds_keeps_what_was_signed"),
    Check(ANTHROPIC, "whole answers", "test_every_provider_anthropic.py", "test_an_answer_is_whole"),
    Check(ANTHROPIC, "streams", "test_every_provider_anthropic.py", "test_a_stream_is_whole"),
    Check(ANTHROPIC, "tools", "test_every_provider_anthropic.py", "test_tools_are_called_and_their_results_are_used"),
    Check(ANTHROPIC, "tools", "test_every_provider_anthropic.py", "test_streamed_calls_can_be_answered"),
    Check(ANTHROPIC, "structured output", "test_every_provider_anthropic.py", "test_structured_output_is_parsed"),
    Check(
        ANTHROPIC, "signed thinking", "test_signed_thinking.py", "test_an_anthropic_client_keeps_it_in_its_own_blocks"
    ),
    Check(ANTHROPIC, "token counts", "test_every_provider_anthropic.py", "test_a_prompt_is_counted"),
    Check(PYDANTIC_AI, "whole answers", "test_agents.py", "test_an_agent_uses_its_tools"),
    Check(PYDANTIC_AI, "tools", "test_agents.py", "test_an_agent_uses_its_tools"),
    Check(PYDANTIC_AI, "streams", "test_agents.py", "test_an_agent_streams"),
    Check(PYDANTIC_AI, "structured output", "test_agents.py", "test_an_agent_answers_in_a_form"),
    Check(AI_SDK, "whole answers", "node/ai-sdk.test.mjs", "uses its tools"),
    Check(AI_SDK, "tools", "node/ai-sdk.test.mjs", "uses its tools"),
    Check(AI_SDK, "streams", "node/ai-sdk.test.mjs", "streams"),
    Check(AI_SDK, "structured output", "node/ai-sdk.test.mjs", "answers in a form"),
)


def shown_by(row: Row, capability: Capability) -> list[str]:
    """Return the clients that show a capability of a row; none for a capability that it has not."""
    by = {check.client for check in CHECKS if check.capability == capability and capability in row.capabilities}
    return [client for client in CLIENTS if client in by]


ENDPOINTS: Mapping[Capability, str] = MappingProxyType(
    {
        "whole answers": "chat",
        "embeddings": "embeddings",
        "completions": "completions",
        "token counts": "token counts",
    }
)
"""The capabilities that are an endpoint each, and what it is called in short."""


def real_clients_of(provider: str) -> RealClients:
    """Return what real clients are run against at a provider, and by which credentials; nothing where they are not."""
    rows = [row for row in ROWS.values() if row.provider == provider]
    tried = {capability for row in rows for capability in row.capabilities}
    return RealClients(
        tuple(name for capability, name in ENDPOINTS.items() if capability in tried),
        tuple(dict.fromkeys(row.credential for row in rows)),
    )
