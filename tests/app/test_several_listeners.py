"""``penstock serve`` at several addresses: they come and go under load, are taken over, and fail with their names."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.app.supervised_gateway import LAST, STREAMED, TOKEN, Supervised, alive, supervised, write
from tests.cli.penstock_process import BOUND_S, starting
from tests.relay.plain_client import Caller, call, render
from tests.relay.scripted_upstream import Script, event_stream, scripted_upstream
from tests.relay.served_gateway import eventually
from tests.transport.certificates import Authority

WHOLE = (200, True, TOKEN + LAST)
CHANGES, SPREAD = 12, 10
"""So many connections more may be open by chance."""


async def call_at(place: str) -> Caller:
    """Connect to a URL, or to ``unix:PATH``."""
    if place.startswith("unix:"):
        return Caller(*await asyncio.open_unix_connection(place.removeprefix("unix:")))
    return await call(place)


async def ask_at(place: str) -> tuple[int, bool, bytes]:
    caller = await call_at(place)
    caller.send(render(STREAMED))
    answered = await caller.answer()
    await caller.close()
    return answered.status, answered.whole, answered.body


async def asking(place: str, done: asyncio.Event) -> int:
    """Ask again and again, on a connection that is used as long as it lasts, or on a new one now and then."""
    answers = 0
    caller = await call_at(place)
    while not done.is_set():
        caller.send(render(STREAMED))
        answered = await caller.answer()
        assert (answered.status, answered.whole, answered.body) == WHOLE, answered
        answers += 1
        if answers % 10 == 0:
            await caller.close()
            caller = await call_at(place)
    await caller.close()
    return answers


async def changed(gateway: Supervised, upstream: int, more: str) -> list[str]:
    """Change the listeners, and return where callers connect then."""
    before = gateway.page("/config")["reloads"]
    write(gateway.file, upstream, more=more)
    gateway.penstock.process.send_signal(signal.SIGHUP)
    await gateway.until(lambda: gateway.page("/config")["reloads"] > before)
    listeners: list[str] = gateway.page("/config")["listeners"]
    return listeners


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_listeners_come_and_go_under_load_without_a_failed_request(workers: str, tmp_path: Path) -> None:
    more, done = asyncio.Event(), asyncio.Event()

    def answer(number: int) -> Script:
        return event_stream([TOKEN, more, LAST] if number == 0 else [TOKEN, LAST])

    both = f"listeners: [unix:{tmp_path}/gw.sock, 127.0.0.2:0]\n"
    async with scripted_upstream(answer=answer) as upstream:
        with supervised(tmp_path, upstream.port, "--workers", workers, more=both) as gateway:
            first, unix, other = gateway.page("/config")["listeners"]
            stream = await call_at(other)
            stream.send(render(STREAMED))
            await stream.answer(until=TOKEN)
            load = [asyncio.create_task(asking(place, done)) for place in (first, first, unix)]
            open_files: list[float] = []

            for number in range(CHANGES):
                listeners = f"listeners: [unix:{tmp_path}/gw.sock]\n# {number}\n" if number % 2 == 0 else both
                places = await changed(gateway, upstream.port, listeners)
                assert places[:2] == [first, unix]
                for place in places:
                    assert await ask_at(place) == WHOLE
                open_files.append((await asyncio.to_thread(gateway.metrics))["process_open_fds{}"])
                if number % 2 == 0:
                    with pytest.raises(ConnectionRefusedError):
                        socket.create_connection(("127.0.0.2", urlsplit(other).port))
                else:
                    other = places[2]

            assert open_files[-1] <= open_files[1] + SPREAD  # as with the same listeners long before
            done.set()
            assert all(await asyncio.gather(*load))
            more.set()
            answered = await stream.answer()  # its listener is long gone
            assert (answered.status, answered.whole, answered.body) == WHOLE
            await stream.close()
            failed = [name for name in gateway.metrics() if "requests_total" in name and "outcome=done" not in name]
            assert not failed
            assert await asyncio.to_thread(gateway.penstock.end) == 0
        assert not (tmp_path / "gw.sock").exists()
        assert "Traceback" not in gateway.penstock.printed()


async def test_a_killed_supervisor_leaves_a_unix_socket_that_its_successor_takes_at_once(tmp_path: Path) -> None:
    more = asyncio.Event()
    path = tmp_path / "gw.sock"
    listeners = f"listeners: ['unix:{path}']\n"
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        with supervised(tmp_path, upstream.port, more=listeners) as gateway:
            workers = gateway.pids()
            caller = await call_at(f"unix:{path}")
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)
            gateway.penstock.process.kill()
            gateway.penstock.process.wait(BOUND_S)
            assert path.exists()

            (tmp_path / "again").mkdir()
            with supervised(tmp_path / "again", upstream.port, more=listeners) as again:
                assert any(map(alive, workers))  # one of them still answers
                more.set()
                answered = await caller.answer()
                assert (answered.status, answered.whole, answered.body) == WHOLE
                await caller.close()
                assert await ask_at(f"unix:{path}") == WHOLE
                await eventually(lambda: not any(map(alive, workers)))

                (tmp_path / "third").mkdir()
                write(tmp_path / "third" / "gateway.yaml", upstream.port, more=listeners)
                with starting(tmp_path / "third", "serve", "gateway.yaml") as third:
                    assert await asyncio.to_thread(third.process.wait, BOUND_S) == 1
                assert f"cannot listen on unix:{path}: Address already in use" in third.printed()
                assert await ask_at(f"unix:{path}") == WHOLE
                assert await asyncio.to_thread(again.penstock.end) == 0
    assert not path.exists()


async def test_a_worker_that_is_killed_leaves_no_caller_of_a_unix_socket_waiting(tmp_path: Path) -> None:
    unix = f"unix:{tmp_path}/gw.sock"
    async with scripted_upstream(event_stream([TOKEN, LAST])) as upstream:
        with supervised(tmp_path, upstream.port, more=f"listeners: ['{unix}', '127.0.0.2:0']\n") as gateway:
            places = gateway.page("/config")["listeners"]
            os.kill(gateway.pids()[0], signal.SIGKILL)
            for _ in range(10):
                for place in places:
                    assert await ask_at(place) == WHOLE
            await gateway.until(lambda: all(worker["state"] == "serving" for worker in gateway.workers()))
            for _ in range(10):
                for place in places:
                    assert await ask_at(place) == WHOLE
            assert await asyncio.to_thread(gateway.penstock.end) == 0


async def test_certificates_of_each_listener_are_shown_and_replaced(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    names = ("a.example", "b.example")
    files = {name: authority.issue(name) for name in names}
    listeners = ", ".join(
        f"{{address: '127.0.0.{number}:0', tls: {{cert_file: {files[name][0]}, key_file: {files[name][1]}}}}}"
        for number, name in enumerate(names, start=2)
    )

    def shown(place: str) -> str:
        where = urlsplit(place)
        trusting = authority.client()
        trusting.check_hostname = False
        with socket.create_connection((str(where.hostname), where.port or 0)) as plain:
            with trusting.wrap_socket(plain) as secured:
                secured.sendall(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
                assert secured.recv(100).startswith(b"HTTP/1.1 200 ")
                certificate = secured.getpeercert()
                assert certificate is not None
                return str(certificate["subjectAltName"][0][1])

    with supervised(tmp_path, 9, more=f"listeners: [{listeners}]\n") as gateway:
        _, first, second = gateway.page("/config")["listeners"]
        for _ in range(4):  # whichever worker it is
            assert [await asyncio.to_thread(shown, place) for place in (first, second)] == list(names)
        for source, place in zip(authority.issue("c.example"), files["b.example"], strict=True):
            Path(place).write_bytes(Path(source).read_bytes())
        gateway.penstock.process.send_signal(signal.SIGHUP)
        await gateway.until(lambda: gateway.page("/config")["reloads"] == 1)
        for _ in range(4):
            assert [await asyncio.to_thread(shown, place) for place in (first, second)] == ["a.example", "c.example"]

        Path(files["a.example"][1]).write_text("no key")
        gateway.penstock.process.send_signal(signal.SIGHUP)
        await gateway.until(lambda: gateway.page("/config")["refused"] == 1)
        assert "a.example.pem" in gateway.page("/config")["last_error"]["message"]
        assert await asyncio.to_thread(shown, first) == "a.example"
        assert await asyncio.to_thread(gateway.penstock.end) == 0


async def test_the_log_shows_the_caller_that_the_balancer_names_in_front_of_tls_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert_file, key_file = authority.issue("a.example")
    listeners = (
        f"listeners:\n- {{address: '127.0.0.2:0', proxy_protocol: true, tls: {{cert_file: {cert_file}, "
        f"key_file: {key_file}}}}}\n- {{address: '127.0.0.3:0', trusted_proxies: [127.0.0.0/8]}}\n"
    )
    with supervised(tmp_path, 9, more=listeners) as gateway:
        _, balanced, proxied = (urlsplit(place) for place in gateway.page("/config")["listeners"])

        def ask() -> None:
            with socket.create_connection((str(balanced.hostname), balanced.port or 0)) as plain:
                plain.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n")
                with authority.client().wrap_socket(plain, server_hostname="a.example") as secured:
                    secured.sendall(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert secured.recv(100).startswith(b"HTTP/1.1 200 ")
            with socket.create_connection((str(proxied.hostname), proxied.port or 0)) as plain:
                said = b"X-Forwarded-For: 6.6.6.6, 192.0.2.8\r\n"
                plain.sendall(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n" + said + b"\r\n")
                assert plain.recv(100).startswith(b"HTTP/1.1 200 ")
            with socket.create_connection((str(balanced.hostname), balanced.port or 0)) as direct:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    authority.client().wrap_socket(direct, server_hostname="a.example")

        await asyncio.to_thread(ask)
        log = tmp_path / "access.log"
        await eventually(lambda: len(log.read_text().splitlines()) == 2)
        assert {json.loads(line)["peer"] for line in log.read_text().splitlines()} == {"192.0.2.7", "192.0.2.8"}
        refused = "penstock_client_connections_refused_total{reason=preamble_malformed}"
        assert gateway.metrics()[refused] == 1
        assert await asyncio.to_thread(gateway.penstock.end) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_among_several_is_named_and_nothing_is_left_open(workers: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        write(
            tmp_path / "gateway.yaml", 9, more=f"listeners: ['unix:{tmp_path}/gw.sock', '{address}', '127.0.0.2:0']\n"
        )
        with starting(tmp_path, "serve", "gateway.yaml", "--workers", workers) as penstock:
            assert penstock.process.wait(BOUND_S) == 1
    assert f"cannot listen on {address}: Address already in use" in penstock.printed()
    assert "Traceback" not in penstock.printed()
    assert not (tmp_path / "gw.sock").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_certificate_that_is_none_is_named_and_nothing_is_left_open(workers: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.pem").write_text("no certificate")
    tls = "{cert_file: wrong.pem, key_file: wrong.pem}"
    listeners = f"listeners: ['unix:{tmp_path}/gw.sock', {{address: '127.0.0.2:0', tls: {tls}}}]\n"
    write(tmp_path / "gateway.yaml", 9, more=listeners)
    with starting(tmp_path, "serve", "gateway.yaml", "--workers", workers) as penstock:
        assert penstock.process.wait(BOUND_S) == 2
    assert "wrong.pem cannot be used" in penstock.printed()
    assert "Traceback" not in penstock.printed()
    assert not (tmp_path / "gw.sock").exists()


async def test_a_listener_that_cannot_be_opened_refuses_the_reload(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with supervised(tmp_path, 9) as gateway:
            before = gateway.page("/config")["listeners"]
            write(gateway.file, 9, models="other", more=f"listeners: ['unix:{tmp_path}/gw.sock', '{address}']\n")
            gateway.penstock.process.send_signal(signal.SIGHUP)
            await gateway.until(lambda: gateway.page("/config")["refused"] == 1)
            config = gateway.page("/config")
            assert config["last_error"]["message"] == f"cannot listen on {address}: Address already in use"
            assert config["listeners"] == before
            assert not (tmp_path / "gw.sock").exists()
            assert await asyncio.to_thread(gateway.penstock.end) == 0
