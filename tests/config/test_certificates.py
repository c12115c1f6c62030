"""What cannot be shown or trusted is an error of the configuration, at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from tests.transport.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def refusals(folder: Path, text: str) -> list[str]:
    path = folder / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_files([str(path)], {})
    except ConfigurationInvalid as invalid:
        return [str(problem).removeprefix(f"{folder}/") for problem in invalid.problems]
    return []


def test_certificates_that_are_right_are_nothing_to_report(tmp_path: Path, authority: Authority) -> None:
    cert, key = authority.issue("gateway.example")
    text = (
        f"listen: {{tls: {{cert_file: {cert}, key_file: {key}}}}}\n"
        "backends:\n  openai:\n    api_key: a-key\n"
        f"    tls: {{ca_file: {authority.file}, client_cert_file: {cert}, client_key_file: {key}}}\n"
    )
    assert refusals(tmp_path, text) == []


def test_a_pair_that_does_not_belong_together_is_found_at_its_listener(tmp_path: Path, authority: Authority) -> None:
    cert, _ = authority.issue("a.example")
    _, key = authority.issue("b.example")
    text = (
        "backends: {openai: {api_key: a-key}}\nlisteners:\n  - 127.0.0.1:0\n"
        f"  - address: 127.0.0.2:0\n    tls: {{cert_file: {cert}, key_file: {key}}}\n"
    )
    (found,) = refusals(tmp_path, text)
    assert found.startswith("gateway.yaml:5:5: error: listeners[1].tls: the certificate ")
    assert found.endswith("cannot be used: the key is not this certificate's")


def test_what_a_backend_cannot_trust_is_found_at_the_backend(tmp_path: Path, authority: Authority) -> None:
    _, key = authority.issue("a.example")
    text = f"backends:\n  openai:\n    api_key: a-key\n    tls: {{ca_file: {key}}}\n"
    (found,) = refusals(tmp_path, text)
    assert found.startswith("gateway.yaml:4:20: error: backends.openai.tls.ca_file: the authority ")
    assert found.endswith("cannot be used: it holds no certificate in PEM")


def test_texts_are_looked_into_as_files_are_and_their_key_is_not_repeated(tmp_path: Path, authority: Authority) -> None:
    cert, key = (Path(path).read_text("utf-8") for path in authority.issue("a.example"))
    _, other = (Path(path).read_text("utf-8") for path in authority.issue("b.example"))
    ca = Path(authority.file).read_text("utf-8")

    def native(listener: dict[str, str], backend: dict[str, str]) -> str:
        listen = json.dumps({"tls": listener})
        return f"listen: {listen}\nbackends:\n  openai:\n    api_key: a-key\n    tls: {json.dumps(backend)}\n"

    own = {"client_cert": cert, "client_key": key}
    assert refusals(tmp_path, native({"cert": cert, "key": key}, {"ca": ca, **own})) == []
    told = refusals(tmp_path, native({"cert": cert, "key": other}, {"ca": key, **own, "client_key": other}))
    pair = "the certificate given as text with the key given as text cannot be used: the key is not this certificate's"
    unusable = "the authority given as text cannot be used: it holds no certificate in PEM"
    assert told == [
        f"gateway.yaml:1:10: error: listen.tls: {pair}",
        f"gateway.yaml:5:5: error: backends.openai.tls: {pair}",
        f"gateway.yaml:5:17: error: backends.openai.tls.ca: {unusable}",
    ]
