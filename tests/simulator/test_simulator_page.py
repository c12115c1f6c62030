"""The page about the simulator names only what there is; its table of faults is generated."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from penstock.cli.simulate import simulate
from penstock.simulator.faults import FAULTS, read_fault
from penstock.simulator.native import SIMULATED_AWS
from penstock.simulator.native_services import MODEL, all_services
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


def test_every_format_of_its_own_is_named_with_what_it_offers() -> None:
    rows = dict(re.findall(r"^\| `(/[^`]+)` \| (.*?) \|", PAGE, re.MULTILINE))
    for service in all_services():
        (row,) = [text for base, text in rows.items() if base.split("/")[1] == service.id]
        named = {word.partition("?")[0] for word in re.findall(r"`([^`]+)`", row)}
        ends = (operation.path.pattern.replace(MODEL, "*").split("/")[-1] for operation in service.operations)
        offered = {end.removeprefix("*:") for end in ends}
        assert {name.rpartition("/")[2] for name in named} == offered


def test_the_aws_key_is_the_one_that_is_checked() -> None:
    assert f"`{SIMULATED_AWS.access_key}`" in PAGE
    assert f"`{SIMULATED_AWS.secret_key.reveal()}`" in PAGE
