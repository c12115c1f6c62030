"""``penstock serve`` in one process: signals, reloads and what a service manager hears."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.cli.penstock_process import BOUND_S, PENSTOCK, get_json, starting

SERVES = r"serves on (\S+) \(admin: (\S+)\)"


@pytest.fixture
def gateway_file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    write(path, "one")
    return path


def write(path: Path, model: str, more: str = "") -> None:
    new = path.with_suffix(".new")
    new.write_text(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\naccess_log: off\n"
        "backends: {local: {provider: vllm, base_url: http://127.0.0.1:9/v1}}\n"
        f"models: {{{model}: local}}\n{more}"
    )
    new.replace(path)


def models(url: str) -> list[str]:
    return [model["id"] for model in get_json(f"{url}/v1/models")["data"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_well(gateway_file: Path, tmp_path: Path, number: signal.Signals) -> None:
    with starting(tmp_path, "serve", str(gateway_file)) as penstock:
        penstock.wait_for(SERVES)
        penstock.process.send_signal(number)
        assert penstock.process.wait(BOUND_S) == 0
    assert "draining 0 connections" in penstock.printed()


def test_a_second_signal_does_not_wait(gateway_file: Path, tmp_path: Path) -> None:
    with starting(tmp_path, "serve", str(gateway_file)) as penstock:
        url, admin = penstock.wait_for(SERVES).groups()
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as caller:
            caller.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
            time.sleep(0.1)
            penstock.process.terminate()
            penstock.wait_for("draining 1 connection")
            with pytest.raises(HTTPError) as unready:
                urlopen(f"{admin}/ready", timeout=BOUND_S)
            assert json.load(unready.value)["reasons"] == ["draining"]
            penstock.wait_for("draining: 1 connections, 2 of 30 s")
            penstock.process.terminate()
            assert penstock.process.wait(BOUND_S) == -signal.SIGTERM


def test_reloads_by_signal_and_by_change_and_refuses_what_is_wrong(gateway_file: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.bind(str(tmp_path / "notify"))
        hearing.settimeout(BOUND_S)
        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        with starting(tmp_path, "serve", str(gateway_file), variables=variables) as penstock:
            url, admin = penstock.wait_for(SERVES).groups()
            first = get_json(f"{admin}/config")
            assert models(url) == ["one"]

            write(gateway_file, "two")
            penstock.wait_for("configuration reloaded")
            assert models(url) == ["two"]

            write(gateway_file, "three", "modls: {}\n")
            penstock.process.send_signal(signal.SIGHUP)
            penstock.wait_for("configuration not reloaded, version .* stays: .*gateway.yaml:6:1: error: modls")
            assert models(url) == ["two"]
            state = get_json(f"{admin}/config")
            assert "modls: unknown key" in state["last_error"]["message"]
            assert (state["reloads"], state["version"] != first["version"]) == (1, True)

            moved = (
                gateway_file.read_text().replace("modls: {}", "").replace("admin: 127.0.0.1:0", "admin: 127.0.0.1:1")
            )
            gateway_file.write_text(moved)
            penstock.wait_for("not in place until a restart: admin")
            assert models(url) == ["three"]
            assert get_json(f"{admin}/ready")["ready"] is True
            assert penstock.end() == 0
        told = [line.partition("=")[0] for line in heard(hearing)]
    assert told[:2] == ["READY", "STATUS"]
    assert told[-1] == "STOPPING"
    assert told.count("RELOADING") == told.count("MONOTONIC_USEC") == told.count("READY") - 1 >= 3


def test_a_configuration_whose_tests_fail_is_not_served(gateway_file: Path, tmp_path: Path) -> None:
    write(gateway_file, "one", "tests: {t: {request: one, expect: local/two}}\n")
    with starting(tmp_path, "serve", str(gateway_file)) as penstock:
        assert penstock.process.wait(BOUND_S) == 2
    assert "gateway.yaml:6:35: error: tests.t.expect: the test fails: expected local/two" in penstock.printed()
    assert "got local/one" in penstock.printed()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_change_whose_tests_fail_is_refused(gateway_file: Path, tmp_path: Path, workers: str) -> None:
    tests = "tests: {t: {request: one, expect: local/one}}\n"
    write(gateway_file, "one", tests)
    with starting(tmp_path, "serve", str(gateway_file), "--workers", workers) as penstock:
        url, admin = penstock.wait_for(SERVES).groups()

        write(gateway_file, "two", tests)
        penstock.process.send_signal(signal.SIGHUP)
        penstock.wait_for("configuration not reloaded, version .* stays: .*gateway.yaml:6:35: error: tests.t.expect")
        assert models(url) == ["one"]
        assert "expected local/one, got the error 404" in get_json(f"{admin}/config")["last_error"]["message"]

        write(gateway_file, "two", tests.replace("one", "two"))
        penstock.process.send_signal(signal.SIGHUP)
        penstock.wait_for("configuration reloaded")
        assert models(url) == ["two"]
        assert penstock.end() == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def heard(hearing: socket.socket) -> list[str]:
    hearing.setblocking(False)
    lines: list[str] = []
    while True:
        try:
            lines += hearing.recv(4096).decode().split("\n")
        except BlockingIOError:
            return lines


def test_a_full_disk_under_the_access_log_does_not_stop_serving(tmp_path: Path, gateway_file: Path) -> None:
    write(gateway_file, "one")
    gateway_file.write_text(gateway_file.read_text().replace("access_log: off", "access_log: /dev/full"))
    with starting(tmp_path, "serve", str(gateway_file)) as penstock:
        url, admin = penstock.wait_for(SERVES).groups()
        assert models(url) == ["one"]
        penstock.wait_for("access log: lines are lost: No space left on device")
        assert models(url) == ["one"]
        with urlopen(f"{admin}/metrics", timeout=BOUND_S) as page:
            assert b"penstock_access_log_dropped_lines_total 1" in page.read()
        assert penstock.end() == 0


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no disk that is always full")
def test_a_full_disk_under_standard_error_does_not_stop_serving(tmp_path: Path, gateway_file: Path) -> None:
    port = free_port()
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [PENSTOCK, "serve", str(gateway_file), "--listen", f"127.0.0.1:{port}"], stdout=full, stderr=full
        )
    try:
        end = time.monotonic() + BOUND_S
        while time.monotonic() < end and process.poll() is None:
            with suppress(URLError):
                assert models(f"http://127.0.0.1:{port}") == ["one"]
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGHUP)
        assert models(f"http://127.0.0.1:{port}") == ["one"]
        process.terminate()
        assert process.wait(BOUND_S) == 0
    finally:
        process.kill()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, gateway_file: Path) -> None:
    gateway_file.unlink()
    gateway_file.symlink_to(gateway_file)
    with starting(tmp_path, "serve", str(gateway_file)) as penstock:
        assert penstock.process.wait(BOUND_S) == 2
    assert penstock.printed() == f"error: {gateway_file} cannot be read: Too many levels of symbolic links\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_named(tmp_path: Path, gateway_file: Path) -> None:
    gateway_file.chmod(0)
    with starting(tmp_path, "serve", str(gateway_file)) as penstock:
        assert penstock.process.wait(BOUND_S) == 2
    assert f"{gateway_file} cannot be read: Permission denied" in penstock.printed()
