"""What routes and workers cost: ``python -m bench.routes [--seconds 2] [--idle-seconds 10] [--quick]``.

Four questions, each for Penstock alone, on its core: what does finding a route cost with more and more of them, by the
model's name and by a header (the function alone, and the gateway's CPU for each request); how long does a start take
with a thousand of them, native and as manifests; and what do so many workers use while nobody asks. Prints the tables
and writes ``bench/results/routes.json``; how the gateway compares with others is ``python -m bench``'s business.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from bench import load, machine, process_tree, results, route_configs, routes_text, spawn
from bench.gateways import penstock
from bench.interpreter import choose
from bench.results import Report, Row
from bench.rig import mock_upstream
from bench.rounds import make_row
from bench.scenarios import http_request
from penstock.config.native_yaml import load_files

BY_MODEL, BY_HEADER = (1, 10, 100, 1_000, 10_000), (1, 10, 100, 1_000)
WORKERS = (1, 2, 4)
ROUTES_AT_START = 1_000
CONNECTIONS = 16
WARM_S = 0.3
START_WAIT_S = 60.0
SETTLE_S = 3.0
"""After a gateway listens, before it is called idle."""
PATH = "/v1/chat/completions"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to measure."""

    rounds: int = 3
    seconds: float = 2.0
    idle_seconds: float = 10.0
    by_model: Sequence[int] = BY_MODEL
    by_header: Sequence[int] = BY_HEADER
    workers: Sequence[int] = WORKERS
    at_start: int = ROUTES_AT_START


QUICK = Plan(rounds=1, seconds=0.3, idle_seconds=1.0, by_model=(1, 1_000), by_header=(1, 100), workers=(1, 2))


@dataclass(slots=True)
class Bench:
    """Where to write configurations, and what they lead to."""

    folder: Path
    upstream: int
    rows: list[Row]

    def note(self, scenario: str, metric: str, values: list[float]) -> None:
        """Keep a figure of every round."""
        self.rows.append(make_row("penstock", scenario, metric, values))

    def write(self, name: str, rest: str) -> tuple[Path, int]:
        """Write a native configuration; return it and the port where it listens."""
        port = spawn.free_port()
        path = self.folder / f"{name}.yaml"
        path.write_text(route_configs.head(port, spawn.free_port(), self.upstream) + rest)
        return path, port

    @contextmanager
    def served(self, path: Path, port: int, *more: str) -> Iterator[tuple[Popen[bytes], float]]:
        """Run the gateway; yields its process, and the seconds until it listened."""
        interpreter = choose()
        # Python keeps what it has compiled, as it does wherever nobody tells it not to.
        environment = {**interpreter.environment, "PYTHONDONTWRITEBYTECODE": ""}
        command = (interpreter.command, "-m", "penstock", "serve", str(path), *more)
        log = self.folder / "gateway.log"
        begun_s = time.monotonic()
        with spawn.running(
            command, core=machine.cores().gateway, log=log, environment=environment, directory=self.folder
        ) as process:
            spawn.wait_until_listening(port, process, log, START_WAIT_S)
            yield process, time.monotonic() - begun_s


def measure_lookups(bench: Bench, plan: Plan) -> None:
    """Measure what finding the last of so many routes costs."""
    for count in plan.by_model:
        scenario = f"by_model_{count}"
        path, port = bench.write(scenario, route_configs.by_model(count))
        _measure_lookup(bench, plan, scenario, path, port, model=f"model-{count - 1}", headers={})
    for count in plan.by_header:
        scenario = f"by_header_{count}"
        path, port = bench.write(scenario, route_configs.by_header(count))
        headers = {route_configs.HEADER: f"team-{count - 1}"}
        _measure_lookup(bench, plan, scenario, path, port, model="any", headers=headers)


def _measure_lookup(
    bench: Bench, plan: Plan, scenario: str, path: Path, port: int, *, model: str, headers: dict[str, str]
) -> None:
    bench.note(scenario, results.FIND_US, _find_us(path, model, headers, plan.rounds))
    body = f'{{"messages":[{{"role":"user","content":"Hello"}}],"model":"{model}"}}'.encode()
    request = http_request(PATH, f"127.0.0.1:{port}", headers, body)
    with bench.served(path, port) as (process, _):
        _ask(port, request, WARM_S)
        used_us: list[float] = []
        for _ in range(plan.rounds):
            before_s = process_tree.cpu_s(process.pid)
            answers = _ask(port, request, plan.seconds)
            used_us.append((process_tree.cpu_s(process.pid) - before_s) / answers * 1e6)
    bench.note(scenario, results.CPU_PER_REQUEST, used_us)
    print(f"{scenario}: {used_us[-1]:.0f} µs of CPU for a request", flush=True)


def _ask(port: int, request: bytes, seconds: float) -> int:
    wanted = load.Load(
        port=port,
        request=request,
        stream=False,
        connections=CONNECTIONS,
        duration_s=seconds,
        max_requests=10_000_000,
    )
    result = load.run(wanted)
    if result.errors or not result.answers:
        raise SystemExit(f"the gateway did not answer as it must: {result.first_error or 'no answer'}")
    return result.answers


def _find_us(path: Path, model: str, headers: dict[str, str], rounds: int) -> list[float]:
    table = load_files([str(path)], {}).snapshot.routes
    assert table is not None
    lookup = {name.encode(): value.encode() for name, value in headers.items()}.get
    timer = timeit.Timer(lambda: table.find(model, "127.0.0.1", lookup))
    number, _ = timer.autorange()
    return [took_s / number * 1e6 for took_s in timer.repeat(rounds, number)]


def measure_starts(bench: Bench, plan: Plan) -> None:
    """Measure starts with nothing to speak of, and with a thousand routes."""
    count = plan.at_start
    port = spawn.free_port()
    folder = bench.folder / "manifests"
    folder.mkdir()
    (folder / "routes.yaml").write_text(route_configs.manifests(count, port, bench.upstream))
    admin = ("--admin", f"127.0.0.1:{spawn.free_port()}")
    small, small_port = bench.write("small", route_configs.one_model())
    native, native_port = bench.write("native", route_configs.by_model(count))
    starts = (
        ("start_small", small, small_port, ()),
        (f"start_native_{count}", native, native_port, ()),
        (f"start_manifests_{count}", folder, port, admin),
    )
    for scenario, path, at_port, more in starts:
        walls_s: list[float] = []
        used_s: list[float] = []
        for number in range(plan.rounds + 1):
            with bench.served(path, at_port, *more) as (process, took_s):
                if number:  # the first finds no compiled files, perhaps
                    walls_s.append(took_s)
                    used_s.append(process_tree.cpu_s(process.pid))
        bench.note(scenario, results.START_S, walls_s)
        bench.note(scenario, results.START_CPU_S, used_s)
        print(f"{scenario}: {min(walls_s):.2f} s, {min(used_s):.2f} s of CPU", flush=True)


def measure_idling(bench: Bench, plan: Plan) -> None:
    """Measure what gateways of so many workers use while nobody asks."""
    for workers in plan.workers:
        scenario = f"idle_{workers}"
        path, port = bench.write(scenario, route_configs.one_model())
        with bench.served(path, port, "--workers", str(workers)) as (process, took_s):
            time.sleep(SETTLE_S)
            before_s = process_tree.run_s(process.pid)
            time.sleep(plan.idle_seconds)
            used_s = process_tree.run_s(process.pid) - before_s
            bench.note(scenario, results.PROCESSES, [float(len(process_tree.tree(process.pid)))])
            bench.note(scenario, results.RSS_IDLE_MIB, [process_tree.rss_mib(process.pid)])
            bench.note(scenario, results.PSS_IDLE_MIB, [process_tree.pss_mib(process.pid)])
            bench.note(scenario, results.CPU_IDLE_PERCENT, [used_s / plan.idle_seconds * 100])
            bench.note(scenario, results.START_S, [took_s])
        print(f"{scenario}: {bench.rows[-3].value:.0f} MiB", flush=True)


def run(plan: Plan) -> Report:
    """Measure everything."""
    described = machine.describe()
    os.sched_setaffinity(0, {machine.cores().client})
    with tempfile.TemporaryDirectory(prefix="bench-") as name, mock_upstream(Path(name)) as (upstream, _):
        bench = Bench(Path(name), upstream, [])
        measure_starts(bench, plan)
        measure_idling(bench, plan)
        measure_lookups(bench, plan)
    return Report(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        rounds=plan.rounds,
        seconds=plan.seconds,
        machine=described,
        versions={"penstock": penstock.GATEWAY.version()},
        left_out={},
        rows=bench.rows,
    )


def main(arguments: list[str]) -> int:
    """Run as asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.routes", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a little of everything, to see that it works")
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of each measurement under load")
    parser.add_argument("--idle-seconds", type=float, default=Plan.idle_seconds)
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = Plan(rounds=options.rounds, seconds=options.seconds, idle_seconds=options.idle_seconds)
    report = run(QUICK if options.quick else wanted)
    print("\n" + routes_text.block(report))
    output = options.output or (None if options.quick else results.ROUTES)
    if output:
        results.write(report, output)
        print(f"\nwritten: {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
