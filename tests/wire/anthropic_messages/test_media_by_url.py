"""Media by URL in a body that is relayed: found wherever they may stand, and only their sources change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.core.chat import InlineData
from penstock.core.endpoint import MediaByUrl
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.anthropic_messages.media_by_url import edit_media

URL = {"type": "url", "url": "https://a.example/x"}
PICTURE = {"type": "image", "source": URL}
DOCUMENT = {"type": "document", "source": URL, "title": "A"}
BYTES = InlineData("image/png", "iVBOR")
WRITTEN = {"type": "base64", "media_type": "image/png", "data": "iVBOR"}


def found_in(body: bytes) -> list[MediaByUrl]:
    found: list[MediaByUrl] = []
    edit = JsonEdit(JsonObject(body))
    edit_media(edit, found.append)
    assert edit.render() is body
    return found


def given_bytes(body: bytes) -> bytes:
    edit = JsonEdit(JsonObject(body))
    edit_media(edit, lambda _one: BYTES)
    return edit.render()


def of(*blocks: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": list(blocks)}]}).encode()


def test_pictures_and_documents_are_found_in_turns_results_and_documents_made_of_blocks() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}, PICTURE]}
    made = {"type": "document", "source": {"type": "content", "content": [PICTURE]}}
    body = of(PICTURE, {"type": "text", "text": '"url"'}, DOCUMENT, result, made)
    url = "https://a.example/x"
    assert found_in(body) == [
        MediaByUrl("messages[0].content[0]", url, is_image=True),
        MediaByUrl("messages[0].content[2]", url, is_image=False),
        MediaByUrl("messages[0].content[3].content[1]", url, is_image=True),
        MediaByUrl("messages[0].content[4].source.content[0]", url, is_image=True),
    ]
    written = json.loads(given_bytes(body))["messages"][0]["content"]
    assert written[0]["source"] == WRITTEN
    assert written[2] == {**DOCUMENT, "source": WRITTEN}
    assert written[3]["content"][1]["source"] == WRITTEN
    assert written[4]["source"]["content"][0]["source"] == WRITTEN


def test_only_the_source_changes() -> None:
    body = (
        b'{ "model" : "m", "messages" : [ {"role":"user","content":[ {"cache_control":{"type":"ephemeral"}, "source":'
        b' { "url" : "https:\\/\\/a.example\\/x", "type":"url" } , "type":"image","x":1.50} , {"type":"text", "text":'
        b'"\\u00e4"} ] } ],"max_tokens":9 }'
    )
    assert found_in(body) == [MediaByUrl("messages[0].content[0]", "https://a.example/x", is_image=True)]
    assert given_bytes(body) == body.replace(
        b'{ "url" : "https:\\/\\/a.example\\/x", "type":"url" }',
        b'{"type":"base64","media_type":"image/png","data":"iVBOR"}',
    )


def test_media_without_bytes_stay_as_they_are() -> None:
    body = of(PICTURE, DOCUMENT)
    edit = JsonEdit(JsonObject(body))
    edit_media(edit, lambda one: None if one.is_image else BYTES)
    first, second = json.loads(edit.render())["messages"][0]["content"]
    assert (first, second["source"]) == (PICTURE, WRITTEN)


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":"\\"url\\""}',
        b'{"messages":{"type":"url"}}',
        b'{"messages":[7,"url",{"content":"url"},{"content":{"type":"url"}},{"content":[7,"url",{"type":"url"}]}]}',
        of(
            {"type": "image", "source": "url"},
            {"type": "image"},
            {"type": "image", "source": {"type": "url", "url": 7}},
        ),
        of({"type": 7, "source": URL}, {"type": "search_result", "source": "url"}, {"type": "tool_use", "input": URL}),
        of({"type": "image", "source": {"type": "base64", "data": "url"}}, {"type": "text", "text": "url"}),
        of({"type": "document", "source": {"type": "content", "content": "url"}}),
        b'{"model":"url"}',
    ],
)
def test_what_is_no_medium_by_url_keeps_its_bytes(body: bytes) -> None:
    assert [one for one in found_in(body) if one.url] == []
    assert JsonEdit(JsonObject(body)).render() is body


def test_a_member_that_stands_twice_beside_a_url_is_refused() -> None:
    body = b'{"messages":[{"content":[{"type":"image","source":{"type":"url","url":"u"},"source":{}}]}]}'
    with pytest.raises(InvalidRequest) as refused:
        found_in(body)
    assert refused.value.code == "duplicate_field"
