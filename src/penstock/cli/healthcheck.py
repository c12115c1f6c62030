"""``penstock healthcheck``: asks a running gateway whether it is ready; for containers and scripts.

It imports next to nothing, since a container runs it again and again.
"""

from __future__ import annotations

import http.client
import json
from contextlib import closing

import click

from penstock.config.address import Address, read_address

DEFAULT_ADMIN = "127.0.0.1:1064"
LONGEST_ANSWER_BYTES = 1024 * 1024


@click.command()
@click.option(
    "--admin", default=DEFAULT_ADMIN, show_default=True, metavar="HOST:PORT", help="The gateway's admin listener."
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
        address = read_address(admin)
    except ValueError as error:
        msg = f"{admin} {error}."
        raise click.BadParameter(msg, param_hint="--admin") from None
    problem = ask(address, "/health" if live else "/ready", timeout_s)
    if problem is not None:
        click.echo(problem, err=True)
        raise SystemExit(1)
    click.echo("alive" if live else "ready")


def ask(address: Address, path: str, timeout_s: float) -> str | None:
    """Return None when the page says that all is well, else what it says instead."""
    try:
        with closing(http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(LONGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        return f"{address} does not answer: {str(error) or type(error).__name__}"
    if answer.status == 200:
        return None
    return f"not ready: {_reasons(body) or f'status {answer.status}'}"


def _reasons(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    reasons = told.get("reasons") if isinstance(told, dict) else None
    return ", ".join(map(str, reasons)) if isinstance(reasons, list) else ""
