from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import ModelNotFound
from penstock.routing.choose_model import LONGEST_NAME, choose, name_upstream


@dataclass(frozen=True)
class _Target:
    model: str | None


@dataclass(frozen=True)
class _Model:
    name: str
    targets: tuple[_Target, ...] = (_Target(None),)
    listed: bool = True


def _by_name(*models: _Model) -> dict[str, _Model]:
    return {model.name: model for model in models}


def _refusal(name: str, *models: _Model, patterns: tuple[_Model, ...] = ()) -> ModelNotFound:
    with pytest.raises(ModelNotFound) as caught:
        choose(_by_name(*models), patterns, name)
    return caught.value


def test_exact_name_wins_over_every_pattern() -> None:
    exact = _Model("gpt-4o")

    assert choose(_by_name(exact), (_Model("gpt-*"), _Model("*")), "gpt-4o") == (exact, "gpt-4o")


def test_first_pattern_that_fits_is_taken() -> None:
    patterns = (_Model("gpt-4*"), _Model("gpt-*"), _Model("*"))

    assert choose({}, patterns, "gpt-5")[0] is patterns[1]


def test_target_with_its_own_model_renames() -> None:
    fast = _Model("fast", (_Target("llama-3.1-8b-instant"), _Target("other")))

    assert choose(_by_name(fast), (), "fast") == (fast, "llama-3.1-8b-instant")


def test_target_without_model_takes_the_callers_name_even_under_a_pattern() -> None:
    pattern = _Model("gpt-*")

    assert choose({}, (pattern,), "gpt-5") == (pattern, "gpt-5")


@given(st.text(min_size=0, max_size=40))
def test_star_of_a_target_becomes_what_the_patterns_star_stood_for(rest: str) -> None:
    pattern = _Model("openai/*", (_Target("*"), _Target("vendor/*-fast"), _Target(None)))
    name = f"openai/{rest}"

    assert [name_upstream(pattern, target, name) for target in pattern.targets] == [rest, f"vendor/{rest}-fast", name]
    assert choose({}, (pattern,), name) == (pattern, rest)


def test_unknown_name_is_answered_with_the_names_that_exist_and_the_nearest() -> None:
    error = _refusal("gtp-4o", _Model("gpt-4o"), _Model("fast"), patterns=(_Model("openai/*"),))

    assert error.message == (
        'The model "gtp-4o" does not exist. The nearest name is "gpt-4o". Models here: gpt-4o, fast, openai/*.'
    )
    assert (error.status, error.code, error.param) == (404, "model_not_found", "model")


def test_forgotten_prefix_is_found() -> None:
    assert 'nearest name is "openai/gpt-4o"' in _refusal("gpt-4o", _Model("openai/gpt-4o"), _Model("x")).message


def test_hint_does_not_depend_on_case() -> None:
    assert 'nearest name is "Llama-3"' in _refusal("LLAMA-3", _Model("Llama-3")).message


def test_unlisted_models_are_not_named() -> None:
    assert "secret" not in _refusal("sacred", _Model("secret-model", listed=False)).message


def test_no_models_at_all_is_said() -> None:
    assert _refusal("x").message == 'The model "x" does not exist. No model is configured.'


def test_answer_stays_short_however_many_models_and_however_long_the_name() -> None:
    models = [_Model(f"model-{number:04}") for number in range(1_000)]

    error = _refusal("m" * 1_000_000, *models)

    assert "and 980 more." in error.message
    assert len(error.message) < 600


def test_name_longer_than_any_model_is_not_matched() -> None:
    everything = _Model("*")

    assert choose({}, (everything,), "x" * LONGEST_NAME)[0] is everything
    _refusal("x" * (LONGEST_NAME + 1), patterns=(everything,))
