"""The endpoints are declarations: one walk over all of them tests each."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from penstock.core.endpoint import Endpoint, EndpointId
from penstock.core.errors import BodyTooLarge, GatewayError, UpstreamTimeout
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.endpoints import all_endpoints, declared_endpoints
from penstock.providers import all_providers
from penstock.wire.framing.sse import EventSplitter, event_data

ENDPOINTS = [pytest.param(endpoint, id=endpoint.id) for endpoint in declared_endpoints()]


def test_every_endpoint_id_has_one_endpoint() -> None:
    assert sorted(endpoint.id for endpoint in declared_endpoints()) == sorted(get_args(EndpointId))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_is_found_by_each_of_its_paths(endpoint: Endpoint) -> None:
    assert endpoint.path.startswith("/v1/")
    for path in (endpoint.path, *endpoint.aliases):
        assert all_endpoints()[path] is endpoint
        assert path.endswith(endpoint.path)


def test_no_path_belongs_to_two_endpoints() -> None:
    assert len(all_endpoints()) == sum(1 + len(endpoint.aliases) for endpoint in declared_endpoints())


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_is_offered_by_some_provider_or_translated(endpoint: Endpoint) -> None:
    offered = any(endpoint.id in provider.endpoints() for provider in all_providers().values())
    assert offered or endpoint.chat_format is not None or endpoint.id == "count_tokens"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_model_is_found_in_the_body(endpoint: Endpoint) -> None:
    assert endpoint.read_request(JsonObject(b'{"model":"m","input":"x"}')).model == "m"
    assert endpoint.read_request(JsonObject(b"{}")).model is None


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_only_what_streams_takes_the_stream_flag(endpoint: Endpoint) -> None:
    facts = endpoint.read_request(JsonObject(b'{"model":"m","stream":true}'))
    assert facts.stream is endpoint.streams
    assert (endpoint.read_event is not None) is endpoint.streams
    assert (endpoint.render_error_event is not None) is endpoint.streams
    assert bool(endpoint.closing_event) is endpoint.streams


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_closing_event_ends_a_stream(endpoint: Endpoint) -> None:
    if endpoint.read_event is None:
        assert not endpoint.closing_event
        return
    whole, blocks = EventSplitter().feed(endpoint.closing_event)
    data = event_data(blocks[0])
    assert whole == endpoint.closing_event
    assert len(blocks) == 1
    assert data is not None
    assert data == endpoint.end_of_stream or endpoint.read_event(data, None).ends


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("error", [BodyTooLarge("too “large”\n"), UpstreamTimeout("late", param="model")])
def test_an_error_is_valid_json_with_its_code_and_id(endpoint: Endpoint, error: GatewayError) -> None:
    text = endpoint.render_error(error, "req_1").decode()
    shown = msgspec.json.decode(text)
    for said in (error.message, error.code, error.param):
        assert said is None or msgspec.json.encode(said).decode().strip('"') in text
    assert "req_1" in {shown.get("request_id"), shown["error"].get("request_id")}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_error_event_is_one_event_with_the_same_error(endpoint: Endpoint) -> None:
    if endpoint.render_error_event is None:
        assert not endpoint.streams
        return
    error = UpstreamTimeout("late\nand on two lines")
    whole, blocks = EventSplitter().feed(endpoint.render_error_event(error, "req_1"))
    assert len(blocks) == 1
    assert whole.endswith(b"\n\n")
    assert event_data(blocks[0]) == endpoint.render_error(error, "req_1")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_usage_is_asked_for_only_where_it_must_be(endpoint: Endpoint) -> None:
    if endpoint.ask_for_usage is None:
        assert not endpoint.streams or endpoint.read_request(JsonObject(b'{"stream":true}')).wants_usage_event
        return
    edit = JsonEdit(JsonObject(b'{"stream":true,"stream_options":{"x":1}}'))
    endpoint.ask_for_usage(edit)
    asked = JsonObject(edit.render())
    assert msgspec.json.decode(asked.raw("stream_options") or b"") == {"x": 1, "include_usage": True}
    assert endpoint.read_request(asked).wants_usage_event
