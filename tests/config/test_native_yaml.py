"""Whole files: golden cases, secrets that must not show, and generated configurations that must mean what they say.

A golden case is a folder of ``tests/vectors/config``: its ``*.yaml`` files are loaded together, in the order of their
names, and ``expected.txt`` holds what an operator is told. A new case is a new folder.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.address import Address
from penstock.config.loaded import Overrides
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.core.errors import OperatorError
from penstock.identity.client_keys import identify, index_keys
from penstock.routing.choose_model import choose

_CASES = Path(__file__).parents[1] / "vectors" / "config"
_CANARY = "canary"
_ENVIRON = {"OPENAI_API_KEY": f"sk-{_CANARY}-from-the-environment", "CI_KEY": f"pk-{_CANARY}-0123456789"}


def _describe(files: list[str], environ: dict[str, str]) -> str:
    try:
        loaded = load_files(files, environ)
    except OperatorError as error:
        return f"{error}\n"
    return "\n".join([*loaded.explanation, *map(str, loaded.warnings)]) + "\n"


@pytest.mark.parametrize("case", sorted(_CASES.iterdir()), ids=lambda case: case.name)
def test_operator_is_told_what_the_case_says(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)

    told = _describe(sorted(path.name for path in case.glob("*.yaml")), _ENVIRON)

    assert told == (case / "expected.txt").read_text(encoding="utf-8")
    assert _CANARY not in told


def _refusal(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> ConfigurationInvalid:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as caught:
        load_files([str(path)], environ or _ENVIRON)
    return caught.value


_MISPLACED = [
    "backends: {openai: {api_key: [VALUE]}}",
    "backends: {openai: {api_key: {file: VALUE}}}",
    "backends: {openai: {api_key: {files: VALUE}}}",
    "backends: {openai: VALUE}",
    "backends: {openai: {base_url: VALUE}}",
    "backends: {openai: {base_url: 'https://VALUE@h/'}}",
    "backends: {openai: {api_key: VALUE, options: {x: VALUE}}}",
    "backends: {openai: {api_key: VALUE, timeouts: VALUE}}",
    "backends: {openai: {api_key: VALUE, timeouts: {connect_s: VALUE}}}",
    "backends: {openai: {api_key: 'VALUE ', headers: {authorization: VALUE}}}",
    "backends: {azure-openai: {api_key: VALUE, base_url: https://h, options: {api: VALUE}}}",
    "client_keys: {ci: {key: VALUE, sha256: VALUE}}",
    "client_keys: VALUE",
    "client_keys: [VALUE]",
    "listen: VALUE",
    "limits: {body: VALUE}",
    "access_log: [VALUE]",
    "VALUE",
]


@pytest.mark.parametrize("text", _MISPLACED)
def test_secret_in_the_wrong_place_is_not_repeated(text: str, tmp_path: Path) -> None:
    error = _refusal(tmp_path, text.replace("VALUE", "sk-canary-0123456789"))

    shown = "".join(traceback.format_exception(error)) + repr(error.problems)
    assert _CANARY not in shown


@pytest.mark.parametrize("text", [*_MISPLACED, "backends: {openai: {provider: VALUE}}", "models: {fast: VALUE}"])
def test_secret_from_a_variable_is_not_repeated_even_where_a_name_would_be(text: str, tmp_path: Path) -> None:
    error = _refusal(tmp_path, text.replace("VALUE", "${OPENAI_API_KEY}"))

    assert _CANARY not in "".join(traceback.format_exception(error)) + repr(error.problems)


def test_secrets_of_a_valid_configuration_do_not_show_in_its_snapshot(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("sk-canary-from-a-file\n", encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text(
        "backends:\n  openai: {api_key: {file: key.txt}, headers: {x-proxy-key: sk-canary}}\n"
        "models: {fast: openai}\nclient_keys: {ci: '${CI_KEY}'}\n",
        encoding="utf-8",
    )

    loaded = load_files([str(path)], _ENVIRON)

    key = loaded.snapshot.backends["openai"].api_key
    assert key is not None
    assert key.reveal() == "sk-canary-from-a-file"
    assert _CANARY not in repr(loaded)


def test_file_that_cannot_be_read_does_not_hide_the_errors_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("limits: {bodi: 1}\nmodels: {fast: openai}\n", encoding="utf-8")

    with pytest.raises(ConfigurationInvalid) as caught:
        load_files([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")], {})

    assert [problem.message for problem in caught.value.problems] == [
        'unknown key; did you mean "body"?',
        f"{tmp_path / 'a.yaml'} cannot be read: No such file or directory",
    ]


def test_what_a_file_says_wrongly_is_the_files_although_an_option_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("backends: {openai: {api_key: k}}\nadmin: {listen: x}\n", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as caught:
        load_files([str(path)], {}, Overrides(admin=Address("127.0.0.1", 0)))
    assert str(caught.value) == f"{path}:2:1: error: admin: must be text; put a number in quotes"


def test_smallest_configuration_serves_what_the_provider_is_known_for(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("backends:\n  openai:\n    api_key: ${OPENAI_API_KEY}\n", encoding="utf-8")

    snapshot = load_files([str(path)], _ENVIRON).snapshot

    assert set(snapshot.models) >= set(snapshot.backends["openai"].provider.models)
    assert choose(snapshot.models, snapshot.patterns, "openai/gpt-next")[1] == "gpt-next"
    assert choose(snapshot.models, snapshot.patterns, "never-heard-of")[1] == "never-heard-of"


def test_folder_without_files_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"is a folder without \.yaml or \.yml files$"):
        load_files([str(tmp_path)], {})


def test_folder_is_all_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("models: {fast: openai}\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("backends: {openai: {api_key: sk-0123456789}}\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not: [read", encoding="utf-8")

    assert list(load_files([str(tmp_path)], {}).snapshot.models) == ["fast"]


_NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,11}", fullmatch=True)
_MODEL_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9./:-]{0,15}", fullmatch=True)
_SECRETS = st.from_regex(r"sk-[A-Za-z0-9_-]{20,30}", fullmatch=True).filter(lambda key: len(set(key)) > 5)
_SECONDS = st.integers(1, 10_000) | st.floats(0.001, 1_000)


@st.composite
def _configurations(draw: st.DrawFn) -> dict[str, object]:
    backends = draw(
        st.dictionaries(
            _NAMES,
            st.fixed_dictionaries(
                {"provider": st.just("openai-compatible"), "base_url": st.just("https://h.example/v1")},
                optional={
                    "api_key": _SECRETS,
                    "timeouts": st.fixed_dictionaries({}, optional={"connect_s": _SECONDS, "total_s": _SECONDS}),
                },
            ),
            min_size=1,
            max_size=4,
        )
    )
    names = st.sampled_from(sorted(backends))
    short = st.builds(lambda backend, model: f"{backend}/{model}", names, _MODEL_NAMES)
    mapping = st.fixed_dictionaries({"backend": names}, optional={"model": _MODEL_NAMES})
    targets = st.fixed_dictionaries({"targets": st.lists(names | short | mapping, min_size=1, max_size=3)})
    models = draw(st.dictionaries(_MODEL_NAMES, names | short | targets, min_size=1, max_size=5))
    keys = draw(st.dictionaries(_NAMES.filter(lambda name: name != "anonymous"), _SECRETS, max_size=3))
    if len(set(keys.values())) < len(keys):
        keys = {}
    limits = draw(st.fixed_dictionaries({}, optional={"body": st.integers(1, 10**9)}))
    return {"backends": backends, "models": models, "client_keys": keys, "limits": limits}


def _targets(model: object) -> list[tuple[str, str | None]]:
    if isinstance(model, str):
        backend, _, name = model.partition("/")
        return [(backend, name or None)]
    assert isinstance(model, dict)
    if "backend" in model:
        return [(model["backend"], model.get("model"))]
    return [target for each in model["targets"] for target in _targets(each)]


@given(configuration=_configurations())
def test_generated_configuration_compiles_to_what_it_says(
    configuration: dict[str, dict[str, dict[str, object]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "generated.yaml"
    path.write_text(yaml.safe_dump(configuration), encoding="utf-8")

    snapshot = load_files([str(path)], {}).snapshot

    assert set(snapshot.backends) == set(configuration["backends"])
    for name, backend in configuration["backends"].items():
        compiled = snapshot.backends[name]
        assert (compiled.api_key.reveal() if compiled.api_key else None) == backend.get("api_key")
        timeouts = backend.get("timeouts", {})
        assert isinstance(timeouts, dict)
        assert compiled.timeouts.connect_s == timeouts.get("connect_s", 10.0)
        assert compiled.timeouts.total_s == timeouts.get("total_s", 3600.0)
    for name, model in configuration["models"].items():
        chosen, upstream = choose(snapshot.models, snapshot.patterns, name)
        assert [(target.backend.name, target.model) for target in chosen.targets] == _targets(model)
        assert upstream == (_targets(model)[0][1] or name)
    keys = index_keys((key.name, key.sha256) for key in snapshot.client_keys)
    for name, key in configuration["client_keys"].items():
        assert identify({b"api-key": str(key).encode()}.get, keys) == name
    assert snapshot.listener.limits.body_bytes == configuration["limits"].get("body", 50 * 1024 * 1024)
