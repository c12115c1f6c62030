from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from penstock.core.secret import Secret
from penstock.simulator.app import Settings
from penstock.simulator.faults import FAULTS, PREFIX
from penstock.simulator.vendors import Vendor, all_vendors
from tests.simulator.conftest import Simulate

VENDORS = {vendor.id: vendor for vendor in all_vendors()}
OWN = VENDORS["penstock-simulator"]
HELLO = [{"role": "user", "content": "Hello"}]


async def chat(client: httpx2.AsyncClient, model: str, vendor: Vendor = OWN, **members: object) -> httpx2.Response:
    path = next(path for path, endpoint in vendor.paths.items() if endpoint == "chat_completions")
    return await client.post(path, json={"model": model, "messages": HELLO, **members})


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.headers["x-penstock-simulator"] == "true"
    found: dict[str, Any] = answer.json()["error"]
    assert "imulat" in found["message"]
    return found


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
async def test_the_official_client_speaks_with_every_vendor(simulated: httpx2.AsyncClient, vendor: Vendor) -> None:
    base_url = simulated.base_url.join(vendor.models_path.removesuffix("/models"))
    async with AsyncOpenAI(base_url=base_url, api_key="k", max_retries=0) as client:
        answer = await client.chat.completions.create(
            model=vendor.models[0], messages=[{"role": "user", "content": "Hello"}]
        )
    assert "imulat" in (answer.choices[0].message.content or "")
    assert answer.system_fingerprint == vendor.fingerprint


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
async def test_every_vendor_lists_its_models(simulated: httpx2.AsyncClient, vendor: Vendor) -> None:
    found = (await simulated.get(vendor.models_path)).json()["data"]
    assert {one["id"] for one in found} >= set(vendor.models)
    one = (await simulated.get(f"{vendor.models_path}/{vendor.models[0]}")).json()
    assert (one["id"], one["owned_by"]) == (vendor.models[0], vendor.id)


async def test_the_simulator_s_own_list_has_every_fault(simulated: httpx2.AsyncClient) -> None:
    names = {one["id"] for one in (await simulated.get("/v1/models")).json()["data"]}
    listed = (await simulated.get("/simulator/faults")).json()["faults"]
    assert {PREFIX + fault.name for fault in FAULTS} == {row["model"] for row in listed} < names


@pytest.mark.parametrize("stream", [False, True])
async def test_every_answer_is_marked_and_has_its_own_id(simulated: httpx2.AsyncClient, stream: bool) -> None:
    answers = [await chat(simulated, "simulated-chat", stream=stream) for _ in range(2)]
    assert all(answer.headers["x-penstock-simulator"] == "true" for answer in answers)
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2


@pytest.mark.parametrize("vendor", ["penstock-simulator", "openai", "azure-openai"])
async def test_with_a_key_required_only_that_key_in_the_vendor_s_header_is_let_in(
    simulate: Simulate, vendor: str
) -> None:
    client = await simulate(Settings(required_key=Secret("right")))
    one = VENDORS[vendor]
    missing = await client.get(one.models_path)
    wrong = await client.get(one.models_path, headers={one.key_header.name: f"{one.key_header.prefix}wrong"})
    right = await client.get(one.models_path, headers={one.key_header.name: f"{one.key_header.prefix}right"})
    assert (missing.status_code, wrong.status_code, right.status_code) == (401, 401, 200)
    assert (error_of(missing)["code"], error_of(wrong)["code"]) == (None, "invalid_api_key")


async def test_a_model_at_the_wrong_vendor_is_found_out(simulated: httpx2.AsyncClient) -> None:
    answer = await chat(simulated, VENDORS["mistral"].models[0], VENDORS["openai"])
    assert (answer.status_code, error_of(answer)["code"]) == (404, "model_not_found")


async def test_azure_takes_the_model_from_the_path(simulated: httpx2.AsyncClient) -> None:
    (pattern,) = (one for one in VENDORS["azure-openai"].patterns if one.endpoint == "chat_completions")
    answer = await simulated.post(f"{pattern.before}my%20gpt{pattern.after}", json={"messages": HELLO})
    assert answer.json()["model"] == "my gpt"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/modelsx", 404),
        ("GET", "/v1/models/fault-nonsense", 404),
        ("GET", "/openai/v1/models/mistral-large-latest", 404),
    ],
)
async def test_what_is_not_there_is_refused(simulated: httpx2.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await simulated.request(method, path)
    assert answer.status_code == status
    assert error_of(answer)["type"] == "invalid_request_error"
    assert (answer.headers.get("allow") is not None) == (status == 405)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000])
