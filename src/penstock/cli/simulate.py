"""``penstock simulate``: a provider to develop against, on this machine, until a signal ends it.

What it answers and which faults it has is in ``docs/simulator.md``. The gateway is not started; see ``demo`` for both.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager

import click

from penstock.app.event_loop import new_event_loop
from penstock.cli.configuration import AddressType
from penstock.config.address import Address
from penstock.core.errors import OperatorError
from penstock.core.secret import Secret
from penstock.simulator.app import Settings, Simulator
from penstock.simulator.pace import Pace, read_pace
from penstock.simulator.serving import DEFAULT_PORT, listen
from penstock.telemetry import process
from penstock.transport.server import Server

DRAIN_GRACE_S = 1.0


class PaceType(click.ParamType[Pace, object]):
    """``none``, ``realistic`` or tokens a second, on the command line."""

    name = "PACE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Pace:
        """Read the pace, or fail with what to write."""
        try:
            return read_pace(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


PACE_OPTION = click.option(
    "--pace",
    type=PaceType(),
    default="realistic",
    show_default=True,
    help="How fast tokens come: none (at once), realistic, or tokens a second.",
)
SEED_OPTION = click.option("--seed", type=int, default=0, show_default=True, help="Another seed gives other answers.")


@click.command()
@click.option("--listen", "address", type=AddressType(), default=f"127.0.0.1:{DEFAULT_PORT}", show_default=True)
@PACE_OPTION
@click.option(
    "--require-key",
    metavar="KEY",
    envvar="PENSTOCK_SIMULATOR_KEY",
    show_envvar=True,
    help="Answer 401 to callers without this key; otherwise any will do, or none.",
)
@SEED_OPTION
def simulate(address: Address, pace: Pace, require_key: str | None, seed: int) -> None:
    """Serve a simulated provider to develop against.

    It stands in for every provider that Penstock knows, on loopback and in the format of each (OpenAI, Anthropic,
    Bedrock, Gemini, Cohere), and misbehaves when it is asked for a model such as fault-429 or fault-cut-mid-stream. The
    exit status is 1 when the address cannot be used.
    """
    key = Secret(require_key) if require_key else None
    settings = Settings(pace=pace, required_key=key, seed=seed)
    run_until_signal(_serve(address, settings))


async def _serve(address: Address, settings: Settings) -> None:
    server = await listen(Simulator(settings), host=address.host, port=address.port)
    click.echo(_describe(url_of(server), settings))
    with signals() as stop:
        await stop.wait()
    await server.drain(DRAIN_GRACE_S)


def run_until_signal(main: Coroutine[object, object, None]) -> None:
    """Run a server to its end; a start that fails ends the command with status 1.

    Raises:
        ClickException: an address cannot be used.
    """
    process.raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(main)
    except OperatorError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGINT and SIGTERM set; afterwards they end the process at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def url_of(server: Server) -> str:
    """Return where a server of ours is."""
    return f"http://{Address(server.host, server.port)}"


def _describe(url: str, settings: Settings) -> str:
    key = "  -H 'authorization: Bearer KEY' \\\n" if settings.required_key else ""
    return f"""\
Penstock's simulator serves on {url}. Every answer is simulated; no model is asked.

Base URL: {url}/v1 (any model's name), or as a vendor: {url}/openai/v1, {url}/groq/openai/v1 …
In formats of their own: {url}/anthropic/v1, {url}/bedrock, {url}/gemini-native/v1beta …
All base URLs: curl {url}/     All faults: curl {url}/simulator/faults     Requests seen: {url}/simulator/requests

  curl {url}/v1/chat/completions \\
{key}  -H 'content-type: application/json' \\
  -d '{{"model": "simulated-chat", "messages": [{{"role": "user", "content": "Hello"}}]}}'

The same with "model": "fault-429" is refused, and with "fault-cut-mid-stream" and "stream": true it breaks off.
Ctrl-C ends it."""
