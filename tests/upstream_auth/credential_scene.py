"""A credential source under a clock that the test moves, fed by fetches that the test answers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from penstock.upstream_auth.credential_source import CredentialSource
from penstock.upstream_auth.fetching import Fetch, Fetched, FetchFailed
from penstock.upstream_auth.refresh_policy import RefreshPolicy
from tests.transport.clock_loop import ClockLoop

POLICY = RefreshPolicy()


class Scene:
    """The source, and every fetch that it began and nobody answered yet."""

    def __init__(self, loop: ClockLoop, *, held: Fetched[str] | None = None) -> None:
        self.loop = loop
        self.begun: list[float] = []
        """When each fetch began."""
        self.waiting: list[asyncio.Future[Fetched[str]]] = []
        self.source = CredentialSource(
            "Test", _never_called, held=held, policy=POLICY, run=self._run, clock=loop.time, chance=lambda: 0.0
        )

    async def _run(self, fetch: Fetch[str]) -> Fetched[str]:
        self.begun.append(self.loop.now)
        future: asyncio.Future[Fetched[str]] = self.loop.create_future()
        self.waiting.append(future)
        return await future

    def start(self) -> None:
        self.loop.call_soon(self.source.start)
        self.loop.spin()

    def give(self, value: str, lives_s: float | None = 3600.0, *, read_again_s: float | None = None) -> None:
        """Answer the fetch under way."""
        expires_at = None if lives_s is None else self.loop.now + lives_s
        self.waiting.pop().set_result(Fetched(value, expires_at, read_again_s))
        self.loop.spin()

    def fail(self, reason: str = "no answer") -> None:
        self.waiting.pop().set_exception(FetchFailed(reason))
        self.loop.spin()

    def task(self, work: Coroutine[object, object, str]) -> asyncio.Task[str]:
        task = self.loop.create_task(work)
        self.loop.spin()
        return task

    def renew(self) -> None:
        self.loop.call_soon(self.source.renew)
        self.loop.spin()

    def close(self) -> None:
        self.loop.run_until_complete(self.source.close())


def _never_called() -> Fetched[str]:
    raise AssertionError("the scene answers instead")
