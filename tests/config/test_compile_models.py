"""Models and routes compiled; what they do to requests is in ``tests/relay/test_routes.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.relay.snapshot import Retry, RuleTimeouts, Snapshot


def load(tmp_path: Path, **document: Any) -> Snapshot:
    path = tmp_path / "c.yaml"
    own = {"backends": {"up": {"provider": "openai", "api_key": "k", "remove_headers": ["X-A"]}}}
    path.write_text(yaml.safe_dump({**own, **document}), encoding="utf-8")
    return load_files([str(path)], {}).snapshot


def problems(tmp_path: Path, **document: Any) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(tmp_path, **document)
    return [str(problem).partition(": error: ")[2] for problem in caught.value.problems]


def test_a_rule_has_all_that_was_said_of_it(tmp_path: Path) -> None:
    rule = {
        "match": [{"model": "m"}],
        "targets": [{"backend": "up", "model": "real", "set_headers": {"X-B": "1"}, "set_body": {"n": 1}}],
        "timeouts": {"total_s": 9},
        "retry": {"attempts": 3, "statuses": [500], "on": ["reset"]},
        "losses": "reject",
    }
    table = load(tmp_path, routes=[{"name": "r", "rules": [rule]}]).routes
    assert table is not None
    found = table.find("m", "", lambda _name: None)
    assert found is not None
    assert (found.name, found.losses, found.timeouts) == ("m", "reject", RuleTimeouts(total_s=9))
    assert found.retry == Retry(attempts=3, statuses=frozenset({500}), causes=frozenset({"reset"}))
    (target,) = found.targets
    assert target.model == "real"
    assert target.mutations.set_headers == (("x-b", "1"),)
    assert target.mutations.remove_headers == {"x-a"}
    assert target.mutations.set_body == (("n", b"1"),)


def test_routes_alone_need_no_models(tmp_path: Path) -> None:
    snapshot = load(tmp_path, routes=[{"name": "r", "rules": [{"targets": ["up"]}]}])
    assert not snapshot.models
    assert snapshot.routes is not None
    assert snapshot.routes.find("anything", "any.host", lambda _name: None) is not None


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            {"routes": [{"name": "r", "rules": [{"targets": ["upp"]}]}]},
            'routes[0].rules[0].targets[0]: there is no backend "upp"; did you mean "up"?',
        ),
        (
            {"routes": [{"name": "r", "rules": [{"targets": ["up"]}]}, {"name": "r", "rules": [{"targets": ["up"]}]}]},
            'routes[1].name: there is another route "r"',
        ),
        (
            {"routes": [{"name": "r", "rules": [{"name": "a", "targets": ["up"]}, {"name": "a", "targets": ["up"]}]}]},
            'routes[0].rules[1].name: there is another rule "a" in this route',
        ),
        (
            {"routes": [{"name": "r", "rules": [{"match": [{"model_regex": "("}], "targets": ["up"]}]}]},
            "routes[0].rules[0].match[0].model_regex: is not a regular expression",
        ),
        (
            {"models": {"m": {"targets": [{"backend": "up", "weight": 0}, {"backend": "up", "weight": 0}]}}},
            "models.m.targets: all have the weight 0, so that none would ever serve",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_where_it_stands(document: dict[str, Any], problem: str, tmp_path: Path) -> None:
    assert any(told.startswith(problem) for told in problems(tmp_path, **document)), problems(tmp_path, **document)


@pytest.mark.parametrize(
    ("match", "is_never_reached"),
    [
        ([{"model": "m"}], True),
        ([{"model": "m"}, {"model": "m"}], True),
        ([{"model": "m"}, {"model": "other"}], False),
        ([{"model": "m", "headers": {"x-a": "1"}}], False),
        ([{"model_regex": "m"}], False),
        ([], False),
    ],
)
def test_a_rule_that_wants_what_an_earlier_one_takes_is_pointed_out(
    match: list[dict[str, Any]], is_never_reached: bool, tmp_path: Path
) -> None:
    first, again = {"match": [{"model": "m"}], "targets": ["up"]}, {"match": match, "targets": ["up"]}
    path = tmp_path / "c.yaml"
    document = {"backends": {"up": {"provider": "openai", "api_key": "k"}}}
    path.write_text(yaml.safe_dump({**document, "routes": [{"name": "r", "rules": [first, again]}]}), encoding="utf-8")
    told = [str(problem).partition("warning: ")[2] for problem in load_files([str(path)], {}).warnings]
    assert told == (["routes[0].rules[1]: is never reached: its requests go to r/0"] if is_never_reached else [])


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"targets": ["up"]}, ["models.fast: is never reached: the rule r/0 takes every request"]),
        ({"targets": ["up"], "match": [{"headers": {"x-a": "1"}}]}, []),
    ],
)
def test_models_behind_a_rule_for_every_request_are_pointed_out(
    rule: dict[str, Any], told: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "c.yaml"
    document = {"backends": {"up": {"provider": "openai", "api_key": "k"}}, "models": {"fast": "up/m"}}
    path.write_text(yaml.safe_dump({**document, "routes": [{"name": "r", "rules": [rule]}]}), encoding="utf-8")
    found = [str(problem).partition("warning: ")[2] for problem in load_files([str(path)], {}).warnings]
    assert found == told
