from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.penstock_process import BOUND_S, PENSTOCK, starting

_SERVES = r"serves on (\S+) \(admin: http://(\S+)\)"


def test_a_gateway_that_serves_is_ready_and_alive(configuration: Path, tmp_path: Path, invoke: Invoke) -> None:
    with starting(tmp_path, "serve", str(configuration)) as penstock:
        url, admin = penstock.wait_for(_SERVES).groups()

        ran = subprocess.run([PENSTOCK, "healthcheck", "--admin", admin], capture_output=True, text=True, check=False)
        live = invoke("healthcheck", "--live", "--admin", admin)

        assert penstock.end() == 0
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"ready: {url}\n", "")
    assert (live.exit_code, live.stdout) == (0, "alive\n")


def test_nobody_there_is_not_ready(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"

    result = invoke("healthcheck", "--admin", address)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{address} does not answer: ")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'HTTP/1.1 503 x\r\n\r\n{"ready":false,"reasons":["draining","no worker serves"]}', "not ready: draining, no"),
        (b"HTTP/1.1 404 x\r\n\r\n<p>", "not ready: status 404"),
        (b"HTTP/1.1 500 x\r\n\r\n[]", "not ready: status 500"),
        (b"nonsense\r\n\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_what_is_said_instead_is_repeated(answer: bytes, said: str, invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            listening.settimeout(BOUND_S)
            accepted, _ = listening.accept()
            with accepted:
                accepted.recv(4096)
                accepted.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        result = invoke("healthcheck", "--admin", f"127.0.0.1:{listening.getsockname()[1]}")
        thread.join()

    assert result.exit_code == 1
    assert said in result.stderr


def test_an_address_that_is_none_ends_with_2(invoke: Invoke) -> None:
    result = invoke("healthcheck", "--admin", "here")

    assert result.exit_code == 2
    assert "--admin" in result.stderr
