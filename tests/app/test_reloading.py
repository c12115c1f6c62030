"""Configuration files that change on a real disk, and what is said of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from penstock.admin.reports import ConfigurationReport
from penstock.app import reloading
from penstock.app.notifier import Notifier
from penstock.app.reloading import Candidate, Reloading
from penstock.config.files import Files
from penstock.config.source import Source, load
from penstock.core.errors import OperatorError
from tests.relay.served_gateway import eventually

TEXT = "backends: {groq: {api_key: {file: groq.key}}}\nmodels: {one: groq}\n"


class Applied:
    """What was put in place, and what is refused by the one who would."""

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self.refusal: str | None = None
        self.needs: tuple[str, ...] = ()

    async def __call__(self, candidate: Candidate) -> tuple[str, ...]:
        if self.refusal:
            raise OperatorError(self.refusal)
        self.candidates.append(candidate)
        return self.needs


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reloading, "LOOK_INTERVAL_S", 0.01)
    (tmp_path / "groq.key").write_text("sk-canary-1")
    (tmp_path / "gateway.yaml").write_text(TEXT)
    return tmp_path / "gateway.yaml"


def made(path: Path, applied: Applied) -> tuple[Reloading, ConfigurationReport]:
    source, files = Source(files=(str(path),)), Files()
    first = Candidate(load(source, {}, files), files)
    report = ConfigurationReport(version=first.version, source="", loaded_at="")
    return Reloading(source, {}, first, report=report, apply=applied, notifier=Notifier({}, 1)), report


@asynccontextmanager
async def looking(each: Reloading) -> AsyncIterator[None]:
    task = asyncio.create_task(each.run())
    yield
    task.cancel()
    await asyncio.wait({task})


async def test_a_changed_file_is_put_in_place_and_a_quiet_one_is_left_alone(path: Path) -> None:
    applied = Applied()
    each, report = made(path, applied)
    first = report.version
    async with looking(each):
        await asyncio.sleep(0.1)
        assert not applied.candidates
        path.write_text(TEXT.replace("one", "two"))
        await eventually(lambda: report.reloads == 1)
        await asyncio.sleep(0.1)
    assert [list(one.loaded.snapshot.models) for one in applied.candidates] == [["two"]]
    assert report.version == applied.candidates[0].version != first
    assert report.models == 1


async def test_a_changed_secret_and_a_replaced_file_are_seen(path: Path) -> None:
    applied = Applied()
    each, report = made(path, applied)
    async with looking(each):
        (path.parent / "groq.key").write_text("sk-canary-22")
        await eventually(lambda: report.reloads == 1)
        (path.parent / "new").write_text(TEXT)
        (path.parent / "new").replace(path)
        await eventually(lambda: report.reloads == 2)
    key = applied.candidates[0].loaded.snapshot.backends["groq"].api_key
    assert key is not None
    assert key.reveal() == "sk-canary-22"


async def test_a_bad_file_changes_nothing_and_says_why_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    applied = Applied()
    each, report = made(path, applied)
    first = report.version
    caplog.set_level(logging.INFO)
    async with looking(each):
        path.write_text(TEXT + "modls: {}\n")
        await eventually(lambda: report.refused == 1)
        await asyncio.sleep(0.1)
        assert (report.version, report.refused, applied.candidates) == (first, 1, [])
        assert report.last_error is not None
        assert f'{path}:3:1: error: modls: unknown key; did you mean "models"?' in report.last_error.message
        assert f"version {first} stays: {path}:3:1" in caplog.text
        path.unlink()
        await eventually(lambda: report.refused == 2)
        path.write_text(TEXT)
        await eventually(lambda: report.reloads == 1)
    assert report.last_error is None
    assert report.version == first


async def test_what_cannot_be_put_in_place_is_refused_too(path: Path) -> None:
    applied = Applied()
    each, report = made(path, applied)
    applied.refusal = "the certificate cannot be used"
    assert not await each.reload()
    assert report.last_error is not None
    assert report.last_error.message == "the certificate cannot be used"


async def test_a_defect_met_by_a_configuration_is_told_and_the_old_one_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    applied = Applied()
    each, report = made(path, applied)

    def fail(*_arguments: object) -> NoReturn:
        raise KeyError("unforeseen")

    with monkeypatch.context() as broken:
        broken.setattr(reloading, "load", fail)
        assert not await each.reload()
    assert report.last_error is not None
    assert report.last_error.message == "a defect of the gateway (KeyError); its log has the place"
    assert "unforeseen" in caplog.text
    assert await each.reload()


async def test_settings_that_need_a_restart_are_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    applied = Applied()
    each, report = made(path, applied)
    applied.needs = ("listen.address",)
    assert await each.reload()
    assert report.needs_restart == ("listen.address",)
    assert "not in place until a restart: listen.address" in caplog.text


async def test_reloads_asked_for_during_one_become_one(path: Path) -> None:
    applied = Applied()
    each, report = made(path, applied)
    async with looking(each):
        for _ in range(5):
            each.ask()
        await eventually(lambda: report.reloads == 1)
        await asyncio.sleep(0.05)
        assert report.reloads == 1
