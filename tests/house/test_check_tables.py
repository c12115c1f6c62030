from __future__ import annotations

import enum
from collections.abc import Mapping
from types import ModuleType
from typing import Final, Literal

import pytest

from scripts import check_tables

Reason = Literal["stop", "length"]


class Role(enum.Enum):
    USER = "user"
    TOOL = "tool"


def module_with(name: str, annotation: object, table: object) -> ModuleType:
    module = ModuleType("penstock.wire.planted")
    module.__annotations__ = {name: annotation}
    setattr(module, name, table)
    return module


@pytest.mark.parametrize("annotation", [dict[Reason, int], Mapping[Reason, int], Final[Mapping[Reason, int]]])
def test_a_word_without_a_row_is_found(annotation: object) -> None:
    module = module_with("STOP_REASONS", annotation, {"stop": 1})

    assert list(check_tables.missing_rows(module)) == ["penstock.wire.planted: STOP_REASONS has no row for 'length'"]


def test_a_member_of_an_enum_without_a_row_is_found() -> None:
    module = module_with("_ROLES", Mapping[Role, str], {Role.USER: "user"})

    assert list(check_tables.missing_rows(module)) == [f"penstock.wire.planted: _ROLES has no row for {Role.TOOL!r}"]


@pytest.mark.parametrize(
    ("name", "annotation", "table"),
    [
        ("STOP_REASONS", Mapping[Reason, int], {"stop": 1, "length": 2}),
        ("KNOWN_MODELS", Mapping[str, int], {"stop": 1}),
        ("REASON", Reason, "stop"),
        ("partial", Mapping[Reason, int], {"stop": 1}),
    ],
)
def test_a_total_table_and_what_is_no_table_are_fine(name: str, annotation: object, table: object) -> None:
    assert list(check_tables.missing_rows(module_with(name, annotation, table))) == []


def test_an_endpoint_id_that_nothing_serves_or_that_two_serve_is_found() -> None:
    assert list(check_tables.unmatched_endpoints(["chat", "embeddings"], ["chat", "chat"])) == [
        "penstock.endpoints: 'chat' is served twice",
        "penstock.endpoints: no endpoint is 'embeddings'",
    ]
