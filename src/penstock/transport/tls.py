"""TLS towards upstreams: always verified, TLS 1.2 or later, HTTP/1.1.

The system's certificate authorities are used, or those that the operator gives. There is no switch to turn
verification off. The system's authorities are read once, and again when they have changed: that takes milliseconds and
megabytes, and a gateway may have hundreds of backends.

Certificates and keys are files, or text. OpenSSL loads pairs from paths alone, as Python calls it
(docs.python.org/3/library/ssl.html, read 2026-11-23), so a text is put into a file that only this process has, for as
long as that takes.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from penstock.core.errors import OperatorError
from penstock.core.secret import Secret

Pem = str | Secret
"""The path of a file, or the text itself: a secret, since a text of certificates may hold their key too."""

_OWN_FILES = Path("/proc/self/fd")


def client_tls(*, ca: Pem | None = None, cert: Pem | None = None, key: Pem | None = None) -> ssl.SSLContext:
    """Return a client context; without authorities and a certificate it is the same for all who ask.

    Raises:
        OperatorError: a file cannot be read, or it or a text is not what it should be.
    """
    if ca is None and cert is None:
        paths = ssl.get_default_verify_paths()
        return _systems_own(paths, tuple(_changed_at(path) for path in (paths.cafile, paths.capath)))
    try:
        if isinstance(ca, Secret):
            context = ssl.create_default_context(cadata=_ascii(ca).decode())
        else:
            context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        why = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        msg = f"the authority {_name(ca)} cannot be used: {why}"
        raise OperatorError(msg) from error
    if cert is not None:
        load_pair(context, cert, key or cert)
    return _narrowed(context)


def load_pair(context: ssl.SSLContext, cert: Pem, key: Pem) -> None:
    """Have a context show a certificate.

    Raises:
        OperatorError: a file cannot be read, or the two do not belong together, or the key has a passphrase.
    """
    try:
        with _as_file(cert) as cert_file, _as_file(key) as key_file:
            context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
    except (OSError, ssl.SSLError) as error:
        msg = f"the certificate {_name(cert)} with the key {_name(key)} cannot be used: {_why(error, cert, key)}"
        raise OperatorError(msg) from error


@contextmanager
def _as_file(pem: Pem) -> Iterator[str]:
    """Lend the path of a file that holds it; a text's is in memory where the system has such files."""
    if isinstance(pem, str):
        yield pem
        return
    in_memory = hasattr(os, "memfd_create") and _OWN_FILES.is_dir()
    with os.fdopen(os.memfd_create("pem"), "wb") if in_memory else tempfile.NamedTemporaryFile() as file:
        file.write(_ascii(pem))
        file.flush()
        yield str(_OWN_FILES / str(file.fileno())) if in_memory else file.name


def _ascii(text: Secret) -> bytes:
    """Return what OpenSSL reads: PEM is ASCII, and what else stands in a bundle is remarks."""
    return text.reveal().encode("ascii", "replace") + b"\n"


def _name(pem: Pem | None) -> str:
    return "given as text" if isinstance(pem, Secret) else str(pem)


def _no_passphrase() -> str:
    """Answer what OpenSSL would else ask whoever sits at the terminal for."""
    return ""


def _why(error: OSError, cert: Pem, key: Pem) -> str:
    """Say in words what OpenSSL often says as "PEM lib"."""
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not this certificate's"
    for pem, mark, what in ((cert, b"CERTIFICATE-----", "certificate"), (key, b"PRIVATE KEY-----", "key")):
        content = _ascii(pem) if isinstance(pem, Secret) else Path(pem).read_bytes()
        holder = f"the {what}'s text" if isinstance(pem, Secret) else pem
        if mark not in content:
            return f"{holder} holds no {what} in PEM"
        if b"ENCRYPTED" in content:
            return f"{holder} has a passphrase, and nobody is there to type it; decrypt the key (openssl pkey)"
    return error.reason or str(error)


@lru_cache(maxsize=1)
def _systems_own(_paths: ssl.DefaultVerifyPaths, _changed_at: tuple[int, ...]) -> ssl.SSLContext:
    return _narrowed(ssl.create_default_context())


def _narrowed(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _changed_at(path: str | None) -> int:
    """Return when a file or folder was changed (ns); 0 when there is none."""
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return 0
