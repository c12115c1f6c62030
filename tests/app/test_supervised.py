"""The start of ``penstock serve`` with several workers."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.app.supervised_gateway import supervised, write
from tests.cli.penstock_process import BOUND_S, get_json, starting


@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_an_address_that_is_taken_is_named_and_no_process_stays(option: str, tmp_path: Path) -> None:
    write(tmp_path / "gateway.yaml", 9)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with starting(tmp_path, "serve", "gateway.yaml", "--workers", "2", option, address) as penstock:
            assert penstock.process.wait(BOUND_S) == 1
    assert f"cannot listen on {address}: " in penstock.printed()
    assert "Traceback" not in penstock.printed()


def test_what_no_worker_can_use_ends_the_start(tmp_path: Path) -> None:
    write(tmp_path / "gateway.yaml", 9)
    path = tmp_path / "gateway.yaml"
    path.write_text(path.read_text().replace(f"{tmp_path}/access.log", str(tmp_path / "folder")))
    (tmp_path / "folder").mkdir()
    with starting(tmp_path, "serve", "gateway.yaml", "--workers", "2") as penstock:
        assert penstock.process.wait(BOUND_S) == 1
    assert "the access log" in penstock.printed()
    assert "Traceback" not in penstock.printed()


def test_a_service_manager_hears_from_the_supervisor_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.bind(str(tmp_path / "notify"))
        hearing.settimeout(BOUND_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with supervised(tmp_path, 9) as gateway:
            assert hearing.recv(1000).startswith(b"READY=1\nSTATUS=serves on http://127.0.0.1:")
            assert gateway.page("/health")["status"] == "ok"
            assert get_json(f"{gateway.url}/v1/models")["data"][0]["id"] == "gpt"
            assert gateway.penstock.end() == 0
        assert hearing.recv(1000) == b"STOPPING=1"
        hearing.setblocking(False)
        with pytest.raises(BlockingIOError):
            hearing.recv(1000)
