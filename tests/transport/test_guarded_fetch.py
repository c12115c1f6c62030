"""Fetches from real servers on loopback, which a test must allow, as an operator would."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest

from penstock.core.fetch_rules import FetchRefused, FetchRules, read_host_pattern, read_target
from penstock.transport.guarded_fetch import Fetched, fetch, look_up
from penstock.transport.server_certificate import server_tls
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    Script,
    ScriptedUpstream,
    answer_head,
    chunk,
    scripted_upstream,
)
from tests.transport.certificates import Authority

LOOPBACK = (ip_network("127.0.0.1/32"),)
BODY = b"\x89PNG\r\n\x1a\n and more"
CHUNKED_REST = chunk(BODY[3:]) + LAST_CHUNK


def rules(server: ScriptedUpstream, host: str = "files.example", **changes: object) -> FetchRules:
    settings: dict[str, object] = {"allow_http": True, "networks": LOOPBACK, "timeout_s": 5.0, **changes}
    return FetchRules(hosts=(read_host_pattern(f"{host}:{server.port}"),), **settings)  # type: ignore[arg-type] # a test


async def to_loopback(_host: str) -> list[str]:
    return ["127.0.0.1"]


def whole(*lines: str, body: bytes = BODY, status: int = 200) -> Script:
    return [answer_head(status, f"content-length: {len(body)}", *lines) + body]


async def get(server: ScriptedUpstream, allowed: FetchRules, path: str = "/a.png?b=c") -> Fetched:
    target = read_target(f"http://files.example:{server.port}{path}", allowed)
    return await fetch(target, allowed, resolve=to_loopback)


@pytest.mark.parametrize(
    "script",
    [
        whole("content-type: image/png"),
        [
            answer_head(200, "content-type: image/png", "transfer-encoding: chunked"),
            chunk(BODY[:3]),
            chunk(BODY[3:]) + b"0\r\n\r\n",
        ],
        [answer_head(200, "content-type: image/png"), BODY, CLOSE],
    ],
    ids=["length", "chunked", "until-close"],
)
async def test_a_file_comes_whole_with_what_its_server_calls_it(script: Script) -> None:
    async with scripted_upstream(script) as server:
        assert await get(server, rules(server)) == Fetched("image/png", BODY)
        await server.until_left()
    lines = server.request.lines
    assert lines[0] == b"GET /a.png?b=c HTTP/1.1"
    assert server.request.values(b"host") == [b"files.example:%d" % server.port]
    names = {name for name, _ in server.request.headers}
    assert names == {b"host", b"accept", b"accept-encoding", b"user-agent", b"connection"}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([answer_head(302, "location: http://127.0.0.1/x", "content-length: 0")], "status 302"),
        (whole(status=404), "status 404"),
        (whole("content-encoding: gzip"), "compressed"),
        (whole(body=bytes(2000)), "more than 1000 bytes"),
        ([answer_head(200), bytes(900), bytes(900), HOLD], "more than 1000 bytes"),
        ([answer_head(200, "content-length: 500"), bytes(20), CLOSE], "whole file"),
        ([answer_head(200, "content-length: 500"), bytes(20), RESET], "whole file"),
        ([b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE], "whole file"),
        ([CLOSE], "whole file"),
    ],
)
async def test_anything_but_a_whole_plain_file_is_refused(script: Script, reason: str) -> None:
    async with scripted_upstream(script) as server:
        with pytest.raises(FetchRefused, match=reason):
            await get(server, rules(server, max_bytes=1000))
        await server.until_left()
        assert len(server.received) == 1


@pytest.mark.parametrize("script", [[HOLD], [answer_head(200, "content-length: 50"), b"x", HOLD]])
async def test_a_server_that_goes_silent_is_left(script: Script) -> None:
    async with scripted_upstream(script) as server:
        with pytest.raises(FetchRefused, match=r"within 0\.2 s"):
            await get(server, rules(server, timeout_s=0.2))
        await server.until_left()


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::ffff:127.0.0.1"], []])
async def test_a_host_with_any_address_that_is_not_public_is_not_connected_to(addresses: list[str]) -> None:
    async def resolve(_host: str) -> list[str]:
        return addresses

    async with scripted_upstream(whole()) as server:
        allowed = rules(server, networks=())
        target = read_target(f"http://files.example:{server.port}/", allowed)
        with pytest.raises(FetchRefused, match="no public address"):
            await fetch(target, allowed, resolve=resolve)
        assert not server.accepted


async def test_a_name_that_changes_its_address_is_looked_up_once_and_connected_to_where_it_was_checked() -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def resolve(_host: str) -> list[str]:
        return answers.pop(0)

    async with scripted_upstream(whole()) as server:
        allowed = rules(server)
        target = read_target(f"http://files.example:{server.port}/", allowed)
        assert (await fetch(target, allowed, resolve=resolve)).body == BODY
        assert answers == [["127.0.0.2"]]


async def test_real_names_and_numbers_of_this_machine_are_refused() -> None:
    async with scripted_upstream(whole()) as server:
        for host in ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]"):
            allowed = rules(server, "*", networks=())
            with pytest.raises(FetchRefused, match=r"no public address|cannot be found"):
                await fetch(read_target(f"http://{host}:{server.port}/", allowed), allowed)
        assert not server.accepted


async def test_a_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OSError, match="label"):
        await look_up("a..b")
    allowed = FetchRules(hosts=(read_host_pattern("*"),))
    with pytest.raises(FetchRefused, match="cannot be found"):
        await fetch(read_target("https://nowhere.invalid/", allowed), allowed)


async def test_a_port_where_nothing_listens_is_refused() -> None:
    async with scripted_upstream(whole()) as server:
        allowed = rules(server)
    target = read_target(f"http://files.example:{server.port}/", allowed)
    with pytest.raises(FetchRefused, match="cannot be connected to"):
        await fetch(target, allowed, resolve=to_loopback)


async def test_https_is_verified_for_the_name_in_the_url(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with scripted_upstream(
        whole("content-type: image/png"), tls=server_tls(*authority.issue("files.example"))
    ) as server:
        allowed = rules(server)
        target = read_target(f"https://files.example:{server.port}/", allowed)
        assert (await fetch(target, allowed, resolve=to_loopback, tls=authority.client())).body == BODY
        with pytest.raises(FetchRefused, match="cannot be connected to"):
            await fetch(target, allowed, resolve=to_loopback)  # the system does not know this authority
        other = rules(server, "other.example")
        with pytest.raises(FetchRefused, match="cannot be connected to"):
            await fetch(
                read_target(f"https://other.example:{server.port}/", other),
                other,
                resolve=to_loopback,
                tls=authority.client(),
            )


async def test_a_caller_who_leaves_ends_the_fetch() -> None:
    async with scripted_upstream([HOLD]) as server:
        fetching = asyncio.ensure_future(get(server, rules(server)))
        await server.until(lambda: bool(server.received))
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        await server.until_left()
