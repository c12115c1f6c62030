"""What a simulated provider says: plain words about what was asked, never a claim to have understood it.

The text says that it is simulated, quotes the caller's last message and, when tools have answered, their results. It is
fixed by the conversation and the seed. A caller who asks for "200 words" gets 200 words, so that long answers can be
had. Counting, cutting and formats are not done here.
"""

from __future__ import annotations

import re
from random import Random

from penstock.simulator.chance import chance
from penstock.simulator.conversation import Ask, Message

MAX_WORDS = 20_000
QUOTED_CHARS = 240
_WORDS_ASKED = re.compile(r"\b(\d{1,6})[ -]words?\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_OPENINGS = (
    "This is a simulated answer: Penstock's simulator speaks in place of {model}, and no model has read this.",
    "Simulated, not thought: I am Penstock's simulator, standing in for {model}.",
    "Penstock's simulator here, in place of {model}; everything below is simulated.",
)
_CLOSINGS = (
    "Ask the real provider the same way to get a real answer.",
    "The same request with the same seed gets these same words.",
    "Ask for a number of words, offer a tool or give a schema, and I will follow.",
)
_FILLING = tuple(
    re.findall(
        r"\w+",
        "water falls through the penstock and turns the wheel below while the gate above lets in as much as the valley "
        "asks for and not a drop more so every house has light",
    )
)


def write_text(ask: Ask, number: int) -> str:
    """Write the answer with this number (from 0) to a conversation."""
    draw = _draw(ask, number)
    model = f"{ask.model[:100]} of {ask.vendor}" if ask.vendor else ask.model[:100]
    opening = draw.choice(_OPENINGS).format(model=model)
    said = last_said(ask)
    asked = _WORDS_ASKED.search(said)
    if asked is not None:
        return _words(min(int(asked[1]), MAX_WORDS), opening, said)
    results = trailing_results(ask)
    sentences = [opening]
    if results:
        sentences += [f"The result of {message.name or 'the tool'} is: {quoted(message.text)}" for message in results]
    if said:
        sentences.append(f"You wrote: {quoted(said)}")
    system = next((message.text for message in ask.messages if message.role == "system" and message.text), "")
    if system:
        sentences.append(f"My instructions begin with {quoted(system, 60)}.")
    turns = sum(message.role == "user" for message in ask.messages)
    if turns > 1:
        sentences.append(f"That was message {turns} from you in this conversation.")
    sentences.append(draw.choice(_CLOSINGS))
    return " ".join(sentences)


def write_object(ask: Ask, number: int) -> dict[str, object]:
    """Write what to say as a JSON object, when any object will do."""
    results = {message.name or f"tool_{index}": message.text for index, message in enumerate(trailing_results(ask))}
    said: dict[str, object] = {
        "simulated": True,
        "answer": write_text(ask, number),
        "you_wrote": last_said(ask)[:QUOTED_CHARS],
    }
    return {**said, "tool_results": results} if results else said


def write_continuation(model: str, prompt: str, *seed: object) -> str:
    """Write how a text might go on, for the older completions endpoint."""
    draw = chance("continuation", model, prompt, *seed)
    asked = _WORDS_ASKED.search(prompt)
    opening = f" (simulated continuation by {model[:100]})"
    if asked is not None:
        return f" {_words(min(int(asked[1]), MAX_WORDS), opening.strip(), prompt)}"
    start = draw.randrange(len(_FILLING))
    return f"{opening} and then {' '.join((_FILLING * 2)[start : start + len(_FILLING)])}. {draw.choice(_CLOSINGS)}"


def last_said(ask: Ask) -> str:
    """Return the caller's last words."""
    return next((message.text for message in reversed(ask.messages) if message.role == "user"), "").strip()


def trailing_results(ask: Ask) -> list[Message]:
    """Return the tool results that the conversation ends with, in order."""
    results: list[Message] = []
    for message in reversed(ask.messages):
        if message.role != "tool":
            break
        results.insert(0, message)
    return results


def quoted(text: str, chars: int = QUOTED_CHARS) -> str:
    """Return a text in quotation marks, cut to a length."""
    text = " ".join(text[: 2 * chars].split())
    return f"“{text}”" if len(text) <= chars else f"“{text[:chars].rstrip()}…”"


def words_of(text: str, most: int = 200) -> list[str]:
    """Return the first words of a text."""
    return [found[0] for _, found in zip(range(most), _WORD.finditer(text), strict=False)]


def _words(wanted: int, opening: str, said: str) -> str:
    """Return just so many words: the opening's, then the caller's own mixed with ours."""
    filling = [*words_of(said, 40), *_FILLING]
    words = opening.split()[:wanted]
    words += (filling * (wanted // len(filling) + 1))[: wanted - len(words)]
    return " ".join(words)


def _draw(ask: Ask, number: int) -> Random:
    said = [(message.role, message.text) for message in ask.messages[-8:]]
    return chance("text", ask.model, said, *ask.seed, number)
