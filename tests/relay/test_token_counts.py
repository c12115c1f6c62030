"""``/v1/messages/count_tokens`` at every provider that counts: the request it gets, and the answers of ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from penstock.core.cloud_options import VertexOptions
from penstock.core.provider import Options
from penstock.providers import all_providers
from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import Received, Script, json_answer, scripted_upstream
from tests.relay.served_gateway import Served, backend_at, served, snapshot_of

Json = dict[str, Any]
ASKED = b'{"model":"gpt","messages":[{"role":"user","content":"How long?"}]}'
PATH = "/v1/messages/count_tokens"


async def counted(
    provider_id: str, model: str, script: Script, body: bytes = ASKED, **request: Any
) -> tuple[Answered, list[Received]]:
    provider = all_providers()[provider_id]
    options: Options = VertexOptions(project="p") if provider_id.startswith("vertex") else provider.options()
    async with scripted_upstream(script) as upstream:
        backend = backend_at(upstream.port, provider=provider, options=options, base_path="/base")
        async with served(snapshot_of(backend, models={"gpt": model})) as gateway:
            answered = await ask(gateway.url, body, path=PATH, **request)
            await check_nothing_used(gateway)
            return answered, upstream.received


async def check_nothing_used(gateway: Served) -> None:
    """A count is no usage: nothing of it is in the metrics."""
    samples = await gateway.metrics()
    assert not [name for name, value in samples.items() if name.startswith("penstock_tokens") and value]


CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
COUNTS = [
    ("anthropic", "claude-x", b'{"input_tokens":17}', "/base/messages/count_tokens"),
    (
        "vertex-anthropic",
        "claude-x@latest",
        b'{"input_tokens":17}',
        "/base/publishers/anthropic/models/count-tokens:rawPredict",
    ),
    (
        "bedrock-anthropic",
        CLAUDE,
        b'{"inputTokens":17}',
        "/base/model/anthropic.claude-sonnet-4-5-20250929-v1:0/count-tokens",
    ),
    ("bedrock", CLAUDE, b'{"inputTokens":17}', "/base/model/anthropic.claude-sonnet-4-5-20250929-v1:0/count-tokens"),
    ("gemini-native", "gemini-2.5-flash", b'{"totalTokens":17}', "/base/models/gemini-2.5-flash:countTokens"),
    (
        "vertex",
        "gemini-2.5-flash",
        b'{"totalTokens":17}',
        "/base/publishers/google/models/gemini-2.5-flash:countTokens",
    ),
]


@pytest.mark.parametrize(("provider_id", "model", "answer", "path"), COUNTS, ids=[row[0] for row in COUNTS])
async def test_a_prompt_is_counted(provider_id: str, model: str, answer: bytes, path: str) -> None:
    answered, [received] = await counted(provider_id, model, json_answer(answer))
    assert (answered.status, json.loads(answered.body)) == (200, {"input_tokens": 17})
    assert received.lines[0] == f"POST {path} HTTP/1.1".encode()


async def test_vertex_gets_the_callers_body_with_the_model_in_it_and_a_version() -> None:
    _, [received] = await counted("vertex-anthropic", "claude-x@latest", json_answer(b'{"input_tokens":17}'))
    assert received.body == (
        b'{"model":"claude-x","messages":[{"role":"user","content":"How long?"}],'
        b'"anthropic_version":"vertex-2023-10-16"}'
    )
    _, [received] = await counted("vertex-anthropic", "claude-x@20250929", json_answer(b'{"input_tokens":17}'))
    assert json.loads(received.body)["model"] == "claude-x@20250929"


async def test_bedrock_gets_the_body_of_claude_in_base64() -> None:
    _, [received] = await counted("bedrock-anthropic", CLAUDE, json_answer(b'{"inputTokens":17}'))
    inner = json.loads(base64.b64decode(json.loads(received.body)["input"]["invokeModel"]["body"]))
    assert inner == {
        "max_tokens": 1,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "How long?"}]}],
        "anthropic_version": "bedrock-2023-05-31",
    }


ERRORS = [
    ("vertex-anthropic", b'{"error":{"code":404,"message":"No such model.","status":"NOT_FOUND"}}', 404),
    ("bedrock", b'{"message":"The model does not support counting."}', 400),
    ("bedrock-anthropic", b'{"message":"The model does not support counting."}', 400),
    ("gemini-native", b'{"error":{"code":400,"message":"Bad tool.","status":"INVALID_ARGUMENT"}}', 400),
    ("vertex", b'[{"error":{"code":400,"message":"Bad tool.","status":"INVALID_ARGUMENT"}}]', 400),
]


@pytest.mark.parametrize(("provider_id", "error", "status"), ERRORS, ids=[row[0] for row in ERRORS])
async def test_an_error_has_the_callers_shape(provider_id: str, error: bytes, status: int) -> None:
    answered, _ = await counted(provider_id, CLAUDE, json_answer(error, status=status))
    said = json.loads(answered.body)
    assert (answered.status, said["type"]) == (status, "error")
    assert said["error"]["type"] == {400: "invalid_request_error", 404: "not_found_error"}[status]
    words = json.loads(error)
    words = words[0] if isinstance(words, list) else words
    assert (words.get("error") or words)["message"] in said["error"]["message"]


async def test_what_is_no_count_is_an_error_of_the_upstream() -> None:
    answered, _ = await counted("bedrock", CLAUDE, json_answer(b'{"output":{}}'))
    assert (answered.status, json.loads(answered.body)["type"]) == (502, "error")


async def test_a_provider_that_does_not_count_says_so() -> None:
    answered, received = await counted("openai", "gpt-x", json_answer(b"{}"))
    assert answered.status == 400
    assert not received
