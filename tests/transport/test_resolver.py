"""Names to addresses: remembered, refreshed behind the caller's back, kept when a refresh fails."""

from __future__ import annotations

import asyncio
import socket

import pytest

from penstock.transport.resolver import Resolver

Found = list[tuple[int, int, int, str, tuple[str, int]]]


class NameServer:
    """Stands in for the system's resolver: answers when the test lets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.questions: list[str] = []
        self.answers: list[list[str] | OSError | UnicodeError] = []
        self.let = asyncio.Event()
        self.let.set()
        self.now = 1000.0
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", self._answer)
        monkeypatch.setattr(loop, "time", lambda: self.now)
        self.resolver = Resolver(loop, refresh_s=30)

    async def _answer(self, host: str, port: None, *, type: int) -> Found:  # noqa: A002 - the loop's own parameter
        self.questions.append(host)
        await self.let.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [(socket.AF_INET, type, 6, "", (address, 0)) for address in answer]

    async def ask(self) -> list[str]:
        found = await self.resolver.addresses("upstream.example")
        for _ in range(5):
            await asyncio.sleep(0)  # lets a refresh in the background run
        return found


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    return NameServer(monkeypatch)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "2001:db8::1"])
async def test_an_address_is_not_looked_up(server: NameServer, address: str) -> None:
    assert await server.resolver.addresses(address) == [address]
    assert server.questions == []


async def test_a_name_is_looked_up_once_while_its_answer_is_fresh(server: NameServer) -> None:
    server.answers = [["10.0.0.1", "10.0.0.2", "10.0.0.1"]]
    for _ in range(3):
        assert await server.ask() == ["10.0.0.1", "10.0.0.2"]
        server.now += 9
    assert server.questions == ["upstream.example"]


async def test_many_who_ask_at_once_ask_once(server: NameServer) -> None:
    server.answers = [["10.0.0.1"]]
    server.let.clear()
    asking = [asyncio.create_task(server.ask()) for _ in range(10)]
    await asyncio.sleep(0)
    server.let.set()
    assert await asyncio.gather(*asking) == [["10.0.0.1"]] * 10
    assert len(server.questions) == 1


async def test_an_old_answer_is_used_while_a_new_one_is_fetched(server: NameServer) -> None:
    server.answers = [["10.0.0.1"], ["10.0.0.2"]]
    await server.ask()
    server.now += 31
    server.let.clear()
    for _ in range(5):
        assert await server.ask() == ["10.0.0.1"]
    assert len(server.questions) == 2, "one refresh for all who ask meanwhile"
    server.let.set()
    await server.ask()
    assert await server.ask() == ["10.0.0.2"]


@pytest.mark.parametrize("failure", [socket.gaierror(socket.EAI_AGAIN, "try again"), []])
async def test_an_answer_that_worked_is_kept_when_a_refresh_fails(
    server: NameServer, failure: list[str] | OSError
) -> None:
    server.answers = [["10.0.0.1"], failure, ["10.0.0.2"]]
    await server.ask()
    server.now += 31
    for _ in range(3):
        assert await server.ask() == ["10.0.0.1"]
    assert len(server.questions) == 2, "a failing name server is not asked again for each request"
    server.now += 31
    await server.ask()
    assert await server.ask() == ["10.0.0.2"]


async def test_a_first_look_up_that_fails_is_told_and_tried_again(server: NameServer) -> None:
    server.answers = [socket.gaierror(socket.EAI_NONAME, "unknown"), ["10.0.0.1"]]
    with pytest.raises(socket.gaierror):
        await server.ask()
    assert await server.ask() == ["10.0.0.1"]


async def test_a_name_that_is_none_fails_like_one_that_is_unknown(server: NameServer) -> None:
    server.answers = [UnicodeError("label empty or too long")]
    with pytest.raises(OSError, match="label empty or too long"):
        await server.ask()


async def test_a_caller_that_leaves_does_not_end_the_look_up_for_others(server: NameServer) -> None:
    server.answers = [["10.0.0.1"]]
    server.let.clear()
    leaving, staying = [asyncio.create_task(server.ask()) for _ in range(2)]
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    server.let.set()
    assert await staying == ["10.0.0.1"]
    assert leaving.cancelled()


async def test_a_look_up_that_nobody_waits_for_any_more_may_fail(server: NameServer) -> None:
    server.answers = [socket.gaierror(socket.EAI_NONAME, "unknown")]
    server.let.clear()
    leaving = asyncio.create_task(server.ask())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    server.let.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert server.answers == []


async def test_the_systems_resolver_knows_localhost() -> None:
    resolver = Resolver(asyncio.get_running_loop(), refresh_s=30)
    assert "127.0.0.1" in await resolver.addresses("localhost")
