"""The endpoints are declarations: one walk over all of them tests each."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from penstock.core.endpoint import Endpoint, EndpointId
from penstock.core.errors import BodyTooLarge, GatewayError, UpstreamTimeout
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.endpoints import all_endpoints
from penstock.providers import all_providers
from penstock.wire.framing.sse import EventSplitter, event_data

ENDPOINTS = [pytest.param(endpoint, id=endpoint.id) for endpoint in all_endpoints().values()]


def test_every_endpoint_id_has_one_endpoint() -> None:
    assert sorted(endpoint.id for endpoint in all_endpoints().values()) == sorted(get_args(EndpointId))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_is_found_by_its_path_and_offered_by_some_provider(endpoint: Endpoint) -> None:
    assert all_endpoints()[endpoint.path] is endpoint
    assert endpoint.path.startswith("/v1/")
    assert any(endpoint.id in provider.endpoints() for provider in all_providers().values())


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
    assert bool(endpoint.end_of_stream) is endpoint.streams


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("error", [BodyTooLarge("too “large”\n"), UpstreamTimeout("late", param="model")])
def test_an_error_is_valid_json_with_its_code_and_id(endpoint: Endpoint, error: GatewayError) -> None:
    shown = msgspec.json.decode(endpoint.render_error(error, "req_1"))["error"]
    assert (shown["message"], shown["code"], shown["param"]) == (error.message, error.code, error.param)
    assert shown["request_id"] == "req_1"


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
        assert not endpoint.streams
        return
    edit = JsonEdit(JsonObject(b'{"stream":true,"stream_options":{"x":1}}'))
    endpoint.ask_for_usage(edit)
    asked = JsonObject(edit.render())
    assert msgspec.json.decode(asked.raw("stream_options") or b"") == {"x": 1, "include_usage": True}
    assert endpoint.read_request(asked).wants_usage_event
