"""What a status alone says."""

from __future__ import annotations

import pytest

from penstock.core.chat_answer import ErrorKind
from penstock.wire.status_kinds import kind_of_status


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "authentication"), (429, "rate_limit"), (529, "overloaded"), (418, "invalid_request"), (599, "server")],
)
def test_a_status_that_is_not_known_says_whose_fault_it_is(status: int, kind: ErrorKind) -> None:
    assert kind_of_status(status) == kind
