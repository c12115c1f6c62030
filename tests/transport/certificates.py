"""Certificates made for a test: an authority, and servers that it vouches for, or did."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import trustme


class Authority:
    """A certificate authority with its file, as an operator would name it."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, *names: str, expired: bool = False) -> tuple[str, str]:
        """Return the files of a certificate for ``names`` and of its key."""
        now = dt.datetime.now(dt.UTC)
        start = now - dt.timedelta(days=30)
        end = now - dt.timedelta(days=1) if expired else now + dt.timedelta(days=1)
        leaf = self._ca.issue_cert(*names, not_before=start, not_after=end)
        cert, key = self._folder / f"{names[0]}.pem", self._folder / f"{names[0]}.key"
        leaf.private_key_pem.write_to_path(str(key))
        cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        return str(cert), str(key)

    def client(self) -> ssl.SSLContext:
        """Return a context that trusts this authority only."""
        context = ssl.create_default_context(cafile=self.file)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context
