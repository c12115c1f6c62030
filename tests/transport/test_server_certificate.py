"""The certificate of a listener, by itself; over sockets it is tested with the server."""

from __future__ import annotations

import ssl
from pathlib import Path

from penstock.transport.server_certificate import ServerCertificate, server_tls
from tests.transport.certificates import Authority


def shown(context: ssl.SSLContext, authority: Authority, *, name: str, named: bool = True) -> str:
    """Shake hands in memory and return the name in the certificate that the server shows."""
    trusting = authority.client()
    trusting.check_hostname = False
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(up, down, server_side=True)
    client = trusting.wrap_bio(down, up, server_hostname=name if named else None)
    for _ in range(10):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    certificate = client.getpeercert()
    assert certificate is not None
    return str(certificate["subjectAltName"][0][1])


def test_clients_that_name_no_server_get_the_newest_certificate_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = ServerCertificate(server_tls(*authority.issue("a.example")))
    assert shown(certificate.listening, authority, name="a.example") == "a.example"

    certificate.replace(server_tls(*authority.issue("b.example")))

    assert shown(certificate.listening, authority, name="b.example") == "b.example"
    assert shown(certificate.listening, authority, name="b.example", named=False) == "b.example"
