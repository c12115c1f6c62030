from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.simulator.sightings import KEPT, KEPT_BODY_BYTES, SECRET_HEADERS, Sighting, Sightings
from penstock.transport.server_request import ServerRequest
from tests.transport.driven_server import DrivenServer, driven_server
from tests.transport.recording_app import RecordingApp


class Watched:
    """A server that keeps sightings of what it is asked."""

    def __init__(self, server: DrivenServer, sightings: Sightings) -> None:
        self.server = server
        self.sightings = sightings

    def ask(self, head: bytes = b"", body: bytes = b"") -> Sighting:
        length = b"content-length: %d\r\n" % len(body)
        self.server.feed(b"POST /a%20b?c=d HTTP/1.1\r\nhost: h\r\n" + head + length + b"\r\n" + body)
        return self.sightings.all()[-1]


@pytest.fixture
def watched() -> Iterator[Watched]:
    sightings = Sightings()

    async def note(request: ServerRequest) -> None:
        sightings.note(request)
        request.respond(200, [], b"")

    with driven_server(RecordingApp(note)) as server:
        yield Watched(server, sightings)


def test_a_request_is_kept_as_it_arrived(watched: Watched) -> None:
    found = watched.ask(b"x-one: a\r\nx-one: b\r\n", b'{"a":1}')
    assert (found.method, found.path, found.query, found.body) == ("POST", "/a%20b", "c=d", '{"a":1}')
    assert [value for name, value in found.headers if name == "x-one"] == ["a", "b"]
    assert (found.number, found.outcome) == (1, "in progress")


@pytest.mark.parametrize("header", sorted(SECRET_HEADERS))
def test_credentials_can_be_compared_and_not_read(watched: Watched, header: bytes) -> None:
    name = header.decode()
    shown = [dict(watched.ask(b"%b: %b\r\n" % (header, value)).headers)[name] for value in (b"k-1", b"k-1", b"k-2")]
    assert shown[0] == shown[1] != shown[2]
    assert not any("k-" in value for value in shown)


def test_a_long_body_is_cut_and_odd_bytes_do_no_harm(watched: Watched) -> None:
    found = watched.ask(body=b"\xff" + b"x" * KEPT_BODY_BYTES)
    assert found.body == "\N{REPLACEMENT CHARACTER}" + "x" * (KEPT_BODY_BYTES - 1)


def test_only_the_last_are_kept_and_numbers_go_on(watched: Watched) -> None:
    for _ in range(KEPT + 1):
        watched.ask()
    assert [one.number for one in watched.sightings.all()] == list(range(2, KEPT + 2))
    watched.sightings.forget()
    assert watched.sightings.all() == []
    assert watched.ask().number == KEPT + 2
