from __future__ import annotations

from penstock.simulator.answering import answer
from penstock.simulator.conversation import Ask, Message
from penstock.simulator.thinking import is_signed, sign, write_thought

ASK = Ask(vendor="", model="m", messages=(Message("user", "Why is the sky blue?"),), thinks=True)


def test_a_thought_says_that_it_is_simulated_and_comes_before_the_answer() -> None:
    (reply,) = answer(ASK).replies
    assert "".join(reply.thought) == write_thought(ASK)
    assert "simulated" in write_thought(ASK)
    assert reply.tokens() == len(reply.thought) + len(reply.pieces)


def test_a_limit_holds_for_thought_and_answer_together() -> None:
    for most in (1, 5, 40):
        (reply,) = answer(Ask(vendor="", model="m", messages=ASK.messages, thinks=True, max_tokens=most)).replies
        assert (reply.tokens(), reply.finish) == (most, "length")


def test_a_signature_fits_its_text_and_use_only() -> None:
    signature = sign("thinking", "text")
    assert is_signed("thinking", "text", signature)
    assert not is_signed("thinking", "text.", signature)
    assert not is_signed("call", "text", signature)
    assert not is_signed("thinking", "text", "")
