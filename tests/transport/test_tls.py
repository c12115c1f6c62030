"""TLS towards upstreams is verified, and there is no way to ask otherwise; test_pool.py speaks it over sockets."""

from __future__ import annotations

import inspect
import os
import re
import ssl
import tempfile
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from penstock.core.errors import OperatorError
from penstock.core.secret import Secret
from penstock.transport.tls import client_tls, load_pair
from tests.transport.certificates import Authority


def test_upstreams_are_verified_in_tls_1_2_or_later(tmp_path: Path) -> None:
    for context in (client_tls(), client_tls(ca=Authority(tmp_path).file)):
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_the_systems_authorities_are_read_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client_tls()
    assert client_tls() is first

    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Path(Authority(tmp_path).file).read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    other = client_tls()
    assert other is client_tls() is not first
    assert len(other.get_ca_certs()) == 1

    os.utime(bundle, ns=(1, 1))
    assert client_tls() is not other


def test_nothing_turns_verification_off() -> None:
    assert set(inspect.signature(client_tls).parameters) == {"ca", "cert", "key"}


def test_the_operators_authority_replaces_the_systems(tmp_path: Path) -> None:
    assert len(client_tls(ca=Authority(tmp_path).file).get_ca_certs()) == 1


def test_files_that_cannot_be_used_are_the_operators_error(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("client.example")
    _, other_key = authority.issue("other.example")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    missing = str(tmp_path / "missing.pem")
    for ca_file, cert_file, key_file in (
        (missing, None, None),
        (str(nonsense), None, None),
        (None, missing, key),
        (None, cert, other_key),
        (None, str(nonsense), key),
    ):
        with pytest.raises(OperatorError, match=r"the (authority|certificate) .* cannot be used"):
            client_tls(ca=ca_file, cert=cert_file, key=key_file)
    assert client_tls(cert=cert, key=key).verify_mode == ssl.CERT_REQUIRED


def test_why_a_pair_cannot_be_used_is_said_in_words(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("a.example")
    _, other_key = authority.issue("b.example")
    loaded = load_pem_private_key(Path(key).read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    for cert_file, key_file, why in (
        (cert, other_key, "the key is not this certificate's"),
        (key, key, f"{key} holds no certificate in PEM"),
        (cert, cert, f"{cert} holds no key in PEM"),
        (cert, str(locked), f"{locked} has a passphrase"),
        (cert, str(tmp_path / "missing.pem"), "No such file or directory"),
    ):
        with pytest.raises(OperatorError, match=re.escape(f"cannot be used: {why}")):
            load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), cert_file, key_file)


@pytest.mark.parametrize("in_memory", [True, False])
def test_text_does_what_a_file_does_and_leaves_none(
    in_memory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    cert, key = (Secret(Path(path).read_text("utf-8").strip()) for path in authority.issue("a.example"))
    bundle = "# Société\n" + Path(authority.file).read_text("utf-8")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    opened = len(list(Path("/proc/self/fd").iterdir()))

    client = client_tls(ca=Secret(bundle), cert=cert, key=key)
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), cert, key)

    assert (len(client.get_ca_certs()), client.verify_mode, client.check_hostname) == (1, ssl.CERT_REQUIRED, True)
    assert (len(list(Path("/proc/self/fd").iterdir())), list(folder.iterdir())) == (opened, [])


def test_why_a_text_cannot_be_used_is_said_without_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = (Secret(Path(path).read_text("utf-8")) for path in authority.issue("a.example"))
    _, other = (Secret(Path(path).read_text("utf-8")) for path in authority.issue("b.example"))
    broken = Secret(key.reveal()[:200])
    for shown, secret, why in (
        (cert, other, "the key is not this certificate's"),
        (key, key, "the certificate's text holds no certificate in PEM"),
        (cert, cert, "the key's text holds no key in PEM"),
        (cert, broken, ""),
    ):
        with pytest.raises(OperatorError) as caught:
            load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), shown, secret)
        told = "".join(traceback.format_exception(caught.value))
        assert f"with the key given as text cannot be used: {why}" in told
        assert not [line for line in secret.reveal().splitlines()[1:-1] if line in told]
    for text in (key, Secret("-----BEGIN CERTIFICATE-----"), Secret("\udc80")):
        with pytest.raises(OperatorError, match="the authority given as text cannot be used: it holds no certificate"):
            client_tls(ca=text)
