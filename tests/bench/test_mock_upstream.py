from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import load, mock_vendors, rig
from bench.gateways import direct
from bench.mock_upstream import request_length
from bench.scenarios import SCENARIOS, STREAM, Scenario, http_request

CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
FIXED = http_request("/v1/chat/completions", "mock", {}, b'{"model":"mock"}')
BODILESS = b"GET /v1/models HTTP/1.1\r\nhost: mock\r\n\r\n"


@pytest.mark.parametrize("request_bytes", [CHUNKED, FIXED, BODILESS], ids=["chunked", "fixed", "bodiless"])
@given(st.integers(min_value=0), st.binary(max_size=40))
def test_a_request_ends_where_its_framing_says(request_bytes: bytes, place: int, next_one: bytes) -> None:
    assert request_length(request_bytes + next_one) == len(request_bytes)
    cut = request_bytes[: place % len(request_bytes)]
    assert request_length(cut) in {None, len(request_bytes)}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_client_and_mock_upstream_understand_each_other(tmp_path: Path, scenario: Scenario) -> None:
    with (
        rig.mock_upstream(tmp_path, events=20, gap_ms=5.0) as (port, _),
        rig.started(direct.GATEWAY, port, tmp_path / "direct") as running,
    ):
        result = load.run(running.load(scenario, connections=3, duration_s=20, max_requests=9))
    assert (result.answers, result.errors, len(result.latencies_s)) == (9, 0, 9)
    assert result.events == (9 * 22 if scenario is STREAM else 0)


def test_events_of_a_stream_arrive_one_by_one(tmp_path: Path) -> None:
    with (
        rig.mock_upstream(tmp_path, events=10, gap_ms=50.0) as (port, _),
        rig.started(direct.GATEWAY, port, tmp_path / "direct") as running,
    ):
        result = load.run(running.load(STREAM, connections=1, duration_s=20, max_requests=1))
    assert result.events == 12
    assert result.event_reads > 5, "most events of 50 ms rhythm come in a read of their own"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", b"{}"),
        ("/model/x/converse", b"{}"),
        ("/v1beta/models/x:generateContent", b"{}"),
        ("/v1/chat/completions", b'{"stream": true}'),
        ("/v1/messages", b'{"stream":true}'),
        ("/model/x/converse-stream", b"{}"),
        ("/v1beta/models/x:streamGenerateContent?alt=sse", b"{}"),
    ],
)
def test_each_path_is_answered_in_its_own_format(tmp_path: Path, path: str, body: bytes) -> None:
    answers = mock_vendors.find(path.encode())
    wanted = answers.unary
    if b"stream" in body or "tream" in path:
        wanted = answers.stream_head + answers.event * 3 + answers.tail
    with (
        rig.mock_upstream(tmp_path, events=3, gap_ms=1.0) as (port, _),
        socket.create_connection(("127.0.0.1", port), timeout=20) as sock,
    ):
        sock.sendall(http_request(path, "mock", {}, body))
        received = b""
        while len(received) < len(wanted) and (piece := sock.recv(65536)):
            received += piece
    assert received == wanted


def test_a_client_that_meets_no_server_says_so(tmp_path: Path) -> None:
    with (
        rig.mock_upstream(tmp_path) as (port, _),
        rig.started(direct.GATEWAY, port, tmp_path / "direct") as running,
    ):
        pass
    with pytest.raises(ConnectionRefusedError):
        load.run(running.load(STREAM, connections=1, duration_s=1, max_requests=1))
