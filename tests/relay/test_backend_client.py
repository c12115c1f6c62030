from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import h11
import msgspec
import pytest

from penstock.core.endpoint import Endpoint, EndpointId
from penstock.core.errors import EndpointNotOffered, OperatorError
from penstock.core.secret import Secret
from penstock.endpoints import declared_endpoints
from penstock.providers import all_providers
from penstock.relay import backend_client
from penstock.relay.backend_client import BackendClient
from penstock.relay.snapshot import Backend, UpstreamTls
from penstock.transport.deadlines import Deadlines
from tests.relay.served_gateway import KEY, backend_at


def client_of(backend: Backend) -> BackendClient:
    loop = asyncio.get_running_loop()
    return BackendClient(backend, loop, Deadlines(loop), 64 * 1024)


def endpoint(endpoint_id: EndpointId) -> Endpoint:
    return next(each for each in declared_endpoints() if each.id == endpoint_id)


def head_of(client: BackendClient, endpoint_id: EndpointId, model: str = "m", *, stream: bool = False) -> bytes:
    return client.head(endpoint(endpoint_id), model, stream=stream).lines


def read(head: bytes) -> tuple[str, dict[str, str]]:
    """Read a rendered head as h11's server does."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(head + b"content-length: 0\r\n\r\n")
    request = server.next_event()
    assert isinstance(request, h11.Request)
    return request.target.decode(), {name.decode(): value.decode() for name, value in request.headers}


async def test_the_head_has_path_host_key_and_content_type() -> None:
    target, headers = read(head_of(client_of(backend_at(8001)), "chat_completions"))

    assert target == "/v1/chat/completions"
    assert headers["host"] == "127.0.0.1:8001"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("changes", "host"),
    [
        ({"scheme": "https", "host": "api.example.com", "port": 443}, "api.example.com"),
        ({"scheme": "http", "host": "api.example.com", "port": 80}, "api.example.com"),
        ({"scheme": "https", "host": "api.example.com", "port": 8443}, "api.example.com:8443"),
        ({"host": "::1", "port": 80}, "[::1]"),
    ],
)
async def test_the_host_names_a_port_only_where_it_is_not_the_usual_one(changes: dict[str, Any], host: str) -> None:
    assert read(head_of(client_of(replace(backend_at(1), **changes)), "embeddings"))[1]["host"] == host


async def test_the_operators_headers_are_sent_and_a_missing_key_is_not() -> None:
    backend = backend_at(1, api_key=None, headers={"X-Team": "water"})
    headers = read(head_of(client_of(backend), "chat_completions"))[1]

    assert headers["x-team"] == "water"
    assert "authorization" not in headers


async def test_azure_puts_the_deployment_into_the_path_and_the_key_into_its_own_header() -> None:
    provider = all_providers()["azure-openai"]
    backend = backend_at(
        1,
        provider=provider,
        options=msgspec.convert({"api": "deployments"}, provider.options),
        base_path="",
        api_key=Secret("azure-key"),
    )
    target, headers = read(head_of(client_of(backend), "chat_completions", "a deployment/1"))

    assert "/deployments/a%20deployment%2F1/chat/completions?api-version=" in target
    assert headers["api-key"] == "azure-key"
    assert "authorization" not in headers


async def test_a_stream_may_have_a_path_of_its_own() -> None:
    provider = all_providers()["bedrock"]
    client = client_of(backend_at(1, provider=provider, options=provider.options(), base_path=""))
    model = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3"

    whole, _ = read(head_of(client, "chat_completions", model))
    stream, _ = read(head_of(client, "chat_completions", model, stream=True))
    assert whole == "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile%2Fus.meta.llama3/converse"
    assert stream == f"{whole}-stream"


async def test_an_endpoint_that_is_not_offered_is_refused() -> None:
    client = client_of(backend_at(1, provider=all_providers()["groq"]))

    assert client.way(endpoint("embeddings")) is None
    with pytest.raises(EndpointNotOffered, match=r"Groq .*does not offer /v1/embeddings"):
        head_of(client, "embeddings")


async def test_heads_of_callers_models_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_client, "REMEMBERED_HEADS", 3)
    client = client_of(backend_at(1))
    heads = [head_of(client, "chat_completions", f"m{number}") for number in range(10)]

    assert len(client._heads) <= 3
    assert head_of(client, "chat_completions", "m0") == heads[0]


async def test_tls_files_that_cannot_be_read_are_the_operators_error() -> None:
    backend = backend_at(1, scheme="https", tls=UpstreamTls(ca="/nowhere/ca.pem"))
    with pytest.raises(OperatorError, match=r"/nowhere/ca\.pem"):
        client_of(backend)
