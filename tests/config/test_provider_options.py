from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from penstock.config.problems import Findings
from penstock.config.provider_options import read_options
from penstock.core.provider import Options, Provider


class _Options(Options, frozen=True):
    region: str
    mode: Literal["fast", "careful"] = "fast"
    retries: int = 3
    tags: list[int] = msgspec.field(default_factory=list)


def _provider(options: type[Options]) -> Provider:
    return Provider(id="x", title="X", base_url=None, paths={}, options=options, docs=("d",), verified="2026-11-23")


def _read(values: dict[str, object], options: type[Options] = _Options) -> tuple[Options | None, list[str]]:
    findings = Findings()
    read = read_options(_provider(options), values, ("backends", "x", "options"), findings)
    return read, [str(problem) for problem in findings.problems]


def test_options_are_decoded_by_the_providers_struct() -> None:
    assert _read({"region": "eu", "mode": "careful"}) == (_Options(region="eu", mode="careful"), [])


def test_text_of_a_variable_serves_as_a_number() -> None:
    assert _read({"region": "eu", "retries": "5"}) == (_Options(region="eu", retries=5), [])


def test_provider_without_options_takes_none() -> None:
    assert _read({}, Options) == (Options(), [])
    assert _read({"region": "eu"}, Options)[1] == ["error: backends.x.options.region: X has no options"]


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, ["error: backends.x.options.region: is required"]),
        (
            {"region": "eu", "mod": 1, "tries": 2},
            [
                'error: backends.x.options.mod: X has no such option; did you mean "mode"?',
                'error: backends.x.options.tries: X has no such option; did you mean "retries"?',
            ],
        ),
        ({"region": 5}, ["error: backends.x.options.region: expected `str`, got `int`"]),
        ({"region": "eu", "mode": "canary"}, ["error: backends.x.options.mode: must be one of: fast, careful"]),
        ({"region": "eu", "tags": [1, "x"]}, ["error: backends.x.options.tags: expected `int`, got `str`"]),
    ],
)
def test_mistakes_are_reported_at_the_option(values: dict[str, object], problems: list[str]) -> None:
    assert _read(values) == (None, problems)
