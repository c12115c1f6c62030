"""A whole gateway in this process, on real sockets, in front of scripted upstreams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from penstock.app.serving import Running, serving
from penstock.core.secret import Secret
from penstock.providers import all_providers
from penstock.relay.snapshot import AccessLog, Backend, Listener, Model, Snapshot, Target
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import BOUND_S, ScriptedUpstream

KEY = "sk-upstream-canary-2a9f"
"""The upstream's key in every test: it may be sent to the upstream, and stand nowhere else."""


def backend_at(port: int, **changes: Any) -> Backend:
    """An OpenAI-like backend on loopback."""
    plain = Backend(
        name="up",
        provider=all_providers()["openai"],
        scheme="http",
        host="127.0.0.1",
        port=port,
        base_path="/v1",
        api_key=Secret(KEY),
    )
    return replace(plain, **changes)


def snapshot_of(*backends: Backend, models: dict[str, str | None] | None = None, **changes: Any) -> Snapshot:
    """A snapshot in which every model is served by the first backend; ``models``: public name to upstream name."""
    named = {"gpt": "real"} if models is None else models
    plain = Snapshot(
        listener=Listener(port=0),
        admin_host="127.0.0.1",
        admin_port=0,
        backends={backend.name: backend for backend in backends},
        models={
            name: Model(
                name=name, targets=(Target(backend=backends[0], model=upstream),), owned_by="us", created=1_700_000_000
            )
            for name, upstream in named.items()
        },
        access_log=AccessLog(path=None),
    )
    return replace(plain, **changes)


@dataclass
class Served:
    """A gateway that runs, its upstream, and what it wrote down."""

    running: Running
    log_path: Path | None

    @property
    def url(self) -> str:
        return self.running.url

    async def log(self, lines: int = 1) -> list[dict[str, Any]]:
        """Return the access log once it has ``lines`` lines; there must not be more."""
        assert self.log_path is not None
        path, access_log = self.log_path, self.running.gateway._accounting.access_log
        assert access_log is not None

        def written() -> bool:
            access_log.flush()
            return path.read_bytes().count(b"\n") >= lines

        await eventually(written)
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert len(found) == lines
        return found

    async def metrics(self) -> dict[str, float]:
        """Return the samples of the metrics page, as ``name{label=value,...}``; Prometheus' own parser reads it."""
        answer = await ask(self.running.admin_url, path="/metrics", method="GET")
        return read_samples(answer.body.decode())

    async def until_idle(self) -> None:
        """Wait until no request is being answered."""
        await eventually(lambda: self.running.gateway.in_flight == 0)


def read_samples(exposition: str) -> dict[str, float]:
    """Read an exposition with Prometheus' own parser."""
    return {
        f"{sample.name}{{{','.join(f'{name}={value}' for name, value in sorted(sample.labels.items()))}}}": sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(BOUND_S):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def served(snapshot: Snapshot, *, log: Path | None = None, grace_s: float = 0.0) -> AsyncIterator[Served]:
    """Serve a snapshot; with ``log``, its access log goes to that file."""
    if log is not None:
        snapshot = replace(snapshot, access_log=AccessLog(path=str(log)))
    async with serving(snapshot, grace_s=grace_s) as running:
        yield Served(running, log)


@asynccontextmanager
async def served_before(
    upstream: ScriptedUpstream, *, log: Path | None = None, **changes: Any
) -> AsyncIterator[Served]:
    """Serve the model ``gpt`` (``real`` upstream) from a scripted upstream; ``changes`` are of its backend."""
    async with served(snapshot_of(backend_at(upstream.port, **changes)), log=log) as gateway:
        yield gateway
