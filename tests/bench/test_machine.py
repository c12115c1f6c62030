from __future__ import annotations

import resource

import pytest

from bench import machine
from bench.machine import Cores, plan_cores, streams_that_fit


@pytest.mark.parametrize(
    ("available", "planned"),
    [
        ({3}, Cores(gateway=3, upstream=3, client=3)),
        ({0, 1}, Cores(gateway=0, upstream=1, client=1)),
        ({0, 2, 4, 6}, Cores(gateway=0, upstream=4, client=2)),
    ],
)
def test_the_gateway_has_a_core_of_its_own_where_there_are_two(available: set[int], planned: Cores) -> None:
    assert plan_cores(available) == planned


def test_streams_are_as_many_as_two_sockets_each_allow() -> None:
    assert streams_that_fit(500, file_limit=20_000) == 500
    fitting = streams_that_fit(10_000, file_limit=20_000)
    assert 9_900 < fitting < 10_000
    assert 2 * fitting + machine.SPARE_FILES <= 20_000


def test_the_soft_limit_of_open_files_becomes_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert machine.raise_file_limit() == before[1] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_description_names_what_a_reader_asks_first() -> None:
    described = machine.describe()
    assert {"cpu", "cores", "memory", "kernel", "python", "placement"} <= described.keys()
    assert all(described.values())
