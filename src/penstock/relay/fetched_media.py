"""Pictures and documents by URL, for providers that take bytes only: fetched, where the operator allows it.

Translated bodies get the bytes in their neutral form; a body that is relayed gets them spliced in where the URL stood.
Each file is fetched once for a request, however often it is named and whatever is attempted, and a few at once in the
whole process. Which URLs may be fetched, and how, is in :mod:`penstock.core.fetch_rules` and
:mod:`penstock.transport.guarded_fetch`. Without rules nothing is fetched: the request is refused here where the host is
what cannot fetch, and by the wire module of a format that has no URLs at all.
"""

from __future__ import annotations

import asyncio
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence

from penstock.core.chat import Block, ChatRequest, Document, Image, InlineData, ToolResult, UrlSource, VendorBlock
from penstock.core.endpoint import MediaByUrl, MediaEdit
from penstock.core.errors import InvalidRequest, Overloaded
from penstock.core.fetch_rules import FetchRefused, FetchRules, read_target
from penstock.core.json_object import JsonEdit
from penstock.relay.way import Translation
from penstock.transport.guarded_fetch import Resolve, fetch, look_up
from penstock.wire.media_kinds import CLASSES, read_kind

FILES_AT_ONCE = 16
LOOKUPS_AT_ONCE = 2
"""Names that callers choose may take long to look up, and the threads for that are few: backends need them too."""
Media = Image | Document
Fetched = dict[str, InlineData]
"""What was fetched for one request, by URL."""


class MediaFetcher:
    """Fetches by one set of rules, for all requests of a process."""

    def __init__(self, rules: FetchRules, resolve: Resolve = look_up) -> None:
        """Open nothing yet."""
        self._rules = rules
        self._resolve = resolve
        self._files = asyncio.Semaphore(FILES_AT_ONCE)
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._running: set[asyncio.Future[list[str]]] = set()

    async def fetch_for(self, chat: ChatRequest, translation: Translation, fetched: Fetched) -> None:
        """Put the bytes in place of the URLs that the provider would not fetch.

        Raises:
            InvalidRequest: one of them may not be fetched, or names something else than it should
                (``code="media_not_fetched"``).
            Overloaded: too many are being fetched.
        """
        wants_bytes = translation.upstream.wants_bytes if translation.by_url else _always
        wanted = [(block, one) for block, one in _by_url(chat) if wants_bytes(block)]
        await self._fetch_wanted([one for _, one in wanted], fetched)
        for _, one in wanted:
            _check_picture(one, fetched[one.url])
        for block, one in wanted:
            block.source = fetched[one.url]

    async def fetch_in_place(self, edit: JsonEdit, edit_media: MediaEdit, fetched: Fetched) -> None:
        """Splice the bytes into a body that is relayed, in place of its URLs.

        Raises:
            InvalidRequest: as above.
            Overloaded: as above.
        """
        wanted = _named_in(edit, edit_media)
        await self._fetch_wanted(wanted, fetched)
        for one in wanted:
            _check_picture(one, fetched[one.url])
            if not one.is_image and CLASSES[fetched[one.url].media_type] == "image":
                msg = "The URL of this document names a picture."
                raise InvalidRequest(msg, code="media_not_fetched", param=one.at)
        if wanted:
            edit_media(edit, lambda one: fetched.get(one.url))

    async def _fetch_wanted(self, wanted: Sequence[MediaByUrl], fetched: Fetched) -> None:
        """Fetch what is not there yet."""
        first: dict[str, str] = {}
        for one in wanted:
            first.setdefault(one.url, one.at)
        most = self._rules.max_per_request
        if len(first) > most:
            msg = f"This provider takes media as data only, and at most {most} files are fetched for it."
            raise InvalidRequest(msg, code="media_not_fetched", param=wanted[-1].at)
        missing = {url: at for url, at in first.items() if url not in fetched}
        if missing:
            fetched.update(await self._fetch_all(missing))

    async def _fetch_all(self, places: dict[str, str]) -> Fetched:
        tasks = [asyncio.ensure_future(self._fetch_one(url, at)) for url, at in places.items()]
        try:
            return dict(zip(places, await asyncio.gather(*tasks), strict=True))
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


def refuse_urls(chat: ChatRequest) -> None:
    """Refuse a request with media by URL, at a host that does not fetch them, where nothing may be fetched for it.

    Raises:
        InvalidRequest: it has some (``code="unsupported_content"``).
    """
    for _, one in _by_url(chat):
        raise _unfetched(one)


def refuse_urls_in_place(edit: JsonEdit, edit_media: MediaEdit) -> None:
    """Refuse a body that is relayed, likewise.

    Raises:
        InvalidRequest: as above.
    """
    for one in _named_in(edit, edit_media):
        raise _unfetched(one)


def _unfetched(one: MediaByUrl) -> InvalidRequest:
    msg = (
        "This provider takes pictures and documents as data, not by URL; send the data itself (base64), or let the "
        "gateway fetch it (fetch.hosts in its configuration)."
    )
    return InvalidRequest(msg, code="unsupported_content", param=one.at)


def _always(_block: Media) -> bool:
    return True


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("https://", "http://"))


def _by_url(chat: ChatRequest) -> Iterator[tuple[Media, MediaByUrl]]:
    """Yield the media of a request that are named by a web address."""
    for message in chat.messages:
        for block in _media_in(message.blocks):
            if isinstance(block.source, UrlSource) and _is_web(block.source.url):
                yield block, MediaByUrl(block.at, block.source.url, isinstance(block, Image))


def _named_in(edit: JsonEdit, edit_media: MediaEdit) -> list[MediaByUrl]:
    """Return the media of a body that are named by a web address."""
    found: list[MediaByUrl] = []
    edit_media(edit, found.append)
    return [one for one in found if _is_web(one.url)]


def _media_in(blocks: Iterable[Block | VendorBlock]) -> Iterator[Media]:
    for block in blocks:
        if isinstance(block, Image | Document):
            yield block
        elif isinstance(block, ToolResult):
            yield from _media_in(block.content)


def _check_picture(one: MediaByUrl, source: InlineData) -> None:
    if one.is_image and CLASSES[source.media_type] != "image":
        msg = "The URL of this picture names a PDF."
        raise InvalidRequest(msg, code="media_not_fetched", param=one.at)
