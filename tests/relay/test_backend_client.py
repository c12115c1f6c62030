from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import h11
import msgspec
import pytest

from penstock.core.endpoint import EndpointId
from penstock.core.errors import EndpointNotOffered, OperatorError
from penstock.core.secret import Secret
from penstock.providers import all_providers
from penstock.relay import backend_client
from penstock.relay.backend_client import BackendClient
from penstock.relay.snapshot import Backend, UpstreamTls
from penstock.transport.deadlines import Deadlines
from tests.relay.served_gateway import KEY, backend_at


def client_of(backend: Backend) -> BackendClient:
    loop = asyncio.get_running_loop()
    return BackendClient(backend, loop, Deadlines(loop), 64 * 1024)


def read(head: bytes) -> tuple[str, dict[str, str]]:
    """Read a rendered head as h11's server does."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(head + b"content-length: 0\r\n\r\n")
    request = server.next_event()
    assert isinstance(request, h11.Request)
    return request.target.decode(), {name.decode(): value.decode() for name, value in request.headers}


async def test_the_head_has_path_host_key_and_content_type() -> None:
    target, headers = read(client_of(backend_at(8001)).head("chat_completions", "m"))

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
    assert read(client_of(replace(backend_at(1), **changes)).head("embeddings", "m"))[1]["host"] == host


async def test_the_operators_headers_are_sent_and_a_missing_key_is_not() -> None:
    backend = backend_at(1, api_key=None, headers={"X-Team": "water"})
    headers = read(client_of(backend).head("chat_completions", "m"))[1]

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
    target, headers = read(client_of(backend).head("chat_completions", "a deployment/1"))

    assert "/deployments/a%20deployment%2F1/chat/completions?api-version=" in target
    assert headers["api-key"] == "azure-key"
    assert "authorization" not in headers


async def test_an_endpoint_that_is_not_offered_is_named_with_those_that_are() -> None:
    client = client_of(backend_at(1, provider=all_providers()["groq"]))
    embeddings: EndpointId = "embeddings"

    assert not client.offers(embeddings)
    with pytest.raises(EndpointNotOffered, match=r"does not offer embeddings; it offers: .*chat_completions"):
        client.head(embeddings, "m")


async def test_heads_of_callers_models_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_client, "REMEMBERED_HEADS", 3)
    client = client_of(backend_at(1))
    heads = [client.head("chat_completions", f"m{number}") for number in range(10)]

    assert len(client._heads) <= 3
    assert client.head("chat_completions", "m0") == heads[0]


async def test_tls_files_that_cannot_be_read_are_the_operators_error() -> None:
    backend = backend_at(1, scheme="https", tls=UpstreamTls(ca_file="/nowhere/ca.pem"))
    with pytest.raises(OperatorError, match=r"/nowhere/ca\.pem"):
        client_of(backend)
