"""A configuration's own tests: what passes, what fails and how that is told; and who refuses what fails."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.loaded import ConfigTestsFailed, Loaded
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.config.run_tests import SMALLEST_BODIES
from penstock.core.endpoint import EndpointId
from penstock.endpoints import declared_endpoints

_DOCUMENT: dict[str, Any] = {
    "backends": {
        "openai": {"api_key": "sk-0123456789"},
        "anthropic": {"api_key": "sk-ant-0123456789"},
        "gemini": {"api_key": "AIza0123456789"},
    },
    "models": {
        "fast": {
            "targets": [
                "openai/gpt-5-mini",
                {"backend": "anthropic", "model": "claude-haiku-4-5", "weight": 3},
                {"backend": "gemini", "model": "gemini-3-flash", "priority": 1},
            ]
        },
        "lossless": {"targets": ["anthropic/claude-haiku-4-5"], "losses": "reject"},
        "openai/*": "openai",
    },
    "routes": [
        {
            "name": "gold",
            "hostnames": ["*.gold.example"],
            "rules": [{"name": "any", "match": [{"headers": {"x-tier": "1"}}], "targets": ["openai/gpt-5.2"]}],
        }
    ],
    "passthrough": [
        {
            "name": "files",
            "path": "/files",
            "methods": ["GET", "PUT"],
            "rewrite": {"prefix": "/"},
            "targets": ["openai"],
        }
    ],
    "client_keys": {"billing": "pk-0123456789abcdef", "mobile": "pk-fedcba9876543210"},
}


def _load(tmp_path: Path, tests: dict[str, Any], **changes: Any) -> Loaded:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**_DOCUMENT, **changes, "tests": tests}), encoding="utf-8")
    return load_files([str(path)], {})


def _expect(tmp_path: Path, request: object, expect: object) -> list[str]:
    """Return what is told of one test: its place in the file, and the difference."""
    with suppress(ConfigTestsFailed):
        loaded = _load(tmp_path, {"t": {"request": request, "expect": expect}})
        assert [(test.name, test.differences) for test in loaded.tests] == [("t", ())]
        return []
    with pytest.raises(ConfigTestsFailed) as caught:
        _load(tmp_path, {"t": {"request": request, "expect": expect}})
    assert [bool(test.differences) for test in caught.value.tests] == [True]
    return [str(problem).partition("error: tests.t.")[2] for problem in caught.value.problems]


_SEED = {"model": "fast", "body": {"seed": 1}}
_LOSING = {"model": "lossless", "body": {"seed": 1}}
_EACH = [{"backend": "anthropic", "losses": ["seed"]}, {"backend": "openai", "losses": []}, "gemini"]
_GOLD = {"model": "fast", "host": "a.gold.example:8443", "headers": {"X-Tier": "1"}}
_ALL = ["anthropic", "openai/gpt-5-mini", "gemini"]


@pytest.mark.parametrize(
    ("request_", "expect"),
    [
        ("fast", {"model": "fast", "targets": _ALL}),
        ("fast", {"targets": ["openai", "anthropic/claude-haiku-4-5", "gemini/gemini-3-flash"]}),
        ("openai/gpt-5.2", "openai/gpt-5.2"),
        ("openai/gpt-5.2", {"model": "openai/*"}),
        (_GOLD, {"model": "gold/any", "targets": ["openai/gpt-5.2"], "losses": []}),
        ({**_GOLD, "host": "gold.example"}, {"model": "fast"}),
        (_SEED, {"losses": ["$.seed"]}),
        (_SEED, {"targets": _EACH}),
        (_LOSING, {"error": {"status": 400, "code": "translation_loss"}}),
        (_LOSING, {"targets": [{"backend": "anthropic", "error": "translation_loss"}]}),
        ("none", {"error": {"status": 404, "code": "model_not_found"}}),
        ({}, {"error": "missing_model"}),
        ({"model": "fast", "path": "/v1/nothing"}, {"error": "unknown_path"}),
        ({"model": "fast", "client_key": "anonymous"}, {"error": {"status": 401}}),
        ({"model": "fast", "client_key": "mobile"}, {"model": "fast"}),
        ({"model": "lossless", "path": "/v1/embeddings"}, {"model": "lossless", "error": "endpoint_not_offered"}),
        ({"model": "lossless", "path": "/v1/messages"}, "anthropic/claude-haiku-4-5"),
        ({"model": "lossless"}, {"targets": [{"backend": "anthropic", "path": "/v1/messages"}]}),
        (
            {"path": "/files/a?x=1", "method": "GET"},
            {"model": "files", "targets": [{"backend": "openai", "path": "/v1/a?x=1"}]},
        ),
        ({"path": "/files/a", "method": "PATCH"}, {"error": "unknown_path"}),
        (
            {"model": "lossless", "body": {"stop": "x", "max_tokens": 5}},
            {
                "targets": [
                    {"backend": "anthropic", "body": {"stop_sequences": ["x"], "max_tokens": 5, "stop": None}},
                ]
            },
        ),
    ],
)  # fmt: skip
def test_what_holds_passes(tmp_path: Path, request_: object, expect: object) -> None:
    assert _expect(tmp_path, request_, expect) == []


@pytest.mark.parametrize(
    ("request_", "expect", "told"),
    [
        ("fast", {"model": "slow"}, "expect.model: the test fails: expected slow, got fast"),
        (
            "fast",
            {"targets": ["gemini", "openai", "anthropic"]},
            (
                "expect.targets: the test fails: expected gemini, openai, anthropic, "
                "got openai/gpt-5-mini or anthropic/claude-haiku-4-5, then gemini/gemini-3-flash"
            ),
        ),
        ("openai/m", "openai/n", "expect: the test fails: expected openai/n, got openai/m"),
        (
            "none",
            "openai/n",
            (
                "expect: the test fails: expected openai/n, got the error 404 model_not_found "
                '(The model "none" does not exist. Models here: fast, lossless, openai/*.)'
            ),
        ),
        (
            "fast",
            {"error": {"status": 404}},
            (
                "expect.error: the test fails: expected the error 404, "
                "got openai/gpt-5-mini or anthropic/claude-haiku-4-5, then gemini/gemini-3-flash"
            ),
        ),
        (
            {"model": "fast", "path": "/v1/nothing"},
            {"error": {"status": 405, "code": "x"}},
            (
                "expect.error: the test fails: expected the error 405 x, got the error 404 unknown_path "
                "(No endpoint has the path /v1/nothing."
            ),
        ),
        (_SEED, {"losses": []}, "expect.losses: the test fails: expected no losses, got dropped $.seed ("),
        (
            _LOSING,
            {"model": "lossless"},
            "expect: the test fails: expected a request to anthropic/claude-haiku-4-5, got the error 400 translation_",
        ),
        (
            {"model": "lossless", "body": {"stop": ["x", "y"]}},
            {"targets": [{"backend": "anthropic", "body": {"stop_sequences": ["x", "z"]}}]},
            'expect.targets[0].body.stop_sequences[1]: the test fails: expected "z", got "y"',
        ),
        (
            {"path": "/files/a", "method": "GET"},
            {"targets": [{"backend": "openai", "path": "/a"}]},
            "expect.targets[0].path: the test fails: expected /a, got /v1/a",
        ),
        (
            {"path": "/v1/models", "method": "GET"},
            {"targets": ["openai"]},
            "expect.targets: the test fails: expected openai, got no target",
        ),
        (
            "lossless",
            {"targets": [{"backend": "anthropic", "error": "translation_loss"}]},
            (
                "expect.targets[0].error: the test fails: expected the error translation_loss, "
                "got a request to anthropic/claude-haiku-4-5"
            ),
        ),
        (
            {"model": "lossless", "body": {"stream": True}},
            {"targets": [{"backend": "anthropic", "body": {"stream": 1}}]},
            "expect.targets[0].body.stream: the test fails: expected 1, got true",
        ),
    ],
)
def test_what_does_not_hold_is_told_with_both_sides(
    tmp_path: Path, request_: object, expect: object, told: str
) -> None:
    [problem] = _expect(tmp_path, request_, expect)

    assert problem.startswith(told)


def test_every_failing_test_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "backends:\n  openai: {api_key: sk-0123456789}\nmodels:\n  m: openai/n\ntests:\n"
        "  good: {request: m, expect: openai/n}\n"
        "  wrong target:\n    request: m\n    expect:\n      targets: [openai/o]\n"
        "  wrong rule: {request: m, expect: {model: x}}\n",
        encoding="utf-8",
    )

    with pytest.raises(ConfigTestsFailed) as caught:
        load_files([str(path)], {})

    assert str(caught.value).splitlines() == [
        f'{path}:10:7: error: tests."wrong target".expect.targets: the test fails: expected openai/o, got openai/n',
        f'{path}:11:44: error: tests."wrong rule".expect.model: the test fails: expected x, got m',
    ]
    assert [(test.name, bool(test.differences)) for test in caught.value.tests] == [
        ("good", False),
        ("wrong target", True),
        ("wrong rule", True),
    ]


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (
            {"request": {"model": "fast", "client_key": "mobil"}, "expect": "openai"},
            'tests.t.request.client_key: there is no client key "mobil"; did you mean "mobile"?',
        ),
        (
            {"request": "fast", "expect": {"targets": ["openia/x"]}},
            'tests.t.expect.targets[0]: there is no backend "openia"; did you mean "openai"?',
        ),
        ({"request": "fast"}, "tests.t.expect: is required"),
        ({"request": "fast", "expect": {"modle": "x"}}, 'unknown key; did you mean "model"?'),
    ],
)
def test_a_test_that_names_what_there_is_not_is_an_error_of_its_own(
    tmp_path: Path, test: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        _load(tmp_path, {"t": test})

    assert told in str(caught.value)


def test_tests_are_not_run_on_a_configuration_that_is_wrong_anyway(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        _load(tmp_path, {"t": {"request": "fast", "expect": "gemini"}}, models={"fast": "opneai/x"})

    assert not isinstance(caught.value, ConfigTestsFailed)
    assert "the test fails" not in str(caught.value)


def test_tests_of_several_files_are_all_run_and_no_name_is_given_twice(tmp_path: Path) -> None:
    whole = tmp_path / "a.yaml"
    whole.write_text(yaml.safe_dump({**_DOCUMENT, "tests": {"a": {"request": "fast", "expect": {"model": "fast"}}}}))
    more = tmp_path / "b.yaml"
    more.write_text(yaml.safe_dump({"tests": {"b": {"request": "lossless", "expect": "anthropic"}}}))

    assert {test.name for test in load_files([str(tmp_path)], {}).tests} == {"a", "b"}

    more.write_text(yaml.safe_dump({"tests": {"a": {"request": "lossless", "expect": "anthropic"}}}))
    with pytest.raises(ConfigurationInvalid, match="one file only may give it"):
        load_files([str(tmp_path)], {})


def test_a_variable_in_a_message_shows_its_name_only(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "backends: {openai: {api_key: sk-0123456789}}\nmodels: {m: {targets: [{backend: openai, model: n, "
        "set_body: {user: '${WHO}'}}]}}\n"
        "tests: {t: {request: m, expect: {targets: [{backend: openai, body: {user: nobody}}]}}}\n",
        encoding="utf-8",
    )

    with pytest.raises(ConfigTestsFailed) as caught:
        load_files([str(path)], {"WHO": "secret-canary"})

    assert "canary" not in str(caught.value)
    assert 'expected "nobody", got "${WHO}"' in str(caught.value)


def test_every_endpoint_has_a_smallest_body_that_its_own_provider_takes(tmp_path: Path) -> None:
    assert set(SMALLEST_BODIES) == set(get_args(EndpointId)) == {endpoint.id for endpoint in declared_endpoints()}

    tests: dict[str, Any] = {
        endpoint.id: {
            "request": {"path": endpoint.path, "model": "m"},
            "expect": "anthropic" if "messages" in endpoint.path else "openai",
        }
        for endpoint in declared_endpoints()
    }
    models = {"m": {"targets": ["openai"]}}
    openai = {name: test for name, test in tests.items() if test["expect"] == "openai"}
    assert len(_load(tmp_path, openai, models=models, routes=[]).tests) == len(openai)
    models = {"m": {"targets": ["anthropic"]}}
    anthropic = {name: test for name, test in tests.items() if test["expect"] == "anthropic"}
    assert len(_load(tmp_path, anthropic, models=models, routes=[]).tests) == len(anthropic)


@pytest.mark.parametrize("caller", ["corp", None, "anonymous"])
def test_a_caller_with_a_token_is_known_by_its_issuer(tmp_path: Path, caller: str | None) -> None:
    tokens = {"corp": {"issuer": "https://login.example.com", "jwks_url": "https://login.example.com/keys"}}
    request = {"model": "lossless", **({"client_key": caller} if caller else {})}
    expect: Any = {"error": {"status": 401}} if caller == "anonymous" else "anthropic"

    loaded = _load(tmp_path, {"t": {"request": request, "expect": expect}}, client_keys={}, client_tokens=tokens)

    assert [test.name for test in loaded.tests] == ["t"]


_WEIGHTS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=6)


@given(_WEIGHTS, st.randoms(use_true_random=False))
def test_targets_of_one_priority_are_a_set(targets: list[tuple[int, int]], random: Any) -> None:
    """Any order that keeps priorities passes; one that breaks them does not."""
    import tempfile

    configured = [
        {"backend": "openai", "model": f"m{number}", "priority": priority, "weight": weight}
        for number, (priority, weight) in enumerate(targets)
    ]
    random.shuffle(shuffled := list(enumerate(targets)))
    by_priority = sorted(shuffled, key=lambda each: each[1][0])

    def load(order: list[tuple[int, tuple[int, int]]]) -> Loaded:
        expected = [f"openai/m{number}" for number, _ in order]
        test = {"request": "m", "expect": {"targets": expected}}
        return _load(Path(folder), {"t": test}, models={"m": {"targets": configured}}, routes=[])

    with tempfile.TemporaryDirectory() as folder:
        assert len(load(by_priority).tests) == 1
        if len({priority for priority, _ in targets}) > 1:
            with pytest.raises(ConfigTestsFailed):
                load(by_priority[::-1])
