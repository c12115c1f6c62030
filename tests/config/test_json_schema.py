from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from penstock.config.json_schema import build_json_schema
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid

_ROOT = Path(__file__).parents[2]
_SCHEMA = build_json_schema()
_VALID = {
    *(_ROOT / "examples").glob("*/config.yaml"),
    *(
        path
        for path in (_ROOT / "tests/vectors/config").glob("*/*.yaml")
        if "error" not in (path.parent / "expected.txt").read_text()
    ),
}


def _mistakes(text: str) -> list[str]:
    return [error.json_path for error in Draft202012Validator(_SCHEMA).iter_errors(yaml.safe_load(text))]


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(_SCHEMA)


@pytest.mark.parametrize("path", sorted(_VALID), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_schema_accepts_every_valid_configuration_of_this_repository(path: Path) -> None:
    assert _mistakes(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "backends: {openai: {api_key: {file: /run/secrets/x}, timeouts: {connect_s: '${T}'}}}",
        "backends: {ollama: , local: {provider: '${P}'}}",
        "models: {a: b/c, d: {targets: [a/b, {backend: a}], listed: false}}",
        "client_keys: {a: '${K}', b: {file: k}, c: {sha256: '" + "ab" * 32 + "'}}",
        "limits: {body: 50MiB, headers: 65536, event: '${E:-1MiB}'}",
        "listen: {address: '0.0.0.0:1', tls: {cert_file: a, key_file: b}, cors: {allow_origins: ['*']}}",
        "listen: {tls: {cert_file: a, key: '${KEY}'}}",
        "backends: {openai: {tls: {ca: '${CA}', client_cert_file: a, client_key: '${KEY}'}}}",
        "access_log: 'off'",
    ],
)
def test_schema_accepts_every_way_to_write_a_value(text: str) -> None:
    assert _mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("listn: x", "$"),
        ("backends: {openai: {api_kee: x}}", "$.backends.openai"),
        ("backends: {x: {provider: opnai}}", "$.backends.x.provider"),
        ("backends: {x: {provider: azure-openai, options: {api: v3}}}", "$.backends.x.options.api"),
        ("models: {a: 5}", "$.models"),
        ("limits: {body: 50 apples}", "$.limits.body"),
        ("listen: {tls: {cert_file: a}}", "$.listen.tls"),
        ("listen: {tls: {cert_file: a, key: b, key_file: c}}", "$.listen.tls"),
    ],
)
def test_schema_points_at_mistakes(text: str, path: str) -> None:
    mistakes = _mistakes(text)

    assert mistakes
    assert all(mistake.startswith(path) for mistake in mistakes)


def test_schema_and_reader_agree_on_what_keys_there_are(tmp_path: Path) -> None:
    definitions = _SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    path = tmp_path / "c.yaml"
    path.write_text("backends: {openai: {api_key: x, zzz: 1}}", encoding="utf-8")

    with pytest.raises(ConfigurationInvalid) as caught:
        load_files([str(path)], {})

    assert [problem.message for problem in caught.value.problems] == [
        f"unknown key; there are: {', '.join(definitions['BackendSection']['properties'])}"
    ]
