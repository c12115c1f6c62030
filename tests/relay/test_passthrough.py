"""What is passed on as it is: from the configuration file to the server's bytes and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.native_yaml import load_files
from tests.relay.conftest import both_loops
from tests.relay.plain_client import Headers, ask, call, render
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    Script,
    ScriptedUpstream,
    answer_head,
    chunk,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import Served, served

PLAIN: Script = [answer_head(200, "content-type: text/html", "content-length: 5") + b"<hi/>"]
KEY = "pk-client-key-0123456789"


@asynccontextmanager
async def gateway(
    tmp_path: Path, *scripts: Script, backend: dict[str, Any] | None = None, document: Any = None, **entry: Any
) -> AsyncIterator[tuple[Served, ScriptedUpstream]]:
    """Serve a configuration that passes ``/site`` on to a scripted server."""
    async with scripted_upstream(*(scripts or (PLAIN,))) as upstream:
        path = tmp_path / "c.yaml"
        site = {"provider": "http", "base_url": f"http://127.0.0.1:{upstream.port}", **(backend or {})}
        passage = {"name": "site", "targets": ["site"], **entry}
        if "exact_path" not in passage:
            passage.setdefault("path", "/site")
        text = {"backends": {"site": site}, "passthrough": [passage], "access_log": "off", **(document or {})}
        path.write_text(yaml.safe_dump(text), encoding="utf-8")
        snapshot = load_files([str(path)], {}).snapshot
        free = replace(snapshot, listener=replace(snapshot.listener, port=0), admin_port=0)
        async with served(free, log=tmp_path / "log") as running:
            yield running, upstream


# --- requests


@both_loops
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_any_method_and_any_body_go_on_as_they_are(method: str, tmp_path: Path) -> None:
    body = bytes(range(256)) * 300
    headers = [("content-type", "image/x-odd"), ("accept-encoding", "zstd"), ("x-own", "1"), ("x-own", "2")]
    async with gateway(tmp_path) as (running, upstream):
        answered = await ask(running.url, body, path="/site/a%20b?q=1&q=%2F", method=method, headers=headers)
    assert (answered.status, answered.body, answered.header("content-type")) == (200, b"<hi/>", "text/html")
    assert upstream.request.lines[0] == f"{method} /site/a%20b?q=1&q=%2F HTTP/1.1".encode()
    assert upstream.request.body == body
    assert upstream.request.headers == [
        (b"host", f"127.0.0.1:{upstream.port}".encode()),
        *((name.encode(), value.encode()) for name, value in headers),
        (b"content-length", str(len(body)).encode()),
    ]


async def test_a_request_without_a_body_has_no_length(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, upstream):
        await ask(running.url, path="/site", method="GET")
        await ask(running.url, path="/site", method="POST")
    assert [each.values(b"content-length") for each in upstream.received] == [[], [b"0"]]


async def test_a_chunked_body_has_a_length_behind_us(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, upstream):
        caller = await call(running.url)
        caller.send(b"PUT /site HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"abc") + LAST_CHUNK)
        assert (await caller.answer()).status == 200
        await caller.close()
    assert upstream.request.body == b"abc"
    assert not upstream.request.values(b"transfer-encoding")


@pytest.mark.parametrize("framing", ["content-length", "chunked"])
async def test_a_body_over_the_limit_is_refused_in_our_own_words(framing: str, tmp_path: Path) -> None:
    async with gateway(tmp_path, document={"limits": {"body": 1000}}) as (running, upstream):
        caller = await call(running.url)
        if framing == "chunked":
            caller.send(b"PUT /site HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"x" * 1001))
        else:
            caller.send(render(b"x" * 1001, path="/site", method="PUT"))
        answered = await caller.answer()
        await caller.close()
    assert (answered.status, answered.error["code"]) == (413, "body_too_large")
    assert "1000 bytes" in answered.error["message"]
    assert not upstream.received


_SECRETS: list[tuple[str, str]] = [
    ("authorization", "Bearer caller"),
    ("cookie", "session=caller"),
    ("x-api-key", "caller"),
    ("api-key", "caller"),
]


async def test_credentials_stay_here(tmp_path: Path) -> None:
    headers = [*_SECRETS, ("connection", "x-hop"), ("x-hop", "1"), ("te", "trailers"), ("upgrade", "websocket")]
    async with gateway(tmp_path) as (running, upstream):
        await ask(
            running.url, path="/site", method="GET", headers=[*headers, ("x-penstock-a", "1"), ("x-ai-eg-b", "1")]
        )
    assert [name for name, _ in upstream.request.headers] == [b"host"]


async def test_credentials_go_on_where_the_operator_says_so(tmp_path: Path) -> None:
    script = [answer_head(401, "content-length: 0", "www-authenticate: Basic", "set-cookie: a=1", "set-cookie: b=2")]
    async with gateway(tmp_path, script, forward_credentials=True) as (running, upstream):
        answered = await ask(running.url, path="/site", method="GET", headers=_SECRETS)
    assert upstream.request.headers[1:] == [(name.encode(), value.encode()) for name, value in _SECRETS]
    assert answered.values("set-cookie") == ["a=1", "b=2"]
    assert (answered.status, answered.header("www-authenticate")) == (401, "Basic")


async def test_the_key_of_this_gateway_never_goes_on(tmp_path: Path) -> None:
    headers = [("authorization", f"Bearer {KEY}"), ("x-api-key", KEY), ("x-copied", f"k={KEY}"), ("cookie", "a=b")]
    keys = {"client_keys": {"team": KEY}}
    async with gateway(tmp_path, document=keys, forward_credentials=True) as (running, upstream):
        assert (await ask(running.url, path="/site", method="GET", headers=headers)).status == 200
        log = await running.log(1)
    assert upstream.request.headers[1:] == [(b"cookie", b"a=b")]
    assert log[0]["client_key"] == "team"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_caller_without_a_key_is_refused(method: str, tmp_path: Path) -> None:
    async with gateway(tmp_path, document={"client_keys": {"team": KEY}}) as (running, upstream):
        answered = await ask(running.url, path="/site", method=method)
        log = await running.log(1)
    assert (answered.status, answered.error["code"]) == (401, "missing_api_key")
    assert (log[0]["endpoint"], log[0]["status"]) == ("passthrough", 401)
    assert not upstream.received


async def test_questions_of_browsers_are_answered_here(tmp_path: Path) -> None:
    listen = {"listen": {"address": "127.0.0.1:1975", "cors": {"allow_origins": ["https://a.example"]}}}
    script = json_answer(b"{}", "access-control-allow-origin: *")
    headers = {"origin": "https://a.example", "access-control-request-method": "PUT"}
    async with gateway(tmp_path, script, document={**listen, "client_keys": {"team": KEY}}) as (running, upstream):
        asked = await ask(running.url, path="/site", method="OPTIONS", headers=headers)
        headers = {"origin": "https://a.example", "x-api-key": KEY}
        answered = await ask(running.url, path="/site", method="PUT", headers=headers)
    assert (asked.status, asked.header("access-control-allow-origin")) == (204, "https://a.example")
    assert answered.header("access-control-allow-origin") == "https://a.example"
    assert len(upstream.received) == 1


@pytest.mark.parametrize("path", ["/site/../admin", "/site/%2e%2e/admin", "/site/..%2fadmin", "/site/..;/admin"])
async def test_a_path_cannot_leave_its_prefix(path: str, tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, upstream):
        answered = await ask(running.url, path=path, method="GET")
    assert (answered.status, answered.error["code"]) == (400, "invalid_path")
    assert not upstream.received


ENDPOINTS_IN_DISGUISE = [
    "chat/completions/",
    "chat/%63ompletions",
    "chat//completions",
    "chat/completions;a",
    "%6dodels",
]


@pytest.mark.parametrize("path", ENDPOINTS_IN_DISGUISE)
async def test_an_endpoint_is_not_reached_past_its_own_rules(path: str, tmp_path: Path) -> None:
    async with gateway(tmp_path, path="/v1") as (running, upstream):
        answered = await ask(running.url, b"{}", path=f"/v1/{path}")
        assert (answered.status, answered.error["code"]) == (400, "invalid_path")
        assert not upstream.received
        assert (await ask(running.url, b"{}", path="/v1/files/")).status == 200


@pytest.mark.parametrize(
    ("entry", "path", "expected"),
    [
        ({"rewrite": {"prefix": "/"}}, "/site/x?a=b", "/x?a=b"),
        ({"rewrite": {"prefix": "/"}}, "/site", "/"),
        ({"rewrite": {"prefix": "/new"}}, "/site/x", "/new/x"),
        ({"rewrite": {"path": "/only"}}, "/site/x?a", "/only?a"),
        ({"backend": {"base_url": None}}, "/site/x", "/below/site/x"),
        ({"exact_path": "/health"}, "/health", "/health"),
    ],
)
async def test_paths_are_rewritten(entry: dict[str, Any], path: str, expected: str, tmp_path: Path) -> None:
    async with scripted_upstream(PLAIN) as upstream:
        below = f"http://127.0.0.1:{upstream.port}/below"
        changes = {**entry, "backend": {"base_url": below}} if "backend" in entry else entry
        async with gateway(tmp_path, **changes) as (running, other):
            assert (await ask(running.url, path=path, method="GET")).status == 200
        received = (upstream if "backend" in entry else other).request
    assert received.lines[0] == f"GET {expected} HTTP/1.1".encode()


async def test_headers_are_changed_as_the_operator_wants(tmp_path: Path) -> None:
    entry: dict[str, Any] = {
        "rewrite": {"host": "inside.example"},
        "request_headers": {"set": {"X-Set": "ours"}, "add": {"x-add": "2"}, "remove": ["X-Gone"]},
        "answer_headers": {"set": {"cache-control": "no-store"}, "add": {"vary": "x-b"}, "remove": ["X-Powered-By"]},
    }
    script = json_answer(b"{}", "cache-control: public", "vary: x-a", "x-powered-by: y", "server: z", "x-stays: 1")
    headers = [("x-set", "theirs"), ("x-add", "1"), ("x-gone", "1"), ("x-also", "1"), ("x-fixed", "theirs")]
    backend = {"headers": {"x-fixed": "ours"}, "remove_headers": ["x-also"]}
    async with gateway(tmp_path, script, backend=backend, **entry) as (running, upstream):
        answered = await ask(running.url, path="/site", method="GET", headers=headers)
    assert upstream.request.headers == [
        (b"host", b"inside.example"),
        (b"x-fixed", b"ours"),
        (b"x-add", b"1"),
        (b"x-set", b"ours"),
        (b"x-add", b"2"),
    ]
    assert answered.header("cache-control") == "no-store"
    assert answered.values("vary") == ["x-a", "x-b"]
    assert answered.header("x-stays") == "1"
    assert not answered.values("x-powered-by") + answered.values("server")
    assert answered.header("x-penstock-backend") == "site"
    assert answered.header("x-penstock-request-id") == answered.header("x-request-id")


async def test_a_providers_key_is_sent_and_cannot_be_replaced(tmp_path: Path) -> None:
    backend = {"provider": "openai", "api_key": "sk-up-0123456789"}
    script = json_answer(b"{}", "x-echo: Bearer sk-up-0123456789")
    async with gateway(tmp_path, script, backend=backend, path="/v1/files", forward_credentials=True) as (
        running,
        upstream,
    ):
        answered = await ask(running.url, path="/v1/files", method="GET", headers={"authorization": "Bearer theirs"})
    assert upstream.request.values(b"authorization") == [b"Bearer sk-up-0123456789"]
    assert not answered.values("x-echo")


async def test_no_server_is_asked_to_repeat_the_request(tmp_path: Path) -> None:
    backend = {"api_key": "sk-of-the-operator-0123"}
    async with gateway(tmp_path, backend=backend) as (running, upstream):
        answered = await ask(running.url, path="/site/x", method="TRACE")
    assert (answered.status, answered.error["code"]) == (501, "not_implemented")
    assert upstream.received == []


# --- answers


async def test_an_answer_of_unknown_length_passes_in_its_chunks(tmp_path: Path) -> None:
    more = asyncio.Event()
    script: Script = [
        answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked") + chunk(b"data: 1\n\n"),
        more,
        chunk(b"data: 2\n\n") + LAST_CHUNK,
    ]
    async with gateway(tmp_path, script) as (running, _):
        caller = await call(running.url)
        caller.send(render(b"", path="/site", method="GET"))
        assert (await caller.answer(method="GET", until=b"data: 1\n\n")).body == b"data: 1\n\n"
        more.set()
        answered = await caller.answer(method="GET")
        await caller.close()
    assert (answered.body, answered.whole) == (b"data: 1\n\ndata: 2\n\n", True)


async def test_an_answer_until_the_end_of_the_connection_is_whole(tmp_path: Path) -> None:
    async with gateway(tmp_path, [answer_head(200) + b"abc", CLOSE]) as (running, _):
        answered = await ask(running.url, path="/site", method="GET")
    assert (answered.body, answered.whole) == (b"abc", True)


async def test_a_slow_caller_slows_the_server(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    script: Script = [answer_head(200, f"content-length: {size}"), *[b"x" * 65536] * (size // 65536)]
    async with gateway(tmp_path, script) as (running, upstream):
        caller = await call(running.url)
        caller.send(render(b"", path="/site", method="GET"))
        await caller.answer(method="GET", until=b"x")
        sent = -1
        while sent != upstream.sent_bytes:
            sent = upstream.sent_bytes
            await asyncio.sleep(0.2)
        await caller.close()
        await upstream.until_left()
    assert sent < size / 2


@pytest.mark.parametrize("status", [200, 404])
async def test_an_answer_to_head_has_the_length_and_no_body(status: int, tmp_path: Path) -> None:
    script = [answer_head(status, "content-length: 500")]
    async with gateway(tmp_path, script, PLAIN) as (running, upstream):
        answered = await ask(running.url, path="/site", method="HEAD")
        after = await ask(running.url, path="/site", method="GET")
    assert (answered.status, answered.header("content-length"), answered.body) == (status, "500", b"")
    assert after.body == b"<hi/>"
    assert upstream.accepted == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_says_no_length(status: int, tmp_path: Path) -> None:
    async with gateway(tmp_path, [answer_head(status, 'etag: "1"')], PLAIN) as (running, _):
        caller = await call(running.url)
        caller.send(render(b"", path="/site", method="GET"))
        answered = await caller.answer(method="GET")
        caller.send(render(b"", path="/site", method="GET"))
        after = await caller.answer(method="GET")
        await caller.close()
    assert (answered.status, answered.header("etag")) == (status, '"1"')
    assert not answered.values("content-length") + answered.values("transfer-encoding")
    assert after.body == b"<hi/>"


async def test_a_redirect_says_where_to(tmp_path: Path) -> None:
    head = answer_head(302, "location: /elsewhere", "content-length: 0", "set-cookie: a=b", "alt-svc: h3")
    async with gateway(tmp_path, [head]) as (running, _):
        answered = await ask(running.url, path="/site", method="GET")
    assert (answered.status, answered.header("location")) == (302, "/elsewhere")
    assert not answered.values("set-cookie") + answered.values("alt-svc")


@pytest.mark.parametrize("status", [400, 429, 500, 503])
async def test_errors_of_the_server_are_its_own(status: int, tmp_path: Path) -> None:
    async with gateway(tmp_path, json_answer(b"odd", status=status)) as (running, upstream):
        answered = await ask(running.url, b"{}", path="/site")
    assert (answered.status, answered.body) == (status, b"odd")
    assert len(upstream.received) == 1


# --- failures


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ([RESET], 502, "upstream_broke_off"),
        ([b"nonsense\r\n\r\n", HOLD], 502, "upstream_invalid"),
        ([HOLD], 504, "upstream_timeout"),
    ],
)
async def test_no_answer_is_an_error_in_our_own_words(script: Script, status: int, code: str, tmp_path: Path) -> None:
    async with gateway(tmp_path, script, timeouts={"attempt_s": 0.2}) as (running, upstream):
        answered = await ask(running.url, b"{}", path="/site")
        log = await running.log(1)
    assert (answered.status, answered.error["code"]) == (status, code)
    assert (log[0]["outcome"], log[0]["error_code"], log[0]["model"]) == ("error", code, "site")
    assert len(upstream.received) == 1  # it may have been acted on


async def test_a_server_that_breaks_off_is_seen_to(tmp_path: Path) -> None:
    async with gateway(tmp_path, [answer_head(200, "content-length: 100") + b"half", RESET]) as (running, _):
        answered = await ask(running.url, path="/site", method="GET")
        log = await running.log(1)
    assert (answered.body, answered.whole) == (b"half", False)
    assert log[0]["error_code"] == "upstream_broke_off"


async def test_a_caller_that_leaves_ends_the_request(tmp_path: Path) -> None:
    async with gateway(tmp_path, [HOLD]) as (running, upstream):
        caller = await call(running.url)
        caller.send(render(b"{}", path="/site"))
        await upstream.until(lambda: bool(upstream.received))
        await caller.close()
        await upstream.until_left()
        log = await running.log(1)
    assert (log[0]["outcome"], log[0]["status"]) == ("cancelled", 499)


async def test_a_server_that_is_not_there_is_tried_at_another(tmp_path: Path) -> None:
    nowhere = {"provider": "http", "base_url": "http://127.0.0.1:9"}
    async with scripted_upstream(PLAIN) as upstream:
        there = {"provider": "http", "base_url": f"http://127.0.0.1:{upstream.port}"}
        document = {"backends": {"site": nowhere, "there": there}}
        targets = ["site", {"backend": "there", "priority": 1}]
        async with gateway(tmp_path, document=document, targets=targets) as (running, _):
            answered = await ask(running.url, b"{}", path="/site")
    assert (answered.status, answered.header("x-penstock-backend")) == (200, "there")
    assert answered.header("x-penstock-attempts") == "2"


async def test_statuses_are_tried_again_where_the_operator_says_so(tmp_path: Path) -> None:
    retry = {"attempts": 3, "statuses": [503], "backoff_s": 0.01}
    async with gateway(tmp_path, json_answer(b"", status=503), PLAIN, retry=retry) as (running, upstream):
        answered = await ask(running.url, b"{}", path="/site")
    assert (answered.status, len(upstream.received)) == (200, 2)


# --- beside the API


async def test_endpoints_win_and_other_paths_are_unknown(tmp_path: Path) -> None:
    async with gateway(tmp_path, path="/v1") as (running, upstream):
        for path in ("/v1/chat/completions", "/v1/models"):
            await ask(running.url, b"{}", path=path, method="POST" if "chat" in path else "GET")
        assert not upstream.received
        assert (await ask(running.url, path="/v1/files", method="GET")).status == 200
        missing = await ask(running.url, path="/other", method="GET")
    assert (missing.status, missing.error["code"]) == (404, "unknown_path")


async def test_hosts_methods_and_headers_decide(tmp_path: Path) -> None:
    entry: dict[str, Any] = {"hostnames": ["a.example"], "methods": ["GET"], "headers": {"x-tier": "gold"}}
    async with gateway(tmp_path, **entry) as (running, upstream):
        right: Headers = {"host": "a.example", "x-tier": "gold"}
        assert (await ask(running.url, path="/site", method="GET", headers=right)).status == 200
        for method, headers in [("PUT", right), ("GET", {"host": "a.example"}), ("GET", {"x-tier": "gold"})]:
            assert (await ask(running.url, path="/site", method=method, headers=headers)).status == 404
    assert len(upstream.received) == 1


async def test_it_is_logged_and_counted(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, _):
        caller = await call(running.url)
        for _ in range(2):  # the same head again, on the same connection
            caller.send(render(b'{"model": "m"}', path="/site/x?secret=1"))
            assert (await caller.answer()).status == 200
        await caller.close()
        log = await running.log(2)
        samples = await running.metrics()
    assert [(line["path"], line["endpoint"], line["model"], line["backend"]) for line in log] == [
        ("/site/x", "passthrough", "site", "site")
    ] * 2
    assert (log[0]["request_bytes"], log[0]["response_bytes"], log[0]["upstream_status"]) == (14, 5, 200)
    assert "usage" not in json.dumps(log)
    labels = "backend=site,code=,endpoint=passthrough,model=site,outcome=done,status=200"
    assert samples[f"penstock_requests_total{{{labels}}}"] == 2
    assert not [name for name in samples if "passthrough" in name and ("unreported" in name or "tokens" in name)]
