"""What the tests say to a model, and how its answers can be judged: the simulator writes as many words as it is asked
for, so an answer of fewer words is not whole.
"""

from __future__ import annotations

import itertools
import os

from openai.types.chat import ChatCompletionUserMessageParam

CHAT_MODEL = "gpt-4o-mini"
COMPLETION_MODEL = "gpt-3.5-turbo-instruct"
EMBEDDING_MODEL = "text-embedding-3-small"

_numbers = itertools.count(1)


def user(text: str) -> list[ChatCompletionUserMessageParam]:
    """Return a conversation of one message."""
    return [{"role": "user", "content": text}]


def words(count: int) -> list[ChatCompletionUserMessageParam]:
    """Return a conversation that asks for so many words."""
    return user(f"Write {count} words.")


def fresh(model: str) -> str:
    """Return a fault's name with a label of its own, so that the simulator counts its requests apart."""
    return f"{model}@{os.getpid()}-{next(_numbers)}"
