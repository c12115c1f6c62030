"""``penstock healthcheck``: asks a running gateway whether it is ready; for containers and scripts.

It imports next to nothing, since a container runs it again and again.
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from pathlib import Path

import click

from penstock.config.address import Address, read_listen_address

DEFAULT_ADMIN = "127.0.0.1:1064"
LONGEST_ANSWER_BYTES = 1024 * 1024


@click.command()
@click.option(
    "--admin",
    default=DEFAULT_ADMIN,
    show_default=True,
    metavar="HOST:PORT|unix:PATH",
    help="The gateway's admin listener.",
)
@click.option("--live", is_flag=True, help="Ask only whether it lives, not whether it is ready for callers.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0.1), default=5.0, show_default=True, metavar="SECONDS"
)
def healthcheck(admin: str, *, live: bool, timeout_s: float) -> None:
    """Ask a running gateway whether it is ready.

    The exit status is 0 when it is, and 1 when it is not, or does not answer; why not is printed.
    """
    try:
        address = read_listen_address(admin, Path())
    except ValueError as error:
        msg = f"{admin} {error}."
        raise click.BadParameter(msg, param_hint="--admin") from None
    status, told = ask(address, "/health" if live else "/ready", timeout_s)
    if status != 200:
        click.echo(told, err=True)
        raise SystemExit(1)
    click.echo("alive" if live else f"ready: {told}")


def ask(address: Address, path: str, timeout_s: float) -> tuple[int, str]:
    """Return the page's status (0: no answer) and what it tells: where callers connect, or why they should not."""
    try:
        with closing(_Connection(address, timeout_s)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(LONGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{address} does not answer: {str(error) or type(error).__name__}"
    if answer.status == 200:
        return 200, _told(body, "listeners")
    return answer.status, f"not ready: {_told(body, 'reasons') or f'status {answer.status}'}"


def _told(body: bytes, name: str) -> str:
    try:
        page = json.loads(body)
    except ValueError:
        return ""
    items = page.get(name) if isinstance(page, dict) else None
    return ", ".join(map(str, items)) if isinstance(items, list) else ""


class _Connection(http.client.HTTPConnection):
    """A connection to an address, a Unix socket's too."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        super().__init__(address.host or "localhost", address.port or None, timeout=timeout_s)
        self._path = address.path

    def connect(self) -> None:
        if self._path is None:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
