"""Which entry takes a path: by whole segments, the more specific first, as the Gateway API orders routes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.routing.path_table import PathEntry, PathTable, climbs, plain_path, replace_prefix
from penstock.routing.route_table import HeaderCondition


def find(
    entries: list[PathEntry[str]],
    path: str,
    *,
    method: str = "GET",
    host: str = "h",
    headers: dict[bytes, bytes] | None = None,
) -> str | None:
    return PathTable.build(entries).find(path, method, host, (headers or {}).get)


def entry(rule: str, path: str = "", **more: object) -> PathEntry[str]:
    return PathEntry(rule=rule, path=path, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "fits"),
    [("/a", True), ("/a/", True), ("/a/b", True), ("/ab", False), ("/", False), ("/b/a", False), ("/A", False)],
)
def test_a_prefix_fits_whole_segments(path: str, fits: bool) -> None:
    assert (find([entry("a", "/a")], path) is not None) == fits


def test_an_empty_prefix_takes_every_path() -> None:
    assert find([entry("all")], "/") == find([entry("all")], "/x/y") == "all"


@pytest.mark.parametrize(("path", "fits"), [("/a", True), ("/a/", False), ("/a/b", False)])
def test_a_whole_path_is_no_prefix(path: str, fits: bool) -> None:
    assert (find([entry("a", "/a", exact=True)], path) is not None) == fits


def test_the_more_specific_wins() -> None:
    entries = [
        entry("root"),
        entry("short", "/a"),
        entry("long", "/a/b"),
        entry("gold", "/a/b", headers=(HeaderCondition(b"x-tier", b"gold"),)),
        entry("put", "/a/b", methods=frozenset({"PUT"})),
        entry("exact", "/a/b", exact=True),
        entry("wide host", host="*.example"),
        entry("host", "/a", host="a.example"),
    ]

    assert find(entries, "/z") == "root"
    assert find(entries, "/a/z") == "short"
    assert find(entries, "/a/b/c") == "long"
    assert find(entries, "/a/b/c", headers={b"x-tier": b"gold"}) == "gold"
    assert find(entries, "/a/b/c", headers={b"x-tier": b"gold"}, method="PUT") == "put"
    assert find(entries, "/a/b", method="PUT") == "exact"
    assert find(entries, "/a/b", host="b.example") == "wide host"
    assert find(entries, "/a/b", host="A.example:1975") == "host"
    assert find(entries, "/z", host="a.example") == "wide host"


def test_of_equals_the_first_wins() -> None:
    assert find([entry("one", "/a"), entry("two", "/a")], "/a") == "one"


def test_conditions_that_do_not_hold_leave_the_request_to_others() -> None:
    condition = HeaderCondition(b"x-a", expression=re.compile(b"b+"))
    entries = [entry("one", "/a", headers=(condition,)), entry("two", "/a", methods=frozenset({"GET", "HEAD"}))]

    assert find(entries, "/a", headers={b"x-a": b"bb"}, method="POST") == "one"
    assert find(entries, "/a") == "two"
    assert find(entries, "/a", method="POST") is None


def test_entries_are_listed_in_the_order_in_which_they_win() -> None:
    table = PathTable.build([entry("root"), entry("short", "/a"), entry("exact", "/b", exact=True)])

    assert [each.rule for each in table.entries()] == ["exact", "short", "root"]


_SEGMENTS = st.lists(st.sampled_from(["a", "b", "ab", "", "%2e"]), max_size=4).map(
    lambda names: "".join(f"/{n}" for n in names)
)


@given(prefixes=st.lists(_SEGMENTS, unique=True, max_size=6), path=_SEGMENTS)
def test_the_longest_prefix_wins_whatever_there_is(prefixes: list[str], path: str) -> None:
    fitting = [each for each in prefixes if path == each or path.startswith(f"{each}/")]

    assert find([entry(each, each) for each in prefixes], path) == max(fitting, key=len, default=None)


@pytest.mark.parametrize(
    "path",
    [
        "/a/../b",
        "/..",
        "/a/.",
        "/%2e%2e/b",
        "/a/%2E./b",
        "/a/..%2fb",
        "/a\\..\\b",
        "/a/..%5cb",
        "/a/..;x=1/b",
        "/a/..%3b/b",
    ],
)
def test_a_path_that_may_mean_another_is_known(path: str) -> None:
    assert climbs(path)


@pytest.mark.parametrize("path", ["/", "/a/b", "/a.b", "/...", "/a/..b", "/.well-known/x", "/a%20b", "/%252e%252e/b"])
def test_dots_in_names_are_names(path: str) -> None:
    assert not climbs(path)


@pytest.mark.parametrize(
    ("path", "prefix", "replacement", "expected"),
    [
        # the table of ReplacePrefixMatch in the Gateway API
        ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
        ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
        ("/foo", "/foo", "/xyz", "/xyz"),
        ("/foo/", "/foo", "/xyz", "/xyz/"),
        ("/foo/bar", "/foo", "/", "/bar"),
        ("/foo/", "/foo", "/", "/"),
        ("/foo", "/foo", "/", "/"),
        ("/foo", "", "/xyz", "/xyz/foo"),
    ],
)
def test_a_prefix_is_replaced_as_the_gateway_api_has_it(
    path: str, prefix: str, replacement: str, expected: str
) -> None:
    assert replace_prefix(path, prefix, replacement) == expected


@pytest.mark.parametrize(
    "path", ["/a/b", "/a/b/", "//a/b", "/a//b", "/%61/b", "/a%2fb", "/a;x=1/b", "/a\\b", "/a/b%2F"]
)
def test_the_many_ways_to_write_a_path_are_one(path: str) -> None:
    assert plain_path(path) == "/a/b"


@pytest.mark.parametrize("path", ["/", "/a", "/a/B", "/a.b/c", "/é"])
def test_a_plain_path_stays_as_it_is(path: str) -> None:
    assert plain_path(path) == path
