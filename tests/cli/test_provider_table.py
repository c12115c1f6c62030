"""The tables say what the provider files say, and the files made from them are fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.cli.provider_table import render_markdown, render_reference, render_text, shown_endpoints
from penstock.providers import all_providers
from scripts.generate_provider_table import BEGIN, END, main, with_table


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_text_has_a_line_for_each_provider_and_aligned_columns() -> None:
    header, *lines = render_text().splitlines()
    assert [line.split()[0] for line in lines] == list(all_providers())
    for endpoint in shown_endpoints():
        at = header.index(endpoint.path)
        offered = {line.split()[0] for line in lines if line[at:].startswith("yes")}
        assert offered == {provider.id for provider in all_providers().values() if endpoint.id in provider.endpoints()}
        assert all(line[at:].startswith(("yes ", "- ")) for line in lines)
    assert not any(line.endswith(" ") for line in lines)


def test_the_markdown_marks_exactly_what_is_offered() -> None:
    header, rule, *lines = map(cells, render_markdown().splitlines())
    assert {len(row) for row in (header, rule, *lines)} == {len(header)}
    for row in lines:
        provider = all_providers()[row[0].strip("`")]
        offered = [endpoint.id for endpoint, mark in zip(shown_endpoints(), row[2:], strict=False) if mark == "✓"]
        assert sorted(offered) == sorted(provider.endpoints())


def test_the_reference_tells_sources_variables_and_oddities() -> None:
    page = render_reference()
    for provider in all_providers().values():
        section = page.partition(f"\n## {provider.title}\n")[2].partition("\n## ")[0]
        told = [*provider.docs, *provider.key_env, *provider.base_url_env, *provider.model_patterns, provider.verified]
        assert all(fact in section for fact in told)
        assert section.count("\n- ") >= len(provider.request_quirks)
    assert "`api` (`v1` or `deployments`; `v1` unless given)" in page


def test_the_generated_files_of_this_repository_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_file_is_named_and_only_written_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# A\n\n{BEGIN}\nold\n{END}\n\nB\n", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "old" in readme.read_text(encoding="utf-8")
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert readme.read_text(encoding="utf-8") == f"# A\n\n{BEGIN}\n{render_markdown()}{END}\n\nB\n"
    assert "README.md is stale" in capsys.readouterr().out


def test_a_readme_without_the_marks_is_left_alone() -> None:
    assert with_table("# A\n") == "# A\n"
