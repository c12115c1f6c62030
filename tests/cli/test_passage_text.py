"""What is passed on, as people and programs read it; texts of whole configurations are in the vectors of manifests."""

from __future__ import annotations

import re

from penstock.cli.passage_text import describe_passages, render_passages
from penstock.providers import PLAIN_HTTP
from penstock.relay.snapshot import Backend, Passage, Target
from penstock.routing.path_table import PathEntry, PathTable
from penstock.routing.route_table import HeaderCondition


def _passage(**more: object) -> Passage:
    backend = Backend(name="site", provider=PLAIN_HTTP, scheme="http", host="127.0.0.1", port=8080, base_path="")
    target = Target(backend=backend, model=None)
    return Passage(name="p", targets=(target,), owned_by="", created=0, path="/a", **more)  # type: ignore[arg-type]


def test_a_person_reads_conditions_and_what_becomes_of_the_path() -> None:
    condition, methods = HeaderCondition(b"x-a", expression=re.compile(b"b+")), frozenset({"PUT", "GET"})
    changed = _passage(new_path="/z", host="h", forwards_credentials=True)
    table = PathTable.build(
        [
            PathEntry(rule=_passage(), path=""),
            PathEntry(rule=_passage(new_prefix="/"), path="/a", methods=methods, headers=(condition,)),
            PathEntry(rule=changed, path="/b", exact=True, host="c"),
        ]
    )

    assert list(render_passages(table)) == [
        "  /b, host c",
        "  └─ site  as /z, Host h, with callers' credentials",
        "  /a/*, GET or PUT, x-a ~ b+",
        "  └─ site  as /*",
        "  /*",
        "  └─ site",
    ]


def test_a_program_reads_the_same() -> None:
    table = PathTable.build(
        [PathEntry(rule=_passage(new_prefix="/x"), path="/a", headers=(HeaderCondition(b"y", b"z"),))]
    )

    assert describe_passages(None) == []
    assert describe_passages(table) == [
        {
            "name": "p",
            "path": "/a",
            "exact": False,
            "host": None,
            "methods": [],
            "headers": {"y": "z"},
            "header_regex": {},
            "targets": [{"backend": "site", "weight": 1, "priority": 0}],
            "rewrite": {"prefix": "/x", "path": None, "host": None},
            "forward_credentials": False,
        }
    ]
