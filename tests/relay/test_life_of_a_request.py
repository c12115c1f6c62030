"""The life of a request over real sockets: who is refused with which status and code, and what else is answered."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.providers import all_providers
from penstock.relay.snapshot import (
    BackendTimeouts,
    ClientKey,
    Cors,
    Limits,
    Listener,
    PoolLimits,
    Snapshot,
)
from tests.relay.plain_client import Answered, ask, call, render
from tests.relay.scripted_upstream import CLOSE, HOLD, Script, json_answer, scripted_upstream
from tests.relay.served_gateway import KEY, backend_at, served, snapshot_of

BODY = b'{"model":"gpt","messages":[]}'
ANSWER = json_answer(b'{"choices":[]}')


async def asked(body: bytes = BODY, *, script: Script = ANSWER, snapshot: Any = None, **request: Any) -> Answered:
    """Ask a gateway in front of a script; ``snapshot`` changes its configuration."""
    async with scripted_upstream(script) as upstream:
        plain = snapshot_of(backend_at(upstream.port), models={"gpt": "real", "other": None})
        async with served(snapshot(plain) if snapshot else plain) as gateway:
            answered = await ask(gateway.url, body, **request)
            assert b"127.0.0.1" not in answered.body
            assert KEY.encode() not in answered.body
            return answered


def with_limits(**limits: int) -> Any:
    return lambda plain: replace(plain, listener=Listener(port=0, limits=Limits(**limits)))


def with_backend(**changes: Any) -> Any:
    return lambda plain: snapshot_of(replace(plain.backends["up"], **changes), models={"gpt": "real"})


def with_key(plain: Snapshot) -> Snapshot:
    return replace(plain, client_keys=(ClientKey(name="team", sha256=hashlib.sha256(b"client-key").hexdigest()),))


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (b"", 400, "", ""),
        (b'{"model":"gpt",}', 400, "", "15"),
        (b"[]", 400, "", ""),
        (b'{"messages":[]}', 400, "missing_model", "x-ai-eg-model"),
        (b'{"model":7}', 400, "", "model"),
        (b'{"model":"gpd"}', 404, "model_not_found", '"gpt"'),
        (b'{"model":"gpd"}', 404, "model_not_found", "gpt, other"),
    ],
)
async def test_a_body_that_cannot_be_served_is_refused(body: bytes, status: int, code: str, says: str) -> None:
    answered = await asked(body)
    assert answered.status == status
    assert answered.error["type"] == "invalid_request_error"
    assert code in answered.error["code"]
    assert says in answered.error["message"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"path": "/v1/nowhere"}, 404, "unknown_path"),
        ({"path": "/v1/models/nobody", "method": "GET", "body": b""}, 404, "model_not_found"),
        ({"method": "PUT"}, 405, "method_not_allowed"),
        ({"path": "/v1/models"}, 405, "method_not_allowed"),
        ({"body": b" " * 2000}, 413, "body_too_large"),
        ({"headers": {"x-long": "y" * 3000}}, 431, "headers_too_large"),
        ({"headers": {"expect": "a miracle"}}, 417, "expectation_failed"),
    ],
)
async def test_a_request_that_cannot_be_served_is_refused(request_: dict[str, Any], status: int, code: str) -> None:
    answered = await asked(snapshot=with_limits(body_bytes=1000, header_bytes=2000), **request_)
    assert (answered.status, answered.error["code"]) == (status, code)
    if status == 405:
        assert answered.header("allow")


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ([CLOSE], 502, "upstream_broke_off"),
        ([b"220 smtp\r\n\r\n"], 502, "upstream_invalid"),
        ([HOLD], 504, "upstream_timeout"),
    ],
)
async def test_an_upstream_that_fails_is_named_and_nothing_else_of_it(script: Script, status: int, code: str) -> None:
    short = with_backend(timeouts=BackendTimeouts(first_byte_s=0.1))
    answered = await asked(script=script, snapshot=short)
    assert (answered.status, answered.error["code"]) == (status, code)
    assert "'up'" in answered.error["message"]
    assert answered.header("x-penstock-backend") == "up"


async def test_an_upstream_that_refuses_is_named() -> None:
    answered = await asked(snapshot=with_backend(port=1))
    assert (answered.status, answered.error["code"]) == (502, "upstream_unreachable")


async def test_a_full_pool_says_when_to_come_back() -> None:
    answered = await asked(snapshot=with_backend(pool=PoolLimits(connections=0, waiting=0)))
    assert (answered.status, answered.error["code"], answered.header("retry-after")) == (503, "overloaded", "1")


async def test_an_endpoint_that_the_provider_does_not_offer_is_refused() -> None:
    providers = all_providers().values()
    without = next(provider for provider in providers if "embeddings" not in provider.path_table(provider.options()))
    answered = await asked(path="/v1/embeddings", snapshot=with_backend(provider=without))
    assert (answered.status, answered.error["code"]) == (400, "endpoint_not_offered")
    assert without.title in answered.error["message"]


@pytest.mark.parametrize("body", [BODY, b'{"model":"nobody"}', b"{}"])
async def test_the_model_of_the_header_wins(body: bytes) -> None:
    async with scripted_upstream(ANSWER) as upstream, served(snapshot_of(backend_at(upstream.port))) as gateway:
        answered = await ask(gateway.url, body, headers={"x-ai-eg-model": "gpt"})
        assert answered.status == 200
        assert b'"model":"real"' in upstream.request.body
        assert not upstream.request.values(b"x-ai-eg-model")


async def test_a_model_that_two_headers_choose_is_refused_for_readers_may_differ() -> None:
    answered = await asked(headers=[("x-ai-eg-model", "gpt"), ("X-AI-EG-Model", "other")])
    assert answered.status == 400
    assert answered.error["code"] == "duplicate_header"
    assert answered.error["param"] == "x-ai-eg-model"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "missing_api_key"),
        ({"authorization": "Bearer wrong"}, 401, "invalid_api_key"),
        ({"authorization": "Bearer client-key"}, 200, None),
        ({"x-api-key": "client-key"}, 200, None),
    ],
)
async def test_callers_need_a_known_key_where_keys_are_configured(
    headers: dict[str, str], status: int, code: str | None
) -> None:
    answered = await asked(headers=headers, snapshot=with_key)
    assert answered.status == status
    if code:
        assert answered.error["code"] == code
        assert answered.header("www-authenticate") == "Bearer"


async def test_each_request_of_a_connection_is_judged_anew() -> None:
    async with scripted_upstream(ANSWER) as upstream:
        snapshot = with_key(snapshot_of(backend_at(upstream.port)))
        async with served(snapshot) as gateway:
            caller = await call(gateway.url)
            for key, status in (("client-key", 200), ("client-key", 200), ("wrong", 401)):
                caller.send(render(BODY, headers={"x-api-key": key}))
                assert (await caller.answer()).status == status
            await caller.close()


async def test_the_answer_names_backend_and_request() -> None:
    answered = await asked()
    assert answered.header("x-penstock-backend") == "up"
    request_id = answered.header("x-penstock-request-id")
    assert request_id
    assert answered.header("x-request-id") == request_id


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_models_are_listed(method: str) -> None:
    answered = await asked(b"", path="/v1/models", method=method)
    assert answered.status == 200
    if method == "HEAD":
        assert answered.body == b""
        assert int(answered.header("content-length") or 0) > 0
    else:
        assert [model["id"] for model in answered.json["data"]] == ["gpt", "other"]


async def test_one_model_is_shown() -> None:
    answered = await asked(b"", path="/v1/models/gpt", method="GET")
    assert answered.json == {"id": "gpt", "object": "model", "created": 1_700_000_000, "owned_by": "us"}


@pytest.mark.parametrize(
    ("path", "allow"), [("/v1/chat/completions", "POST, OPTIONS"), ("/v1/models", "GET, HEAD, OPTIONS")]
)
async def test_options_says_which_methods_a_path_takes(path: str, allow: str) -> None:
    answered = await asked(b"", path=path, method="OPTIONS", snapshot=with_key)
    assert (answered.status, answered.header("allow"), answered.body) == (204, allow, b"")
    assert answered.header("access-control-allow-origin") is None


@pytest.mark.parametrize(
    ("configured", "origin", "allowed"),
    [
        (("https://a.example",), "https://a.example", "https://a.example"),
        (("https://a.example",), "https://b.example", None),
        (("*",), "https://b.example", "*"),
        ((), "https://a.example", None),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET"])
async def test_browsers_of_configured_origins_may_read_answers(
    configured: tuple[str, ...], origin: str, allowed: str | None, method: str
) -> None:
    def configure(plain: Snapshot) -> Snapshot:
        return replace(plain, listener=Listener(port=0, cors=Cors(allow_origins=configured)))

    body = BODY if method == "POST" else b""
    answered = await asked(body, method=method, headers={"origin": origin}, snapshot=configure)
    assert answered.header("access-control-allow-origin") == allowed
    assert (answered.header("vary") == "Origin") == bool(configured)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"gpt","x":1,"model":"gpt"}',
        b'{"model":"gpt","\\u006dodel":"other"}',
        b'{"mod\\u0065l":"a","model":"gpt"}',
    ],
)
@pytest.mark.parametrize("headers", [{}, {"x-ai-eg-model": "gpt"}])
async def test_a_model_that_is_named_twice_is_refused_however_it_is_spelled(
    body: bytes, headers: dict[str, str]
) -> None:
    answered = await asked(body, headers=headers)
    assert (answered.status, answered.error["code"], answered.error["param"]) == (400, "duplicate_field", "model")


@pytest.mark.parametrize(
    "field", [b'"stream":"yes"', b'"stream":1', b'"stream":true,"stream_options":7', b'"model":[]']
)
async def test_a_field_that_the_gateway_acts_on_must_have_its_type(field: bytes) -> None:
    body = b"{%b}" % field if field.startswith(b'"model"') else b'{"model":"gpt",%b}' % field
    answered = await asked(body)
    assert (answered.status, answered.error["code"]) == (400, "invalid_type")
    assert answered.error["param"] in body.decode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b'{"model":"gpt",\n "messages":[}', "line 2, column 14"),
        (b'{"model":"gpt"', "at its end"),
        (b"\xff\xfe", "byte 0"),
        (b'"gpt"', "must be a JSON object"),
        (b'{"x":' * 100_000, "nested"),
    ],
)
async def test_json_that_cannot_be_read_is_refused_with_the_place(body: bytes, says: str) -> None:
    answered = await asked(body)
    assert (answered.status, answered.error["code"]) == (400, "invalid_json")
    assert says in answered.error["message"]


@pytest.mark.parametrize(
    "name", [b"\\ud800", b"\\u0000", b"\\r\\nx: y", b"x" * 100_000, b"\\u202e\\ud83d\\ude00", b"%s{}"]
)
async def test_any_name_of_a_model_ends_in_an_error_that_can_be_read(name: bytes) -> None:
    answered = await asked(b'{"model":"%b"}' % name)
    assert answered.status in {400, 404}
    assert len(answered.body) < 2000
    assert answered.error["code"] in {"model_not_found", "invalid_type", "invalid_json"}


@pytest.mark.parametrize("path", ["/v1/models/" + "x" * 60_000, "/v1/" + "y" * 60_000])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_long_path_is_not_repeated_whole(path: str, method: str) -> None:
    answered = await asked(b"", path=path, method=method)
    assert answered.status in {404, 405}
    assert len(answered.body) < 2000


@pytest.mark.parametrize("path", ["/v1/models/nobody", "/v1/models/%FF%00%0d%0a", "/v1/models/%", "/v1/models/a?b=c"])
async def test_a_model_that_does_not_exist_is_an_error_that_can_be_read(path: str) -> None:
    answered = await asked(b"", path=path, method="GET")
    assert (answered.status, answered.error["code"]) == (404, "model_not_found")


async def test_60_kib_of_headers_travel_to_the_upstream_unchanged() -> None:
    long = {f"x-long-{number}": f"{number:03}" * 3000 for number in range(6)} | {"x-odd": '\tÿ  ;=" \t'}
    async with scripted_upstream(ANSWER) as upstream, served(snapshot_of(backend_at(upstream.port))) as gateway:
        assert (await ask(gateway.url, BODY, headers=long)).status == 200
        for name, value in long.items():
            assert upstream.request.values(name.encode()) == [value.strip(" \t").encode("latin-1")]


@pytest.mark.parametrize(
    "line", ["x-a: 1\nx-b: 2", "x-a: 1\rx-b: 2", "x-a: 1\x002", "x-a\r: 1", "x-a: 1\r\n authorization: 2"]
)
async def test_a_line_break_in_a_header_reaches_no_upstream(line: str) -> None:
    async with scripted_upstream(ANSWER) as upstream, served(snapshot_of(backend_at(upstream.port))) as gateway:
        caller = await call(gateway.url)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n{line}\r\ncontent-length: {len(BODY)}\r\n\r\n"
        caller.send(head.encode("latin-1") + BODY)
        answered = await caller.answer()
        await caller.close()
        assert (answered.status, answered.error["type"]) == (400, "invalid_request_error")
        assert not upstream.received


async def test_a_preflight_cannot_break_out_of_its_header() -> None:
    def configure(plain: Snapshot) -> Snapshot:
        return replace(plain, listener=Listener(port=0, cors=Cors(allow_origins=("*",))))

    headers = {"origin": "https://a.example", "access-control-request-headers": "x-a,\x80\xff;, authorization"}
    answered = await asked(b"", method="OPTIONS", headers=headers, snapshot=configure)
    assert answered.header("access-control-allow-headers") == headers["access-control-request-headers"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_every_answer_of_our_own_names_its_request(method: str) -> None:
    answered = await asked(b"", path="/v1/models", method=method)
    assert answered.header("x-penstock-request-id")
    assert answered.header("x-request-id") == answered.header("x-penstock-request-id")


async def test_the_size_of_an_answer_of_our_own_is_logged(tmp_path: Path) -> None:
    async with served(snapshot_of(backend_at(1)), log=tmp_path / "log") as gateway:
        answered = await ask(gateway.url, path="/v1/models", method="GET")
        await ask(gateway.url, path="/v1/models", method="HEAD")
        await ask(gateway.url, path="/v1/nowhere", method="HEAD")
        lines = await gateway.log(3)
    assert [line["response_bytes"] for line in lines] == [len(answered.body), 0, 0]
