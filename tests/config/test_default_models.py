from __future__ import annotations

from penstock.config.default_models import list_default_models
from penstock.core.provider import Provider
from penstock.relay.snapshot import Backend
from penstock.routing.choose_model import choose
from penstock.routing.name_pattern import specificity


def _backend(name: str, models: tuple[str, ...] = (), patterns: tuple[str, ...] = ()) -> Backend:
    provider = Provider(
        id=f"{name}-id",
        title=name,
        base_url=None,
        paths={},
        models=models,
        model_patterns=patterns,
        docs=("d",),
        verified="2026-11-23",
    )
    return Backend(name=name, provider=provider, scheme="http", host="h", port=80, base_path="")


def _choose(name: str, *backends: Backend) -> tuple[str, str]:
    found = list_default_models({backend.name: backend for backend in backends})
    patterns = [found.patterns[each] for each in sorted(found.patterns, key=specificity)]
    model, upstream = choose(found.models, patterns, name)
    return model.targets[0].backend.name, upstream


_FIRST = _backend("first", ("shared", "one"), ("s*",))
_SECOND = _backend("second", ("two", "shared"), ("s*", "t*"))


def test_names_and_patterns_lead_to_the_provider_that_is_known_for_them() -> None:
    assert _choose("one", _FIRST, _SECOND) == ("first", "one")
    assert _choose("two", _FIRST, _SECOND) == ("second", "two")
    assert _choose("twelve", _FIRST, _SECOND) == ("second", "twelve")


def test_prefix_names_the_backend_and_is_not_sent() -> None:
    assert _choose("second/shared", _FIRST, _SECOND) == ("second", "shared")
    assert _choose("first/a/b", _FIRST, _SECOND) == ("first", "a/b")


def test_first_backend_has_what_two_claim_and_the_explanation_says_where_the_other_is() -> None:
    assert _choose("shared", _FIRST, _SECOND) == ("first", "shared")
    assert _choose("shared", _SECOND, _FIRST) == ("second", "shared")
    assert _choose("something", _FIRST, _SECOND) == ("first", "something")

    assert list_default_models({"first": _FIRST, "second": _SECOND}).explanation == [
        "first serves shared, one, s*, first/*",
        "shared goes to first; second has it as second/shared",
        "s* goes to first; second has it as second/s*",
        "second serves two, shared, s*, t*, second/*",
    ]


def test_sole_backend_serves_every_name() -> None:
    assert _choose("anything", _FIRST) == ("first", "anything")
    assert list_default_models({"first": _FIRST}).explanation[-1] == (
        "first is the only backend and serves every other name too"
    )


def test_only_the_well_known_names_are_listed() -> None:
    found = list_default_models({"b": _backend("b", ("one",), ("old-name", "o*"))})

    assert [model.name for model in (*found.models.values(), *found.patterns.values()) if model.listed] == ["one"]
    assert found.models["one"].owned_by == "b-id"
