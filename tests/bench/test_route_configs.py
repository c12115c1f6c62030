from __future__ import annotations

from pathlib import Path

import pytest

from bench import route_configs
from penstock.config.native_yaml import load_files
from penstock.relay.snapshot import Snapshot

_COUNT = 7


def _load(tmp_path: Path, text: str) -> Snapshot:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    loaded = load_files([str(path)], {})
    assert not loaded.warnings
    return loaded.snapshot


def _nothing(_name: bytes) -> None:
    return None


@pytest.mark.parametrize("kind", ["native", "manifests"])
def test_every_route_by_model_leads_to_the_mock_upstream(tmp_path: Path, kind: str) -> None:
    native = route_configs.head(1, 2, 3) + route_configs.by_model(_COUNT)
    snapshot = _load(tmp_path, native if kind == "native" else route_configs.manifests(_COUNT, 1, 3))

    assert snapshot.routes is not None
    assert snapshot.routes.size == _COUNT
    for number in range(_COUNT):
        rule = snapshot.routes.find(f"model-{number}", "h", _nothing)
        assert rule is not None
        [target] = rule.targets
        assert (target.backend.host, target.backend.port, target.model) == ("127.0.0.1", 3, "mock")


def test_every_route_by_header_is_found_by_its_value(tmp_path: Path) -> None:
    snapshot = _load(tmp_path, route_configs.head(1, 2, 3) + route_configs.by_header(_COUNT))

    assert snapshot.routes is not None
    rules = [snapshot.routes.find("any", "h", {b"x-team": b"team-%d" % number}.get) for number in range(_COUNT)]
    assert [rule and rule.name for rule in rules] == [f"route-{number}/0" for number in range(_COUNT)]
    assert snapshot.routes.find("any", "h", _nothing) is None


def test_the_smallest_configuration_has_one_model(tmp_path: Path) -> None:
    assert list(_load(tmp_path, route_configs.head(1, 2, 3) + route_configs.one_model()).models) == ["model-0"]
