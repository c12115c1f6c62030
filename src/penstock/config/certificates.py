"""Whether the certificates, keys and authorities that a configuration names are what they should be.

They are loaded as for serving, and let go: what is served is loaded when it is put in place (``app/listening.py``,
``relay/backend_client.py``). That a file can be read was found out with its path (``value_readers.py``).
"""

from __future__ import annotations

from collections.abc import Callable

from penstock.config.problems import Findings
from penstock.config.yaml_tree import KeyPath
from penstock.core.errors import OperatorError
from penstock.core.secret import Secret
from penstock.relay.snapshot import ListenerTls, UpstreamTls
from penstock.transport.server_certificate import server_tls
from penstock.transport.tls import client_tls


def check_certificate(tls: ListenerTls, path: KeyPath, findings: Findings) -> None:
    """Report a listener's certificate, at ``path``, that it could not show."""
    _check(lambda: server_tls(tls.cert, tls.key), path, findings)


def check_upstream_tls(tls: UpstreamTls, path: KeyPath, findings: Findings) -> None:
    """Report what of a backend's TLS, at ``path``, keeps it from being reached."""
    if tls.ca is not None:
        member = "ca" if isinstance(tls.ca, Secret) else "ca_file"
        _check(lambda: client_tls(ca=tls.ca), (*path, member), findings)
    if tls.client_cert is not None:
        _check(lambda: client_tls(cert=tls.client_cert, key=tls.client_key), path, findings)


def _check(load: Callable[[], object], path: KeyPath, findings: Findings) -> None:
    try:
        load()
    except OperatorError as error:
        findings.error(path, str(error))
