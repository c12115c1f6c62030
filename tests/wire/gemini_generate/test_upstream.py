from __future__ import annotations

from penstock.wire.chat_formats import find_upstream_format
from penstock.wire.gemini_generate.upstream import UPSTREAM


def test_the_format_is_found_by_its_name() -> None:
    assert find_upstream_format("gemini_generate") is UPSTREAM
    assert UPSTREAM.framing == "sse"
