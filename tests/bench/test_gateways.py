from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import gateways
from bench.gateways.contract import CONFIGS, Gateway, fill_config, missing_file
from bench.scenarios import TRANSLATED, UPSTREAMS
from penstock.cli.main import main as penstock_main

MARK = re.compile(r"@[A-Z]+@")
STARTED = [gateway for gateway in gateways.ALL if gateway.launch]


def test_the_quick_run_is_a_part_of_the_whole() -> None:
    names = [gateway.name for gateway in gateways.ALL]
    assert len(names) == len(set(names))
    assert {gateway.name for gateway in gateways.QUICK} == {"direct", "penstock", "envoy"}
    assert all(gateway in gateways.ALL for gateway in gateways.QUICK)


@pytest.mark.parametrize("gateway", STARTED, ids=lambda gateway: gateway.name)
def test_a_launch_fills_every_mark_and_writes_into_its_folder_alone(tmp_path: Path, gateway: Gateway) -> None:
    assert gateway.launch is not None
    launch = gateway.launch(4001, 9001, tmp_path)
    for written in tmp_path.iterdir():
        text = written.read_text()
        assert not MARK.search(text)
        assert "9001" in text
    assert launch.port_file is None or launch.port_file.parent == tmp_path


@pytest.mark.parametrize("name", ["penstock.yaml", "soak.yaml"])
def test_our_own_configurations_are_valid(tmp_path: Path, name: str) -> None:
    config = fill_config(name, tmp_path, port=4001, upstream=9001, admin=4002, nobody=9002)
    with pytest.raises(SystemExit) as ended:
        penstock_main(["check", str(config)])
    assert ended.value.code == 0


def test_every_configuration_has_a_gateway_that_uses_it() -> None:
    sources = "".join(path.read_text() for path in CONFIGS.parent.rglob("*.py") if ".peers" not in path.parts)
    assert [path.name for path in CONFIGS.iterdir() if path.is_file() and path.name not in sources] == []


def test_what_is_not_installed_says_how_to_install_it(tmp_path: Path) -> None:
    assert "bench.install_peers" in (missing_file(tmp_path / "nothing") or "")
    assert missing_file(tmp_path) is None


@pytest.mark.parametrize("gateway", gateways.TRANSLATING, ids=lambda gateway: gateway.name)
def test_a_gateway_that_translates_does_so_for_every_upstream_or_says_why_not(gateway: Gateway) -> None:
    assert gateway.translated_models.keys() | gateway.cannot.keys() == UPSTREAMS.keys()
    assert not gateway.translated_models.keys() & gateway.cannot.keys()


def test_other_gateways_take_no_part_in_translation() -> None:
    others = [gateway for gateway in gateways.ALL if gateway not in gateways.TRANSLATING]
    assert {gateway.model_for(scenario) for gateway in others for scenario in TRANSLATED} == {None}
