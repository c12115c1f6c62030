from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.problems import Findings
from penstock.config.variables import read_values
from penstock.config.yaml_tree import Place, Scalar, Value, read_yaml

_ENVIRON = {"KEY": "sk-1", "PORT": "1975", "EMPTY": "", "TRICK": "x\nadmin: 0.0.0.0:1"}


def _read(source: str) -> tuple[Value, list[str]]:
    tree, _ = read_yaml(source.encode(), "c.yaml")
    findings = Findings(trees=[tree])
    return read_values(tree, _ENVIRON, findings), [str(problem) for problem in findings.sorted()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${KEY}", "sk-1"),
        ("${PORT}", "1975"),
        ("http://h:${PORT}/${KEY}", "http://h:1975/sk-1"),
        ("${NONE:-fallback}", "fallback"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${KEY:-fallback}", "sk-1"),
        ("${NONE:-}", ""),
        ("${EMPTY}", ""),
        ("${NONE:-a:-b}", "a:-b"),
        ("$${KEY}", "${KEY}"),
        ("a$$b $KEY $", "a$$b $KEY $"),
        ("'${KEY}'", "sk-1"),
        ("${TRICK}", "x\nadmin: 0.0.0.0:1"),
    ],
)
def test_variables_are_put_into_values_as_text(text: str, value: str) -> None:
    assert _read(f"a: {text}") == ({"a": value}, [])


def test_values_without_variables_keep_their_kind() -> None:
    assert _read("a: [1, true, ~, x]\n${KEY}: b")[0] == {"a": [1, True, None, "x"], "${KEY}": "b"}


def test_missing_variable_is_named_with_its_place() -> None:
    assert _read("a:\n  - ${OTHER}\n  - ${KAY}\n")[1] == [
        "c.yaml:2:5: error: a[0]: the environment variable OTHER is not set; set it, or write ${OTHER:-default}",
        'c.yaml:3:5: error: a[1]: the environment variable KAY is not set; did you mean "KEY"?',
    ]


@pytest.mark.parametrize("text", ["${", "${KEY", "${}", "${1A}", "${A B}", "${KEY:?}", "${A:-${KEY}}", "${KEY-}"])
def test_malformed_variable_is_an_error_that_says_how_to_write_one(text: str) -> None:
    (problem,) = _read(f"a: '{text}'")[1]

    assert problem.startswith("c.yaml:1:4: error: a: ${ begins a variable: write ${NAME} or ${NAME:-default}")


@given(st.text())
def test_text_without_a_variable_is_left_alone_and_any_text_can_be_escaped(text: str) -> None:
    escaped = text.replace("$${", "${").replace("${", "$${")
    findings = Findings()

    assert read_values(Scalar(Place("c.yaml", 1, 1), escaped, plain=False), {}, findings) == text.replace("$${", "${")
    assert not findings.problems