async def test_a_body_that_cannot_be_read_is_refused(simulated: httpx2.AsyncClient, body: bytes) -> None:
    answer = await simulated.post("/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert "JSON" in error_of(answer)["message"]


async def test_what_the_server_itself_refuses_is_an_error_of_the_vendor_s_shape(simulated: httpx2.AsyncClient) -> None:
    answer = await simulated.get("/v1/models", headers={f"x-{n}": "1" for n in range(2100)})
    assert answer.status_code == 431
    assert error_of(answer)["code"]


async def test_a_fault_that_happens_once_is_over_until_it_is_armed_again(simulated: httpx2.AsyncClient) -> None:
    first, second = [(await chat(simulated, "fault-500-once")).status_code for _ in range(2)]
    other = (await chat(simulated, "fault-500-once@other")).status_code
    await simulated.post("/simulator/reset")
    assert (first, second, other) == (500, 200, 500)
    assert (await chat(simulated, "fault-500-once")).status_code == 500


async def test_down_is_up_again_by_the_clock(simulate: Simulate) -> None:
    now_s = [0.0]
    client = await simulate(Settings(monotonic_s=lambda: now_s[0]))
    statuses = []
    for now_s[0] in (0.0, 59.0, 60.0):
        statuses.append((await chat(client, "fault-down-60s-then-up")).status_code)
    assert statuses == [503, 503, 200]


async def test_seed_and_clock_fix_an_answer(simulate: Simulate) -> None:
    clients = [await simulate(Settings(seed=seed, now_s=lambda: 1_800_000_000.5)) for seed in (1, 1, 2)]
    one, same, other = [(await chat(client, "simulated-chat")).json() for client in clients]
    assert one == same != other
    assert one["created"] == 1_800_000_000


async def test_requests_can_be_seen_with_what_became_of_them(simulated: httpx2.AsyncClient) -> None:
    await chat(simulated, "simulated-chat", VENDORS["groq"])
    await chat(simulated, "fault-500")
    await simulated.post("/v1/chat/completions", content=b"{")
    seen = (await simulated.get("/simulator/requests")).json()["requests"]
    assert [(one["vendor"], one["model"], one["outcome"]) for one in seen] == [
        ("groq", "simulated-chat", "answered"),
        ("penstock-simulator", "fault-500", "answered"),
        ("penstock-simulator", "", "refused"),
    ]


async def test_a_caller_who_leaves_is_noticed(simulated: httpx2.AsyncClient) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        await simulated.post(
            "/v1/chat/completions", json={"model": "fault-silent-600s", "messages": HELLO}, timeout=0.2
        )
    async with asyncio.timeout(30):
        while True:
            (seen,) = (await simulated.get("/simulator/requests")).json()["requests"]
            if seen["outcome"] == "caller gone":
                break
            await asyncio.sleep(0.01)


async def test_the_first_page_says_that_all_is_simulated_and_where(simulated: httpx2.AsyncClient) -> None:
    found = (await simulated.get("/")).json()
    assert "every answer is simulated" in found["simulator"]
    assert found["base_paths"]["groq"] == "/groq/openai/v1"


async def test_faults_raise_what_the_real_vendor_s_would(simulated: httpx2.AsyncClient) -> None:
    async with AsyncOpenAI(base_url=simulated.base_url.join("/v1"), api_key="k", max_retries=0) as client:
        with pytest.raises(openai.RateLimitError) as found:
            await client.chat.completions.create(model="fault-429", messages=[{"role": "user", "content": "x"}])
    assert found.value.code == "rate_limit_exceeded"
    assert found.value.response.headers["retry-after"] == "1"


async def test_azure_takes_a_token_instead_of_a_key(simulate: Simulate) -> None:
    client = await simulate(Settings(required_key=Secret("right")))
    path = VENDORS["azure-openai"].models_path
    answers = [await client.get(path, headers={"authorization": f"Bearer {token}"}) for token in ("right", "wrong")]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert (await client.get("/groq/openai/v1/models", headers={"api-key": "right"})).status_code == 401


async def test_a_required_key_is_required_in_every_format(simulate: Simulate) -> None:
    client = await simulate(Settings(required_key=Secret("right")))
    headers = {"anthropic-version": "2023-06-01"}
    body = {"model": "fault-409", "messages": HELLO, "max_tokens": 5}
    statuses = [
        (await client.post("/anthropic/v1/messages", json=body, headers={**headers, "x-api-key": key})).status_code
        for key in ("wrong", "right")
    ]
    assert statuses == [401, 409]


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/anthropic/v1/messages", 405, "invalid_request_error"),
        ("POST", "/anthropic/v1/nothing", 404, "not_found_error"),
        ("POST", "/bedrock/model/m/nothing", 404, "imulated"),
        ("POST", "/gemini-native/v1beta/models/m:nothing", 404, "NOT_FOUND"),
        ("POST", "/cohere-native/v2/nothing", 404, "imulated"),
    ],
)
async def test_what_is_not_there_is_refused_in_the_vendor_s_format(
    simulated: httpx2.AsyncClient, method: str, path: str, status: int, word: str
) -> None:
    answer = await simulated.request(method, path)
    assert answer.status_code == status
    assert word in answer.text
    assert answer.json().keys() != {"error"} or "param" not in answer.json()["error"]


async def test_requests_in_other_formats_can_be_seen_without_their_keys(simulated: httpx2.AsyncClient) -> None:
    path = "/gemini-native/v1beta/models/gemini-2.5-flash:generateContent"
    await simulated.post(path, json={"contents": [{"parts": [{"text": "Hi"}]}]}, headers={"x-goog-api-key": "canary"})
    (seen,) = (await simulated.get("/simulator/requests")).json()["requests"]
    assert (seen["vendor"], seen["model"], seen["outcome"]) == ("gemini-native", "gemini-2.5-flash", "answered")
    assert "canary" not in str(seen)
