"""Pictures and documents by URL, for providers that take bytes only: fetched, where the operator allows it.

Done once for an exchange: what was fetched stands in the neutral request from then on, also for another attempt. A few
at once, each file once, however often it is named. Which URLs may be fetched, and how, is in
:mod:`penstock.core.fetch_rules` and :mod:`penstock.transport.guarded_fetch`; without rules nothing is fetched, and the
provider's format says what it cannot take.
"""

from __future__ import annotations

import asyncio
from binascii import b2a_base64
from collections.abc import Iterable, Iterator

from penstock.core.chat import Block, ChatRequest, Document, Image, InlineData, ToolResult, UrlSource, VendorBlock
from penstock.core.errors import InvalidRequest
from penstock.core.fetch_rules import FetchRefused, FetchRules, read_target
from penstock.relay.exchange import Exchange
from penstock.relay.way import Translation
from penstock.transport.guarded_fetch import fetch
from penstock.wire.media_kinds import CLASSES, read_kind

FETCHED_AT_ONCE = 4
Media = Image | Document


async def fetch_media(exchange: Exchange, translation: Translation, rules: FetchRules) -> None:
    """Put the bytes in place of the URLs that the provider would not fetch.

    Raises:
        InvalidRequest: the body is not the caller's format; or one of the URLs may not be fetched, or names something
            else than it should (``code="media_not_fetched"``).
    """
    assert exchange.body is not None  # noqa: S101 - read before the first attempt
    if exchange.chat is None:
        exchange.chat = translation.caller.lift(exchange.body)
    found = [(block, block.source.url) for block in _media(exchange.chat) if isinstance(block.source, UrlSource)]
    wants_bytes = translation.upstream.wants_bytes if translation.by_url else _always
    wanted = [(block, url) for block, url in found if _is_web(url) and wants_bytes(block)]
    if not wanted:
        return
    first = {url: block for block, url in reversed(wanted)}
    if len(first) > rules.max_per_request:
        msg = f"This provider takes media as data only, and at most {rules.max_per_request} files are fetched for it."
        raise InvalidRequest(msg, code="media_not_fetched", param=wanted[-1][0].at)
    fetched = await _fetch_all(first, rules)
    for block, url in wanted:
        _check_class(block, fetched[url])
    for block, url in wanted:
        block.source = fetched[url]


def _always(_block: Media) -> bool:
    return True


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("https://", "http://"))


def _media(chat: ChatRequest) -> Iterator[Media]:
    for message in chat.messages:
        yield from _media_in(message.blocks)


def _media_in(blocks: Iterable[Block | VendorBlock]) -> Iterator[Media]:
    for block in blocks:
        if isinstance(block, Image | Document):
            yield block
        elif isinstance(block, ToolResult):
            yield from _media_in(block.content)


async def _fetch_all(first: dict[str, Media], rules: FetchRules) -> dict[str, InlineData]:
    places = asyncio.Semaphore(FETCHED_AT_ONCE)

    async def one(url: str, block: Media) -> InlineData:
        async with places:
            return await _fetch_one(url, block.at, rules)

    tasks = [asyncio.ensure_future(one(url, block)) for url, block in first.items()]
    try:
        return dict(zip(first, await asyncio.gather(*tasks), strict=True))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _fetch_one(url: str, at: str, rules: FetchRules) -> InlineData:
    try:
        fetched = await fetch(read_target(url, rules), rules)
    except FetchRefused as refused:
        msg = f"The provider takes media as data only, and the URL {refused}."
        raise InvalidRequest(msg, code="media_not_fetched", param=at) from refused
    media_type = read_kind(fetched.content_type, fetched.body)
    if media_type is None:
        msg = "The URL names no picture (JPEG, PNG, GIF, WebP) and no PDF, or its server calls it something else."
        raise InvalidRequest(msg, code="media_not_fetched", param=at)
    return InlineData(media_type, b2a_base64(fetched.body, newline=False).decode("ascii"))


def _check_class(block: Media, source: InlineData) -> None:
    if isinstance(block, Image) and CLASSES[source.media_type] != "image":
        msg = "The URL of this picture names a PDF."
        raise InvalidRequest(msg, code="media_not_fetched", param=block.at)
