from __future__ import annotations

import gc

import pytest

from penstock.config.paused_collector import paused_collector


def _fail_while_paused() -> None:
    with paused_collector():
        assert not gc.isenabled()
        raise ValueError("inside")


@pytest.mark.parametrize("was_on", [True, False])
def test_collector_is_as_it_was_afterwards_also_after_an_error(was_on: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if was_on else gc.disable)()
        with pytest.raises(ValueError, match="inside"):
            _fail_while_paused()

        assert gc.isenabled() is was_on
    finally:
        (gc.enable if before else gc.disable)()
