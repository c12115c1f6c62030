"""Sampling parameters of Claude and of AWS: what a model cannot take is left out and told."""

from __future__ import annotations

import pytest

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.sampling import fit_sampling, report_sampling

ONE_OF_TWO = ModelFacts(temperature_or_top_p=True)


def told(losses: Losses) -> list[tuple[str, str]]:
    return [(loss.path, loss.kind) for loss in losses.found]


@pytest.mark.parametrize(
    ("facts", "asked", "sent", "lost"),
    [
        (UNKNOWN_MODEL, (0.5, 0.9), (0.5, 0.9), []),
        (UNKNOWN_MODEL, (1.5, None), (1.0, None), [("$.temperature", "clamped")]),
        (ONE_OF_TWO, (0.5, None), (0.5, None), []),
        (ONE_OF_TWO, (0.5, 1), (0.5, None), []),
        (ONE_OF_TWO, (1, 0.9), (None, 0.9), []),
        (ONE_OF_TWO, (0.5, 0.9), (0.5, None), [("$.top_p", "dropped")]),
        (ONE_OF_TWO, (1.5, 0.9), (None, 0.9), [("$.temperature", "clamped")]),
    ],
)
def test_sampling_fits_the_model(
    facts: ModelFacts,
    asked: tuple[float, float | None],
    sent: tuple[float | None, float | None],
    lost: list[tuple[str, str]],
) -> None:
    losses = Losses(ChatRequest("openai_chat", {}, []))
    assert fit_sampling(*asked, facts, losses) == sent
    assert told(losses) == lost


def test_what_was_asked_for_beyond_the_defaults_is_told() -> None:
    asked = ChatRequest("openai_chat", {}, [], temperature=0.5, top_p=0.9, top_k=5)
    losses = Losses(asked)
    report_sampling(asked, losses, "not taken")
    assert told(losses) == [("$.temperature", "dropped"), ("$.top_p", "dropped"), ("$.top_k", "dropped")]


def test_what_is_sent_or_was_not_asked_for_is_not_told() -> None:
    asked = ChatRequest("openai_chat", {}, [], temperature=1, top_p=0.97)
    losses = Losses(asked)
    report_sampling(asked, losses, "not taken", top_p=False)
    assert told(losses) == []
