"""Which rule serves a request."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.routing.route_table import Entry, HeaderCondition, HeaderLookup, RouteTable, host_fits, plain_host

GOLD = HeaderCondition(b"x-tier", b"gold")
SILVER = HeaderCondition(b"x-tier", b"silver")
RED = HeaderCondition(b"x-team", b"red")
METAL = HeaderCondition(b"x-tier", expression=re.compile(rb"gold|silver"))


def find(entries: list[Entry[str]], model: str, host: str = "any.example", **headers: bytes) -> str | None:
    fields = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return RouteTable.build(entries).find(model, host, fields.get)


def test_a_model_is_found_by_its_name_and_by_an_expression() -> None:
    entries = [
        Entry(rule="any gpt", expression=re.compile("gpt-.*")),
        Entry(rule="one", model="one"),
        Entry(rule="gpt-5", model="gpt-5"),
    ]
    assert find(entries, "one") == "one"
    assert find(entries, "gpt-4") == "any gpt"
    assert find(entries, "xgpt-4") is None
    # both have one condition: the order of the configuration decides
    assert find(entries, "gpt-5") == "any gpt"


def test_more_conditions_win_over_an_earlier_place() -> None:
    entries = [Entry(rule="all", model="m"), Entry(rule="gold", model="m", headers=(GOLD,))]
    assert find(entries, "m", x_tier=b"gold") == "gold"
    assert find(entries, "m", x_tier=b"silver") == "all"
    assert find(entries, "m") == "all"


def test_a_header_may_be_matched_by_an_expression_as_a_whole() -> None:
    entries = [Entry(rule="metal", headers=(METAL,))]
    assert find(entries, "m", x_tier=b"silver") == "metal"
    assert find(entries, "m", x_tier=b"silvery") is None


def test_a_more_specific_host_wins_over_everything() -> None:
    entries = [
        Entry(rule="everywhere", model="m", headers=(GOLD,)),
        Entry(rule="below", model="m", host="*.example"),
        Entry(rule="deeper", model="m", host="*.a.example"),
        Entry(rule="exact", host="x.a.example"),
    ]
    assert find(entries, "m", "x.a.example:8080", x_tier=b"gold") == "exact"
    assert find(entries, "m", "Y.A.example", x_tier=b"gold") == "deeper"
    assert find(entries, "m", "b.example", x_tier=b"gold") == "below"
    assert find(entries, "m", "elsewhere", x_tier=b"gold") == "everywhere"


def test_models_are_listed_where_they_are_served_and_once() -> None:
    table = RouteTable.build(
        [
            Entry(rule="1", model="everywhere"),
            Entry(rule="2", model="everywhere", headers=(GOLD,)),
            Entry(rule="3", model="scoped", host="a.example"),
            Entry(rule="4", expression=re.compile(".*")),
        ]
    )
    assert [name for name, _ in table.named_models("a.example")] == ["everywhere", "scoped"]
    assert [name for name, _ in table.named_models("b.example")] == ["everywhere"]


@pytest.mark.parametrize(
    ("host", "plain"), [("A.Example:80", "a.example"), ("[::1]:1975", "[::1]"), ("", ""), ("a", "a")]
)
def test_a_host_is_compared_without_its_port(host: str, plain: str) -> None:
    assert plain_host(host) == plain


def test_a_wildcard_stands_for_at_least_one_label() -> None:
    assert host_fits("*.example", "a.b.example")
    assert not host_fits("*.example", "example")
    assert not host_fits("*.example", ".example"[1:])


MODELS = st.sampled_from(["a", "b", "c"])
ENTRIES = st.lists(
    st.builds(
        Entry,
        rule=st.uuids().map(str),
        host=st.sampled_from(["", "h.example", "*.example"]),
        model=st.none() | MODELS,
        headers=st.sampled_from([(), (GOLD,), (METAL,), (GOLD, METAL), (SILVER,), (RED,), (METAL, RED), (RED, GOLD)]),
    ),
    max_size=12,
)


TIERS = st.sampled_from([None, b"gold", b"silver", b"lead"])


@given(ENTRIES, MODELS, st.sampled_from(["h.example", "x.example", "other"]), TIERS, st.sampled_from([None, b"red"]))
def test_the_table_finds_what_looking_at_every_entry_finds(
    entries: list[Entry[str]], model: str, host: str, tier: bytes | None, team: bytes | None
) -> None:
    header = {b"x-tier": tier, b"x-team": team}.get
    ranked = [entry for _, entry in sorted(enumerate(entries), key=lambda each: (each[1].precedence(), each[0]))]
    fitting = [entry.rule for entry in ranked if entry.model in {None, model} and entry.fits(model, host, header)]
    table = RouteTable.build(entries)
    assert table.find(model, host, header) == (fitting[0] if fitting else None)
    assert list(table.entries()) == ranked


def test_a_lookup_does_not_look_at_the_rules_for_other_names_and_values() -> None:
    looked_at = 0

    class Counted(Entry[str]):
        def fits(self, model: str, host: str, header: HeaderLookup) -> bool:
            nonlocal looked_at
            looked_at += 1
            return super().fits(model, host, header)

    named = [Counted(rule=f"m{number}", model=f"m{number}") for number in range(100)]
    valued = [
        Counted(rule=f"t{number}", headers=(HeaderCondition(b"x-team", b"%d" % number),)) for number in range(100)
    ]
    both = [Counted(rule=f"b{number}", model="b", headers=valued[number].headers) for number in range(100)]
    table = RouteTable.build([*named, *valued, *both])
    for model, team, found in (("m99", None, "m99"), ("other", b"99", "t99"), ("b", b"99", "b99")):
        looked_at = 0
        assert table.find(model, "h", {b"x-team": team}.get) == found
        assert looked_at == 1
