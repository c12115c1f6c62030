"""Pictures and PDFs by URL, as both official clients send them, at every provider of Claude and of Bedrock.

Hosts that fetch nothing get the bytes, whether a body is translated for them or relayed; Anthropic itself gets the URL.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest
from anthropic import Anthropic, BadRequestError
from anthropic.types import MessageParam
from openai import OpenAI

from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, FILES_BY_PATH, Setting
from tests.clients.provider_rows import ROWS

TAKE_BYTES = ("bedrock", "bedrock-claude", "bedrock-anthropic", "vertex-anthropic")
COUNT_BYTES = ("bedrock-claude", "vertex-anthropic")
"""Of those, who counts tokens of a body whose bytes can be looked for as they are."""
PICTURE, PDF = (b64encode(data).decode() for data, _ in FILES_BY_PATH.values())


@pytest.fixture
def claude(setting: Setting) -> Iterator[Anthropic]:
    with Anthropic(base_url=setting.gateway_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        yield client


def by_url(said: str, setting: Setting, host: str | None = None) -> list[MessageParam]:
    at = host or setting.files_url
    return [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": said},
                {"type": "image", "source": {"type": "url", "url": f"{at}/cat.png"}},
                {"type": "document", "source": {"type": "url", "url": f"{at}/a.pdf"}},
            ],
        }
    ]


def body_seen(setting: Setting, said: str) -> str:
    [seen] = [one["body"] for one in setting.seen_requests() if said in one["body"]]
    assert isinstance(seen, str)
    return seen


@pytest.mark.parametrize("name", TAKE_BYTES)
def test_an_anthropic_client_reaches_hosts_that_take_bytes(claude: Anthropic, setting: Setting, name: str) -> None:
    said = f"What is this, {name}?"
    answer = claude.messages.create(model=ROWS[name].chat, max_tokens=500, messages=by_url(said, setting))
    assert answer.stop_reason == "end_turn"
    body = body_seen(setting, said)
    assert (PICTURE in body, PDF in body, setting.files_url in body) == (True, True, False)


@pytest.mark.parametrize("name", TAKE_BYTES)
def test_an_openai_client_reaches_hosts_that_take_bytes(setting: Setting, name: str) -> None:
    said = f"And this, {name}?"
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        client.chat.completions.create(
            model=ROWS[name].chat,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": said},
                        {"type": "image_url", "image_url": {"url": f"{setting.files_url}/cat.png"}},
                    ],
                }
            ],
        )
    body = body_seen(setting, said)
    assert (PICTURE in body, setting.files_url in body) == (True, False)


@pytest.mark.parametrize("name", COUNT_BYTES)
def test_they_are_counted_as_bytes_too(claude: Anthropic, setting: Setting, name: str) -> None:
    said = f"How long is this, {name}?"
    counted = claude.messages.count_tokens(model=ROWS[name].chat, messages=by_url(said, setting))
    assert counted.input_tokens > 100
    assert PICTURE in body_seen(setting, said)


def test_anthropic_itself_gets_the_urls(claude: Anthropic, setting: Setting) -> None:
    said = "What is this, Anthropic?"
    claude.messages.create(model=ROWS["anthropic"].chat, max_tokens=500, messages=by_url(said, setting))
    body = body_seen(setting, said)
    assert (PICTURE in body, f"{setting.files_url}/cat.png" in body) == (False, True)


@pytest.mark.parametrize("name", TAKE_BYTES)
def test_other_hosts_are_not_fetched_from_and_the_place_is_named(
    claude: Anthropic, setting: Setting, name: str
) -> None:
    said = f"Not from there, {name}"
    with pytest.raises(BadRequestError, match=r"messages\.0\.content\.1: .* does not fetch from"):
        claude.messages.create(
            model=ROWS[name].chat, max_tokens=500, messages=by_url(said, setting, "https://files.invalid")
        )
    assert not [one for one in setting.seen_requests() if said in one["body"]]
