from __future__ import annotations

from pathlib import Path

import click
import pytest

from penstock.cli.configuration import (
    AddressType,
    ConfigurationRefused,
    load_configuration,
    mention_unread_file,
    named_files,
    print_problems,
)
from penstock.config.address import Address
from penstock.config.problems import Problem
from penstock.config.yaml_tree import Place


@pytest.mark.parametrize(
    ("arguments", "environ", "files"),
    [
        (["a.yaml", "b.yaml"], {}, ["a.yaml", "b.yaml"]),
        (["a.yaml"], {"PENSTOCK_CONFIG": "b.yaml"}, ["a.yaml"]),
        ([], {"PENSTOCK_CONFIG": "b.yaml"}, ["b.yaml"]),
        ([], {"PENSTOCK_CONFIG": "b.yaml::c.yaml"}, ["b.yaml", "c.yaml"]),
        ([], {"PENSTOCK_CONFIG": ""}, []),
        ([], {}, []),
    ],
)
def test_arguments_win_over_the_variable(arguments: list[str], environ: dict[str, str], files: list[str]) -> None:
    assert named_files(arguments, environ) == files


def test_file_with_the_usual_name_is_mentioned_and_not_read(tmp_path: Path) -> None:
    assert mention_unread_file([]) == []

    (tmp_path / "penstock.yaml").write_text("nonsense", encoding="utf-8")

    assert mention_unread_file(["other.yaml"]) == []
    (line,) = mention_unread_file([])
    assert "penstock serve penstock.yaml" in line


def test_nothing_configured_is_one_problem_that_lists_the_variables() -> None:
    with pytest.raises(ConfigurationRefused) as caught:
        load_configuration([], {})

    (problem,) = caught.value.problems
    assert "GROQ_API_KEY" in problem.message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:0", Address("127.0.0.1", 0)), ("[::1]:80", Address("::1", 80))],
)
def test_address_is_read(text: str, address: Address) -> None:
    assert AddressType().convert(text, None, None) == address


@pytest.mark.parametrize("text", ["1975", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "::1:80"])
def test_address_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(click.BadParameter, match=text):
        AddressType().convert(text, None, None)


def test_problems_go_to_standard_error_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    print_problems(
        [
            Problem(message="is wrong", path=("models", "a"), place=Place("c.yaml", 3, 5)),
            Problem(message="is unwise", severity="warning"),
        ]
    )

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "c.yaml:3:5: error: models.a: is wrong\nwarning: is unwise\n"
