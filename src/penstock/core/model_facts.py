"""What a translation must know of a model: a row of data, never a branch in code.

Rows stand in ``penstock.data`` with source and date. A model without a row gets :data:`UNKNOWN_MODEL`, with which a
``lower`` chooses what works everywhere. Prices are not here.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ThinkingStyle = Literal["none", "budget", "adaptive", "level"]
"""How a model takes reasoning: not at all; a budget in tokens; as it sees fit (with an effort); a level by name."""


class EmbeddingFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a translation must know of a model that makes vectors."""

    inputs_per_call: int = 1
    """How many inputs one call takes, where that is the model's and not the format's."""
    sizes: tuple[int, ...] = ()
    """Lengths of vectors it can be asked for; empty when it is not known, and then the vendor decides."""
    tasks: bool = True
    """Takes a task type as a parameter; otherwise the task stands in the text."""
    truncation: Literal["start_end", "left_right"] = "start_end"
    """By which words Bedrock is told which end of a text to cut."""


class ModelFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts of one model, or of a family."""

    max_output_tokens: int = 4096
    """Sent as the limit where the format requires one and the caller gave none."""
    json_schema: bool = False
    """Takes a JSON Schema for its answer natively."""
    thinking: ThinkingStyle = "none"
    efforts: tuple[str, ...] = ()
    """Words of effort or level that it takes, least first; empty when it takes none."""
    thinking_budget: tuple[int, int] | None = None
    """Least and most tokens of a thinking budget, where it takes one."""
    can_stop_thinking: bool = True
    full_json_schema: bool = False
    """Takes full JSON Schema for tools and answers (Gemini 2.5 and later), not only the OpenAPI subset."""
    audio_input: bool = False
    forced_tools_while_thinking: bool = False
    """May be forced to call a tool while thinking is on (Claude may not)."""
    prefill: bool = True
    """Goes on from a last turn of the assistant (Claude up to 4.5, and no model while it thinks)."""
    sampling: bool = True
    """Takes temperature, top_p and top_k."""
    temperature_or_top_p: bool = False
    """Takes one of the two, not both."""
    thinking_switch: bool = False
    """Takes ``thinking: {"type": "enabled" | "disabled"}`` in OpenAI's format (DeepSeek and others)."""
    reasoning_back: bool = False
    """Wants its shown reasoning back in OpenAI's format, as ``reasoning_content`` of turns that call tools."""
    effort_beside_tools: Literal["any", "unsaid", "none"] = "any"
    """Which effort OpenAI's chat takes beside tools: any, none said at all, or only the word ``none``."""
    embeddings: EmbeddingFacts = EmbeddingFacts()


UNKNOWN_MODEL = ModelFacts()
