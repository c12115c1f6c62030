"""Gemini and Vertex AI as the simulator has them, driven by Google's own client, and Claude there by Anthropic's."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from anthropic import AsyncAnthropicVertex
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from penstock.simulator.answering import FILTERED_MODEL

MODEL = "gemini-2.5-flash"
NEWEST = "gemini-3-pro-preview"
HELLO: dict[str, Any] = {"role": "user", "parts": [{"text": "Hello there"}]}
WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
}
TOOLS: Any = [{"function_declarations": [WEATHER]}]
KEY = {"x-goog-api-key": "k"}
STUDIO = f"/gemini-native/v1beta/models/{MODEL}"
VERTEX = "/vertex/v1/projects/p/locations/l/publishers/google/models"


def base_url(simulated: httpx2.AsyncClient, service: str) -> str:
    return f"{str(simulated.base_url).rstrip('/')}/{service}"


@pytest.fixture(params=["gemini-native", "vertex"])
async def client(simulated: httpx2.AsyncClient, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    options = types.HttpOptions(base_url=base_url(simulated, request.param))
    if request.param == "vertex":
        credentials = Credentials(token="t")  # type: ignore[no-untyped-call]
        found = genai.Client(vertexai=True, project="p", location="l", credentials=credentials, http_options=options)
    else:
        found = genai.Client(api_key="k", http_options=options)
    yield found.aio.models
    await found.aio.aclose()
    found.close()


async def ask(client: Any, contents: Any = "Hello there", model: str = MODEL, **config: Any) -> Any:
    """Return a whole answer; its stream must say the same."""
    config.setdefault("automatic_function_calling", {"disable": True})
    whole = await client.generate_content(model=model, contents=contents, config=config)
    chunks = [
        chunk async for chunk in await client.generate_content_stream(model=model, contents=contents, config=config)
    ]
    streamed = [part for chunk in chunks for part in (chunk.candidates[0].content.parts or [])]
    for thought in (True, None):
        texts = [
            "".join(part.text or "" for part in parts if part.thought is thought)
            for parts in (streamed, parts_of(whole))
        ]
        assert texts[0] == texts[1]
    calls = [[part for part in parts if part.function_call] for parts in (streamed, parts_of(whole))]
    assert calls[0] == calls[1]
    assert chunks[-1].candidates[0].finish_reason == whole.candidates[0].finish_reason
    assert chunks[-1].usage_metadata == whole.usage_metadata
    return whole


def text_of(parts: list[Any], thought: bool | None) -> str:
    return "".join(part.text or "" for part in parts if part.thought is thought)


def parts_of(answer: Any) -> list[Any]:
    return answer.candidates[0].content.parts or []


async def test_an_answer_and_its_stream_say_the_same(client: Any) -> None:
    answer = await ask(client, system_instruction="Be brief")
    usage = answer.usage_metadata

    assert "imulat" in answer.text
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert (
        usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )


@pytest.mark.parametrize("model", [MODEL, NEWEST])
async def test_a_function_is_called_and_its_response_answered(client: Any, model: str) -> None:
    first = await ask(client, model=model, tools=TOOLS)
    (part,) = parts_of(first)
    response = types.Part.from_function_response(name="get_weather", response={"sky": "sunny"})
    said = first.candidates[0].content

    last = await ask(
        client, [types.Content(**HELLO), said, types.Content(role="user", parts=[response])], model, tools=TOOLS
    )

    assert isinstance(part.function_call.args["city"], str)
    assert "sunny" in last.text
    assert (part.thought_signature is not None) == (model == NEWEST)


async def test_a_signature_that_was_lost_or_changed_is_refused(client: Any) -> None:
    said = (await ask(client, model=NEWEST, tools=TOOLS)).candidates[0].content
    response = types.Content(
        role="user", parts=[types.Part.from_function_response(name="get_weather", response={"sky": "sunny"})]
    )
    for signature, words in ((None, "missing a thought_signature"), (b"x", "Corrupted thought signature")):
        said.parts[0].thought_signature = signature
        with pytest.raises(errors.ClientError, match=words):
            await ask(client, [types.Content(**HELLO), said, response], NEWEST, tools=TOOLS)
    said.parts[0].thought_signature = b"skip_thought_signature_validator"
    assert "sunny" in (await ask(client, [types.Content(**HELLO), said, response], NEWEST, tools=TOOLS)).text


async def test_which_functions_may_be_called_is_kept(client: Any) -> None:
    other = {"name": "other", "parameters_json_schema": {"type": "object", "properties": {}}}
    tools: Any = [{"function_declarations": [WEATHER, other]}]
    one = {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["other"]}}
    named = await ask(client, tools=tools, tool_config=one)
    none = await ask(client, tools=tools, tool_config={"function_calling_config": {"mode": "NONE"}})

    assert [part.function_call.name for part in parts_of(named)] == ["other"]
    assert none.text


async def test_thoughts_are_shown_when_they_are_asked_for(client: Any) -> None:
    shown = await ask(client, thinking_config={"include_thoughts": True})
    hidden = await ask(client)
    none = await ask(client, thinking_config={"thinking_budget": 0})

    assert [part.thought for part in parts_of(shown)] == [True, None]
    assert [part.thought for part in parts_of(hidden)] == [None]
    assert shown.usage_metadata.thoughts_token_count == hidden.usage_metadata.thoughts_token_count > 0
    assert none.usage_metadata.thoughts_token_count is None


@pytest.mark.parametrize(
    ("model", "config", "reason"),
    [
        (MODEL, {"max_output_tokens": 3}, "MAX_TOKENS"),
        (MODEL, {"stop_sequences": ["imulat"]}, "STOP"),
        (FILTERED_MODEL, {}, "SAFETY"),
    ],
)
async def test_every_end_has_its_reason(client: Any, model: str, config: Any, reason: str) -> None:
    answer = await ask(client, model=model, **config)
    assert answer.candidates[0].finish_reason == reason
    if "max_output_tokens" in config:
        assert parts_of(answer) == []  # all of it was thought


async def test_output_obeys_a_schema_of_either_kind(client: Any) -> None:
    own = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "nullable": True}}, "required": ["n"]}
    given = {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}, "required": ["n"]}
    schemas: list[dict[str, Any]] = [{"response_schema": own}, {"response_json_schema": given}]
    for schema in schemas:
        answer = await ask(client, response_mime_type="application/json", **schema)
        assert isinstance(msgspec.json.decode(answer.text)["n"], int | None)


async def test_several_answers_can_be_had(client: Any) -> None:
    answer = await client.generate_content(model=MODEL, contents="Hello", config={"candidate_count": 2})
    assert [one.index for one in answer.candidates] == [0, 1]


async def test_a_prompt_that_is_filtered_has_no_answer(client: Any) -> None:
    answer = await client.generate_content(model="fault-content-filter", contents="Hello")
    assert answer.candidates is None
    assert answer.prompt_feedback.block_reason == "SAFETY"


async def test_vectors_have_their_sizes(client: Any) -> None:
    plain = await client.embed_content(model="gemini-embedding-001", contents="Hello")
    short = await client.embed_content(
        model="gemini-embedding-001", contents="Hello", config={"output_dimensionality": 256}
    )
    assert [len(one.values) for one in (*plain.embeddings, *short.embeddings)] == [3072, 256]


CALL = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
RESPONSE = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contents": None}, "contents is not specified"),
        ({"contents": []}, "contents is not specified"),
        ({"surprise": 1}, 'Unknown name "surprise": Cannot find field'),
        ({"contents": [{"parts": [{"text": "a", "x": 1}]}]}, "Unknown name \"x\" at 'contents[0].parts[0]'"),
        ({"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]}, "valid role: user, model"),
        ({"contents": [{"parts": []}]}, "must not be empty"),
        ({"contents": [{"parts": [{}]}]}, "required oneof field 'data'"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "a/b", "data": "!"}}]}]}, "Base64 decoding failed"),
        ({"contents": [CALL, RESPONSE]}, "immediately after a user turn"),
        ({"contents": [HELLO, CALL, HELLO]}, "number of function response parts is equal"),
        ({"contents": [HELLO, RESPONSE]}, "immediately after a function call turn"),
        ({"contents": [HELLO, CALL]}, "followed by a function response turn"),
        ({"generationConfig": {"temperature": 3}}, "temperature"),
        ({"generationConfig": {"maxTokens": 3}}, 'Unknown name "maxTokens"'),
        ({"generationConfig": {"responseSchema": {"type": "STRING"}}}, "only supported with mime type"),
        ({"generationConfig": {"stopSequences": ["a"] * 6}}, "at most 5"),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}}, "only one of"),
        ({"tools": [{"functionDeclarations": [{"name": "1"}]}]}, "Invalid function name"),
        ({"tools": [{"functionDeclarations": [WEATHER, WEATHER]}]}, "Duplicate function declaration"),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "object", "oneOf": []}}]}]},
            "oneOf",
        ),
        ({"toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["f"]}}}, "mode is ANY"),
        ({"cachedContent": "x"}, "CachedContent not found"),
        (
            {
                "tools": [{"functionDeclarations": [WEATHER]}],
                "generationConfig": {"responseMimeType": "application/json"},
            },
            "is unsupported",
        ),
    ],
)
async def test_what_gemini_refuses_is_refused(simulated: httpx2.AsyncClient, body: Any, words: str) -> None:
    given = {name: value for name, value in ({"contents": [HELLO]} | body).items() if value is not None}
    answer = await simulated.post(f"{STUDIO}:generateContent", content=msgspec.json.encode(given), headers=KEY)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]


async def test_either_spelling_of_a_name_is_taken(simulated: httpx2.AsyncClient) -> None:
    picture = {"inline_data": {"mime_type": "image/png", "data": b64encode(b"picture").decode()}}
    body = {
        "contents": [{"parts": [picture, {"file_data": {"file_uri": "gs://a/b"}}, {"text": "What is it?"}]}],
        "generation_config": {"max_output_tokens": 500},
        "system_instruction": {"parts": [{"text": "Be brief"}]},
    }
    answer = await simulated.post(f"{STUDIO}:generateContent", json=body, headers=KEY)
    assert answer.json()["usageMetadata"]["promptTokenCount"] > 2 * 258


async def test_without_a_key_or_a_token_there_is_no_answer(simulated: httpx2.AsyncClient) -> None:
    body = {"contents": [HELLO]}
    studio = await simulated.post(f"{STUDIO}:generateContent", json=body)
    vertex = await simulated.post(f"{VERTEX}/{MODEL}:generateContent", json=body, headers=KEY)
    no_sse = await simulated.post(f"{STUDIO}:streamGenerateContent", json=body, headers=KEY)

    found = [(answer.status_code, answer.json()["error"]["status"]) for answer in (studio, vertex, no_sse)]
    assert found == [(403, "PERMISSION_DENIED"), (401, "UNAUTHENTICATED"), (400, "INVALID_ARGUMENT")]


@pytest.mark.parametrize(
    ("model", "code", "status"),
    [
        ("fault-429", 429, "RESOURCE_EXHAUSTED"),
        ("fault-500", 500, "INTERNAL"),
        ("fault-503", 503, "UNAVAILABLE"),
        ("fault-504", 504, "DEADLINE_EXCEEDED"),
        ("fault-context-length", 400, "INVALID_ARGUMENT"),
        ("gpt-4o", 404, "NOT_FOUND"),
    ],
)
async def test_faults_raise_what_google_s_would(client: Any, model: str, code: int, status: str) -> None:
    with pytest.raises(errors.APIError) as found:
        await client.generate_content(model=model, contents="Hello")
    assert (found.value.code, found.value.status) == (code, status)


@pytest.mark.parametrize(
    ("model", "missing"), [("fault-no-finish", '"finishReason"'), ("fault-no-usage", '"usageMetadata"')]
)
async def test_faults_of_streams_leave_out_what_they_say(
    simulated: httpx2.AsyncClient, model: str, missing: str
) -> None:
    path = f"/gemini-native/v1beta/models/{model}:streamGenerateContent?alt=sse"
    answer = await simulated.post(path, json={"contents": [HELLO]}, headers=KEY)
    assert missing not in answer.text
    assert '"text"' in answer.text


async def post(simulated: httpx2.AsyncClient, path: str, body: object) -> httpx2.Response:
    return await simulated.post(path, json=body, headers={**KEY, "authorization": "Bearer t"})


async def test_batches_of_inputs_are_bounded(simulated: httpx2.AsyncClient) -> None:
    request = {"model": f"models/{MODEL}", "content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8}
    studio = f"{STUDIO}:batchEmbedContents"
    instances = [{"content": "a"}, {"content": "b"}]
    several = await post(simulated, f"{VERTEX}/text-embedding-005:predict", {"instances": instances})

    assert len((await post(simulated, studio, {"requests": [request] * 100})).json()["embeddings"]) == 100
    assert [one["embeddings"]["statistics"]["token_count"] for one in several.json()["predictions"]] == [1, 1]
    for path, body in (
        (studio, {"requests": [request] * 101}),
        (studio, {"requests": [request | {"model": "models/other"}]}),
        (studio, {"requests": [request | {"content": {"parts": [{"text": ""}]}}]}),
        (f"{VERTEX}/gemini-embedding-001:predict", {"instances": instances}),
        (f"{VERTEX}/text-embedding-005:predict", {"instances": [{"content": ""}]}),
        (f"{VERTEX}/text-embedding-005:predict", {"instances": [{"content": "a", "taskType": "X"}]}),
        (
            f"{VERTEX}/text-embedding-005:predict",
            {"instances": [{"content": "a"}], "parameters": {"outputDimensionality": 1536}},
        ),
    ):
        assert (await post(simulated, path, body)).status_code == 400


async def test_claude_is_served_on_vertex_ai(simulated: httpx2.AsyncClient) -> None:
    messages: Any = [{"role": "user", "content": "Hello there"}]
    model = "claude-sonnet-4-5@20250929"
    address = f"{base_url(simulated, 'vertex-anthropic')}/v1"
    async with AsyncAnthropicVertex(
        base_url=address, project_id="p", region="l", access_token="t", max_retries=0
    ) as claude:
        whole = await claude.messages.create(model=model, max_tokens=200, messages=messages)
        async with claude.messages.stream(model=model, max_tokens=200, messages=messages) as stream:
            streamed = await stream.get_final_message()

    assert whole.content[0].text == streamed.content[0].text  # type: ignore[union-attr]
    assert whole.model == model


BY_URL: Any = {"type": "image", "source": {"type": "url", "url": "https://a.example/x.png"}}


@pytest.mark.parametrize(
    "block",
    [
        BY_URL,
        {**BY_URL, "type": "document"},
        {"type": "document", "source": {"type": "content", "content": [BY_URL]}},
        {"type": "tool_result", "tool_use_id": "t", "content": [BY_URL]},
    ],
)
async def test_claude_on_vertex_ai_fetches_nothing(simulated: httpx2.AsyncClient, block: Any) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hello"}, block]}]
    models = "/vertex-anthropic/v1/projects/p/locations/l/publishers/anthropic/models"
    asked = {"anthropic_version": "vertex-2023-10-16", "max_tokens": 5, "messages": messages}
    for path, body in (
        (f"{models}/claude-x:rawPredict", asked),
        (f"{models}/count-tokens:rawPredict", {"model": "claude-x", "messages": messages}),
    ):
        answer = await post(simulated, path, body)
        assert (answer.status_code, "URL sources are not supported" in answer.text) == (400, True)
