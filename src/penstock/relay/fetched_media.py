"""Pictures and documents by URL, for providers that take bytes only: fetched, where the operator allows it.

Done once for a request: what was fetched stands in the neutral form from then on, also for another attempt. Each file
once, however often it is named, and a few at once in the whole process. Which URLs may be fetched, and how, is in
:mod:`penstock.core.fetch_rules` and :mod:`penstock.transport.guarded_fetch`; without rules nothing is fetched, and the
provider's format says what it cannot take.
"""

from __future__ import annotations

import asyncio
from binascii import b2a_base64
from collections.abc import Iterable, Iterator

from penstock.core.chat import Block, ChatRequest, Document, Image, InlineData, ToolResult, UrlSource, VendorBlock
from penstock.core.errors import InvalidRequest, Overloaded
from penstock.core.fetch_rules import FetchRefused, FetchRules, read_target
from penstock.relay.way import Translation
from penstock.transport.guarded_fetch import Resolve, fetch, look_up
from penstock.wire.media_kinds import CLASSES, read_kind

FILES_AT_ONCE = 16
LOOKUPS_AT_ONCE = 2
"""Names that callers choose may take long to look up, and the threads for that are few: backends need them too."""
Media = Image | Document


class MediaFetcher:
    """Fetches by one set of rules, for all requests of a process."""

    def __init__(self, rules: FetchRules, resolve: Resolve = look_up) -> None:
        """Open nothing yet."""
        self._rules = rules
        self._resolve = resolve
        self._files = asyncio.Semaphore(FILES_AT_ONCE)
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._running: set[asyncio.Future[list[str]]] = set()

    async def fetch_for(self, chat: ChatRequest, translation: Translation) -> None:
        """Put the bytes in place of the URLs that the provider would not fetch.

        Raises:
            InvalidRequest: one of them may not be fetched, or names something else than it should
                (``code="media_not_fetched"``).
            Overloaded: too many are being fetched.
        """
        found = [(block, block.source.url) for block in _media(chat) if isinstance(block.source, UrlSource)]
        wants_bytes = translation.upstream.wants_bytes if translation.by_url else _always
        wanted = [(block, url) for block, url in found if _is_web(url) and wants_bytes(block)]
        if not wanted:
            return
        first = {url: block for block, url in reversed(wanted)}
        most = self._rules.max_per_request
        if len(first) > most:
            msg = f"This provider takes media as data only, and at most {most} files are fetched for it."
            raise InvalidRequest(msg, code="media_not_fetched", param=wanted[-1][0].at)
        fetched = await self._fetch_all(first)
        for block, url in wanted:
            _check_class(block, fetched[url])
        for block, url in wanted:
            block.source = fetched[url]

    async def _fetch_all(self, first: dict[str, Media]) -> dict[str, InlineData]:
        tasks = [asyncio.ensure_future(self._fetch_one(url, block.at)) for url, block in first.items()]
        try:
            return dict(zip(first, await asyncio.gather(*tasks), strict=True))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch_one(self, url: str, at: str) -> InlineData:
        try:
            target = read_target(url, self._rules)
            await self._wait_for_place()
            try:
                fetched = await fetch(target, self._rules, resolve=self._look_up)
            finally:
                self._files.release()
        except FetchRefused as refused:
            msg = f"The provider takes media as data only, and the URL {refused}."
            raise InvalidRequest(msg, code="media_not_fetched", param=at) from refused
        media_type = read_kind(fetched.content_type, fetched.body)
        if media_type is None:
            msg = "The URL names no picture (JPEG, PNG, GIF, WebP) and no PDF, or its server calls it something else."
            raise InvalidRequest(msg, code="media_not_fetched", param=at)
        return InlineData(media_type, b2a_base64(fetched.body, newline=False).decode("ascii"))

    async def _wait_for_place(self) -> None:
        try:
            await asyncio.wait_for(self._files.acquire(), self._rules.timeout_s)
        except TimeoutError as error:
            msg = f"{FILES_AT_ONCE} files are being fetched for requests already."
            raise Overloaded(msg, headers=(("retry-after", "1"),)) from error

    async def _look_up(self, host: str) -> list[str]:
        """Look a name up. It keeps a thread until it ends, also when nobody waits any more."""

        async def one_of_few() -> list[str]:
            async with self._lookups:
                return await self._resolve(host)

        running = asyncio.ensure_future(one_of_few())
        self._running.add(running)
        running.add_done_callback(self._ended)
        return await asyncio.shield(running)

    def _ended(self, running: asyncio.Future[list[str]]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # whoever waited has it; nobody may have


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


def _check_class(block: Media, source: InlineData) -> None:
    if isinstance(block, Image) and CLASSES[source.media_type] != "image":
        msg = "The URL of this picture names a PDF."
        raise InvalidRequest(msg, code="media_not_fetched", param=block.at)
