"""One fetch of a credential: what it gives, how it fails, and a thread for it to block in.

The credential libraries of the clouds block. Their calls are rare, so each gets a fresh thread; it is a daemon, because
a metadata server that hangs must not hold up the end of the process, as the threads of an executor do. A thread cannot
be stopped: who no longer waits ignores what it brings. When to fetch, and that only one fetch runs, is the business of
:mod:`penstock.upstream_auth.credential_source`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from penstock.core.secret import MASK, Secret

V = TypeVar("V")

LONGEST_REASON = 300
_OPAQUE = re.compile(r"(?<![\w+/.~-])[\w+][\w+/.~-]{59,}=*|eyJ[\w.-]{8,}")
"""A run of characters that is a token, rather than a word or a path; every JWT begins like the second."""


@dataclass(frozen=True, slots=True)
class Fetched(Generic[V]):
    """A credential as its source gave it."""

    value: V = field(repr=False)
    expires_at: float | None = None
    """Unix seconds; None when it does not expire."""
    read_again_s: float | None = None
    """For one that does not expire: look again after this time, because the file it stands in may be replaced."""


Fetch = Callable[[], Fetched[V]]
"""Blocks. Raises :class:`FetchFailed`, and nothing else unless there is a defect."""


class FetchFailed(Exception):
    """No credential this time. The text is one line for the operator's log; it holds no secret."""

    def __init__(self, reason: str, secrets: Iterable[Secret] = ()) -> None:
        """Take somebody else's words about the failure: shortened, without ``secrets`` and what looks like a token."""
        super().__init__(_presentable(reason, secrets))


def silence(*loggers: str) -> None:
    """Keep libraries from logging their failures, unless the operator has given their loggers a level.

    They log the other side's words as they came, which may hold what was sent: a secret, an assertion. Each failure is
    logged once, without secrets, by the source of the credential.
    """
    for name in loggers:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)


async def fetch_in_thread(fetch: Fetch[V]) -> Fetched[V]:
    """Run ``fetch`` in a thread of its own and return what it gives.

    Raises:
        FetchFailed: it failed. After a defect too; then the thread's traceback is printed as for any thread.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Fetched[V]] = loop.create_future()

    def work() -> None:
        outcome: Fetched[V] | FetchFailed = FetchFailed("a defect of the gateway")
        try:
            outcome = fetch()
        except FetchFailed as failure:
            outcome = failure
        finally:
            _post(loop, future, outcome)

    try:
        threading.Thread(target=work, name="penstock-credential", daemon=True).start()
    except RuntimeError as error:  # the system gives no more threads
        msg = f"no thread to fetch in: {error}"
        raise FetchFailed(msg) from error
    return await future


def _presentable(reason: str, secrets: Iterable[Secret]) -> str:
    for secret in secrets:
        if secret:
            reason = reason.replace(secret.reveal(), MASK)
    line = _OPAQUE.sub(MASK, " ".join(reason.split()))
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def _post(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Fetched[V]], outcome: Fetched[V] | FetchFailed
) -> None:
    try:
        loop.call_soon_threadsafe(_settle, future, outcome)
    except RuntimeError:  # the loop has ended, and with it everybody who waited
        pass


def _settle(future: asyncio.Future[Fetched[V]], outcome: Fetched[V] | FetchFailed) -> None:
    if future.done():
        return
    if isinstance(outcome, FetchFailed):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
