"""What is passed on: what an operator is told of it, and what it compiles to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.loaded import Loaded
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.relay.snapshot import Passage, RuleTimeouts

_SITE: dict[str, Any] = {"provider": "http", "base_url": "http://127.0.0.1:8080"}


def load(tmp_path: Path, *entries: dict[str, Any], backends: dict[str, Any] | None = None, **more: Any) -> Loaded:
    path = tmp_path / "c.yaml"
    document = {"backends": {"site": _SITE, **(backends or {})}, "passthrough": list(entries), **more}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_files([str(path)], {})


def refusals(tmp_path: Path, *entries: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(tmp_path, *entries, **more)
    assert all(problem.place is not None for problem in caught.value.problems)
    return [str(problem).partition(": error: ")[2] for problem in caught.value.problems if problem.severity == "error"]


def entry(**more: Any) -> dict[str, Any]:
    return {"name": "site", "path": "/site", "targets": ["site"], **more}


def passages(loaded: Loaded) -> list[Passage]:
    assert loaded.snapshot.passages is not None
    return [each.rule for each in loaded.snapshot.passages.entries()]


def test_without_entries_there_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("backends: {openai: {api_key: sk-0123456789}}\n", encoding="utf-8")

    assert load_files([str(path)], {}).snapshot.passages is None


def test_an_entry_is_closed_and_careful_unless_it_says_otherwise(tmp_path: Path) -> None:
    loaded = load(tmp_path, entry(path="/site/"))

    (passage,) = passages(loaded)
    assert loaded.warnings == ()
    assert (passage.name, passage.path, passage.forwards_credentials) == ("site", "/site", False)
    assert (passage.retry.statuses, passage.retry.causes) == (frozenset(), frozenset({"connect_failure"}))
    assert passage.timeouts is None
    assert [target.backend.name for target in passage.targets] == ["site"]
    assert not loaded.snapshot.models
    assert not loaded.snapshot.patterns  # nobody asks a plain server for a model


def test_every_setting_arrives(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        entry(
            hostnames=["A.example", "*.b.example"],
            methods=["GET", "HEAD"],
            headers={"X-A": "1"},
            header_regex={"x-b": "2+"},
            targets=[{"backend": "site", "weight": 3, "priority": 1}, {"backend": "other"}],
            rewrite={"prefix": "/", "host": "inside:8080"},
            request_headers={"set": {"X-S": "s"}, "add": {"x-d": "d"}, "remove": ["X-R"]},
            answer_headers={"remove": ["x-q"]},
            forward_credentials=True,
            timeouts={"total_s": 5},
            retry={"attempts": 2, "statuses": [503], "on": ["reset"]},
        ),
        backends={"other": _SITE},
    )

    assert loaded.snapshot.passages is not None
    entries = loaded.snapshot.passages.entries()
    assert [(each.host, sorted(each.methods), len(each.headers)) for each in entries] == [
        ("a.example", ["GET", "HEAD"], 2),
        ("*.b.example", ["GET", "HEAD"], 2),
    ]
    passage = entries[0].rule
    assert (passage.new_prefix, passage.new_path, passage.host) == ("/", None, "inside:8080")
    assert (passage.request.set, passage.request.add) == (((b"x-s", b"s"),), ((b"x-d", b"d"),))
    assert (passage.request.remove, passage.answer.remove) == (frozenset({b"x-r"}), frozenset({b"x-q"}))
    assert passage.forwards_credentials
    assert passage.timeouts == RuleTimeouts(total_s=5)
    assert (passage.retry.attempts, passage.retry.statuses, passage.retry.causes) == (
        2,
        frozenset({503}),
        frozenset({"reset"}),
    )
    assert [(each.weight, each.priority) for each in passage.targets] == [(3, 1), (1, 0)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry(path=None)], "needs either path or exact_path"),
        ([entry(exact_path="/x")], "needs either path or exact_path"),
        ([entry(rewrite={"prefix": "/", "path": "/x"})], "takes either prefix or path"),
        ([{**entry(path=None), "exact_path": "/x", "rewrite": {"prefix": "/"}}], "rewrite.prefix needs path"),
        ([entry(path="site")], "must be a path"),
        ([entry(path="/a?b")], "must be a path"),
        ([entry(path="/a/../b")], "has an empty segment, or . or .. for one"),
        ([entry(path="/a//b")], "has an empty segment, or . or .. for one"),
        ([entry(path="/%2e%2e/b")], "has an empty segment, or . or .. for one"),
        ([entry(methods=["get"])], "must be a method in capitals"),
        ([entry(methods=["CONNECT"])], "must be a method in capitals"),
        ([entry(rewrite={"host": "a b"})], "must be a host name"),
        ([entry(targets=["sit"])], 'there is no backend "sit"; did you mean "site"?'),
        ([entry(targets=[])], "must not be empty"),
        ([entry(request_headers={"set": {"host": "x"}})], '"host" is set by the gateway itself'),
        ([entry(targets=[{"backend": "site", "weight": 0}] * 2)], "all have the weight 0"),
        ([entry(), entry(path="/other")], 'there is another entry "site"'),
        ([entry(paht="/x")], 'unknown key; did you mean "path"?'),
    ],
)
def test_a_wrong_entry_is_refused(entries: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    assert any(message in each for each in refusals(tmp_path, *entries))


def test_signed_backends_cannot_get_what_is_passed_on(tmp_path: Path) -> None:
    aws = {"provider": "bedrock", "aws": {}, "options": {"region": "eu-central-1"}}

    told = refusals(tmp_path, entry(), entry(name="b", targets=["aws"]), backends={"aws": aws})

    assert told == ["passthrough[1].targets[0]: requests to it are signed, which those that are passed on cannot be"]


def test_a_plain_server_serves_no_models(tmp_path: Path) -> None:
    told = refusals(tmp_path, entry(), models={"m": "site"})

    assert told == ["models.m: is a plain HTTP server, which serves no models: only passthrough leads to it"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models"])
def test_a_path_that_the_api_has_is_pointed_out(path: str, tmp_path: Path) -> None:
    (warning,) = load(tmp_path, entry(path=path)).warnings

    assert warning.message == f"requests for {path} itself go to the API's endpoint of this path"


@pytest.mark.parametrize(
    ("more", "is_never_reached"),
    [
        ({}, True),
        ({"path": "/site/"}, True),
        ({"path": "/site/a"}, False),
        ({"methods": ["GET"]}, False),
        ({"hostnames": ["a.example"]}, False),
        ({"headers": {"x-a": "1"}}, False),
    ],
)
def test_an_entry_that_wants_what_an_earlier_one_takes_is_pointed_out(
    more: dict[str, Any], is_never_reached: bool, tmp_path: Path
) -> None:
    told = [problem.message for problem in load(tmp_path, entry(), entry(**{"name": "again", **more})).warnings]
    assert told == (["is never reached: its requests go to site"] if is_never_reached else [])


def test_changes_of_bodies_that_cannot_be_made_are_pointed_out(tmp_path: Path) -> None:
    changed = {"other": {**_SITE, "set_body": {"a": 1}}}

    (warning,) = load(tmp_path, entry(targets=["other"]), entry(name="b", path="/b"), backends=changed).warnings

    assert warning.message == "its set_body and remove_body have no effect here: bodies are not read"


def test_a_server_that_nothing_leads_to_is_pointed_out(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, entry(), backends={"idle": _SITE}).warnings

    assert (warning.path, warning.message) == (("backends", "idle"), "no model leads to this backend")
