"""A gateway whose upstream answers each request as it was told just before, for tests that are no coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penstock.app.event_loop import new_event_loop
from penstock.relay.snapshot import Snapshot
from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import Script, ScriptedUpstream, scripted_upstream
from tests.relay.served_gateway import Served, served


@contextmanager
def gateway_on_a_loop(
    snapshot_before: Callable[[int], Snapshot], log: Path
) -> Iterator[tuple[asyncio.Runner, ScriptedUpstream, Served]]:
    """Serve, on a loop of its own, what ``snapshot_before`` returns for the port of a scripted upstream."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        upstreams = scripted_upstream(answer=lambda _: [])
        upstream = runner.run(upstreams.__aenter__())
        gateways = served(snapshot_before(upstream.port), log=log)
        gateway = runner.run(gateways.__aenter__())
        try:
            yield runner, upstream, gateway
        finally:
            runner.run(gateways.__aexit__(None, None, None))
            runner.run(upstreams.__aexit__(None, None, None))


class ToldGateway:
    """The gateway; ``unhandled`` is what its event loop was told of exceptions that nobody caught."""

    def __init__(self, runner: asyncio.Runner, upstream: ScriptedUpstream, gateway: Served) -> None:
        self._runner, self._upstream, self._gateway = runner, upstream, gateway
        self.unhandled: list[dict[str, Any]] = []
        runner.get_loop().set_exception_handler(lambda _loop, context: self.unhandled.append(context))

    def ask(self, script: Script, body: bytes, path: str = "/v1/chat/completions") -> tuple[Answered, dict[str, Any]]:
        """Return the answer to ``body`` when the upstream plays ``script``, and the line of the access log."""
        return self._runner.run(self._ask(script, body, path))

    async def _ask(self, script: Script, body: bytes, path: str) -> tuple[Answered, dict[str, Any]]:
        self._upstream.answer = lambda _: script
        answered = await ask(self._gateway.url, body, path=path)
        [line] = await self._gateway.log()
        assert self._gateway.log_path is not None
        self._gateway.log_path.write_bytes(b"")
        await self._gateway.until_idle()
        return answered, line


@contextmanager
def told_gateway(snapshot_before: Callable[[int], Snapshot], log: Path) -> Iterator[ToldGateway]:
    """The same, to be told what the upstream answers."""
    with gateway_on_a_loop(snapshot_before, log) as parts:
        yield ToldGateway(*parts)
