"""What generations of Claude refuse: newer ones no longer take what older ones took, and the other way about.

A model's generation is read from its name (``claude-sonnet-4-5`` is 4.5); models with other names refuse nothing here.

https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting, .../api/errors#prefill-not-supported,
.../about-claude/models/overview and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
(read 2026-11-23).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.simulator.native import refuse

Generation = tuple[int, int]
_NEWER = re.compile(r"claude-(?:opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:-(\d{1,2}))?(?!\d)")
_OLDER = re.compile(r"claude-(\d)(?:-(\d))?-(?:opus|sonnet|haiku)")
WITHOUT_PREFILL: Generation = (4, 6)
ADAPTIVE: Generation = (4, 6)
TEMPERATURE_OR_TOP_P: Generation = (4, 1)
"""From here on one of the two may be given."""
WITHOUT_BUDGET: Generation = (4, 7)
"""From here on there are no thinking budgets and no sampling, and thoughts are not shown unless that is asked for."""
MAX_OUTPUT_TOKENS = 64_000
"""Of models before 4.6."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a request asks: what matters to a generation."""

    thinking: str | None
    """``thinking.type``."""
    sampling: Mapping[str, float | None]
    """The members that steer a model's choice, by name."""
    max_tokens: int | None
    last_role: str


def generation_of(model: str) -> Generation | None:
    """Return major and minor number of a model's generation; None where its name has none."""
    found = _NEWER.search(model) or _OLDER.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def hides_thoughts(model: str) -> bool:
    """Say whether a model shows its thoughts only when it is asked to."""
    generation = generation_of(model)
    return generation is not None and generation >= WITHOUT_BUDGET


def check_manner(model: str, manner: Manner) -> None:
    """Refuse what the model's generation does not take.

    Raises:
        VendorError: it is asked in another generation's manner.
    """
    generation = generation_of(model)
    if generation is None:
        return
    if manner.last_role == "assistant" and generation >= WITHOUT_PREFILL:
        refuse("This model does not support assistant message prefill. The conversation must end with a user message.")
    if manner.thinking == "adaptive" and generation < ADAPTIVE:
        refuse("adaptive thinking is not supported on this model")
    if manner.max_tokens is not None and generation < ADAPTIVE and manner.max_tokens > MAX_OUTPUT_TOKENS:
        refuse(
            f"max_tokens: {manner.max_tokens} > {MAX_OUTPUT_TOKENS}, which is the maximum allowed number of output "
            f"tokens for {model[:100]}"
        )
    both = manner.sampling.get("temperature") is not None and manner.sampling.get("top_p") is not None
    if both and TEMPERATURE_OR_TOP_P <= generation < WITHOUT_BUDGET:
        refuse("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    if generation < WITHOUT_BUDGET:
        return
    if manner.thinking == "enabled":
        refuse(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    for name, value in manner.sampling.items():
        if value not in {None, 1}:
            refuse(f"`{name}` is deprecated for this model.")
