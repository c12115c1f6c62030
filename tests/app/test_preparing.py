from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from penstock.app.preparing import Parts, forget, prepare
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import AccessLog
from penstock.telemetry.log_format import LogFormat, read_template
from tests.relay.served_gateway import backend_at, snapshot_of


async def test_only_what_is_new_is_made(tmp_path: Path) -> None:
    parts = Parts()
    log = AccessLog(path=str(tmp_path / "log"))
    first = await prepare(replace(snapshot_of(backend_at(1), backend_at(2, name="b")), access_log=log), parts)
    second = await prepare(
        replace(snapshot_of(backend_at(1), backend_at(3, name="b"), backend_at(4, name="c")), access_log=log),
        parts,
        first,
    )

    assert second.made["up"] is first.made["up"]
    assert second.made["b"].client is not first.made["b"].client
    assert second.access_log is first.access_log
    assert second.gateway is not first.gateway

    forget(second, first)
    assert first.access_log is not None
    assert first.access_log._writer.is_alive()
    forget(first)
    assert not first.access_log._writer.is_alive()


async def test_what_cannot_be_opened_is_the_operators_error(tmp_path: Path) -> None:
    wrong = replace(snapshot_of(backend_at(1)), access_log=AccessLog(path=str(tmp_path / "no" / "log")))
    with pytest.raises(OperatorError, match=r"the access log .* cannot be opened"):
        await prepare(wrong, Parts())


async def test_a_log_in_another_format_is_another_log(tmp_path: Path) -> None:
    parts = Parts()
    first, same, other = [
        replace(
            snapshot_of(backend_at(1)),
            access_log=AccessLog(path=str(tmp_path / "log"), line_format=LogFormat(line=read_template(text))),
        )
        for text in ("a", "a", "b")
    ]
    prepared = await prepare(first, parts)
    assert (await prepare(same, parts, prepared)).access_log is prepared.access_log
    changed = await prepare(other, parts, prepared)
    assert changed.access_log is not prepared.access_log

    forget(changed, prepared)
    forget(prepared)
