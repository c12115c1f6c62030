from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_excepts
from tests.house.conftest import Plant


def guarded(handler: str) -> str:
    return f"try:\n    run()\n{handler}\n"


@pytest.mark.parametrize(
    "handler",
    [
        "except Exception:\n    pass",
        "except BaseException as error:\n    log(error)",
        "except:\n    pass",
        "except (ValueError, Exception):\n    pass",
        "except builtins.Exception:\n    pass",
        "except Exception as error:\n    raise ValueError from error",
    ],
)
def test_a_broad_handler_is_refused(plant: Plant, tmp_path: Path, handler: str) -> None:
    plant("src/penstock/relay/streaming.py", guarded(handler))

    assert [line.split(": ")[0] for line in check_excepts.find(tmp_path)] == ["src/penstock/relay/streaming.py:3"]


@pytest.mark.parametrize(
    "handler",
    [
        "except ValueError:\n    pass",
        "except (OSError, KeyError):\n    pass",
        "except BaseException:\n    undo()\n    raise",
    ],
)
def test_a_narrow_handler_and_one_that_raises_again_are_fine(plant: Plant, tmp_path: Path, handler: str) -> None:
    plant("src/penstock/relay/streaming.py", guarded(handler))

    assert list(check_excepts.find(tmp_path)) == []


def test_the_boundary_may_catch_everything(plant: Plant, tmp_path: Path) -> None:
    plant(check_excepts.BOUNDARY, guarded("except Exception:\n    answer_500()"))

    assert list(check_excepts.find(tmp_path)) == []


@pytest.mark.parametrize("stub", ["raise NotImplementedError", 'raise NotImplementedError("later")'])
def test_a_stub_is_refused_even_in_the_boundary(plant: Plant, tmp_path: Path, stub: str) -> None:
    plant(check_excepts.BOUNDARY, guarded(f"except KeyError:\n    {stub}"))

    assert list(check_excepts.find(tmp_path)) == [f"{check_excepts.BOUNDARY}:4: a stub is not done"]
