"""A credential that is there when a request needs it: held, renewed ahead of its expiry, one fetch at a time.

``current()`` is what the request path calls: it looks at the clock and returns, or raises. Everything slow happens
elsewhere. A timer begins each fetch; the fetch blocks in a thread (:mod:`penstock.upstream_auth.fetching`); its outcome
sets the next timer (:mod:`penstock.upstream_auth.refresh_policy`). Hence never two fetches at once, however many
requests wait, and none in a loop::

    start ──> fetching ──ok────> holding ──timer──> fetching …
                 └──failed──> backing off ──timer──> fetching …

A failed fetch takes nothing away: what is held stays in use until it really expires. A request that finds nothing valid
may wait for the fetch that is under way (``ready()``); while the source backs off it is refused at once, so that a dead
token server costs callers no time. Belongs to one event loop.

Not here: how a cloud is asked (``aws.py``, ``entra.py``, ``gcp.py``), who shares a source (``sources.py``).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from penstock.core.errors import CredentialUnavailable
from penstock.upstream_auth.fetching import Fetch, Fetched, FetchFailed, fetch_in_thread
from penstock.upstream_auth.refresh_policy import RefreshPolicy

log = logging.getLogger(__name__)

V = TypeVar("V")

DEFAULT_POLICY = RefreshPolicy()


class CredentialSource(Generic[V]):
    """Holds one credential and keeps it fresh."""

    def __init__(
        self,
        title: str,
        fetch: Fetch[V],
        *,
        noun: str = "credential",
        held: Fetched[V] | None = None,
        policy: RefreshPolicy = DEFAULT_POLICY,
        run: Callable[[Fetch[V]], Awaitable[Fetched[V]]] = fetch_in_thread,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Hold ``held``, if that is known from the beginning; it is then fetched only when it should be renewed.

        ``title`` names the kind of credential to callers and in the log (``AWS``); ``noun`` is what else it is there.
        """
        self.title = title
        self._noun = noun
        self._fetch = fetch
        self._policy = policy
        self._run = run
        self._clock = clock
        self._chance = chance
        self._held = held
        self._fetching: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._urgent_from = self._renew_from = 0.0
        """Loop times before which a request without a credential, and a refused one, begin no fetch."""
        self._failures = 0
        self._reason = ""
        self._closed = False

    def current(self) -> V:
        """Return the credential, at once.

        Raises:
            CredentialUnavailable: there is none, or it has expired.
        """
        held = self._held
        if held is None or (held.expires_at is not None and held.expires_at <= self._clock()):
            msg = f"The gateway has no valid {self.title} credential for this provider at present."
            raise CredentialUnavailable(msg, detail=self._reason or self._in_use())
        return held.value

    @property
    def available(self) -> bool:
        """Whether a credential is held that is valid now."""
        held = self._held
        return held is not None and (held.expires_at is None or held.expires_at > self._clock())

    @property
    def expires_at(self) -> float | None:
        """When what is held expires (Unix seconds); None when it never does or nothing is held."""
        return self._held.expires_at if self._held else None

    @property
    def failure(self) -> str:
        """Why the last fetch failed, for the operator; empty after a success."""
        return self._reason

    def start(self) -> None:
        """Begin to fetch, unless that was begun. Call it from the event loop."""
        if self._held is None and self._timer is None:
            self._begin_after(0.0)

    async def ready(self) -> V:
        """Return the credential, after waiting for the fetch that is under way or due, if there is none yet.

        Raises:
            CredentialUnavailable: the fetch failed or takes too long, or the source backs off after failures.
        """
        try:
            return self.current()
        except CredentialUnavailable:
            self._begin_after(self._urgent_from)
        if self._fetching is not None:
            await asyncio.wait({self._fetching}, timeout=self._policy.wait_s)
        return self.current()

    def renew(self) -> None:
        """Fetch now, because the provider refused what is held; nothing happens while that would be too often."""
        self._begin_after(self._renew_from)

    async def close(self) -> None:
        """Fetch no more. What is held stays valid for those who still use it."""
        self._closed = True
        self._cancel_timer()
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    def _begin_after(self, loop_time: float) -> None:
        if self._fetching is None and not self._closed and asyncio.get_running_loop().time() >= loop_time:
            self._begin()

    def _begin(self) -> None:
        self._cancel_timer()
        self._fetching = asyncio.get_running_loop().create_task(self._fetch_once())

    async def _fetch_once(self) -> None:
        loop = asyncio.get_running_loop()
        delay_s: float | None
        try:
            fetched = await self._run(self._fetch)
            if fetched.expires_at is not None and fetched.expires_at <= self._clock():
                msg = "what was given had expired already"
                raise FetchFailed(msg)
        except FetchFailed as failure:
            delay_s = self._failed(failure, loop.time())
        else:
            delay_s = self._took(fetched, loop.time())
        self._fetching = None
        if delay_s is not None:
            self._timer = loop.call_later(delay_s, self._begin)

    def _took(self, fetched: Fetched[V], loop_time: float) -> float | None:
        """Hold what was fetched and return the wait before the next fetch, None for never."""
        self._urgent_from = loop_time + self._policy.pause_s
        self._renew_from = loop_time + self._policy.renew_pause_s
        if self._failures:
            log.info("%s %s: obtained again (failed before: %d)", self.title, self._noun, self._failures)
        self._held, self._failures, self._reason = fetched, 0, ""
        if fetched.expires_at is None:
            return fetched.read_again_s
        return self._policy.after_success(fetched.expires_at - self._clock(), self._chance())

    def _failed(self, failure: FetchFailed, loop_time: float) -> float:
        """Keep what is held and return the wait before the next fetch."""
        self._failures += 1
        self._reason = str(failure)
        delay_s = self._policy.after_failure(self._failures, self._chance())
        self._urgent_from = self._renew_from = loop_time + delay_s
        log.warning(
            "%s %s: not obtained (%s); %s; asking again in %.1f s",
            self.title,
            self._noun,
            self._reason,
            self._in_use(),
            delay_s,
        )
        return delay_s

    def _in_use(self) -> str:
        if self._held is None:
            return "there is none"
        if self._held.expires_at is None:
            return "the present one stays in use"
        remaining_s = self._held.expires_at - self._clock()
        return f"the present one is valid for {remaining_s:.0f} s" if remaining_s > 0 else "the last one has expired"

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
