"""Every vector of the providers' oddities, collected by folder: a new case is a file and no code."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.provider import Provider, RequestQuirk
from penstock.core.usage import Usage
from penstock.providers import all_providers
from penstock.wire.openai_usage import read_openai_usage

VECTORS = Path(__file__).parents[1] / "vectors" / "providers"
FILES = sorted(VECTORS.glob("*/*.json"))


class Source(msgspec.Struct, forbid_unknown_fields=True):
    kind: Literal["documented", "recorded", "by hand"]
    url: str | None = None
    read: date | None = None


class Vector(msgspec.Struct, forbid_unknown_fields=True):
    source: Source
    about: str
    endpoint: EndpointId | None = None
    request: msgspec.Raw = msgspec.Raw()
    upstream: dict[str, object] | None = None
    losses: list[str] | None = None
    usage: dict[str, object] | None = None
    reads_as: Usage | None = None


def read(path: Path) -> Vector:
    return msgspec.json.decode(path.read_bytes(), type=Vector)


def apply(quirks: tuple[RequestQuirk, ...], vector: Vector) -> JsonEdit:
    assert vector.endpoint is not None
    edit = JsonEdit(JsonObject(bytes(vector.request)))
    for quirk in quirks:
        quirk(vector.endpoint, edit)
    return edit


def vectors_of(provider: Provider) -> list[Vector]:
    return [read(path) for path in FILES if path.parent.name == provider.id]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_vector(path: Path) -> None:
    vector, provider = read(path), all_providers()[path.parent.name]
    if vector.endpoint is not None:
        assert vector.endpoint in provider.endpoints()
        edit = apply(provider.request_quirks, vector)
        assert json.loads(edit.render()) == vector.upstream
        assert [f"{loss.kind} {loss.path}" for loss in edit.losses] == vector.losses
        assert all(loss.why for loss in edit.losses)
    else:
        assert vector.usage is not None
        assert provider.read_usage is not None
        assert provider.read_usage(vector.usage) == vector.reads_as


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_vector_says_where_it_comes_from(path: Path) -> None:
    vector = read(path)
    assert vector.about
    assert (vector.source.url is not None and vector.source.read is not None) or vector.source.kind == "by hand"
    assert (vector.endpoint is None) != (vector.usage is None)


@pytest.mark.parametrize(
    ("provider", "quirk"),
    [
        pytest.param(provider, quirk, id=f"{provider.id}-{getattr(quirk, '__name__', quirk)}")
        for provider in all_providers().values()
        for quirk in provider.request_quirks
    ],
)
def test_every_quirk_has_a_vector_that_is_not_made_up(provider: Provider, quirk: RequestQuirk) -> None:
    edits = [
        (apply((quirk,), vector), bytes(vector.request))
        for vector in vectors_of(provider)
        if vector.endpoint is not None and vector.source.kind != "by hand"
    ]
    assert any(edit.losses or edit.render() != request for edit, request in edits)


@pytest.mark.parametrize("provider", [p for p in all_providers().values() if p.read_usage], ids=lambda p: p.id)
def test_every_reading_of_usage_has_a_vector_that_openais_would_get_wrong(provider: Provider) -> None:
    usages = [vector for vector in vectors_of(provider) if vector.usage is not None]
    assert any(read_openai_usage(vector.usage or {}) != vector.reads_as for vector in usages)


@pytest.mark.parametrize("provider", [p for p in all_providers().values() if p.request_quirks], ids=lambda p: p.id)
@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"model":7,"messages":"x","thinking":[],"temperature":"hot","n":{},"stop":7,"stream_options":1,"seed":[]}',
        b'{"model":"\xff","user":"\xff","thinking":"\xff","temperature":1e999,"messages":[{"name":"\xff"},[],null]}',
    ],
)
def test_quirks_survive_any_body(provider: Provider, body: bytes) -> None:
    for endpoint in provider.endpoints():
        edit = JsonEdit(JsonObject(body))
        for quirk in provider.request_quirks:
            quirk(endpoint, edit)
        rendered = edit.render()
        assert ("messages" in JsonObject(rendered)) == ("messages" in JsonObject(body))
