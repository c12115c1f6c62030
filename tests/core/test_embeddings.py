"""The neutral request for vectors."""

from __future__ import annotations

from penstock.core.embeddings import EmbeddingInput, EmbeddingRequest
from penstock.core.loss import Loss


def test_a_loss_names_the_callers_own_member() -> None:
    request = EmbeddingRequest(vendor="v", paths={"task": "task_type"}, inputs=(EmbeddingInput("x"),))
    assert request.loss("task", "no tasks") == Loss("$.task_type", "dropped", "no tasks")
    assert request.loss("user", "no users", "approximated") == Loss("$.user", "approximated", "no users")


def test_two_requests_share_no_bag() -> None:
    first, second = (EmbeddingRequest(vendor="v", paths={}, inputs=()) for _ in range(2))
    assert first.extras is not second.extras
