"""A gateway that changes its configuration while it serves, on real sockets in front of scripted upstreams."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from penstock.app.data_plane import DataPlane, needing_restart
from penstock.core.errors import OperatorError
from penstock.core.secret import Secret
from penstock.core.upstream_credentials import AwsCredentials
from penstock.relay.snapshot import AccessLog, ClientKey, Limits, Listener, ListenerTls, Snapshot, UpstreamTls
from penstock.transport.server import listen
from tests.relay.plain_client import ask, call, render
from tests.relay.scripted_upstream import event_stream, json_answer, scripted_upstream
from tests.relay.served_gateway import backend_at, eventually, served, snapshot_of
from tests.transport.certificates import Authority

BODY = b'{"model":"gpt"}'
STREAMED = b'{"model":"gpt","stream":true}'
ANSWER = json_answer(b'{"choices":[{"finish_reason":"stop"}]}')
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def with_key(snapshot: Snapshot, key: str) -> Snapshot:
    return replace(snapshot, client_keys=(ClientKey(name=key, sha256=sha256(key.encode()).hexdigest()),))


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def models(url: str) -> list[str]:
    listed = (await ask(url, path="/v1/models", method="GET")).json["data"]
    return [model["id"] for model in listed]


async def test_what_is_asked_after_a_reload_sees_the_new_snapshot() -> None:
    async with scripted_upstream(ANSWER) as upstream:
        old = snapshot_of(backend_at(upstream.port))
        async with served(old) as gateway:
            assert await models(gateway.url) == ["gpt"]
            await gateway.running.plane.reload(snapshot_of(backend_at(upstream.port), models={"new": "real"}))
            assert await models(gateway.url) == ["new"]
            assert (await ask(gateway.url, BODY)).status == 404
            assert (await ask(gateway.url, b'{"model":"new"}')).status == 200


async def test_a_stream_keeps_what_it_began_with_and_the_old_snapshot_goes_with_it() -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        async with served(snapshot_of(backend_at(upstream.port))) as gateway:
            plane = gateway.running.plane
            old = weakref.ref(plane.gateway)
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)

            await plane.reload(snapshot_of(backend_at(1), models={"new": None}))
            assert plane.in_flight == 1
            assert (await gateway.metrics())["penstock_upstream_connections{backend=up,state=busy}"] == 1
            more.set()

            answered = await caller.answer()
            assert (answered.whole, answered.body) == (True, TOKEN + LAST)
            await caller.close()
            await eventually(lambda: not plane.retired and not plane.closing)
            gc.collect()
            assert old() is None
        await eventually(lambda: not upstream.open)


async def test_idle_connections_keep_no_old_snapshot() -> None:
    async with scripted_upstream(ANSWER) as upstream:
        async with served(snapshot_of(backend_at(upstream.port))) as gateway:
            plane = gateway.running.plane
            callers = [await call(gateway.url) for _ in range(3)]
            for caller in callers * 2:
                caller.send(render(BODY))
                assert (await caller.answer()).status == 200
            old = weakref.ref(plane.gateway)
            await plane.reload(snapshot_of(backend_at(upstream.port), models={"new": None}))
            await eventually(lambda: not plane.retired)
            gc.collect()
            assert old() is None
            for caller in callers:
                caller.send(render(BODY))
                assert (await caller.answer()).status == 404
                await caller.close()


async def test_a_key_that_was_withdrawn_is_refused_on_a_connection_that_used_it() -> None:
    async with scripted_upstream(ANSWER) as upstream:
        plain = snapshot_of(backend_at(upstream.port))
        async with served(with_key(plain, "first-key")) as gateway:
            caller = await call(gateway.url)
            for _ in range(2):
                caller.send(render(BODY, headers=bearer("first-key")))
                assert (await caller.answer()).status == 200
            await gateway.running.plane.reload(with_key(plain, "second-key"))
            caller.send(render(BODY, headers=bearer("first-key")))
            assert (await caller.answer()).status == 401
            caller.send(render(BODY, headers=bearer("second-key")))
            assert (await caller.answer()).status == 200
            await caller.close()


async def test_a_request_whose_body_still_comes_keeps_its_key() -> None:
    async with scripted_upstream(ANSWER) as upstream:
        plain = snapshot_of(backend_at(upstream.port))
        async with served(with_key(plain, "first-key")) as gateway:
            caller = await call(gateway.url)
            sent = render(BODY, headers=bearer("first-key"))
            caller.send(sent[:-1])
            await eventually(lambda: gateway.running.plane.listening.serves(gateway.running.gateway))
            await gateway.running.plane.reload(with_key(plain, "second-key"))
            caller.send(sent[-1:])
            assert (await caller.answer()).status == 200
            await caller.close()


async def test_an_unchanged_backend_keeps_its_connections_and_a_changed_one_does_not() -> None:
    async with scripted_upstream(ANSWER) as upstream:
        backend = backend_at(upstream.port)
        async with served(snapshot_of(backend)) as gateway:
            plane = gateway.running.plane
            await ask(gateway.url, BODY)
            await plane.reload(snapshot_of(backend_at(upstream.port), models={"gpt": "other"}))
            await ask(gateway.url, BODY)
            assert upstream.accepted == 1
            await plane.reload(snapshot_of(replace(backend, api_key=Secret("sk-another"))))
            await ask(gateway.url, BODY)
            assert upstream.accepted == 2
            assert b"Bearer sk-another" in upstream.received[-1].head
            await eventually(lambda: len(upstream.open) == 1)


async def test_a_ca_file_that_changed_makes_a_new_client(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(Path(Authority(tmp_path).file).read_bytes())
    backend = backend_at(1, scheme="https", tls=UpstreamTls(ca=str(ca)))
    async with served(snapshot_of(backend)) as gateway:
        plane = gateway.running.plane
        first = plane.current.clients()
        await plane.reload(snapshot_of(backend))
        assert plane.current.clients() == first
        (tmp_path / "new").mkdir()
        ca.write_bytes(Path(Authority(tmp_path / "new").file).read_bytes())
        await plane.reload(snapshot_of(backend))
        assert plane.current.clients() != first


async def test_a_certificate_that_changed_is_shown_and_one_that_is_wrong_is_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = (tmp_path / "cert.pem", tmp_path / "key.pem")

    def put(name: str) -> None:
        for source, place in zip(authority.issue(name), (cert, key), strict=True):
            place.write_bytes(Path(source).read_bytes())

    async def shown(port: int) -> str:
        trusting = authority.client()
        trusting.check_hostname = False
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        name = writer.get_extra_info("peercert")["subjectAltName"][0][1]
        writer.close()
        return str(name)

    put("first.example")
    tls = ListenerTls(cert=str(cert), key=str(key))
    snapshot = snapshot_of(backend_at(1), listener=Listener(port=0, tls=tls))
    async with served(snapshot) as gateway:
        port = gateway.running.data.port
        assert await shown(port) == "first.example"
        put("second.example")
        await gateway.running.plane.reload(snapshot)
        assert await shown(port) == "second.example"
        cert.write_text("half written")
        with pytest.raises(OperatorError, match=r"cert\.pem"):
            await gateway.running.plane.reload(snapshot)
        assert await shown(port) == "second.example"


async def test_a_certificate_and_an_authority_given_as_text_change_with_the_configuration(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    def text(path: str) -> Secret:
        return Secret(Path(path).read_text("utf-8"))

    def configured(name: str, ca: Secret) -> Snapshot:
        cert, key = map(text, authority.issue(name))
        listener = Listener(port=0, tls=ListenerTls(cert=cert, key=key))
        return snapshot_of(backend_at(1, scheme="https", tls=UpstreamTls(ca=ca)), listener=listener)

    async def shown(port: int) -> object:
        trusting = authority.client()
        trusting.check_hostname = False
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        certificate = writer.get_extra_info("peercert")
        writer.close()
        return certificate["subjectAltName"][0][1]

    ca = text(authority.file)
    async with served(configured("first.example", ca)) as gateway:
        plane, port = gateway.running.plane, gateway.running.data.port
        assert await shown(port) == "first.example"
        first = plane.current.clients()
        await plane.reload(configured("second.example", ca))
        assert (await shown(port), plane.current.clients()) == ("second.example", first)
        await plane.reload(configured("third.example", Secret(ca.reveal() + "# another text")))
        assert await shown(port) == "third.example"
        assert plane.current.clients() != first


async def test_limits_and_timeouts_change_while_it_serves() -> None:
    async with served(snapshot_of(backend_at(1))) as gateway:
        caller = await call(gateway.url)
        caller.send(render(b"", path="/v1/models", method="GET"))
        assert (await caller.answer(method="GET")).status == 200
        await gateway.running.plane.reload(
            snapshot_of(backend_at(1), listener=Listener(port=0, limits=Limits(body_bytes=3)))
        )
        caller.send(render(BODY))
        assert (await caller.answer()).status == 413
        await caller.close()


async def test_the_access_log_moves_and_no_line_is_lost(tmp_path: Path) -> None:
    async with scripted_upstream(ANSWER) as upstream:
        plain = snapshot_of(backend_at(upstream.port))
        paths = [tmp_path / "a", tmp_path / "b", tmp_path / "b"]
        async with served(plain, log=paths[0]) as gateway:
            await ask(gateway.url, BODY)
            for number, path in enumerate(paths[1:]):
                if path.exists():
                    path.rename(tmp_path / "rotated")
                await gateway.running.plane.reload(replace(plain, access_log=AccessLog(path=str(path))))
                await ask(gateway.url, BODY)
                assert gateway.running.plane.lines_lost_before == 0, number
    for name in ("a", "rotated", "b"):
        [line] = (tmp_path / name).read_text().splitlines()
        assert json.loads(line)["outcome"] == "done"


async def test_what_cannot_be_put_in_place_changes_nothing(tmp_path: Path) -> None:
    plain = snapshot_of(backend_at(1))
    missing = str(tmp_path / "no" / "file")
    wrong = [
        replace(plain, access_log=AccessLog(path=missing)),
        replace(plain, listener=Listener(port=0, tls=ListenerTls(cert=missing, key=missing))),
        snapshot_of(backend_at(1, name="new", scheme="https", tls=UpstreamTls(ca=missing))),
    ]
    async with served(plain, log=tmp_path / "log") as gateway:
        before = (gateway.running.gateway, gateway.running.plane.current.access_log)
        for snapshot in wrong:
            with pytest.raises(OperatorError, match=r"file|cannot be"):
                await gateway.running.plane.reload(snapshot)
        assert (gateway.running.gateway, gateway.running.plane.current.access_log) == before
        assert (await ask(gateway.url, path="/v1/models", method="GET")).status == 200


async def test_a_public_listener_is_not_opened_to_everybody_by_a_reload() -> None:
    public = Listener(host="0.0.0.0", port=0, allow_anonymous=True)
    async with served(with_key(snapshot_of(backend_at(1), listener=public), "first-key")) as gateway:
        closed = replace(public, allow_anonymous=False)
        with pytest.raises(OperatorError, match=r"without client keys everybody could call: 0\.0\.0\.0:0 can be"):
            await gateway.running.plane.reload(snapshot_of(backend_at(1), listener=closed))
        assert (await ask(gateway.url.replace("0.0.0.0", "127.0.0.1"), BODY)).status == 401


async def test_credentials_are_given_up_when_no_request_needs_them_any_more() -> None:
    keys = AwsCredentials(region="us-east-1", access_key_id="AKIA", secret_access_key=Secret("canary"))
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        signed = replace(backend_at(1), name="aws", credentials=keys, api_key=None)
        async with served(snapshot_of(backend_at(upstream.port), signed)) as gateway:
            plane = gateway.running.plane
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)
            await plane.reload(snapshot_of(backend_at(upstream.port)))
            await eventually(lambda: plane._sweeper is not None)
            assert keys in plane.parts.sources._keys
            more.set()
            await caller.answer()
            await caller.close()
            await eventually(lambda: keys not in plane.parts.sources._keys)


async def test_what_was_prepared_and_is_forgotten_leaves_nothing(tmp_path: Path) -> None:
    plain = snapshot_of(backend_at(1))
    async with served(plain) as gateway:
        plane: DataPlane = gateway.running.plane
        prepared = await plane.prepare(replace(plain, access_log=AccessLog(path=str(tmp_path / "log"))))
        plane.forget(prepared)
        assert plane.current.access_log is None
        assert prepared.prepared.access_log is not None
        assert not prepared.prepared.access_log._writer.is_alive()


async def test_a_start_that_fails_closes_its_log(tmp_path: Path) -> None:
    from penstock.app.data_plane import start
    from tests.transport.recording_app import RecordingApp

    taken = await listen(RecordingApp(), host="127.0.0.1", port=0)
    plain = snapshot_of(backend_at(1), access_log=AccessLog(path=str(tmp_path / "log")))
    with pytest.raises(OperatorError, match="cannot listen"):
        await start(replace(plain, listener=Listener(port=taken.port)))
    await taken.drain(0)


def test_settings_that_need_a_restart_are_named() -> None:
    plain = snapshot_of(backend_at(1))
    tls = ListenerTls(cert="c", key="k")
    for changed, named in (
        (plain, ()),
        (snapshot_of(backend_at(2), models={}), ()),
        (replace(plain, listener=Listener(host="::1", port=0, tls=tls)), ()),
        (replace(plain, admin_port=7), ("admin",)),
        (replace(plain, admin_unix="/s"), ("admin",)),
    ):
        assert needing_restart(plain, changed) == named
