"""The sum of workers that were never started; over real ones it is tested with the supervisor."""

from __future__ import annotations

from pathlib import Path

from penstock.admin.reports import ConfigurationReport
from penstock.app.channel import Answer
from penstock.app.machine import Machine
from penstock.app.run import read_first
from penstock.app.sockets import Addresses
from penstock.app.supervisor import Supervisor
from penstock.config.source import Source
from penstock.telemetry.readings import Buckets, Reading, render
from tests.relay.served_gateway import read_samples


def counted(number: float) -> Answer:
    readings = [
        Reading(name="c_total", text="C.", kind="counter", labels=("x",), numbers=[(("a",), number)]),
        Reading(name="g", text="G.", kind="gauge", labels=(), numbers=[((), number)]),
        Reading(name="h", text="H.", kind="histogram", labels=(), buckets=[((), Buckets([1, 1], number))], bounds=(1,)),
    ]
    return Answer(number=0, readings=readings, models_without_target=("m",))


async def test_the_machine_is_the_sum_of_living_and_dead(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("backends: {ollama: }\n")
    source = Source(files=(str(path),))
    supervisor = Supervisor(
        source=source, current=read_first(source), workers=2, addresses=Addresses(2), grace_s=1, log_level="info"
    )
    machine = Machine(supervisor, ConfigurationReport(version="v", source=str(path), loaded_at=""))
    for slot, number in zip(supervisor.slots, (1, 2), strict=True):
        slot.last = counted(number)
    supervisor._bury(supervisor.slots[0])
    supervisor.slots[0].last = counted(10)

    samples = read_samples(render(await machine.readings()))

    assert samples["c_total{x=a}"] == 13
    assert samples["g{}"] == 12
    assert (samples["h_bucket{le=1}"], samples["h_count{}"], samples["h_sum{}"]) == (3, 6, 13)
    assert samples["penstock_workers{state=starting}"] == 2
    assert samples["process_resident_memory_bytes{}"] > 0
    readiness = await machine.readiness()
    assert readiness.reasons == ("no worker serves", "models without a usable target")
    assert readiness.models_without_target == ("m",)
    assert (machine.health().status, machine.configuration().version) == ("ok", "v")
