"""What clients of a gateway do all day, good and bad, and how each of these must end.

One ``Deed`` for each kind of request, with how often it comes. A deed that ends otherwise than it must is a finding,
and so is one that does not end in time. Judging what a gateway keeps afterwards is ``bench.leaks``' business.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.caller import Answer, Caller
from bench.gateways.penstock import CLIENT_KEY

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
CHAT_MODEL, EMBEDDING_MODEL, DEAD_MODEL = "chat", "embedding", "dead"
PATIENCE_S = 30.0
"""Longest that anything may take: above every time limit of ``bench/configs/soak.yaml``."""
HEAD_BYTES = 200
FAULT = "fault: "
"""How the name of a deed begins whose backend misbehaves, so that the connection may be cut."""
KEPT_FINDINGS = 20


class Unexpected(Exception):
    """A request ended as it must not; the text says how."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a client does; ``act`` raises ``Unexpected`` when it ends as it must not."""

    name: str
    weight: int
    act: Callable[[Caller], Awaitable[None]]


@dataclass(slots=True)
class Tally:
    """What was done, and what ended otherwise than it must."""

    done: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def finding(self, text: str) -> None:
        """Keep one that is not there yet, up to a bound."""
        if text not in self.findings and len(self.findings) < KEPT_FINDINGS:
            self.findings.append(text)


def chat_body(model: str, *, stream: bool = False) -> bytes:
    """Return a small chat request."""
    body = {"messages": [{"role": "user", "content": "What does a surge tank do?"}], "model": model, "max_tokens": 40}
    return json.dumps({**body, "stream": True} if stream else body).encode()


def _require(holds: bool, what: str, answer: Answer) -> None:
    if not holds:
        raise Unexpected(f"{what}: status {answer.status}, whole {answer.whole}, body {answer.body[-200:]!r}")


def _answered(path: str, body: bytes, marks: bytes) -> Callable[[Caller], Awaitable[None]]:
    async def act(caller: Caller) -> None:
        answer = await caller.ask(path, body)
        _require(answer.status == 200 and answer.whole and marks in answer.body, "wanted an answer", answer)

    return act


def _refused(path: str, body: bytes, status: int, key: str | None = None) -> Callable[[Caller], Awaitable[None]]:
    async def act(caller: Caller) -> None:
        answer = await caller.ask(path, body, key)
        _require(answer.status == status and answer.whole, f"wanted {status}", answer)
        _require("error" in json.loads(answer.body), "wanted an error object", answer)

    return act


def _left(body: bytes, after_bytes: int) -> Callable[[Caller], Awaitable[None]]:
    async def act(caller: Caller) -> None:
        await caller.leave(CHAT, body, after_bytes)

    return act


def _fault(model: str, *, stream: bool) -> Callable[[Caller], Awaitable[None]]:
    """Return a deed that may end in any way that a client can tell: an answer, an error, or a cut connection."""

    async def act(caller: Caller) -> None:
        answer = await caller.ask(CHAT, chat_body(model, stream=stream))
        _require(answer.status == 200 or "error" in json.loads(answer.body), "wanted an error object", answer)

    return act


def deeds(fault_models: tuple[str, ...]) -> tuple[Deed, ...]:
    """Return everything that clients do; each fault comes with and without a stream."""
    chat, stream = chat_body(CHAT_MODEL), chat_body(CHAT_MODEL, stream=True)
    embeddings = json.dumps({"model": EMBEDDING_MODEL, "input": "surge tank"}).encode()
    faults = tuple(
        Deed(f"{FAULT}{model}{' streamed' if stream else ''}", 1, _fault(model, stream=stream))
        for model in fault_models
        for stream in (False, True)
    )
    often = max(1, len(faults))
    return (
        Deed("chat", 10 * often, _answered(CHAT, chat, b'"chat.completion"')),
        Deed("stream", 6 * often, _answered(CHAT, stream, b"data: [DONE]")),
        Deed("embeddings", 3 * often, _answered(EMBEDDINGS, embeddings, b'"embedding"')),
        Deed("unknown model", often, _refused(CHAT, chat_body("no-such-model"), 404)),
        Deed("malformed body", often, _refused(CHAT, chat[:-1], 400)),
        Deed("wrong key", often, _refused(CHAT, chat, 401, key="sk-nobody-0123456789")),
        Deed("unknown path", often, _refused("/v1/no-such-path", chat, 404)),
        Deed("dead backend", often, _refused(CHAT, chat_body(DEAD_MODEL), 502)),
        Deed("leaves before the answer", often, _left(chat, 0)),
        Deed("leaves mid-stream", often, _left(stream, HEAD_BYTES)),
        *faults,
    )


async def _client(port: int, chosen: Callable[[], Deed], tally: Tally, until_s: float) -> None:
    caller = Caller(port, CLIENT_KEY)
    loop = asyncio.get_running_loop()
    while loop.time() < until_s:
        deed = chosen()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await deed.act(caller)
        except TimeoutError:
            tally.finding(f"{deed.name}: not ended after {PATIENCE_S:.0f} s")
            await caller.close()
        except (Unexpected, ValueError) as wrong:
            tally.finding(f"{deed.name}: {wrong}")
        except (OSError, EOFError) as cut:
            if not deed.name.startswith(FAULT):
                tally.finding(f"{deed.name}: {cut!r}")
        tally.done[deed.name] += 1
    await caller.close()


async def drive(port: int, clients: int, duration_s: float, what: tuple[Deed, ...], seed: int) -> Tally:
    """Let so many clients do these deeds, chosen by chance, for a time, and finish what they have begun."""
    chance = random.Random(seed)
    weights = [deed.weight for deed in what]
    tally = Tally()
    until_s = asyncio.get_running_loop().time() + duration_s

    def choose() -> Deed:
        return chance.choices(what, weights)[0]

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_client(port, choose, tally, until_s))
    return tally
