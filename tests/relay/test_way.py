"""Which way a provider serves an endpoint."""

from __future__ import annotations

import pytest

from penstock.core.endpoint import EndpointId
from penstock.endpoints import declared_endpoints
from penstock.providers import all_providers
from penstock.relay.way import Way, find_way


def way(provider_id: str, endpoint_id: EndpointId) -> Way | None:
    provider = all_providers()[provider_id]
    endpoint = next(each for each in declared_endpoints() if each.id == endpoint_id)
    return find_way(provider, provider.options(), endpoint)


def test_the_same_format_is_relayed_by_the_providers_own_path() -> None:
    found = way("openai", "chat_completions")
    assert found is not None
    assert (found.path, found.stream_path, found.translation) == ("/chat/completions", "/chat/completions", None)
    assert found.quirks_of == "chat_completions"


@pytest.mark.parametrize(
    ("provider", "upstream"),
    [
        ("anthropic", "anthropic_messages"),
        ("vertex-anthropic", "anthropic_messages"),
        ("bedrock-anthropic", "anthropic_messages"),
        ("bedrock", "bedrock_converse"),
        ("vertex", "gemini_generate"),
        ("gemini-native", "gemini_generate"),
        ("cohere-native", "cohere_chat"),
    ],
)
def test_an_openai_caller_reaches_a_provider_of_another_format(provider: str, upstream: str) -> None:
    found = way(provider, "chat_completions")
    assert found is not None
    assert found.translation is not None
    assert (found.translation.caller.id, found.translation.upstream.id) == ("openai_chat", upstream)
    assert found.quirks_of is None


@pytest.mark.parametrize("provider", ["anthropic", "vertex-anthropic", "bedrock-anthropic"])
def test_an_anthropic_caller_is_relayed_where_claude_is_hosted(provider: str) -> None:
    found = way(provider, "messages")
    assert found is not None
    assert found.translation is None


def test_an_anthropic_caller_reaches_every_provider_of_chat() -> None:
    for provider in all_providers().values():
        if way(provider.id, "chat_completions") is not None:
            assert way(provider.id, "messages") is not None, provider.id


def test_a_provider_that_only_makes_vectors_or_chat_serves_nothing_else() -> None:
    assert way("groq", "embeddings") is None
    assert way("anthropic", "completions") is None


@pytest.mark.parametrize(
    ("provider", "edits"),
    [
        ("anthropic", False),
        ("bedrock", False),
        ("gemini-native", False),
        ("bedrock-anthropic", True),  # its version goes into the body, and the model out of it
        ("vertex-anthropic", True),
    ],
)
def test_a_translated_body_is_read_again_only_where_the_host_wants_it_otherwise(provider: str, edits: bool) -> None:
    found = way(provider, "chat_completions")
    assert found is not None
    assert found.translation is not None
    assert found.edits_translated is edits
