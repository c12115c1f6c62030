"""The ``access_log`` of a configuration: short and long form, and what no line may show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.providers import configurable_providers
from penstock.relay.snapshot import AccessLog
from penstock.telemetry.log_format import LogFormat, read_template


def load(tmp_path: Path, access_log: object, **backend: Any) -> AccessLog:
    path = tmp_path / "c.yaml"
    document = {"backends": {"ollama": backend}, "models": {"a": "ollama"}, "access_log": access_log}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_files([str(path)], {}).snapshot.access_log


def refusal(tmp_path: Path, access_log: object, **backend: Any) -> str:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(tmp_path, access_log, **backend)
    return str(caught.value)


def test_a_path_alone_is_short_for_a_mapping(tmp_path: Path) -> None:
    for text, path in [("-", "-"), ("off", None), (None, None), ("a.log", str(tmp_path / "a.log"))]:
        assert load(tmp_path, text) == load(tmp_path, {"path": text}) == AccessLog(path=path)


def test_members_and_texts_are_compiled(tmp_path: Path) -> None:
    code, words = "%RESPONSE_CODE%", "%REQ(X-TEAM)% said"
    members = (("code", read_template(code)), ("who", read_template(words)))
    assert load(tmp_path, {"fields": {"code": code, "who": words}}) == AccessLog(line_format=LogFormat(members=members))
    assert load(tmp_path, {"path": "off", "text": f"{words}\n"}) == AccessLog(
        path=None, line_format=LogFormat(line=read_template(words))
    )


@pytest.mark.parametrize(
    ("access_log", "why"),
    [
        ({"fields": {"a": "%RESPONSE_COD%"}}, 'access_log.fields.a: %RESPONSE_COD% is not known here; did you mean "%'),
        ({"fields": {"a": "100%"}}, "access_log.fields.a: has a % that begins no command"),
        ({"fields": {"a": 5}}, "access_log.fields.a: must be text"),
        ({"fields": {}}, "access_log.fields"),
        ({"text": "%REQ()%"}, "access_log.text: %REQ% needs an argument"),
        ({"text": "a\nb"}, "access_log.text: must be one line"),
        ({"text": "\n"}, "access_log.text: must not be empty"),
        ({"text": "a", "fields": {"a": "b"}}, "takes either fields or text"),
        ({"format": "a"}, "access_log.format"),
    ],
)
def test_what_cannot_be_written_is_refused_at_its_line(tmp_path: Path, access_log: object, why: str) -> None:
    assert why in refusal(tmp_path, access_log)


_CREDENTIALS = sorted(
    {provider.key_header.name for provider in configurable_providers().values()}
    | {"Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization", "api-key", "x-api-key", "X-Goog-Api-Key"}
    | {"openai-api-key", "x-aigw-aws-credentials", "x-amz-security-token", "my-secret", "X-Access-Token"}
)


@pytest.mark.parametrize("name", _CREDENTIALS)
def test_no_line_shows_a_credential(tmp_path: Path, name: str) -> None:
    for command in (f"%REQ({name})%", f"%REQ(X-TEAM?{name})%", f"a %REQ({name}):4% b"):
        why = f'the header "{name.lower()}" carries credentials, which are never logged'
        assert why in refusal(tmp_path, {"fields": {"a": command}})
        assert why in refusal(tmp_path, {"text": command})


def test_no_line_shows_the_header_in_which_callers_give_a_backends_key(tmp_path: Path) -> None:
    override = {"header": "X-Their-Own"}
    told = refusal(tmp_path, {"fields": {"a": "%REQ(x-their-own)%"}}, credential_override=override)
    assert 'access_log.fields.a: the header "x-their-own" carries credentials for "ollama"' in told
