from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from penstock.core.usage import UNREPORTED
from penstock.relay.exchange import Exchange, new_request_id


def test_request_ids_are_never_given_twice_and_fit_in_a_header() -> None:
    ids = [new_request_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(each.isascii() and each.startswith("req_") and " " not in each for each in ids)


def test_an_exchange_begins_with_nothing_found_out() -> None:
    exchange = Exchange(cast(Any, SimpleNamespace()), 1.5)

    assert (exchange.started_at, exchange.status, exchange.outcome) == (1.5, 0, "done")
    assert exchange.usage is UNREPORTED
    assert (exchange.endpoint, exchange.model, exchange.target, exchange.error) == (None, None, None, None)
