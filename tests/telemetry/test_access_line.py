"""A line of the access log as JSON."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.access_line import AccessLine


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_any_text_stays_on_one_line_of_json(path: str, detail: str) -> None:
    line = AccessLine(
        "2026-11-23T00:00:00.000Z", "req_1", "done", 200, "POST", path, "127.0.0.1", 1.5, 10, 20, detail=detail
    )
    encoded = msgspec.json.encode(line)
    assert b"\n" not in encoded
    assert json.loads(encoded)["path"] == path
    assert json.loads(encoded).get("detail") == detail
