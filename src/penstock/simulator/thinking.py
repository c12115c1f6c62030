"""What a simulated model thinks before it answers, and the signatures by which its thoughts are known again.

Vendors sign what a model thought, so that it comes back as it was. So does the simulator: a signature is made from the
thought itself and anybody can make one; it guards against thoughts that were changed or lost on the way, not against
forgers. Where a format carries it is the format's matter.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b

from penstock.simulator.conversation import Ask
from penstock.simulator.prose import last_said, quoted, trailing_results

_SIGNED_BY = b"penstock-simulator:"


def write_thought(ask: Ask) -> str:
    """Write what is thought before the answer."""
    results = len(trailing_results(ask))
    given = f" {results} results of tools are there." if results else ""
    tools = f" I may call {', '.join(tool.name for tool in ask.callable_tools[:5])}." if ask.callable_tools else ""
    return f"This is a simulated thought. I was asked {quoted(last_said(ask), 80)}.{given}{tools} Now I answer."


def sign(kind: str, text: str) -> str:
    """Return the signature of what was thought; ``kind`` keeps signatures of one use out of another."""
    digest = blake2b(f"{kind}\n{text}".encode("utf-8", "surrogatepass"), digest_size=24, key=_SIGNED_BY).digest()
    return b64encode(_SIGNED_BY + digest).decode()


def is_signed(kind: str, text: str, signature: str) -> bool:
    """Say whether a signature belongs to a text."""
    return signature == sign(kind, text)
