"""Start the mock upstream and gateways, each on its core, and end them all: the bench's composition root.

A gateway that does not start, or whose first answer is not the wanted one, is left out with its reason; the others are
measured all the same. One that does not translate as it should is left out of that translation alone. Which gateways
there are is in ``bench.gateways``; measuring is ``bench.measure``'s business.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from bench import load, machine, scenarios, spawn
from bench.gateways.contract import Gateway
from bench.scenarios import OPENAI, Scenario

REPOSITORY = Path(__file__).parent.parent
MOCK_START_S = 10.0
SETTLE_S = 1.0
"""After a gateway listens, before its idle memory is read."""


@dataclass(slots=True)
class Running:
    """A gateway that answers."""

    gateway: Gateway
    port: int
    pid: int | None
    """None for the direct way, which has no process of its own."""
    start_s: float
    requests: dict[str, bytes]
    """By scenario that the gateway serves, ready to send."""

    def load(self, scenario: Scenario, connections: int, duration_s: float, max_requests: int) -> load.Load:
        """Return a run of this scenario through this gateway."""
        return load.Load(
            port=self.port,
            request=self.requests[scenario.name],
            stream=scenario.stream,
            connections=connections,
            duration_s=duration_s,
            max_requests=max_requests,
        )


@dataclass(slots=True)
class Rig:
    """What is up, and what is not and why."""

    scenarios: tuple[Scenario, ...]
    running: list[Running] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """By gateway, or by gateway and scenario where the others are measured."""

    def leave_out(self, running: Running, scenario: Scenario, reason: str) -> None:
        """Measure a gateway no more; where it only had to translate, measure it no more in that scenario."""
        name = running.gateway.name
        if scenario.upstream == OPENAI:
            self.running.remove(running)
        else:
            del running.requests[scenario.name]
            name = f"{name} {scenario.name}"
        self.left_out[name] = reason
        print(f"LEFT OUT from here on: {name}: {reason}", flush=True)


@contextmanager
def mock_upstream(folder: Path, *, events: int = 100, gap_ms: float = 2.0) -> Iterator[tuple[int, Popen[bytes]]]:
    """Run the mock upstream; yields its port and process.

    Raises:
        DidNotStart: it does not come up.
    """
    port = spawn.free_port()
    command = [sys.executable, "-m", "bench.mock_upstream", "--port", str(port)]
    command += ["--events", str(events), "--gap-ms", str(gap_ms)]
    log = folder / "mock_upstream.log"
    with spawn.running(command, core=machine.cores().upstream, log=log, directory=REPOSITORY) as process:
        spawn.wait_until_listening(port, process, log, MOCK_START_S)
        yield port, process


def requests_for(gateway: Gateway, port: int, upstream: int) -> dict[str, bytes]:
    """Return the bytes of the request of every scenario that this gateway serves, as it wants them."""
    headers = {name: value.replace("@UPSTREAM@", str(upstream)) for name, value in gateway.headers.items()}
    return {
        scenario.name: scenarios.http_request(
            gateway.path, f"127.0.0.1:{port}", headers, scenarios.request_body(scenario, model)
        )
        for scenario in scenarios.ALL
        if (model := gateway.model_for(scenario))
    }


@contextmanager
def started(
    gateway: Gateway, upstream: int, folder: Path, checked: tuple[Scenario, ...] = scenarios.SCENARIOS
) -> Iterator[Running]:
    """Run one gateway before the mock upstream, once it has answered the scenarios ``checked``.

    Raises:
        DidNotStart: it does not come up, or its first answer is not the wanted one.
    """
    if gateway.launch is None:
        yield Running(gateway, upstream, None, 0.0, requests_for(gateway, upstream, upstream))
        return
    folder.mkdir()
    port = spawn.free_port()
    launch = gateway.launch(port, upstream, folder)
    log = folder / "output.log"
    begun_s = time.monotonic()
    with spawn.running(
        launch.command, core=machine.cores().gateway, log=log, environment=launch.environment, directory=folder
    ) as process:
        if launch.port_file:
            port = spawn.wait_for_port_file(launch.port_file, process, log, gateway.start_timeout_s)
        spawn.wait_until_listening(port, process, log, gateway.start_timeout_s)
        running = Running(gateway, port, process.pid, time.monotonic() - begun_s, requests_for(gateway, port, upstream))
        for scenario in checked:
            if reason := wrong_answer(running, scenario):
                raise spawn.DidNotStart(f"{scenario.name}: {reason}")
        yield running


def wrong_answer(running: Running, scenario: Scenario) -> str | None:
    """Ask once; return what is wrong with the answer, or None when it is the wanted one."""
    result = load.run(running.load(scenario, connections=1, duration_s=20, max_requests=1))
    return None if result.answers == 1 else result.first_error or "no answer"


def _check_translations(rig: Rig, running: Running) -> None:
    for scenario in rig.scenarios:
        if scenario.upstream in running.gateway.cannot:
            rig.left_out[f"{running.gateway.name} {scenario.name}"] = running.gateway.cannot[scenario.upstream]
        elif scenario.upstream != OPENAI and scenario.name in running.requests:
            reason = wrong_answer(running, scenario)
            if reason:
                rig.leave_out(running, scenario, reason)


def _enter(stack: ExitStack, server: AbstractContextManager[Running]) -> Running | spawn.DidNotStart:
    try:
        return stack.enter_context(server)
    except spawn.DidNotStart as reason:
        return reason


@contextmanager
def all_running(
    gateways: tuple[Gateway, ...], folder: Path, chosen: tuple[Scenario, ...] = scenarios.SCENARIOS
) -> Iterator[Rig]:
    """Start the mock upstream and every gateway that can be, and end them with the block."""
    rig = Rig(chosen)
    checked = tuple(scenario for scenario in chosen if scenario.upstream == OPENAI)
    with ExitStack() as stack:
        upstream, _ = stack.enter_context(mock_upstream(folder))
        for gateway in gateways:
            reason = gateway.missing()
            if reason is None:
                print(f"starting {gateway.title} {gateway.version()}", flush=True)
                outcome = _enter(stack, started(gateway, upstream, folder / gateway.name, checked))
                if isinstance(outcome, Running):
                    rig.running.append(outcome)
                    _check_translations(rig, outcome)
                    continue
                reason = str(outcome)
            rig.left_out[gateway.name] = reason
            print(f"LEFT OUT: {gateway.title}: {reason}", flush=True)
        time.sleep(SETTLE_S)
        yield rig
