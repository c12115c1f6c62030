from __future__ import annotations

import json

import h11
import pytest

from bench.scenarios import ALL, SCENARIOS, TRANSLATED, UPSTREAMS, Scenario, http_request, request_body


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_body_is_as_long_as_its_scenario_says_and_streams_if_it_says_so(scenario: Scenario) -> None:
    body = request_body(scenario, "mock")
    assert len(body) == pytest.approx(scenario.request_bytes, rel=0.03)
    decoded = json.loads(body)
    assert decoded["model"] == "mock"
    assert decoded.get("stream", False) is scenario.stream
    assert all(message["content"] for message in decoded["messages"])


def test_a_conversation_goes_to_and_fro() -> None:
    roles = [message["role"] for message in json.loads(request_body(SCENARIOS[2], "mock"))["messages"]]
    assert roles[:4] == ["system", "user", "assistant", "user"]


def test_a_request_is_http_with_the_headers_of_its_gateway() -> None:
    body = b'{"model":"mock"}'
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(http_request("/v1/x", "127.0.0.1:1", {"authorization": "Bearer k"}, body))
    head = connection.next_event()
    data = connection.next_event()
    assert isinstance(head, h11.Request)
    assert isinstance(data, h11.Data)
    assert (head.method, head.target, bytes(data.data)) == (b"POST", b"/v1/x", body)
    assert (b"authorization", b"Bearer k") in list(head.headers)


def test_each_translation_is_measured_unary_and_streamed_beside_the_same_without_it() -> None:
    by_name = {scenario.name: scenario for scenario in ALL}
    assert len(by_name) == len(ALL)
    kinds = {(upstream, stream) for upstream in UPSTREAMS for stream in (False, True)}
    assert {(scenario.upstream, scenario.stream) for scenario in TRANSLATED} == kinds
    for scenario in TRANSLATED:
        unary, same = by_name[scenario.unary], by_name[scenario.untranslated]
        assert (unary.upstream, unary.stream) == (scenario.upstream, False)
        assert (same.upstream, same.stream, same.request_bytes) == ("openai", scenario.stream, scenario.request_bytes)
