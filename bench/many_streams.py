"""Thousands of slow streams at once through one Penstock worker: ``python -m bench.many_streams [--streams 10000]``.

Every stream is opened before the first one ends, so that all of them are open together; each is checked to its last
event. Reports errors (there must be none), events delivered, memory per stream and CPU, and exits with 1 when a stream
failed. A stream takes two sockets of the gateway, so the machine's limit of open files bounds how many there can be;
a run that had to be made smaller says so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, machine, process_tree
from bench.gateways import penstock
from bench.rig import Running, mock_upstream, started
from bench.scenarios import SMALL, STREAM

STREAMS, EVENTS, GAP_S, RAMP_PER_S = 10_000, 12, 2.0, 800.0
EVENTS_OF_END = 2
"""Events of every stream besides those with text: the finish reason and ``[DONE]``."""
SAMPLE_S = 0.5
PATIENCE_S = 15.0
"""How much longer than planned the run may last."""
SOURCES = tuple(f"127.0.0.{number}" for number in range(2, 10))


@dataclass(slots=True)
class ManyStreams:
    """What such a run has shown."""

    asked_for: int
    streams: int
    """Asked for, or as many as the limit of open files lets one process hold."""
    whole: int = 0
    errors: int = 0
    first_error: str = ""
    events: int = 0
    open_at_once: int = 0
    rss_idle_mib: float = 0.0
    rss_full_mib: float = 0.0
    """When most streams were open."""
    cpu_s: float = 0.0
    elapsed_s: float = 0.0
    expected_events: int = field(default=0)

    @property
    def kib_per_stream(self) -> float:
        """Growth of resident memory for each stream open at once, in KiB."""
        return (self.rss_full_mib - self.rss_idle_mib) * 1024 / max(1, self.open_at_once)

    @property
    def good(self) -> bool:
        """Whether all streams were open together and every one came whole."""
        complete = self.whole == self.open_at_once == self.streams
        return complete and self.errors == 0 and self.events == self.expected_events

    def text(self) -> str:
        """Return the report for people."""
        smaller = "" if self.streams == self.asked_for else f" (of {self.asked_for:,}: the limit of open files)"
        growth = f"{self.rss_idle_mib:.1f} MiB idle, {self.rss_full_mib:.1f} MiB full"
        lines = [
            f"{'PASS' if self.good else 'FAIL'}: {self.whole:,} of {self.streams:,} streams whole{smaller}",
            f"open at once    {self.open_at_once:,}",
            f"errors          {self.errors}{': ' + self.first_error if self.first_error else ''}",
            f"events          {self.events:,} of {self.expected_events:,}",
            f"memory          {growth}: {self.kib_per_stream:.1f} KiB per stream",
            f"CPU             {self.cpu_s:.1f} s in {self.elapsed_s:.1f} s",
        ]
        return "\n".join(lines)


def _measure(running: Running, shown: ManyStreams, planned_s: float, ramp_per_s: float) -> None:
    pid = running.pid or 0
    shown.rss_idle_mib = process_tree.rss_mib(pid)

    def sample(open_now: int) -> None:
        if open_now >= shown.open_at_once:
            shown.open_at_once = open_now
            shown.rss_full_mib = process_tree.rss_mib(pid)

    cpu_before_s = process_tree.cpu_s(pid)
    planned = running.load(STREAM, shown.streams, planned_s, shown.streams)
    planned.ramp_per_s = ramp_per_s
    planned.linger_s = PATIENCE_S
    planned.sources = SOURCES
    planned.every_s, planned.on_tick = SAMPLE_S, sample
    result = load.run(planned)
    shown.cpu_s = process_tree.cpu_s(pid) - cpu_before_s
    shown.whole, shown.errors, shown.first_error = result.answers, result.errors, result.first_error
    shown.events, shown.elapsed_s = result.events, result.elapsed_s


def run(
    streams: int = STREAMS, *, events: int = EVENTS, gap_s: float = GAP_S, ramp_per_s: float = RAMP_PER_S
) -> ManyStreams:
    """Open the streams through a gateway of their own and see them to their end.

    Raises:
        ValueError: a stream would end before the last one is opened.
        DidNotStart: the mock upstream or the gateway does not come up.
    """
    if streams / ramp_per_s >= events * gap_s:
        raise ValueError("streams must last longer than it takes to open them all")
    fitting = machine.streams_that_fit(streams, machine.raise_file_limit())
    shown = ManyStreams(asked_for=streams, streams=fitting, expected_events=fitting * (events + EVENTS_OF_END))
    planned_s = fitting / ramp_per_s + events * gap_s
    affinity = os.sched_getaffinity(0)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        mock_upstream(Path(folder), events=events, gap_ms=gap_s * 1000) as (upstream, _),
        started(penstock.GATEWAY, upstream, Path(folder) / "gateway", checked=(SMALL,)) as running,
    ):
        os.sched_setaffinity(0, {machine.cores().client})
        try:
            _measure(running, shown, planned_s, ramp_per_s)
        finally:
            os.sched_setaffinity(0, affinity)
    return shown


def main(arguments: list[str]) -> int:
    """Run as asked; 1 unless every stream came whole."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.many_streams", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--events", type=int, default=EVENTS, help="of each stream")
    parser.add_argument("--gap-s", type=float, default=GAP_S, help="between two events of a stream")
    parser.add_argument("--ramp-per-s", type=float, default=RAMP_PER_S, help="streams opened in a second")
    options = parser.parse_args(arguments)
    shown = run(options.streams, events=options.events, gap_s=options.gap_s, ramp_per_s=options.ramp_per_s)
    print(shown.text())
    return 0 if shown.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
