from __future__ import annotations

from importlib.metadata import version

from tests.cli.conftest import Invoke


def test_version_names_the_package_s_version_and_what_it_runs_on(invoke: Invoke) -> None:
    result = invoke("version")

    assert result.exit_code == 0
    assert result.stdout.startswith(f"penstock {version('penstock')} (")
    assert "Python 3." in result.stdout


def test_version_option_prints_the_version_alone(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"penstock {version('penstock')}\n"
