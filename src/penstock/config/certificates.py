"""Whether the certificates, keys and authorities that a configuration names are what they should be.

They are loaded as for serving, and let go: what is served is loaded when it is put in place (``app/listening.py``,
``relay/backend_client.py``). That a file can be read was found out with its path (``value_readers.py``).
"""

from __future__ import annotations

from collections.abc import Callable

from penstock.config.listener_sections import ListenerTlsSection
from penstock.config.problems import Findings
from penstock.config.yaml_tree import KeyPath
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import UpstreamTls
from penstock.transport.server_certificate import server_tls
from penstock.transport.tls import client_tls


def check_certificate(section: ListenerTlsSection, path: KeyPath, findings: Findings) -> None:
    """Report a listener's certificate, at ``path``, that it could not show."""
    _check(lambda: server_tls(section.cert_file, section.key_file), path, findings)


def check_upstream_tls(tls: UpstreamTls, path: KeyPath, findings: Findings) -> None:
    """Report files of a backend's TLS, at ``path``, by which it could not be reached."""
    files = {"ca_file": tls.ca_file, "cert_file": tls.client_cert_file, "key_file": tls.client_key_file}
    if any(files.values()):
        _check(lambda: client_tls(**files), path, findings)


def _check(load: Callable[[], object], path: KeyPath, findings: Findings) -> None:
    try:
        load()
    except OperatorError as error:
        findings.error(path, str(error))
