"""What an embeddings format declares."""

from __future__ import annotations

from penstock.core.embedding_format import EmbeddingCall, LoweredEmbeddings


def test_calls_say_how_many_inputs_they_carry() -> None:
    lowered = LoweredEmbeddings((EmbeddingCall(b"{}", 2), EmbeddingCall(b"{}", 1)), ())
    assert [inputs for _, inputs in lowered.calls] == [2, 1]
