"""Sampling parameters that a Claude, or any model of AWS, takes within bounds, or not at all.

Anthropic's own format and Converse have the same bounds (for Converse: the service model of botocore 1.44, read
2026-11-23) and name the parameters otherwise, so each writes them itself. Which model takes which is a row of data
(``ModelFacts``); what thinking leaves of them is decided where thinking is.
"""

from __future__ import annotations

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts


def fit_sampling(
    temperature: float, top_p: float | None, facts: ModelFacts, losses: Losses
) -> tuple[float | None, float | None]:
    """Return temperature and top_p within their bounds, or the one of them that says something where one is taken."""
    if temperature > 1:
        losses.field("temperature", "this provider takes 0 to 1", "clamped")
        temperature = 1.0
    if top_p is None or not facts.temperature_or_top_p:
        return temperature, top_p
    if top_p == 1:
        return temperature, None
    if temperature == 1:
        return None, top_p
    losses.field("top_p", "this model takes temperature or top_p, not both")
    return temperature, None


def report_sampling(request: ChatRequest, losses: Losses, why: str, *, top_p: bool = True) -> None:
    """Report what was asked for beyond the defaults and is not sent; ``top_p`` says whether that is not sent either."""
    if request.temperature not in {None, 1}:
        losses.field("temperature", why)
    if request.top_p not in {None, 1} and top_p:
        losses.field("top_p", why)
    if request.top_k is not None:
        losses.field("top_k", why)
