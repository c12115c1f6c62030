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
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (ca_file, cert_file, key_file) if name)
        msg = f"the TLS files {named} cannot be used: {error}"
        raise OperatorError(msg) from error
    return _narrowed(context)


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
