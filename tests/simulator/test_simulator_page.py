"""The page about the simulator names only what there is; its table of faults is generated."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from penstock.cli.simulate import simulate
from penstock.simulator.faults import FAULTS, read_fault
from penstock.simulator.vendors import all_vendors

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_every_fault_that_is_named_as_an_example_is_one() -> None:
    named = re.findall(r"`(fault-[^`]+)`", PAGE)
    assert len(named) > len(FAULTS)
    for name in named:
        assert read_fault(name) is not None


def test_the_paths_and_options_that_are_named_exist() -> None:
    base_paths = {vendor.base_path for vendor in all_vendors()}
    assert set(re.findall(r"`(/\w+(?:/\w+)?/v1)/…`", PAGE)) <= base_paths
    printed = CliRunner().invoke(simulate, ["--help"]).output
    for option in set(re.findall(r"^penstock simulate .*?(--[a-z-]+)", PAGE, re.MULTILINE)):
        assert option in printed
