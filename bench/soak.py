"""Mixed load for a while, then look for what was kept: ``python -m bench.soak [--seconds 60]``.

A gateway between ``penstock simulate`` and clients that ask well, badly, and leave in the middle
(``bench.mixed_load``). Afterwards everything must come to rest: no request in flight, and no more connections, files
and tasks than after the warm-up; memory may not have gone on growing (``bench.leaks``). Prints a verdict and exits
with 1 when something was kept, or when a request ended as it must not.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import leaks, machine, process_tree, spawn
from bench.gateways.contract import fill_config
from bench.mixed_load import FAULT, Tally, deeds, drive
from penstock.simulator.faults import FAULTS, PREFIX

SECONDS, CLIENTS, SEED = 60.0, 32, 1
WARM_S, WARM_CLIENTS = 4.0, 16
SAMPLE_S = 0.5
SETTLE_S = 30.0
"""How long connections may take to come to rest; the pool keeps unused ones for two seconds."""
START_S = 20.0
SLOW_S = 3
"""What slow faults take here: a little more than ``soak.yaml`` allows a backend."""
MEMORY_TOLD_S = 30.0
"""A shorter run is all warm-up: what it says of memory is shown and judged by nobody."""
KEPT_DEFECTS = 10
GATEWAY_LOG = "gateway.log"
PENSTOCK = str(Path(sys.executable).parent / "penstock")

_ADDRESS = re.compile("0x[0-9a-f]+")


def fault_models() -> tuple[str, ...]:
    """Return a model name for every fault that the simulator has."""
    return tuple(PREFIX + fault.name + (f"-{SLOW_S}s" if fault.seconds > SLOW_S else "") for fault in FAULTS)


@dataclass(frozen=True, slots=True)
class Soaked:
    """The gateway under test, and where it can be asked."""

    pid: int
    port: int
    admin_port: int


@dataclass(slots=True)
class Soak:
    """What a run has shown."""

    seconds: float
    tally: Tally = field(default_factory=Tally)
    samples_mib: list[float] = field(default_factory=list)
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    """What the gateway has logged as its own errors."""

    @property
    def findings(self) -> list[str]:
        """Return everything that is not as it must be."""
        kept = leaks.left_behind(self.before, self.after)
        memory = leaks.memory_finding(self.samples_mib) if self.seconds >= MEMORY_TOLD_S else []
        return [*self.tally.findings, *kept, *memory, *self.defects]

    def text(self) -> str:
        """Return the report for people."""
        findings = self.findings
        done = self.tally.done
        faults = {name for name in done if name.startswith(FAULT)}
        first, last, growth = self.samples_mib[0], self.samples_mib[-1], leaks.memory_growth_mib(self.samples_mib)
        lines = [
            f"{'FAIL' if findings else 'PASS'}: {done.total():,} requests in {self.seconds:.0f} s",
            *(f"  {count:7,}  {name}" for name, count in done.most_common() if name not in faults),
            f"  {sum(done[name] for name in faults):7,}  faults of {len(faults)} kinds",
            "at rest, before and after:",
            *(f"  {name}: {self.before[name]:g}, {self.after[name]:g}" for name in self.before),
            f"memory: {first:.1f} MiB at first, {last:.1f} MiB at last, {growth:+.1f} MiB after the warm-up",
            *(f"FINDING: {finding}" for finding in findings),
        ]
        return "\n".join(lines)


def read_gauges(gateway: Soaked) -> dict[str, float]:
    """Return what must be back where it was once everything is at rest."""
    url = f"http://127.0.0.1:{gateway.admin_port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    return {
        "requests in flight": leaks.read_metric(text, "penstock_exchanges_in_flight"),
        "connections of clients": leaks.read_metric(text, "penstock_client_connections"),
        "connections to backends": leaks.read_metric(text, "penstock_upstream_connections"),
        "tasks": leaks.read_metric(text, "penstock_tasks"),
        "open files": float(process_tree.open_files(gateway.pid)),
    }


def logged_defects(log: str) -> list[str]:
    """Return each kind of error line once, without its time and the addresses in it."""
    lines = (_ADDRESS.sub("0x…", line.partition(" ERROR ")[2]) for line in log.splitlines())
    return [f"the gateway logged: {line}" for line in dict.fromkeys(lines) if line][:KEPT_DEFECTS]


async def _settle(gateway: Soaked) -> dict[str, float]:
    """Wait until nothing is under way any more, or as long as that may take; return the gauges then."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SETTLE_S
    while True:
        gauges = read_gauges(gateway)
        at_rest = not any(gauges[name] for name in gauges if "connections" in name or "flight" in name)
        if at_rest or loop.time() > until_s:
            return gauges
        await asyncio.sleep(SAMPLE_S)


async def _sample_memory(gateway: Soaked, samples_mib: list[float]) -> None:
    while True:
        samples_mib.append(process_tree.rss_mib(gateway.pid))
        await asyncio.sleep(SAMPLE_S)


async def _soak(gateway: Soaked, seconds: float, clients: int) -> Soak:
    shown = Soak(seconds)
    what = deeds(fault_models())
    await drive(gateway.port, WARM_CLIENTS, WARM_S, what, SEED)
    shown.before = await _settle(gateway)
    sampling = asyncio.create_task(_sample_memory(gateway, shown.samples_mib))
    shown.tally = await drive(gateway.port, clients, seconds, what, SEED + 1)
    sampling.cancel()
    shown.after = await _settle(gateway)
    return shown


@contextmanager
def _simulator(folder: Path) -> Iterator[int]:
    port = spawn.free_port()
    log = folder / "simulator.log"
    command = [PENSTOCK, "simulate", "--listen", f"127.0.0.1:{port}", "--pace", "none"]
    with spawn.running(command, core=machine.cores().upstream, log=log) as process:
        spawn.wait_until_listening(port, process, log, START_S)
        yield port


@contextmanager
def _gateway(folder: Path, upstream: int) -> Iterator[Soaked]:
    port, admin, nobody = spawn.free_port(), spawn.free_port(), spawn.free_port()
    config = fill_config("soak.yaml", folder, port=port, admin=admin, upstream=upstream, nobody=nobody)
    log = folder / GATEWAY_LOG
    with spawn.running([PENSTOCK, "serve", str(config)], core=machine.cores().gateway, log=log) as process:
        spawn.wait_until_listening(port, process, log, START_S)
        yield Soaked(process.pid, port, admin)


def run(seconds: float = SECONDS, clients: int = CLIENTS) -> Soak:
    """Start simulator and gateway, load them, and look at what is left.

    Raises:
        DidNotStart: one of the two does not come up.
    """
    machine.raise_file_limit()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        _simulator(Path(folder)) as upstream,
        _gateway(Path(folder), upstream) as gateway,
    ):
        shown = asyncio.run(_soak(gateway, seconds, clients))
        shown.defects = logged_defects((Path(folder) / GATEWAY_LOG).read_text())
        return shown


def main(arguments: list[str]) -> int:
    """Run as asked; 1 when there is a finding."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of load, after the warm-up")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="at once")
    options = parser.parse_args(arguments)
    shown = run(options.seconds, options.clients)
    print(shown.text())
    return 1 if shown.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
