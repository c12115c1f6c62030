"""``penstock serve --workers 2`` in front of a scripted upstream, and what the system knows of its processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.cli.penstock_process import BOUND_S, Penstock, starting
from tests.relay.plain_client import Caller
from tests.relay.served_gateway import read_samples

SERVES = r"serves on http://([^\s,]+).* \(admin: (\S+)\)"
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
STREAMED = b'{"model":"gpt","stream":true}'


@dataclass(frozen=True, slots=True)
class Supervised:
    """A gateway of several processes."""

    penstock: Penstock
    file: Path
    url: str
    admin_url: str

    def page(self, path: str) -> Any:
        """Return an admin page, whatever its status."""
        try:
            with urlopen(f"{self.admin_url}{path}", timeout=BOUND_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            return json.load(error)

    def metrics(self) -> dict[str, float]:
        with urlopen(f"{self.admin_url}/metrics", timeout=BOUND_S) as answer:
            return read_samples(answer.read().decode())

    def workers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page("/ready")["workers"]
        return found

    def pids(self) -> list[int]:
        return [worker["pid"] for worker in self.workers()]

    def worker_of(self, caller: Caller) -> int:
        """Return the process that has accepted a caller's connection."""
        _, port = caller.writer.get_extra_info("sockname")
        inode = _inode(int(self.url.rpartition(":")[2]), port)
        [pid] = [pid for pid in self.pids() if inode in _sockets(pid)]
        return pid

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds that asks the gateway."""
        async with asyncio.timeout(BOUND_S):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(0.02)


def _inode(local: int, remote: int) -> str:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(place.rpartition(":")[2], 16) for place in fields[1:3]]
        if ports == [local, remote]:
            return fields[9]
    raise LookupError(f"no connection from {remote} to {local}")


def _sockets(pid: int) -> set[str]:
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def alive(pid: int) -> bool:
    """Say whether a process runs (one that nobody has waited for yet does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def write(file: Path, upstream: int, *, port: int = 0, models: str = "gpt", more: str = "") -> None:
    """Write a configuration as an operator's editor does: beside, and then in its place."""
    new = file.with_suffix(".new")
    names = ", ".join(f"{name}: up/real" for name in models.split())
    new.write_text(
        f"listen: 127.0.0.1:{port}\nadmin: 127.0.0.1:0\naccess_log: {file.parent}/access.log\n"
        f"backends: {{up: {{provider: openai-compatible, base_url: http://127.0.0.1:{upstream}/v1}}}}\n"
        f"models: {{{names}}}\n{more}"
    )
    new.replace(file)


@contextmanager
def supervised(folder: Path, upstream: int, *arguments: str, port: int = 0, more: str = "") -> Iterator[Supervised]:
    """Run it for the length of the context, and see that no process stays."""
    file = folder / "gateway.yaml"
    write(file, upstream, port=port, more=more)
    with starting(folder, "serve", str(file), "--workers", "2", *arguments) as penstock:
        address, admin_url = penstock.wait_for(SERVES).groups()
        gateway = Supervised(penstock, file, f"http://{address}", admin_url)
        yield gateway
