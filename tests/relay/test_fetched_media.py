"""Media by URL towards providers that take bytes: fetched where the operator allows it, refused clearly elsewhere."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

import pytest

from penstock.core.chat import Block, ChatRequest, Image, Message, UrlSource
from penstock.core.errors import InvalidRequest, Overloaded
from penstock.core.fetch_rules import FetchRules, read_host_pattern
from penstock.providers import all_providers
from penstock.relay.fetched_media import FILES_AT_ONCE, MediaFetcher
from penstock.relay.snapshot import Target
from penstock.relay.way import Translation
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import Script, ScriptedUpstream, answer_head, json_answer, scripted_upstream
from tests.relay.served_gateway import backend_at, eventually, served, snapshot_of

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PDF = b"%PDF-1.7\n" + bytes(40)
CONVERSED = {
    "output": {"message": {"role": "assistant", "content": [{"text": "A cat."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-real",
    "content": [{"type": "text", "text": "A cat."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "output_tokens": 2},
}
ANSWERS = {
    "bedrock": CONVERSED,
    **dict.fromkeys(("bedrock-anthropic", "vertex-anthropic", "anthropic"), MESSAGE),
}


def a_file(body: bytes, content_type: str, status: int = 200) -> Script:
    return [answer_head(status, f"content-type: {content_type}", f"content-length: {len(body)}") + body]


@dataclass
class Rig:
    """A gateway, the provider behind it and a server of files."""

    url: str
    upstream: ScriptedUpstream
    files: ScriptedUpstream

    def link(self, path: str = "/cat.png") -> str:
        return f"http://127.0.0.1:{self.files.port}{path}"

    async def chat(self, *links: str) -> Answered:
        parts = [{"type": "image_url", "image_url": {"url": link}} for link in links]
        return await self.ask({"messages": [{"role": "user", "content": [{"type": "text", "text": "What?"}, *parts]}]})

    async def ask(self, body: Json, path: str = "/v1/chat/completions") -> Answered:
        return await ask(self.url, json.dumps({"model": "gpt", **body}).encode(), path=path)

    def sent(self) -> Json:
        sent: Json = json.loads(self.upstream.request.body)
        return sent


@asynccontextmanager
async def rig(
    script: Script, provider_id: str = "bedrock", *, fetching: bool = True, answer: Json | None = None, **settings: Any
) -> AsyncIterator[Rig]:
    provider = all_providers()[provider_id]
    answered = json_answer(json.dumps(answer or ANSWERS[provider_id]).encode())
    async with scripted_upstream(answered) as upstream, scripted_upstream(script) as files:
        rules = FetchRules(
            hosts=(read_host_pattern(f"127.0.0.1:{files.port}"),),
            **{"networks": (ip_network("127.0.0.1/32"),), "allow_http": True, **settings},
        )
        backend = backend_at(upstream.port, provider=provider, options=provider.options(), base_path="/base")
        snapshot = replace(snapshot_of(backend), fetching=rules if fetching else None)
        async with served(snapshot) as gateway:
            yield Rig(gateway.url, upstream, files)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_a_picture_by_url_reaches_bedrock_as_bytes() -> None:
    async with rig(a_file(PNG, "image/jpeg")) as gateway:
        answered = await gateway.chat(gateway.link())
    assert answered.status == 200
    [message] = gateway.sent()["messages"]
    assert message["content"] == [{"text": "What?"}, {"image": {"format": "png", "source": {"bytes": encoded(PNG)}}}]


async def test_the_callers_key_and_headers_do_not_go_to_the_server_of_the_file() -> None:
    async with rig(a_file(PNG, "image/png")) as gateway:
        await gateway.chat(gateway.link())
    assert {name for name, _ in gateway.files.request.headers} == {
        *(b"host", b"accept", b"accept-encoding", b"user-agent", b"connection")
    }


async def test_a_picture_that_is_named_twice_is_fetched_once() -> None:
    async with rig(a_file(PNG, "image/png")) as gateway:
        answered = await gateway.chat(gateway.link(), gateway.link(), gateway.link("/other.png"))
        assert answered.status == 200
        assert len(gateway.files.received) == 2


async def test_a_pdf_of_an_anthropic_client_and_a_picture_in_a_tools_result_reach_bedrock_as_bytes() -> None:
    async with rig([]) as gateway:
        gateway.files.answer = lambda number: (
            a_file(PDF, "application/pdf") if number == 0 else a_file(PNG, "image/png")
        )
        first = await gateway.ask(
            {"max_tokens": 9, "messages": [{"role": "user", "content": [document(gateway.link("/a.pdf"))]}]}, MESSAGES
        )
        assert first.status == 200
        call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
        picture = {"type": "image", "source": {"type": "url", "url": gateway.link()}}
        result = {"type": "tool_result", "tool_use_id": "t1", "content": [picture]}
        turns = [
            {"role": "user", "content": "Look"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
        tools = [{"name": "look", "input_schema": {"type": "object"}}]
        second = await gateway.ask({"max_tokens": 9, "messages": turns, "tools": tools}, MESSAGES)
        assert second.status == 200
    one, two = (json.loads(received.body)["messages"] for received in gateway.upstream.received)
    assert one[0]["content"][0]["document"]["source"] == {"bytes": encoded(PDF)}
    [shown] = two[2]["content"][0]["toolResult"]["content"]
    assert shown["image"]["source"] == {"bytes": encoded(PNG)}


MESSAGES = "/v1/messages"


def document(url: str) -> Json:
    return {"type": "document", "source": {"type": "url", "url": url}}


async def test_a_host_of_claude_that_takes_bytes_only_gets_bytes_and_anthropic_itself_the_url() -> None:
    async with rig(a_file(PNG, "image/png"), "bedrock-anthropic") as gateway:
        assert (await gateway.chat(gateway.link())).status == 200
    source = gateway.sent()["messages"][0]["content"][1]["source"]
    assert source == {"type": "base64", "media_type": "image/png", "data": encoded(PNG)}
    async with rig(a_file(PNG, "image/png"), "anthropic") as gateway:
        assert (await gateway.chat(gateway.link())).status == 200
        assert not gateway.files.accepted
    source = gateway.sent()["messages"][0]["content"][1]["source"]
    assert source == {"type": "url", "url": gateway.link()}


def picture(url: str) -> Json:
    return {"type": "image", "source": {"type": "url", "url": url}}


HOSTS_OF_CLAUDE = ["bedrock-anthropic", "vertex-anthropic"]


@pytest.mark.parametrize("host", HOSTS_OF_CLAUDE)
async def test_an_anthropic_body_that_is_relayed_gets_the_bytes_where_the_urls_stood(host: str) -> None:
    async with rig([], host) as gateway:
        gateway.files.answer = lambda number: (
            a_file(PNG, "image/png") if number == 0 else a_file(PDF, "application/pdf")
        )
        body = (
            b'{"model":"gpt" , "max_tokens":9,"x":1.50,"messages":[ {"role":"user","content":[{"source":{"type":"url", '
            b'"url":"%b"},"cache_control":{"type":"ephemeral"},"type":"image"}, {"type":"document","source":{"type":'
            b'"url","url":"%b"}}, {"type":"image","source":{"url":"%b","type":"url"}}] }]}'
        ) % (gateway.link().encode(), gateway.link("/a.pdf").encode(), gateway.link().encode())
        assert (await ask(gateway.url, body, path=MESSAGES)).status == 200
        assert len(gateway.files.received) == 2
        sent = gateway.upstream.request.body
    data = b'{"type":"base64","media_type":"%b","data":"%b"}'
    png, pdf = data % (b"image/png", encoded(PNG).encode()), data % (b"application/pdf", encoded(PDF).encode())
    assert (
        b'"max_tokens":9,"x":1.50,"messages":[ {"role":"user","content":[{"source":%b,"cache_control":{"type":'
        b'"ephemeral"},"type":"image"}, {"type":"document","source":%b}, {"type":"image","source":%b}] }]'
    ) % (png, pdf, png) in sent


async def test_a_relayed_body_goes_to_anthropic_itself_with_its_urls() -> None:
    async with rig(a_file(PNG, "image/png"), "anthropic") as gateway:
        body = {"max_tokens": 9, "messages": [{"role": "user", "content": [picture(gateway.link())]}]}
        assert (await gateway.ask(body, MESSAGES)).status == 200
        assert not gateway.files.accepted
    assert gateway.sent()["messages"] == body["messages"]


@pytest.mark.parametrize("host", HOSTS_OF_CLAUDE)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_a_host_of_claude_that_takes_bytes_only_gets_no_url_where_nothing_may_be_fetched(
    host: str, path: str
) -> None:
    async with rig(a_file(PNG, "image/png"), host, fetching=False) as gateway:
        link = gateway.link()
        part = picture(link) if path == MESSAGES else {"type": "image_url", "image_url": {"url": link}}
        content = [{"type": "text", "text": "What?"}, part]
        answered = await gateway.ask({"max_tokens": 9, "messages": [{"role": "user", "content": content}]}, path)
        assert not gateway.files.accepted
        assert not gateway.upstream.received
    assert answered.status == 400
    if path == MESSAGES:
        assert answered.json["type"] == "error"
        assert answered.error["message"].startswith("messages.0.content.1: ")
    else:
        assert answered.error["param"] == "messages[0].content[1]"
    assert "fetch.hosts" in answered.error["message"]


async def test_a_count_on_vertex_is_of_the_picture_too_and_refused_where_nothing_may_be_fetched() -> None:
    for fetching in (True, False):
        script = a_file(PNG, "image/png")
        async with rig(script, "vertex-anthropic", fetching=fetching, answer={"input_tokens": 17}) as gateway:
            body = {"messages": [{"role": "user", "content": [picture(gateway.link())]}]}
            answered = await gateway.ask(body, MESSAGES + "/count_tokens")
            if fetching:
                assert answered.json == {"input_tokens": 17}
                assert gateway.sent()["messages"][0]["content"][0]["source"]["data"] == encoded(PNG)
            else:
                assert answered.status == 400
                assert answered.error["message"].startswith("messages.0.content.0: ")


async def test_a_document_in_a_relayed_body_must_be_a_document() -> None:
    async with rig(a_file(PNG, "image/png"), "bedrock-anthropic") as gateway:
        body = {"max_tokens": 9, "messages": [{"role": "user", "content": [document(gateway.link())]}]}
        answered = await gateway.ask(body, MESSAGES)
        assert not gateway.upstream.received
    assert answered.status == 400
    assert "names a picture" in answered.error["message"]


async def test_another_attempt_does_not_fetch_again() -> None:
    providers = all_providers()
    answered = json_answer(json.dumps(MESSAGE).encode())
    async with (
        scripted_upstream([answer_head(503, "content-length: 0")]) as down,
        scripted_upstream(answered) as up,
        scripted_upstream(a_file(PNG, "image/png")) as files,
    ):
        rules = FetchRules(
            hosts=(read_host_pattern(f"127.0.0.1:{files.port}"),),
            networks=(ip_network("127.0.0.1/32"),),
            allow_http=True,
        )
        backends = [
            backend_at(port, name=name, provider=providers[name], options=providers[name].options(), base_path="/base")
            for name, port in (("bedrock", down.port), ("bedrock-anthropic", down.port), ("vertex-anthropic", up.port))
        ]
        snapshot = snapshot_of(*backends, fetching=rules)
        targets = tuple(Target(backend=backend, model="real", priority=n) for n, backend in enumerate(backends))
        models = {"gpt": replace(snapshot.models["gpt"], targets=targets)}
        async with served(replace(snapshot, models=models)) as gateway:
            link = f"http://127.0.0.1:{files.port}/cat.png"
            body = {"model": "gpt", "max_tokens": 9, "messages": [{"role": "user", "content": [picture(link)]}]}
            assert (await ask(gateway.url, json.dumps(body).encode(), path=MESSAGES)).status == 200
            assert len(files.received) == 1
    assert json.loads(up.request.body)["messages"][0]["content"][0]["source"]["data"] == encoded(PNG)


async def test_a_count_is_of_the_picture_too() -> None:
    async with rig(a_file(PNG, "image/png"), "bedrock-anthropic", answer={"inputTokens": 17}) as gateway:
        picture = {"type": "image", "source": {"type": "url", "url": gateway.link()}}
        answered = await gateway.ask({"messages": [{"role": "user", "content": [picture]}]}, MESSAGES + "/count_tokens")
        assert answered.json == {"input_tokens": 17}
    body = json.loads(base64.b64decode(gateway.sent()["input"]["invokeModel"]["body"]))
    assert body["messages"][0]["content"][0]["source"]["data"] == encoded(PNG)


async def test_a_pdf_by_url_reaches_an_openai_provider_as_data() -> None:
    answer = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    }
    async with rig(a_file(PDF, "application/pdf"), "openai", answer=answer) as gateway:
        body = {"max_tokens": 9, "messages": [{"role": "user", "content": [document(gateway.link("/a.pdf"))]}]}
        assert (await gateway.ask(body, MESSAGES)).status == 200
    [part] = gateway.sent()["messages"][0]["content"]
    assert part["file"]["file_data"] == f"data:application/pdf;base64,{encoded(PDF)}"


async def test_without_rules_nothing_is_fetched_and_the_error_says_how_to_allow_it() -> None:
    async with rig(a_file(PNG, "image/png"), fetching=False) as gateway:
        answered = await gateway.chat(gateway.link())
        assert not gateway.files.accepted
        assert not gateway.upstream.received
    assert answered.status == 400
    assert answered.error["code"] == "unsupported_content"
    assert answered.error["param"] == "messages[0].content[1]"
    assert "fetch.hosts" in answered.error["message"]


@pytest.mark.parametrize(
    ("script", "settings", "says"),
    [
        (a_file(PNG, "image/png", 404), {}, "status 404"),
        (a_file(b"<html>", "text/html"), {}, "no picture"),
        (a_file(b"<html>", "image/png"), {}, "no picture"),
        (a_file(PDF, "application/pdf"), {}, "names a PDF"),
        (a_file(PNG, "image/png"), {"max_bytes": 20}, "more than 20 bytes"),
        (a_file(PNG, "image/png"), {"networks": ()}, "no public address"),
        (a_file(PNG, "image/png"), {"allow_http": False}, "https://"),
    ],
)
async def test_what_may_not_be_fetched_or_is_no_picture_is_refused(script: Script, settings: Json, says: str) -> None:
    async with rig(script, **settings) as gateway:
        answered = await gateway.chat(gateway.link())
        assert not gateway.upstream.received
    assert answered.status == 400
    assert answered.error["code"] == "media_not_fetched"
    assert answered.error["param"] == "messages[0].content[1]"
    assert says in answered.error["message"]


async def test_a_host_that_the_operator_has_not_named_is_not_connected_to() -> None:
    async with rig(a_file(PNG, "image/png")) as gateway:
        answered = await gateway.chat(gateway.link().replace("127.0.0.1", "localhost"))
        assert not gateway.files.accepted
    assert answered.error["code"] == "media_not_fetched"
    assert "does not fetch from" in answered.error["message"]


async def test_more_files_than_allowed_are_refused_before_any_is_fetched() -> None:
    async with rig(a_file(PNG, "image/png"), max_per_request=2) as gateway:
        links = [gateway.link(f"/{number}.png") for number in range(3)]
        answered = await gateway.chat(*links)
        assert not gateway.files.accepted
    assert answered.error["code"] == "media_not_fetched"


async def test_files_that_never_come_make_others_wait_no_longer_than_a_file_may_take() -> None:
    async def never(_host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    fetcher = MediaFetcher(
        FetchRules(hosts=(read_host_pattern("*"),), timeout_s=0.2, max_per_request=99), resolve=never
    )
    pictures: list[Block] = [Image(UrlSource(f"https://h{number}.example/")) for number in range(FILES_AT_ONCE + 1)]
    first, last = (ChatRequest("openai_chat", {}, [Message("user", some)]) for some in (pictures[:-1], pictures[-1:]))
    translation = Translation(find_caller_format("openai_chat"), find_upstream_format("bedrock_converse"))
    refused = await asyncio.gather(
        fetcher.fetch_for(first, translation, {}), fetcher.fetch_for(last, translation, {}), return_exceptions=True
    )
    assert isinstance(refused[0], InvalidRequest)
    assert isinstance(refused[1], InvalidRequest | Overloaded)


async def test_names_that_are_never_found_hold_two_threads_at_most() -> None:
    waiting = asyncio.Event()
    asked: list[str] = []

    async def never(host: str) -> list[str]:
        asked.append(host)
        await waiting.wait()
        raise OSError(host)

    rules = FetchRules(hosts=(read_host_pattern("*"),), timeout_s=0.2)
    fetcher = MediaFetcher(rules, resolve=never)
    pictures: list[Block] = [Image(UrlSource(f"https://h{number}.example/"), at=f"p{number}") for number in range(6)]
    chat = ChatRequest("openai_chat", {}, [Message("user", pictures)])
    translation = Translation(find_caller_format("openai_chat"), find_upstream_format("bedrock_converse"))
    with pytest.raises(InvalidRequest, match=r"not answered within 0\.2 s"):
        await fetcher.fetch_for(chat, translation, {})
    assert len(asked) == 2
    waiting.set()
    await eventually(lambda: len(asked) == 6)  # a look-up ends by itself, not with whoever waits for it
