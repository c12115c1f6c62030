"""The access log in an operator's format: from the configuration file to the lines that are written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from penstock.app.serving import serving
from penstock.config.native_yaml import load_files
from penstock.relay.snapshot import Snapshot
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import json_answer, scripted_upstream

_ANSWER = json_answer(
    b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}',
)


def snapshot_with(tmp_path: Path, port: int, **access_log: Any) -> Snapshot:
    path = tmp_path / "c.yaml"
    document = {
        "backends": {"up": {"provider": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "api_key": "sk-up-0123"}},
        "models": {"fast": "up/real"},
        "access_log": {"path": "log", **access_log},
    }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    snapshot = load_files([str(path)], {}).snapshot
    return replace(snapshot, listener=replace(snapshot.listener, port=0), admin_port=0)


async def lines_of(tmp_path: Path, **access_log: Any) -> list[str]:
    """Serve an answer and a refusal; return the log."""
    async with scripted_upstream(_ANSWER) as upstream:
        async with serving(snapshot_with(tmp_path, upstream.port, **access_log), grace_s=0.0) as running:
            headers = {"x-team": "blue", "authorization": "Bearer sk-canary-0123456789"}
            for model in ("fast", "none"):
                body = b'{"model":"%s","messages":[]}' % model.encode()
                await ask(running.url, body, path="/v1/chat/completions?key=canary", headers=headers)
        written = (tmp_path / "log").read_text(encoding="utf-8")
        assert "canary" not in written
        return written.replace(str(upstream.port), "PORT").splitlines()


async def test_lines_have_exactly_the_members_that_are_asked_for(tmp_path: Path) -> None:
    metadata = "%DYNAMIC_METADATA(io.envoy.ai_gateway:{})%"
    fields = {
        "gen_ai.request.model": "%REQ(X-AI-EG-MODEL)%",
        "gen_ai.usage.input_tokens": metadata.format("llm_input_token"),
        "gen_ai.usage.total_tokens": metadata.format("llm_total_token"),
        "sent_to": metadata.format("model_name_override"),
        "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "code": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "host": "%UPSTREAM_HOST%",
        "who": "%REQ(X-TEAM)% by %PROTOCOL%",
        "constant": "x",
    }
    served, refused = map(yaml.safe_load, await lines_of(tmp_path, fields=fields))
    same = {"path": "/v1/chat/completions", "who": "blue by HTTP/1.1", "constant": "x"}
    assert served == {
        "gen_ai.request.model": "fast",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.total_tokens": 12,
        "sent_to": "real",
        "code": 200,
        "flags": "-",
        "host": "127.0.0.1:PORT",
        **same,
    }
    assert refused == {
        "gen_ai.request.model": "none",
        "gen_ai.usage.input_tokens": None,
        "gen_ai.usage.total_tokens": None,
        "sent_to": None,
        "code": 404,
        "flags": "model_not_found",
        "host": None,
        **same,
    }


async def test_lines_are_the_text_that_is_asked_for(tmp_path: Path) -> None:
    text = '%REQ(:METHOD)% "%REQ(X-AI-EG-MODEL)%" %RESPONSE_CODE% %UPSTREAM_CLUSTER%'
    assert await lines_of(tmp_path, text=text) == ['POST "fast" 200 up', 'POST "none" 404 -']
