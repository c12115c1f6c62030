from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from penstock.telemetry.process import processors
from tests.cli.conftest import Invoke
from tests.cli.penstock_process import BOUND_S, PENSTOCK, get_json, starting

_SERVES = r"serves on (\S+) \(admin: (\S+)\)"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PENSTOCK, *arguments], capture_output=True, text=True, check=False, timeout=BOUND_S)


def test_gateway_serves_its_models_and_its_health_until_sigterm(configuration: Path, tmp_path: Path) -> None:
    with starting(tmp_path, "serve", str(configuration)) as penstock:
        url, admin_url = penstock.wait_for(_SERVES).groups()

        listed = get_json(f"{url}/v1/models")["data"]
        health = get_json(f"{admin_url}/health")

        assert penstock.end() == 0
    assert [model["id"] for model in listed] == ["fast", "careful"]
    assert health["status"] == "ok"
    assert "Traceback" not in penstock.printed()
    assert "canary" not in penstock.printed()


def test_options_win_over_the_file(configuration: Path, tmp_path: Path) -> None:
    text = configuration.read_text(encoding="utf-8").replace("127.0.0.1:0", "127.0.0.1:1", 1)
    configuration.write_text(text.replace("admin: 127.0.0.1:0", "admin: 127.0.0.1:2"), encoding="utf-8")

    arguments = ["serve", str(configuration), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    with starting(tmp_path, *arguments) as penstock:
        url, _ = penstock.wait_for(_SERVES).groups()

        assert get_json(f"{url}/v1/models/fast")["id"] == "fast"
        assert penstock.end() == 0


def test_addresses_may_be_named_several_times_unix_sockets_among_them(configuration: Path, tmp_path: Path) -> None:
    places = ["--listen", "127.0.0.1:0", "--listen", "unix:gw.sock", "--admin", "unix:admin.sock"]
    with starting(tmp_path, "serve", str(configuration), *places) as penstock:
        url, admin = penstock.wait_for(r"serves on (\S+), unix:\S+/gw\.sock \(admin: (\S+)\)").groups()

        asked = [str(PENSTOCK), "healthcheck", "--admin", "unix:admin.sock"]
        ran = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path)
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(tmp_path / "gw.sock"))
            caller.sendall(b"GET /v1/models/fast HTTP/1.1\r\nHost: a\r\n\r\n")
            answered = caller.recv(1000)

        assert penstock.end() == 0
    assert admin == f"unix:{tmp_path}/admin.sock"
    assert (ran.returncode, ran.stdout) == (0, f"ready: {url}, unix:{tmp_path}/gw.sock\n")
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert not list(tmp_path.glob("*.sock"))


def test_a_worker_for_each_processor_is_automatic(configuration: Path, tmp_path: Path) -> None:
    with starting(tmp_path, "serve", str(configuration), "--workers", "auto") as penstock:
        _, admin_url = penstock.wait_for(_SERVES).groups()

        workers = get_json(f"{admin_url}/ready")["workers"]

        assert penstock.end() == 0
    assert len(workers or [None]) == processors()


def test_without_a_file_every_provider_with_a_key_is_served(tmp_path: Path) -> None:
    keys = {"OPENAI_API_KEY": "sk-canary-1", "GROQ_API_KEY": "sk-canary-2"}
    arguments = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    with starting(tmp_path, *arguments, variables=keys) as penstock:
        url, _ = penstock.wait_for(_SERVES).groups()

        owners = {model["owned_by"] for model in get_json(f"{url}/v1/models")["data"]}

        assert penstock.end() == 0
    assert owners == {"openai", "groq"}
    assert "OpenAI: OPENAI_API_KEY is set" in penstock.printed()
    assert "canary" not in penstock.printed()


@pytest.mark.parametrize("option", ["--listen", "--admin"])
def test_address_that_is_taken_ends_with_1_and_is_named(option: str, configuration: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        ran = _run("serve", str(configuration), option, address)

    assert ran.returncode == 1
    assert address in ran.stderr
    assert "Traceback" not in ran.stderr


def test_nothing_configured_ends_with_2_and_says_what_to_set() -> None:
    ran = _run("serve")

    assert ran.returncode == 2
    assert "OPENAI_API_KEY" in ran.stderr
    assert "penstock demo" in ran.stderr


def test_file_with_the_usual_name_is_mentioned_when_nothing_else_is_configured(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "penstock.yaml").write_text("backends: {ollama: }\n", encoding="utf-8")

    result = invoke("serve")

    assert result.exit_code == 2
    assert result.stderr.endswith(
        "penstock.yaml in this directory is not read unless it is named: penstock serve penstock.yaml\n"
    )


def test_wrong_file_ends_with_2_and_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("backends: {ollama: }\nmodls: {}\n", encoding="utf-8")

    ran = _run("serve", "bad.yaml")

    assert ran.returncode == 2
    assert ran.stderr == 'bad.yaml:2:1: error: modls: unknown key; did you mean "models"?\n'


def test_public_address_without_keys_is_refused_whoever_asks_for_it(invoke: Invoke, configuration: Path) -> None:
    result = invoke("serve", str(configuration), "--listen", "0.0.0.0:0")

    assert result.exit_code == 2
    assert result.stderr.startswith("error: --listen: 0.0.0.0:0 can be reached by others")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--listen", "here"],
        ["--admin", "1064"],
        ["--log-level", "loud"],
        ["--workers", "0"],
        ["--workers", "513"],
        ["--workers", "many"],
        ["--grace", "-1"],
    ],
)
def test_option_that_cannot_be_read_ends_with_2(arguments: list[str], invoke: Invoke) -> None:
    result = invoke("serve", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr
