"""Whatever a caller asks for is in the provider's body, or the losses name the caller's own path of it.

Made-up requests of both callers' formats go to a model of each provider's format; ``provider_requests`` reads what the
provider is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import FormatId, Lowered
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.wire.asked_requests import Item, asked_items, asked_markers, asked_settings, asked_tools
from tests.wire.chat_requests import extended_requests
from tests.wire.messages_requests import messages_requests
from tests.wire.provider_requests import READERS, Heard

FORMATS: tuple[FormatId, ...] = get_args(FormatId)
REQUESTS: Mapping[FormatId, st.SearchStrategy[dict[str, Any]]] = {
    "openai_chat": extended_requests(),
    "anthropic_messages": messages_requests(),
}
MODELS: Mapping[FormatId, tuple[str, ...]] = {
    "openai_chat": ("gpt-5.1", "gpt-4.1"),
    "anthropic_messages": ("claude-sonnet-4-5", "claude-opus-4-7", "claude-3-5-haiku-20241022"),
    "bedrock_converse": ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0"),
    "gemini_generate": ("gemini-3-pro-preview", "gemini-2.5-flash", "gemini-2.0-flash"),
    "cohere_chat": ("command-a-reasoning-08-2025", "command-a-03-2025"),
}
SPEAKERS = frozenset({"system", "user", "assistant"})

DEFAULTS: Mapping[str, object] = {"temperature": 1, "top_p": 1}
"""What they are of models that take neither, which is then not said."""

every_pair = pytest.mark.parametrize(("caller", "upstream"), list(product(REQUESTS, FORMATS)))
patiently = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class Told:
    """What the losses of a request say, by the caller's paths."""

    def __init__(self, lowered: Lowered) -> None:
        self.kinds: list[tuple[str, str]] = [(loss.path.removeprefix("$."), loss.kind) for loss in lowered.losses]

    def of(self, path: str) -> set[str]:
        """Return the kinds of losses at a path, or at something that it is in."""
        return {kind for lost, kind in self.kinds if path == lost or path.startswith((f"{lost}.", f"{lost}["))}

    def inside(self, path: str) -> bool:
        """Say whether something is told of a path, of what it is in, or of what is in it."""
        return bool(self.of(path)) or any(lost.startswith((f"{path}.", f"{path}[")) for lost, _ in self.kinds)


def is_in(asked: Item, heard: Item, *, exact: bool) -> bool:
    """Say whether what was asked stands in what is heard; not exact: its id, signature and speaker may be others."""
    if asked.kind == "medium" and heard.kind == "user":
        return asked.text in heard.text  # a document that is text
    if asked.kind in SPEAKERS | {"result"}:
        same = asked.text in heard.text and (asked.kind == heard.kind or not exact)
    else:
        same = (asked.kind, asked.text, asked.name) == (heard.kind, heard.text, heard.name)
    if not exact:
        return same
    identity = (asked.id if heard.id else "", asked.signature, asked.failed)  # Gemini's calls may be without ids
    return same and identity == (heard.id, heard.signature, heard.failed)


def check_items(request: ChatRequest, heard: Heard, told: Told) -> None:
    """Check that what is not told to be lost is there, in the order in which it was said."""
    place = 0
    for item, at in asked_items(request):
        kinds = told.of(at)
        if "dropped" in kinds:
            continue
        loose = bool(kinds) or any(told.of(f"{at}.{name}") for name in ("signature", "is_error", "extra_content"))
        if loose:
            assert any(is_in(item, other, exact=False) for other in heard.items), (item, at)
            continue
        found = next((n for n in range(place, len(heard.items)) if is_in(item, heard.items[n], exact=True)), None)
        assert found is not None, (item, at, heard.items)
        place = found + (item.kind not in SPEAKERS)  # texts may be joined


def check_nothing_is_made_up(request: ChatRequest, heard: Heard, told: Told) -> None:
    asked = [item for item, _ in asked_items(request)]
    changed = {"approximated", "moved"} & {kind for _, kind in told.kinds}
    for item in heard.items:
        known = any(other.text in item.text or item.text in other.text for other in asked)
        assert known or changed, item


def calls_none(request: ChatRequest) -> bool:
    return request.tool_choice is not None and request.tool_choice.mode == "none"


def check_settings(request: ChatRequest, heard: Heard, told: Told) -> None:
    form_is_a_tool = "approximated" in told.of(request.path("response_format"))
    for name, value in asked_settings(request).items():
        if told.inside(request.path(name)) or (name == "tool_choice" and form_is_a_tool):
            continue
        if DEFAULTS.get(name) == value and name not in heard.settings:
            continue
        if name == "parallel_tool_calls" and calls_none(request):
            continue
        if name == "tool_choice" and calls_none(request) and not heard.tools:
            continue  # what is not offered is not called
        assert name in heard.settings, (name, value)
        assert heard.settings[name] == value or name == "service_tier", (name, value, heard.settings[name])


def check_tools(request: ChatRequest, heard: Heard, told: Told) -> None:
    if not told.inside(request.path("tool_choice")) and not calls_none(request):
        assert asked_tools(request).items() <= heard.tools.items()


@every_pair
@patiently
@given(data=st.data())
def test_what_is_asked_for_is_sent_or_told_to_be_lost(
    caller: FormatId, upstream: FormatId, data: st.DataObject
) -> None:
    body = data.draw(REQUESTS[caller])
    model = data.draw(st.sampled_from(MODELS[upstream]))
    request = find_caller_format(caller).lift(JsonObject(json.dumps(body).encode()))
    try:
        lowered = find_upstream_format(upstream).lower(request, model, facts_of(model))
    except InvalidRequest:
        return
    written = json.loads(lowered.body)
    heard, told = READERS[upstream](written), Told(lowered)
    check_items(request, heard, told)
    check_nothing_is_made_up(request, heard, told)
    check_settings(request, heard, told)
    check_tools(request, heard, told)
    lost = [kind for path, kind in told.kinds if path.endswith(".cache_control") and kind != "approximated"]
    assert heard.markers + len(lost) >= asked_markers(request)
    for name in request.extras:
        assert name in written or told.inside(name), name
    for path in request.unread:
        assert told.of(path)


def told_of_both(first: ChatRequest, out: Lowered, second: ChatRequest, back: Lowered) -> Told:
    """Return what was told on the way out, and what was told on the way back by the paths of the first request."""
    told, later = Told(out), Told(back)
    for item, at in asked_items(second):
        kinds = later.of(at) | later.of(f"{at}.signature") | later.of(f"{at}.is_error")
        same = [place for other, place in asked_items(first) if (other.kind, other.text) == (item.kind, item.text)]
        told.kinds += [(place, kind) for place in same for kind in kinds]
    names = [name for name in asked_settings(first) if later.inside(second.path(name))]
    told.kinds += [(first.path(name), "dropped") for name in names]
    return told


@pytest.mark.parametrize(
    ("caller", "through"), [("openai_chat", "anthropic_messages"), ("anthropic_messages", "openai_chat")]
)
@patiently
@given(data=st.data())
def test_a_request_comes_back_from_another_format_but_for_what_is_told(
    caller: FormatId, through: FormatId, data: st.DataObject
) -> None:
    lift, model, other = find_caller_format(caller).lift, MODELS[caller][0], MODELS[through][0]
    first = lift(JsonObject(json.dumps(data.draw(REQUESTS[caller])).encode()))
    try:
        out = find_upstream_format(through).lower(first, other, facts_of(other))
        second = find_caller_format(through).lift(JsonObject(out.body))
        back = find_upstream_format(caller).lower(second, model, facts_of(model))
    except InvalidRequest:
        return
    heard, told = READERS[caller](json.loads(back.body)), told_of_both(first, out, second, back)
    check_items(first, heard, told)
    check_settings(first, heard, told)
    check_tools(first, heard, told)
