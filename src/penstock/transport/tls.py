"""TLS towards upstreams: always verified, TLS 1.2 or later, HTTP/1.1.

The system's certificate authorities are used, or one CA file that the operator names. There is no switch to turn
verification off.
"""

from __future__ import annotations

import ssl

from penstock.core.errors import OperatorError


def client_tls(
    *, ca_file: str | None = None, cert_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext:
    """Return a client context.

    Raises:
        OperatorError: a file cannot be read or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (ca_file, cert_file, key_file) if name)
        msg = f"the TLS files {named} cannot be used: {error}"
        raise OperatorError(msg) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
