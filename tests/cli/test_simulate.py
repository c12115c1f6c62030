from __future__ import annotations

import json
import socket
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.cli.conftest import Invoke
from tests.cli.penstock_process import get_json, post_json, starting

_SERVES = r"simulator serves on (\S+)\."
_CHAT = {"model": "simulated-chat", "messages": [{"role": "user", "content": "Hello"}]}


def test_simulator_answers_until_sigterm_and_says_what_it_is(tmp_path: Path) -> None:
    with starting(tmp_path, "simulate", "--listen", "127.0.0.1:0", "--pace", "none") as penstock:
        url = penstock.wait_for(_SERVES)[1]

        answer = post_json(f"{url}/v1/chat/completions", _CHAT)
        faults = get_json(f"{url}/simulator/faults")

        assert penstock.end() == 0
    assert answer["choices"][0]["message"]["content"]
    assert "fault-429" in json.dumps(faults)
    assert "Every answer is simulated" in penstock.printed()
    assert "Traceback" not in penstock.printed()


def test_required_key_is_required(tmp_path: Path) -> None:
    arguments = ["simulate", "--listen", "127.0.0.1:0", "--require-key", "sk-canary"]
    with starting(tmp_path, *arguments) as penstock:
        url = penstock.wait_for(_SERVES)[1]

        with pytest.raises(HTTPError) as caught:
            post_json(f"{url}/v1/chat/completions", _CHAT)

        assert penstock.end() == 0
    assert caught.value.code == 401
    caught.value.close()
    assert "canary" not in penstock.printed()


def test_address_that_is_taken_ends_with_1_and_is_named(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        result = invoke("simulate", "--listen", address)

    assert result.exit_code == 1
    assert address in result.stderr


def test_pace_that_is_none_is_refused(invoke: Invoke) -> None:
    result = invoke("simulate", "--pace", "brisk")

    assert result.exit_code == 2
    assert "--pace" in result.stderr
