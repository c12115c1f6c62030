"""``python -m bench [--quick]``: measure Penstock beside the other gateways in one run.

Prints tables, and writes ``bench/results/latest.json`` and ``latest.svg`` (a quick run writes nothing unless told
where). Method and how to read it: docs/benchmarks.md. Gateways that are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import sys
import tempfile
from pathlib import Path

from bench import gateways, machine, plot, process_tree, results, scenarios, table
from bench.gateways.contract import Gateway
from bench.results import Report, Row
from bench.rig import Rig, all_running
from bench.rounds import Round, add_latencies, process_row, rows, run_round
from bench.scenarios import Scenario

ROUNDS, QUICK_ROUNDS = 5, 3
SECONDS = 2.5
TRANSLATED = "translated"


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="Penstock and Envoy only, in under three minutes")
    names = [gateway.name for gateway in gateways.ALL]
    text = f"these gateways ({', '.join(names)}), or with '{TRANSLATED}' those that translate, and what it costs them"
    parser.add_argument("--only", metavar="NAME", nargs="+", choices=[*names, TRANSLATED], help=text, default=[])
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, quick {QUICK_ROUNDS}")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    parser.add_argument("--output", type=Path, help="where the JSON goes; the drawing goes beside it")
    return parser.parse_args(arguments)


def _gateways(options: argparse.Namespace) -> tuple[Gateway, ...]:
    named = {name for name in options.only if name != TRANSLATED}
    if named:
        return tuple(gateway for gateway in gateways.ALL if gateway.name in {"direct", *named})
    if options.only:
        return gateways.TRANSLATING
    return gateways.QUICK if options.quick else gateways.ALL


def _scenarios(options: argparse.Namespace) -> tuple[Scenario, ...]:
    if TRANSLATED in options.only:
        return scenarios.ONLY_TRANSLATED
    return scenarios.SCENARIOS if options.quick else scenarios.ALL


def _memory_rows(rig: Rig, idle_mib: dict[str, float]) -> list[Row]:
    made = []
    for running in rig.running:
        if running.pid:
            name = running.gateway.name
            made.append(process_row(name, results.START_S, running.start_s))
            made.append(process_row(name, results.RSS_IDLE_MIB, idle_mib[name]))
            made.append(process_row(name, results.RSS_PEAK_MIB, process_tree.peak_rss_mib(running.pid)))
    return made


def run(chosen: tuple[Gateway, ...], traffic: tuple[Scenario, ...], rounds: int, seconds: float) -> Report:
    """Start everything, measure the rounds, end everything."""
    described = machine.describe()
    os.sched_setaffinity(0, {machine.cores().client})
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, all_running(chosen, Path(folder), traffic) as rig:
        idle_mib = {x.gateway.name: process_tree.rss_mib(x.pid) for x in rig.running if x.pid}
        measured: list[Round] = []
        for number in range(rounds):
            measured.append(run_round(rig, number, rounds, seconds))
            add_latencies(measured[-1])
        return Report(
            date=dt.datetime.now(dt.UTC).date().isoformat(),
            rounds=rounds,
            seconds=seconds,
            machine=described,
            versions={running.gateway.name: running.gateway.version() for running in rig.running},
            left_out=rig.left_out,
            rows=rows(measured) + _memory_rows(rig, idle_mib),
        )


def main(arguments: list[str]) -> int:
    """Run as asked; a missed bar is shown and fails nothing, since a machine may be noisy."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    report = run(_gateways(options), _scenarios(options), rounds, options.seconds)
    print("\n" + table.full_text(report))
    output = options.output or (None if options.quick or options.only else results.LATEST)
    if output:
        results.write(report, output)
        output.with_suffix(".svg").write_text(plot.svg(report))
        print(f"\nwritten: {output} and {output.with_suffix('.svg')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
