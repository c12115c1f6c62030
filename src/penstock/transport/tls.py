"""TLS towards upstreams: always verified, TLS 1.2 or later, HTTP/1.1.

The system's certificate authorities are used, or one CA file that the operator names. There is no switch to turn
verification off. The system's authorities are read once, and again when they have changed: that takes milliseconds and
megabytes, and a gateway may have hundreds of backends.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from penstock.core.errors import OperatorError


def client_tls(
    *, ca_file: str | None = None, cert_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext:
    """Return a client context; without files it is the same for all who ask.

    Raises:
        OperatorError: a file cannot be read or is not what it should be.
    """
    if ca_file is None and cert_file is None:
        paths = ssl.get_default_verify_paths()
        return _systems_own(paths, tuple(_changed_at(path) for path in (paths.cafile, paths.capath)))
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        why = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        msg = f"the authority {ca_file} cannot be used: {why}"
        raise OperatorError(msg) from error
    if cert_file is not None:
        load_pair(context, cert_file, key_file or cert_file)
    return _narrowed(context)


def load_pair(context: ssl.SSLContext, cert_file: str, key_file: str) -> None:
    """Have a context show a certificate.

    Raises:
        OperatorError: the files cannot be read, or do not belong together, or the key has a passphrase.
    """
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
    except (OSError, ssl.SSLError) as error:
        msg = f"the certificate {cert_file} with the key {key_file} cannot be used: {_why(error, cert_file, key_file)}"
        raise OperatorError(msg) from error


def _no_passphrase() -> str:
    """Answer what OpenSSL would else ask whoever sits at the terminal for."""
    return ""


def _why(error: OSError, cert_file: str, key_file: str) -> str:
    """Say in words what OpenSSL often says as "PEM lib"."""
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not this certificate's"
    for path, mark, what in ((cert_file, b"CERTIFICATE-----", "certificate"), (key_file, b"PRIVATE KEY-----", "key")):
        content = Path(path).read_bytes()
        if mark not in content:
            return f"{path} holds no {what} in PEM"
        if b"ENCRYPTED" in content:
            return f"{path} has a passphrase, and nobody is there to type it; decrypt the key (openssl pkey)"
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
