"""Bedrock as the simulator has it, driven by AWS's own client, which signs, frames and checks shapes by itself."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from typing import Any

import botocore.session
import httpx2
import pytest
from anthropic import AsyncAnthropicBedrock
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from penstock.simulator.answering import FILTERED_MODEL
from penstock.simulator.anthropic.answer import REDACTED_TRIGGER
from penstock.simulator.native import SIMULATED_AWS

NOVA = "us.amazon.nova-pro-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = {"role": "user", "content": [{"text": "Hello there"}]}
WEATHER = {
    "toolSpec": {
        "name": "get_weather",
        "description": "The weather of a city",
        "inputSchema": {
            "json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
MESSAGES = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "Hello there"}],
}

Call = Callable[..., Any]


def make_client(simulated: httpx2.AsyncClient, service: str, secret: str) -> Any:
    return botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="eu-central-1",
        endpoint_url=f"{str(simulated.base_url).rstrip('/')}/{service}",
        aws_access_key_id=SIMULATED_AWS.access_key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


@pytest.fixture
async def client(simulated: httpx2.AsyncClient) -> AsyncIterator[Any]:
    found = make_client(simulated, "bedrock", SIMULATED_AWS.secret_key.reveal())
    yield found
    found.close()


def read_all(stream: Any) -> list[Any]:
    with closing(stream):
        return list(stream)


async def converse(client: Any, *messages: Any, model: str = NOVA, **members: Any) -> Any:
    """Return a whole answer; its stream must say the same."""
    given = {"modelId": model, "messages": list(messages or [HELLO]), **members}
    whole = await asyncio.to_thread(client.converse, **given)
    events = await asyncio.to_thread(lambda: read_all(client.converse_stream(**given)["stream"]))
    assert joined(events) == whole["output"]["message"]["content"]
    (stop,) = [event["messageStop"]["stopReason"] for event in events if "messageStop" in event]
    assert stop == whole["stopReason"]
    assert list(events[0]) == ["messageStart"]
    assert events[-1]["metadata"]["usage"]["outputTokens"] == whole["usage"]["outputTokens"]
    return whole


def joined(events: list[Any]) -> list[Any]:
    """Put the blocks of a stream together."""
    blocks: dict[int, Any] = {}
    for event in events:
        if start := event.get("contentBlockStart"):
            blocks[start["contentBlockIndex"]] = {"toolUse": start["start"]["toolUse"] | {"input": ""}}
        elif found := event.get("contentBlockDelta"):
            block = blocks.setdefault(found["contentBlockIndex"], {})
            delta = found["delta"]
            if "text" in delta:
                block["text"] = block.get("text", "") + delta["text"]
            elif "toolUse" in delta:
                block["toolUse"]["input"] += delta["toolUse"]["input"]
            elif "redactedContent" in delta["reasoningContent"]:
                block["reasoningContent"] = delta["reasoningContent"]
            else:
                said = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
                said["text"] += delta["reasoningContent"].get("text", "")
                said |= {k: v for k, v in delta["reasoningContent"].items() if k == "signature"}
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return [blocks[index] for index in sorted(blocks)]


async def refused(call: Call, **members: Any) -> ClientError:
    with pytest.raises(ClientError) as found:
        await asyncio.to_thread(call, **members)
    return found.value


async def test_converse_and_its_stream_say_the_same(client: Any) -> None:
    answer = await converse(client, system=[{"text": "Be brief"}])

    assert "imulat" in answer["output"]["message"]["content"][0]["text"]
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["totalTokens"] == answer["usage"]["inputTokens"] + answer["usage"]["outputTokens"]
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-penstock-simulator"] == "true"


async def test_a_tool_is_called_and_its_result_answered(client: Any) -> None:
    first = await converse(client, toolConfig={"tools": [WEATHER]})
    said = first["output"]["message"]
    call = said["content"][0]["toolUse"]
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": {"sky": "sunny"}}]}}

    last = await converse(client, HELLO, said, {"role": "user", "content": [result]}, toolConfig={"tools": [WEATHER]})

    assert (first["stopReason"], last["stopReason"]) == ("tool_use", "end_turn")
    assert isinstance(call["input"]["city"], str)
    assert "sunny" in last["output"]["message"]["content"][0]["text"]


async def test_a_named_tool_is_called(client: Any) -> None:
    other = {"toolSpec": {"name": "other", "inputSchema": {"json": {"type": "object"}}}}
    config = {"tools": [WEATHER, other], "toolChoice": {"tool": {"name": "other"}}}
    answer = await converse(client, toolConfig=config)
    assert [block["toolUse"]["name"] for block in answer["output"]["message"]["content"]] == ["other"]


@pytest.mark.parametrize("said", ["Hello there", REDACTED_TRIGGER])
async def test_a_thought_comes_back_as_it_was(client: Any, said: str) -> None:
    question = {"role": "user", "content": [{"text": said}]}
    more: Any = {"additionalModelRequestFields": THINKING, "toolConfig": {"tools": [WEATHER]}, "model": CLAUDE}
    first = (await converse(client, question, **more))["output"]["message"]
    thought, call = first["content"]
    result = {"toolResult": {"toolUseId": call["toolUse"]["toolUseId"], "content": [{"text": "sunny"}]}}

    again = await converse(client, question, first, {"role": "user", "content": [result]}, **more)

    assert "reasoningContent" in thought
    assert "text" in again["output"]["message"]["content"][1]


async def test_a_thought_that_was_changed_or_lost_is_refused(client: Any) -> None:
    more: Any = {"additionalModelRequestFields": THINKING, "toolConfig": {"tools": [WEATHER]}}
    thought, call = (await converse(client, **more))["output"]["message"]["content"]
    thought["reasoningContent"]["reasoningText"]["text"] += "!"
    result = {"toolResult": {"toolUseId": call["toolUse"]["toolUseId"], "content": [{"text": "sunny"}]}}
    for content, words in (([thought, call], "Invalid `signature`"), ([call], "Expected `thinking`")):
        messages = [HELLO, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
        assert words in str(await refused(client.converse, modelId=NOVA, messages=messages, **more))


@pytest.mark.parametrize(
    ("model", "config", "reason"),
    [
        (NOVA, {"maxTokens": 3}, "max_tokens"),
        (NOVA, {"stopSequences": ["imulat"]}, "stop_sequence"),
        (FILTERED_MODEL, {}, "content_filtered"),
    ],
)
async def test_every_end_has_its_reason(client: Any, model: str, config: Any, reason: str) -> None:
    assert (await converse(client, model=model, inferenceConfig=config))["stopReason"] == reason


async def test_output_obeys_a_schema(client: Any) -> None:
    schema = json.dumps(WEATHER["toolSpec"]["inputSchema"]["json"])  # type: ignore[index]
    output = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema, "name": "w"}}}}
    answer = await converse(client, outputConfig=output)
    assert isinstance(json.loads(answer["output"]["message"]["content"][0]["text"])["city"], str)


async def test_what_was_cached_is_read_the_next_time(client: Any) -> None:
    system = [{"text": "Be brief and kind"}, {"cachePoint": {"type": "default"}}]
    given = {"modelId": NOVA, "messages": [HELLO], "system": system}
    usages = [(await asyncio.to_thread(client.converse, **given))["usage"] for _ in range(2)]
    assert [(one["cacheWriteInputTokens"], one["cacheReadInputTokens"]) for one in usages] == [(4, 0), (0, 4)]
    assert len({one["totalTokens"] for one in usages}) == 1


async def test_pictures_and_documents_are_taken(client: Any) -> None:
    content = [
        {"image": {"format": "png", "source": {"bytes": b"picture"}}},
        {"document": {"format": "pdf", "name": "A paper", "source": {"bytes": b"document"}}},
        {"text": "What is it?"},
    ]
    answer = await converse(client, {"role": "user", "content": content})
    assert answer["usage"]["inputTokens"] > 2 * 85


async def test_search_results_are_read_and_counted(client: Any) -> None:
    texts = [{"text": word} for word in ("open", "nine", "to", "five")]
    found = {"searchResult": {"source": "https://a.example", "title": "Hours", "content": texts}}
    shorter = {"searchResult": {"source": "https://a.example", "title": "Hours", "content": texts[:1]}}
    counts = [
        (await converse(client, {"role": "user", "content": [block, {"text": "When?"}]}))["usage"]["inputTokens"]
        for block in (shorter, found)
    ]
    assert counts[1] > counts[0] > 0


USE = {"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "x"}]}}
SAID = {"role": "assistant", "content": [{"text": "Hi"}]}


def document(name: str) -> dict[str, object]:
    block = {"document": {"format": "pdf", "name": name, "source": {"bytes": b"x"}}}
    return {"role": "user", "content": [{"text": "Read"}, block]}


def cache_point(ttl: str = "5m") -> dict[str, object]:
    return {"cachePoint": {"type": "default", "ttl": ttl}}


@pytest.mark.parametrize(
    ("messages", "changes", "words"),
    [
        ([], {}, "must start with a user message"),
        ([SAID], {}, "must start with a user message"),
        ([HELLO, HELLO], {}, "must alternate"),
        ([{"role": "system", "content": [{"text": "x"}]}], {}, "role"),
        ([{"role": "user", "content": [{"text": " "}]}], {}, "is blank"),
        ([{"role": "user", "content": []}], {}, "is empty"),
        ([{"role": "user", "content": [{}]}], {}, "exactly one of"),
        ([HELLO, {"role": "assistant", "content": [USE]}, {"role": "user", "content": [RESULT]}], {}, "toolConfig"),
        (
            [HELLO, {"role": "assistant", "content": [USE]}, HELLO],
            {"toolConfig": {"tools": [WEATHER]}},
            "Expected tool",
        ),
        ([{"role": "user", "content": [RESULT]}], {"toolConfig": {"tools": [WEATHER]}}, "exceeds the number"),
        ([HELLO], {"toolConfig": {"tools": []}}, "must not be null"),
        ([HELLO], {"toolConfig": {"tools": [WEATHER], "toolChoice": {"tool": {"name": "x"}}}}, "not among the tools"),
        ([HELLO], {"inferenceConfig": {"temperature": 2}}, "temperature"),
        ([HELLO], {"inferenceConfig": {"maxTokens": 0}}, "maxTokens"),
        (
            [{"role": "user", "content": [{"document": {"format": "pdf", "name": "a", "source": {"bytes": b"x"}}}]}],
            {},
            "must have a text block",
        ),
        ([document("a"), SAID, document("a")], {}, "duplicate document names"),
        ([{"role": "user", "content": [{"text": "x"}, cache_point(), {"text": "y"}, cache_point("1h")]}], {}, "1h"),
    ],
)
async def test_what_bedrock_refuses_is_refused(client: Any, messages: Any, changes: Any, words: str) -> None:
    error = await refused(client.converse, modelId=NOVA, messages=messages, **changes)
    assert error.response["Error"]["Code"] == "ValidationException"
    assert words in error.response["Error"]["Message"]


async def test_claude_knows_its_own_additional_members_only(client: Any) -> None:
    more = {"surprise": 1}
    await asyncio.to_thread(client.converse, modelId=NOVA, messages=[HELLO], additionalModelRequestFields=more)
    error = await refused(client.converse, modelId=CLAUDE, messages=[HELLO], additionalModelRequestFields=more)
    assert "extraneous key [surprise]" in str(error)


async def test_a_generation_of_claude_refuses_the_manner_of_another(client: Any) -> None:
    newest = "us.anthropic.claude-opus-5-5-v1:0"
    cases: list[tuple[Any, str]] = [
        ({"additionalModelRequestFields": THINKING}, "thinking.type.enabled"),
        ({"inferenceConfig": {"temperature": 0.5}}, "`temperature` is deprecated"),
        ({"messages": [HELLO, SAID]}, "assistant message prefill"),
    ]
    for changes, words in cases:
        given = {"modelId": newest, "messages": [HELLO], **changes}
        assert words in str(await refused(client.converse, **given))


async def test_a_wrong_signature_is_refused_and_an_api_key_taken(simulated: httpx2.AsyncClient) -> None:
    stranger = make_client(simulated, "bedrock", "wrong")
    error = await refused(stranger.converse, modelId=NOVA, messages=[HELLO])
    stranger.close()
    path = "/bedrock/model/fault-429-quota/converse"
    by_key = await simulated.post(path, json={"messages": [HELLO]}, headers={"authorization": "Bearer k"})
    unsigned = await simulated.post(path, json={"messages": [HELLO]})

    assert error.response["Error"]["Code"] == "InvalidSignatureException"
    assert by_key.headers["x-amzn-errortype"] == "ThrottlingException"
    assert unsigned.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("model", "code", "status"),
    [
        ("fault-429", "ThrottlingException", 429),
        ("fault-500", "InternalServerException", 500),
        ("fault-503", "ServiceUnavailableException", 503),
        ("fault-403", "AccessDeniedException", 403),
        ("fault-408", "ModelTimeoutException", 408),
        ("fault-context-length", "ValidationException", 400),
        ("mistral-large-latest", "ValidationException", 404),
    ],
)
async def test_faults_raise_what_bedrock_s_would(client: Any, model: str, code: str, status: int) -> None:
    error = await refused(client.converse, modelId=model, messages=[HELLO])
    assert error.response["Error"]["Code"] == code
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status


async def test_an_error_in_the_middle_of_a_stream_is_raised(client: Any) -> None:
    def read(model: str) -> list[Any]:
        return read_all(client.converse_stream(modelId=model, messages=[HELLO])["stream"])

    with pytest.raises(EventStreamError, match="internalServerException"):
        await asyncio.to_thread(read, "fault-error-event-mid-stream")
    kinds = [next(iter(event)) for event in await asyncio.to_thread(read, "fault-no-usage")]
    assert kinds[-1] == "messageStop"
    assert "messageStop" not in [next(iter(event)) for event in await asyncio.to_thread(read, "fault-no-finish")]
    assert "metadata" in (await asyncio.to_thread(read, "fault-huge-event"))[-1]


# --- InvokeModel


async def invoke(client: Any, body: Any, model: str = CLAUDE) -> Any:
    answer = await asyncio.to_thread(client.invoke_model, modelId=model, body=json.dumps(body))
    return json.loads(await asyncio.to_thread(answer["body"].read))


async def test_claude_s_body_is_invoked_and_streamed(client: Any) -> None:
    message = await invoke(client, MESSAGES)

    def read() -> list[Any]:
        answer = client.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(MESSAGES))
        return [json.loads(event["chunk"]["bytes"]) for event in read_all(answer["body"])]

    events = await asyncio.to_thread(read)
    text = "".join(one["delta"]["text"] for one in events if one["type"] == "content_block_delta")
    counts = events[-1]["amazon-bedrock-invocationMetrics"]
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    assert text == message["content"][0]["text"]
    assert counts["outputTokenCount"] == message["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"anthropic_version": None}, "anthropic_version"),
        ({"anthropic_version": "2023-06-01"}, "bedrock-2023-05-31"),
        ({"model": CLAUDE}, "extraneous key [model]"),
        ({"stream": True}, "path of its own"),
        ({"max_tokens": None}, "max_tokens"),
    ],
)
async def test_a_body_that_is_not_for_bedrock_is_refused(client: Any, changes: Any, words: str) -> None:
    body = {name: value for name, value in (MESSAGES | changes).items() if value is not None}
    error = await refused(client.invoke_model, modelId=CLAUDE, body=json.dumps(body))
    assert error.response["Error"]["Code"] == "ValidationException"
    assert words in error.response["Error"]["Message"]


async def test_claude_s_own_service_has_no_converse(simulated: httpx2.AsyncClient) -> None:
    other = make_client(simulated, "bedrock-anthropic", SIMULATED_AWS.secret_key.reveal())
    message = await invoke(other, MESSAGES)
    error = await refused(other.converse, modelId=CLAUDE, messages=[HELLO])
    other.close()
    assert message["role"] == "assistant"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404


async def test_vectors_of_titan_and_cohere_have_their_sizes(client: Any) -> None:
    first = await invoke(client, {"inputText": "Hello"}, "amazon.titan-embed-text-v1")
    second = await invoke(client, {"inputText": "Hello", "dimensions": 256}, "amazon.titan-embed-text-v2:0")
    cohere = {"texts": ["a", "b"], "input_type": "search_query"}
    plain = await invoke(client, cohere, "cohere.embed-english-v3")
    typed = await invoke(client, cohere | {"embedding_types": ["float"]}, "cohere.embed-v4:0")

    assert (len(first["embedding"]), len(second["embedding"]), second["inputTextTokenCount"]) == (1536, 256, 1)
    assert [len(one) for one in plain["embeddings"]] == [1024, 1024]
    assert [len(one) for one in typed["embeddings"]["float"]] == [1536, 1536]


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        ("amazon.titan-embed-text-v1", {"inputText": "a", "dimensions": 256}, "extraneous key [dimensions]"),
        ("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 300}, "not a valid enum value"),
        ("amazon.titan-embed-text-v2:0", {"inputText": ""}, "minLength"),
        ("cohere.embed-english-v3", {"texts": ["a"]}, "input_type"),
        (
            "cohere.embed-v4:0",
            {"texts": ["a"], "input_type": "clustering", "output_dimension": 300},
            "not a valid enum value",
        ),
        ("cohere.embed-english-v3", {"input_type": "clustering"}, "required key [texts]"),
        ("cohere.embed-english-v3", {"texts": ["a"] * 97, "input_type": "clustering"}, "at most 96"),
    ],
)
async def test_inputs_that_a_model_does_not_take_are_refused(client: Any, model: str, body: Any, words: str) -> None:
    error = await refused(client.invoke_model, modelId=model, body=json.dumps(body))
    assert words in error.response["Error"]["Message"]


async def test_frames_of_invoke_can_miss_their_finish_and_their_counts(simulated: httpx2.AsyncClient) -> None:
    async def events(model: str) -> list[Any]:
        path = f"/bedrock/model/{model}/invoke-with-response-stream"
        answer = await simulated.post(path, json=MESSAGES, headers={"authorization": "Bearer k"})
        return [json.loads(b64decode(part.split(b'"')[0])) for part in answer.content.split(b'"bytes":"')[1:]]

    assert "message_delta" not in [one["type"] for one in await events("fault-no-finish")]
    assert not any("usage" in str(one.keys()) for one in await events("fault-no-usage"))
    assert [one["type"] for one in await events("fault-no-done")][-1] == "message_delta"


async def test_anthropic_s_own_client_signs_and_reads_frames(simulated: httpx2.AsyncClient) -> None:
    messages: Any = [{"role": "user", "content": "Hello there"}]
    async with AsyncAnthropicBedrock(
        base_url=f"{str(simulated.base_url).rstrip('/')}/bedrock-anthropic",
        aws_access_key=SIMULATED_AWS.access_key,
        aws_secret_key=SIMULATED_AWS.secret_key.reveal(),
        aws_region="us-west-2",
        max_retries=0,
    ) as claude:
        whole = await claude.messages.create(model=CLAUDE, max_tokens=200, messages=messages)
        async with claude.messages.stream(model=CLAUDE, max_tokens=200, messages=messages) as stream:
            streamed = await stream.get_final_message()

    assert whole.content[0].text == streamed.content[0].text  # type: ignore[union-attr]
    assert whole.usage.output_tokens == streamed.usage.output_tokens
