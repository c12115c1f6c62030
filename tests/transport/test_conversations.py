"""Anything may happen to a connection at any moment, in any order: its invariants hold and it ends."""

from __future__ import annotations

import asyncio

import h11
from hypothesis import event, given, settings
from hypothesis import strategies as st

from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerRequest
from tests.transport.driven_server import DrivenServer, driven_server
from tests.transport.recording_app import RecordingApp

LIMITS = ServerLimits(pipelined_requests=2, header_s=1, body_s=1, keep_alive_s=1, linger_s=1, body_bytes=1000)
PIECES = {
    "get": b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n",
    "post": b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
    "half a post": b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na",
    "the other half": b"bc",
    "chunked": b"POST /%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "last": b"GET /%d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "expecting": b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    "nonsense": b"\x00\r\n\r\n",
    "too much": b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n",
}
ANSWERS = ["whole", "begin", "piece", "end", "abort", "fail", "return", "couple", "drain"]
EVENTS = ["slow", "fast", "eof", "idle", "second", "drain server", "leave"]
SCENES = [
    ["get", "whole"],
    ["post", "whole"],
    ["chunked", "begin", "piece", "piece", "end"],
    ["get", "get", "whole", "whole"],
    ["half a post", "the other half", "whole"],
    ["get", "couple", "begin", "slow", "piece", "fast", "drain", "end"],
    ["expecting", "the other half", "last", "whole"],
]
STEPS = st.lists(
    st.sampled_from(SCENES) | st.sampled_from([*PIECES, *ANSWERS, *EVENTS]).map(lambda step: [step]), max_size=15
).map(lambda scenes: [step for scene in scenes for step in scene])


class Director:
    """A handler whose requests do what a test tells them, step by step."""

    def __init__(self) -> None:
        self.active: list[ServerRequest] = []
        self.steps: asyncio.Queue[str] = asyncio.Queue()
        self.begun = False

    async def __call__(self, request: ServerRequest) -> None:
        assert not self.active, "one request at a time"
        self.active.append(request)
        self.begun = False
        try:
            while await self._act(request, await self.steps.get()):
                pass
        finally:
            self.active.remove(request)

    async def _act(self, request: ServerRequest, step: str) -> bool:
        """Take one step; return whether the request goes on."""
        if step == "fail":
            raise RuntimeError("a defect")
        if step == "whole" and not self.begun:
            request.respond(200, [], request.path.encode())
        elif step == "begin" and not self.begun:
            self.begun = True
            request.begin(200, [])
            return True
        elif step in {"piece", "end"} and self.begun:
            request.write_chunk(request.path.encode() if step == "piece" else b"")
            if step == "piece":
                return True
            request.end()
        elif step == "abort":
            request.abort()
        elif step == "couple":
            request.couple(self)
            return True
        elif step == "drain":
            await request.drain()
            return True
        elif step != "return":
            return True
        return False

    def pause_reading(self) -> None:
        """Nothing reads here."""

    def resume_reading(self) -> None:
        """Nothing reads here."""


def happen(server: DrivenServer, director: Director, step: str, number: int) -> None:
    connection = server.connection
    if step in PIECES:
        server.feed(PIECES[step] % number if b"%d" in PIECES[step] else PIECES[step])
    elif step in ANSWERS:
        if director.active:
            director.steps.put_nowait(step)
    elif step in {"slow", "fast"}:
        if not server.transport.closing and connection._write_paused is (step == "fast"):
            (connection.pause_writing if step == "slow" else connection.resume_writing)()
    elif step == "eof":
        if not server.transport.closing and not server.transport.paused:
            server.eof()
    elif step == "idle":
        connection.close_when_idle()
    elif step == "drain server":
        server.state.draining = True
    elif step == "second":
        server.loop.advance(1.2)
    else:
        server.leave()
    server.loop.spin()


@settings(max_examples=300)
@given(STEPS)
def test_whatever_happens_answers_stay_in_order_and_the_connection_ends(steps: list[str]) -> None:
    director = Director()
    with driven_server(RecordingApp(director), LIMITS) as server:
        for number, step in enumerate(steps):
            happen(server, director, step, number)
        paths = [asked.path for asked in server.app.asked]
        told = read_bodies(server.written)
        assert [path for path in told if path] == [path for path in paths if path in told], "in order, none twice"
        for _ in range(6):
            director.steps.put_nowait("return")
            server.loop.advance(1.2)
        assert server.transport.closing, "every wait ends, once the application answers"
        event(f"{len(told)} answers")


def read_bodies(written: bytes) -> list[str]:
    """Return the paths that whole answers repeat; each answer must be one that h11 can read."""
    found = []
    while written:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
        client.send(h11.EndOfMessage())
        client.receive_data(written)
        body = b""
        status = 0
        while isinstance(piece := client.next_event(), h11.InformationalResponse | h11.Response | h11.Data):
            if isinstance(piece, h11.Response):
                status = piece.status_code
            elif isinstance(piece, h11.Data):
                body += piece.data
        if not isinstance(piece, h11.EndOfMessage):
            break  # an answer in progress, or one that was cut
        if status == 200 and body:
            found.append("/" + body.decode().split("/")[1])
        written = client.trailing_data[0]
    return found
