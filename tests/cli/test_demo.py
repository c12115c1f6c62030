from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from penstock.cli.demo import FAULT_BACKEND, NATIVE, SIMULATED, build_snapshot, choose_backends, describe
from penstock.config.loaded import NO_OVERRIDES
from penstock.core.errors import OperatorError
from tests.cli.conftest import Invoke
from tests.cli.penstock_process import Penstock, get_json, post, post_json, starting

_ROOT = Path(__file__).parents[2]
_URL = "http://127.0.0.1:1"
_FREE_PORTS = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pace", "none")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Penstock]:
    with starting(tmp_path, "demo", *_FREE_PORTS) as penstock:
        penstock.wait_for("Ctrl-C ends it all")
        yield penstock
        assert penstock.end() == 0
        assert "Traceback" not in penstock.printed()


def _gateway_url(demo: Penstock) -> str:
    return demo.wait_for(r"a gateway on (\S+),")[1]


def test_demo_says_that_answers_are_simulated(demo: Penstock) -> None:
    printed = demo.printed()

    assert "Simulated answers come from" in printed
    assert re.findall(r"^  (\S+) +simulated", printed, re.MULTILINE) == [*SIMULATED, *NATIVE, FAULT_BACKEND]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hello"}]}),
        ("chat/completions", {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "Hello"}]}),
        ("messages", {"model": "gpt-5.5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}),
        ("embeddings", {"model": "text-embedding-3-small", "input": "Hello"}),
    ],
)
def test_each_answer_says_that_it_is_simulated(demo: Penstock, path: str, body: object) -> None:
    request = Request(
        f"{_gateway_url(demo)}/v1/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urlopen(request, timeout=20) as answer:
        assert answer.headers["x-penstock-simulator"] == "true"


def test_commands_that_demo_prints_work_as_they_are(demo: Penstock) -> None:
    commands = re.findall(r"^  (curl (?:.*\\\n)?.*)", demo.printed(), re.MULTILINE)
    words = [shlex.split(command) for command in commands]
    posts = [(each[1], json.loads(each[each.index("-d") + 1])) for each in words if "-d" in each]
    pages = [each[1] for each in words if "-d" not in each]

    chat, stream, message, embedding = [post(url, body) for url, body in posts if "fault" not in body["model"]]

    assert json.loads(chat)["choices"][0]["message"]["content"]
    assert stream.endswith("data: [DONE]\n\n")
    assert json.loads(message)["content"][0]["text"]
    assert json.loads(embedding)["data"][0]["embedding"]
    assert [sorted(get_json(page)) for page in pages] == [["data", "object"], ["faults"]]


def test_every_provider_of_the_demo_answers_both_formats(demo: Penstock) -> None:
    url = _gateway_url(demo)
    rows = re.findall(r"^  (\S+) +simulated +(\S+)$", demo.printed(), re.MULTILINE)
    body = {"max_tokens": 500, "messages": [{"role": "user", "content": "Hello"}]}

    for _name, model in rows:
        assert post_json(f"{url}/v1/chat/completions", {**body, "model": model})["choices"]
        assert post_json(f"{url}/v1/messages", {**body, "model": model})["content"]
    assert [name for name, _model in rows] == [*SIMULATED, *NATIVE]


def test_faults_that_demo_offers_are_refused_or_broken_off(demo: Penstock) -> None:
    url = f"{_gateway_url(demo)}/v1/chat/completions"
    refused, broken = re.findall(r'"model": "(simulator/fault-[^"]+)"', demo.printed())
    messages = [{"role": "user", "content": "Hello"}]

    with pytest.raises(HTTPError) as caught:
        post(url, {"model": refused, "messages": messages})
    with pytest.raises(IncompleteRead) as broken_off:
        post(url, {"model": broken, "messages": messages, "stream": True})

    assert caught.value.code == 429
    caught.value.close()
    assert b'"error"' in broken_off.value.partial
    assert b"[DONE]" not in broken_off.value.partial


def test_requests_of_the_readme_work_with_the_demo(demo: Penstock) -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    in_curl = re.findall(r"-d '(\{.*\})'", readme)
    models = {json.loads(body)["model"] for body in in_curl} | set(re.findall(r'model="([^"]+)"', readme))

    for model in models:
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        assert post_json(f"{_gateway_url(demo)}/v1/chat/completions", body)["choices"]
    assert models


def test_address_that_is_taken_ends_with_1_and_is_named(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        result = invoke("demo", *_FREE_PORTS, "--listen", address)

    assert result.exit_code == 1
    assert address in result.stderr


def test_provider_with_a_key_is_the_real_one_and_is_called_so() -> None:
    environ = {"GROQ_API_KEY": "gsk-canary-0123456789"}

    backends = choose_backends(environ, _URL)

    groq = build_snapshot(backends, NO_OVERRIDES).backends["groq"]
    text = describe(backends, _URL, _URL)
    assert (groq.scheme, groq.host) == ("https", "api.groq.com")
    assert groq.api_key is not None
    assert groq.api_key.reveal() == environ["GROQ_API_KEY"]
    assert "REAL, with the key in GROQ_API_KEY" in text
    assert "canary" not in text + repr(backends)


def test_provider_beyond_the_demo_s_own_is_added_when_it_has_a_key() -> None:
    names = [backend.name for backend in choose_backends({"XAI_API_KEY": "xai-canary"}, _URL)]

    assert set(names) == {*SIMULATED, *NATIVE, "xai", FAULT_BACKEND}


def test_provider_with_a_format_of_its_own_is_the_real_one_when_it_has_a_key() -> None:
    environ = {
        "ANTHROPIC_API_KEY": "sk-ant-canary",
        "AWS_BEARER_TOKEN_BEDROCK": "aws-canary",
        "AWS_REGION": "eu-west-1",
    }

    backends = build_snapshot(choose_backends(environ, _URL), NO_OVERRIDES).backends

    assert backends["anthropic"].host == "api.anthropic.com"
    assert backends["bedrock"].host == "bedrock-runtime.eu-west-1.amazonaws.com"


def test_no_real_provider_is_asked_without_a_key() -> None:
    snapshot = build_snapshot(choose_backends({}, _URL), NO_OVERRIDES)

    assert {backend.host for backend in snapshot.backends.values()} == {"127.0.0.1"}


def test_key_that_no_header_can_hold_is_refused_and_not_shown() -> None:
    backends = choose_backends({"OPENAI_API_KEY": "sk canary with spaces"}, _URL)

    with pytest.raises(OperatorError) as caught:
        build_snapshot(backends, NO_OVERRIDES)

    assert "canary" not in str(caught.value)
