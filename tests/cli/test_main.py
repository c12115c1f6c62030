from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from penstock.cli.main import COMMANDS, main
from tests.cli.conftest import Invoke
from tests.cli.penstock_process import PENSTOCK


def test_help_lists_every_command_with_what_it_does(invoke: Invoke) -> None:
    result = invoke("--help")

    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert entry.summary in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_line_in_the_list_is_the_first_line_of_the_command_s_own_help(name: str) -> None:
    with click.Context(main) as context:
        command = main.get_command(context, name)

    assert command is not None
    assert command.help is not None
    assert command.help.partition("\n")[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, invoke: Invoke) -> None:
    for flag in ("-h", "--help"):
        result = invoke(name, flag)

        assert result.exit_code == 0
        assert result.stdout.startswith(f"Usage: main {name} ")


def test_unknown_command_is_refused_with_status_2(invoke: Invoke) -> None:
    result = invoke("serv")

    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_entry_that_is_not_a_command_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = type(COMMANDS["version"])("penstock.cli.main:COMMANDS", "")
    monkeypatch.setattr("penstock.cli.main.COMMANDS", {"odd": entry})

    with pytest.raises(TypeError, match=r"penstock\.cli\.main:COMMANDS is not a command"):
        CliRunner().invoke(main, ["odd"], catch_exceptions=False)


def test_no_color_takes_the_colour_away() -> None:
    coloured, plain = [
        CliRunner(env={"NO_COLOR": no_color}).invoke(main, ["check", "nowhere.yaml"], color=True)
        for no_color in ("", "1")
    ]

    assert "\x1b[31m" in coloured.stderr
    assert "\x1b" not in plain.stderr


def test_help_and_version_load_nothing_of_the_gateway() -> None:
    program = (
        "import sys; from penstock.cli.main import main\n"
        "main(['--help'], standalone_mode=False); main(['version'], standalone_mode=False)\n"
        "print('loaded:', sorted(name for name in sys.modules if name.startswith('penstock.')))"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.endswith("loaded: ['penstock.cli', 'penstock.cli.main', 'penstock.cli.version']\n")


def test_serving_one_provider_by_key_loads_nothing_that_only_others_need() -> None:
    heavy = (
        "botocore",
        "azure",
        "google.auth",
        "jwt",
        "urllib.request",
        "penstock.config.manifests",
        "penstock.simulator",
    )
    program = (
        f"import sys; import penstock.cli.serve; print([name for name in sys.modules if name.startswith({heavy!r})])"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("command", [["providers"], ["check", "c.yaml"], ["check", "--json", "c.yaml"]])
def test_output_that_finds_no_room_is_an_error_of_one_line(command: list[str], configuration: Path) -> None:
    configuration.rename("c.yaml")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run([PENSTOCK, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert ran.returncode == 1
    assert ran.stderr == "Error: the output could not be written: No space left on device\n"
