"""Ways to count are found by their ids."""

from __future__ import annotations

from typing import get_args

import pytest

from penstock.core.chat_format import CountFormatId
from penstock.wire.count_formats import MODULES, find_count_caller, find_count_format


@pytest.mark.parametrize("name", get_args(CountFormatId))
def test_every_way_to_count_is_found(name: CountFormatId) -> None:
    assert callable(find_count_format(name).lower)
    assert name in MODULES


def test_callers_ask_as_anthropics_clients_do() -> None:
    assert find_count_caller().id == "anthropic_messages"
