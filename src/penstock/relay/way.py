"""How a backend serves an endpoint: by the endpoint's own path, or by the provider's chat API, translated or not.

Found once for each backend and endpoint. What a translation does is in the wire modules, what a host wants in its
provider's file; this module only chooses among what both declare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penstock.core.chat_format import CallerFormat, FormatId, UpstreamFormat
from penstock.core.endpoint import Endpoint, EndpointId, MediaEdit
from penstock.core.provider import HostSplice, Options, Provider
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from penstock.wire.count_formats import find_count_caller, find_count_format

OPENAI_CHAT: EndpointId = "chat_completions"


@dataclass(frozen=True, slots=True)
class Translation:
    """Between the caller's chat format and the provider's."""

    caller: CallerFormat
    upstream: UpstreamFormat
    by_url: bool = True
    """Whether the host fetches what is at URLs, as far as the format has them."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request of one endpoint goes at one provider, and what is done to it."""

    path: str
    """Template, below the base URL."""
    stream_path: str
    quirks_of: EndpointId | None
    """The endpoint whose quirks of the provider apply; None where the provider's own API is called."""
    splices: tuple[HostSplice, ...] = ()
    in_frames: bool = False
    translation: Translation | None = None
    embeddings: bool = False
    """The provider's own embeddings API is called; which one, its model decides."""
    model_in_path: Callable[[str], str] = str
    """The model's name in the path, by its name at the provider."""
    edit_media: MediaEdit | None = None
    """Gives media by URL their bytes, in a body that is not translated; None where the host fetches them itself."""

    @property
    def edits_translated(self) -> bool:
        """Whether the host or the provider may want a translated body otherwise; else it need not be read again."""
        asks = self.translation is not None and self.translation.upstream.ask_for_usage is not None
        return asks or bool(self.splices) or self.quirks_of is not None


def find_way(provider: Provider, options: Options, endpoint: Endpoint) -> Way | None:
    """Return how the provider serves the endpoint, or None when it does not: the same format is preferred."""
    paths = provider.path_table(options)
    edit_media = None if provider.by_url else endpoint.edit_media
    if endpoint.id in paths:
        return Way(paths[endpoint.id], paths[endpoint.id], endpoint.id, edit_media=edit_media)
    if endpoint.id == "embeddings" and provider.native_embeddings is not None:
        return Way("", "", None, embeddings=True)
    counting = provider.native_count
    if endpoint.id == "count_tokens" and counting is not None:
        translation = Translation(find_count_caller(), find_count_format(counting.format), provider.by_url)
        return Way(counting.path, counting.path, None, translation=translation, model_in_path=counting.counted_model)
    wanted = endpoint.chat_format
    if wanted is None:
        return None
    native = provider.native_chat
    if native is not None:
        same = native.format == wanted
        return Way(
            native.path,
            native.stream_path,
            None,
            native.splices,
            native.in_frames,
            None if same else _translation(wanted, native.format, provider),
            edit_media=edit_media if same else None,
        )
    if OPENAI_CHAT in paths:
        translation = _translation(wanted, "openai_chat", provider)
        return Way(paths[OPENAI_CHAT], paths[OPENAI_CHAT], OPENAI_CHAT, translation=translation)
    return None


def _translation(caller: FormatId, upstream: FormatId, provider: Provider) -> Translation:
    return Translation(find_caller_format(caller), find_upstream_format(upstream), provider.by_url)
