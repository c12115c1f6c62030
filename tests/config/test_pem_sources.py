"""Certificates and keys are files or text, each of them once, and a key as text shows nowhere."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from penstock.cli.snapshot_text import describe_snapshot, render_snapshot
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.core.secret import Secret
from tests.transport.certificates import Authority

_LISTENER = "backends: {openai: {api_key: a-key}}\nlisten:\n  tls: "
_BACKEND = "backends:\n  openai:\n    api_key: a-key\n    tls: "


@pytest.mark.parametrize(
    ("text", "tls", "told"),
    [
        (_LISTENER, {"cert_file": "FILE"}, "listen.tls: needs key_file, or key"),
        (_LISTENER, {"key": "TEXT"}, "listen.tls: needs cert_file, or cert"),
        (_LISTENER, {}, "listen.tls: needs cert_file, or cert"),
        (_LISTENER, {"cert": "TEXT", "key": "TEXT", "key_file": "FILE"}, "listen.tls: key and key_file exclude each"),
        (_LISTENER, {"cert": "FILE", "key": "TEXT"}, "listen.tls.cert: must be text in PEM"),
        (_LISTENER, {"cert": ["TEXT"], "key": "TEXT"}, "listen.tls.cert: must be text"),
        (_BACKEND, {"ca": "TEXT", "ca_file": "FILE"}, "backends.openai.tls: ca and ca_file exclude each other"),
        (_BACKEND, {"client_key": "TEXT"}, "backends.openai.tls: our own certificate and its key go together"),
    ],
)
def test_each_part_is_given_once(text: str, tls: dict[str, object], told: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    written = json.dumps(tls).replace("FILE", str(path)).replace("TEXT", "-----BEGIN PRIVATE KEY----- canary")
    path.write_text(text + written + "\n", encoding="utf-8")

    with pytest.raises(ConfigurationInvalid) as caught:
        load_files([str(path)], {})

    assert [str(each).partition(" error: ")[2].startswith(told) for each in caught.value.problems] == [True]
    assert str(path) + ":" in str(caught.value)
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)


def test_texts_come_from_variables_and_stand_beside_files(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key_file = authority.issue("a.example")
    key = Path(key_file).read_text("utf-8")
    path = tmp_path / "c.yaml"
    tls = f"{{ca: '${{CA}}', client_cert_file: {cert}, client_key: '${{KEY}}'}}"
    path.write_text(
        f"listen: {{tls: {{cert_file: {cert}, key: '${{KEY}}'}}}}\n"
        f"backends: {{openai: {{api_key: a-key, tls: {tls}}}}}\n"
    )

    snapshot = load_files([str(path)], {"KEY": key, "CA": Path(authority.file).read_text("utf-8")}).snapshot

    shown, backend = snapshot.listener.tls, snapshot.backends["openai"].tls
    assert shown is not None
    assert (shown.cert, shown.key) == (cert, Secret(key))
    assert (backend.client_cert, backend.client_key) == (cert, Secret(key))
    assert isinstance(backend.ca, Secret)
    texts = repr(snapshot) + json.dumps(describe_snapshot(snapshot)) + render_snapshot(snapshot)
    assert not [line for line in key.splitlines() if line in texts]
