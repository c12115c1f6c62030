from __future__ import annotations

from pathlib import Path

from penstock.cli.route_text import describe_conditions, write_conditions
from penstock.config.native_yaml import load_files

_ROUTES = """
backends: {openai: {api_key: sk-0123456789}}
routes:
  - name: all
    rules: [{targets: [openai]}]
  - name: some
    hostnames: ["*.example.com"]
    rules:
      - match:
          - {model: gpt-5.5, headers: {x-team: a}}
          - {model_regex: "gpt-.*", header_regex: {x-tier: "gold|silver"}}
        targets: [openai]
"""


def test_conditions_are_written_in_the_order_in_which_they_win(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(_ROUTES, encoding="utf-8")
    table = load_files([str(path)], {}).snapshot.routes
    assert table is not None

    entries = list(table.entries())

    assert [write_conditions(entry) for entry in entries] == [
        "gpt-5.5, host *.example.com, x-team = a",
        "model ~ gpt-.*, host *.example.com, x-tier ~ gold|silver",
        "every request",
    ]
    assert describe_conditions(entries[1]) == {
        "host": "*.example.com",
        "model": None,
        "model_regex": "gpt-.*",
        "headers": {},
        "header_regex": {"x-tier": "gold|silver"},
    }
