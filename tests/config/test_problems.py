from __future__ import annotations

import pytest

from penstock.config.problems import ConfigurationInvalid, Findings, Problem, write_path
from penstock.config.yaml_tree import KeyPath, Place, SyntaxProblem, read_yaml

_TREE = read_yaml(b"backends:\n  openai:\n    api_key: x\nmodels: {fast: openai}\n", "c.yaml")[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("backends", "openai", "api_key"), "backends.openai.api_key"),
        (("models", "gpt-4.1", "targets", 0, "model"), 'models."gpt-4.1".targets[0].model'),
        (("models", "openai/*"), "models.openai/*"),
        (("models", "a b"), 'models."a b"'),
        (("models", ""), 'models.""'),
    ],
)
def test_paths_are_written_so_that_dots_do_not_confuse(path: KeyPath, text: str) -> None:
    assert write_path(path) == text


def test_problem_says_place_severity_path_and_message_as_far_as_known() -> None:
    place = Place("c.yaml", 3, 5)

    assert str(Problem(message="is wrong", path=("a", "b"), place=place)) == "c.yaml:3:5: error: a.b: is wrong"
    assert str(Problem(message="is odd", severity="warning")) == "warning: is odd"


def test_problem_in_a_short_form_is_placed_and_named_by_what_is_written() -> None:
    findings = Findings(trees=[_TREE])

    findings.error(("models", "fast", "targets", 0, "backend"), "no such backend")
    findings.missing(("backends", "openai", "base_url"), "is required")
    findings.key_error(("backends", "openai", "api_key"), "unknown key")

    assert [str(problem) for problem in findings.sorted()] == [
        "c.yaml:2:3: error: backends.openai.base_url: is required",
        "c.yaml:3:5: error: backends.openai.api_key: unknown key",
        "c.yaml:4:16: error: models.fast: no such backend",
    ]


def test_problem_of_an_option_of_the_command_line_has_its_name_and_no_place() -> None:
    findings = Findings(trees=[_TREE], elsewhere={("listen", "address"): "--listen"})

    findings.error(("listen", "address"), "is public")

    assert [str(problem) for problem in findings.sorted()] == ["error: --listen: is public"]


def test_place_is_taken_from_the_file_that_holds_the_setting() -> None:
    other = read_yaml(b"limits:\n  body: x\n", "d.yaml")[0]
    findings = Findings(trees=[_TREE, other])

    findings.error(("limits", "body"), "is wrong")
    findings.error(("models", "fast"), "is wrong")

    assert [str(problem.place) for problem in findings.sorted()] == ["c.yaml:4:16", "d.yaml:2:9"]


def test_errors_come_before_warnings_and_nothing_is_said_twice() -> None:
    findings = Findings(trees=[_TREE])
    findings.warning(("backends",), "odd")
    findings.error(("models", "fast"), "wrong")
    findings.error(("models", "fast"), "wrong")
    findings.syntax([SyntaxProblem(Place("c.yaml", 1, 1), "not YAML")])

    assert [problem.message for problem in findings.sorted()] == ["not YAML", "wrong", "odd"]
    assert findings.failed


def test_warnings_are_no_failure() -> None:
    findings = Findings()
    findings.warning((), "odd")

    assert not findings.failed


def test_values_of_variables_are_shown_as_their_names() -> None:
    findings = Findings()
    findings.hide("sk-canary", "OPENAI_API_KEY")
    findings.hide("1", "PORT")
    findings.error((), 'there is no backend "sk-canary-1"')

    assert findings.sorted()[0].message == 'there is no backend "${OPENAI_API_KEY}-1"'


def test_value_that_begins_with_another_is_hidden_whole() -> None:
    findings = Findings()
    findings.hide("sk-canary", "SHORT")
    findings.hide("sk-canary-and-more", "LONG")
    findings.error((), 'there is no backend "sk-canary-and-more"')

    assert findings.sorted()[0].message == 'there is no backend "${LONG}"'


def test_what_was_cut_out_is_known_with_all_that_it_holds() -> None:
    findings = Findings(broken={("backends", "openai")})

    assert findings.is_broken(("backends", "openai", "api_key"))
    assert findings.is_broken(("backends", "openai"))
    assert not findings.is_broken(("backends",))
    assert findings.breaks_under(("backends",))
    assert not findings.breaks_under(("models",))


def test_text_of_the_error_is_bounded() -> None:
    error = ConfigurationInvalid(Problem(message=f"problem {number}") for number in range(150))

    assert len(error.problems) == 150
    assert str(error).splitlines()[-2:] == ["error: problem 99", "... and 50 more"]
