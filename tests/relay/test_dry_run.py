"""What a dry run says must be what serving does: the same body, by the same target, or the same error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.native_yaml import load_files
from penstock.core.loss import summarise
from penstock.relay.dry_run import Course, DryRequest, run_dry
from penstock.relay.snapshot import Snapshot
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import json_answer, scripted_upstream
from tests.relay.served_gateway import served

_MESSAGES = [{"role": "user", "content": "Hi"}]
_KEY = "pk-0123456789abcdef"
_CHAT = "/v1/chat/completions"


def _snapshot(tmp_path: Path, port: int, **document: Any) -> Snapshot:
    def own(provider: str, base: str) -> dict[str, Any]:
        return {"provider": provider, "base_url": f"http://127.0.0.1:{port}{base}", "api_key": "sk-up"}

    backends = {"open": own("openai", "/v1"), "claude": own("anthropic", ""), "gem": own("gemini", "/v1beta/openai")}
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"backends": backends, "access_log": "off", **document}), encoding="utf-8")
    snapshot = load_files([str(path)], {}).snapshot
    return replace(snapshot, listener=replace(snapshot.listener, port=0), admin_port=0)


async def _course(snapshot: Snapshot, body: bytes, client_key: str | None = None, **headers: str) -> Course:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in {"host": "h", **headers}.items()]
    [course] = await run_dry(snapshot, [DryRequest(path=_CHAT, headers=lines, body=body, client_key=client_key)])
    return course


_REQUESTS: list[dict[str, Any]] = [
    {"model": "plain", "messages": _MESSAGES, "seed": 1},
    {"model": "other", "messages": _MESSAGES, "seed": 1, "max_tokens": 5},
    {"model": "strict", "messages": _MESSAGES, "seed": 1},
    {"model": "changed", "messages": _MESSAGES, "user": "u"},
    {"model": "any/thing", "messages": _MESSAGES, "stream": True},
    {"model": "absent", "messages": _MESSAGES},
    {"model": "other", "messages": "none"},
    {"messages": _MESSAGES},
]


@pytest.mark.parametrize("body", _REQUESTS, ids=lambda body: f"{body.get('model')}-{len(body)}")
async def test_says_what_serving_does(tmp_path: Path, body: dict[str, Any]) -> None:
    models = {
        "plain": "open/gpt-5.2",
        "other": "claude/claude-haiku-4-5",
        "strict": {"targets": ["claude/claude-haiku-4-5"], "losses": "reject"},
        "changed": {"targets": [{"backend": "open", "model": "m", "set_body": {"a": 1}, "remove_body": ["user"]}]},
        "any/*": "open/*",
    }
    text = json.dumps(body).encode()
    async with scripted_upstream(json_answer(b'{"error":{"message":"no"}}', status=422)) as upstream:
        snapshot = _snapshot(tmp_path, upstream.port, models=models)
        course = await _course(snapshot, text)
        async with served(snapshot, log=tmp_path / "log") as running:
            answer = await ask(running.url, text)

    if upstream.received:
        assert [attempt.body for attempt in course.attempts] == [each.body for each in upstream.received]
        assert course.attempts[0].target.backend.name == answer.header("x-penstock-backend")
        assert answer.header("x-penstock-losses") == (summarise(course.attempts[0].losses) or None)
    else:
        error = course.error or course.attempts[0].error
        assert error is not None
        assert (error.status, error.code) == (answer.status, answer.error["code"])


_BODY = json.dumps({"model": "m", "messages": _MESSAGES}).encode()


@pytest.mark.parametrize(("name", "code"), [("mobile", None), ("other", "invalid_api_key"), (None, "missing_api_key")])
async def test_a_caller_is_known_by_the_name_of_a_key(tmp_path: Path, name: str | None, code: str | None) -> None:
    snapshot = _snapshot(tmp_path, 9, models={"m": "open/m"}, client_keys={"mobile": _KEY})

    course = await _course(snapshot, _BODY, client_key=name)

    assert (course.error and course.error.code) == code
    assert bool(course.attempts) == (code is None)


async def test_every_target_is_asked_in_the_order_of_priority(tmp_path: Path) -> None:
    targets = [
        {"backend": "gem", "model": "last", "priority": 2},
        {"backend": "open", "model": "half"},
        {"backend": "claude", "model": "other-half", "weight": 9},
        {"backend": "open", "model": "never", "weight": 0},
    ]
    retry: dict[str, Any] = {"attempts": 1, "on": [], "statuses": []}
    snapshot = _snapshot(tmp_path, 9, models={"m": {"targets": targets, "retry": retry}})

    course = await _course(snapshot, _BODY)

    assert [attempt.upstream_model for attempt in course.attempts] == ["half", "other-half", "last"]
    assert [attempt.error for attempt in course.attempts] == [None, None, None]


async def test_losses_are_those_of_each_target(tmp_path: Path) -> None:
    targets = ["open/a", {"backend": "claude", "model": "claude-haiku-4-5", "priority": 1}]
    snapshot = _snapshot(tmp_path, 9, models={"m": {"targets": targets}})

    course = await _course(snapshot, json.dumps({"model": "m", "messages": _MESSAGES, "seed": 4}).encode())

    assert [[loss.path for loss in attempt.losses] for attempt in course.attempts] == [[], ["$.seed"]]


async def test_several_requests_for_one_batch_of_vectors_do_not_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    backend = {"aws": {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "x"}, "options": {"region": "eu"}}
    document = {"backends": {"bedrock": backend}, "models": {"m": "bedrock/amazon.titan-embed-text-v2:0"}}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    body = json.dumps({"model": "m", "input": ["a", "b", "c"]}).encode()
    asked = DryRequest(path="/v1/embeddings", headers=[(b"host", b"h")], body=body)

    [course] = await run_dry(load_files([str(path)], {}).snapshot, [asked])

    [attempt] = course.attempts
    assert attempt.error is None
    assert json.loads(attempt.body)["inputText"] == "a"


async def test_no_connection_is_opened(tmp_path: Path) -> None:
    async with scripted_upstream(json_answer(b"{}")) as upstream:
        snapshot = _snapshot(tmp_path, upstream.port, models={"m": "open/m"})

        course = await _course(snapshot, _BODY)

        assert course.attempts[0].body == _BODY
        assert upstream.accepted == 0


async def test_what_is_passed_on_as_it_is_goes_where_serving_sends_it(tmp_path: Path) -> None:
    async with scripted_upstream(json_answer(b"{}")) as upstream:
        passage = {"name": "files", "path": "/files", "targets": ["open"], "methods": ["PUT"]}
        snapshot = _snapshot(tmp_path, upstream.port, models={"m": "open/m"}, passthrough=[passage])
        headers = [(b"host", b"h"), (b"content-type", b"text/plain")]
        asked = DryRequest(method="PUT", path="/files/a%20b?x=1", headers=headers, body=b"hello")

        [course] = await run_dry(snapshot, [asked])
        async with served(snapshot, log=tmp_path / "log") as running:
            await ask(running.url, b"hello", method="PUT", path="/files/a%20b?x=1")

        [attempt] = course.attempts
        assert course.model is not None
        assert course.model.name == "files"
        assert attempt.body == upstream.request.body == b"hello"
        assert f"PUT {attempt.path} HTTP/1.1".encode() == upstream.request.head.split(b"\r\n")[0]


async def test_the_list_of_models_needs_no_target(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, 9, models={"m": "open/m"})
    asked = DryRequest(method="GET", path="/v1/models", headers=[(b"host", b"h")], body=b"")

    [course] = await run_dry(snapshot, [asked])

    assert (course.model, course.attempts, course.error) == (None, (), None)
