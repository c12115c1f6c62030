"""The tables say what the provider files say, and the files made from them are fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.cli.provider_table import (
    MARKDOWN_MARKS,
    TEXT_MARKS,
    offer_of,
    render_markdown,
    render_reference,
    render_text,
)
from penstock.data import real_clients
from penstock.endpoints import declared_endpoints
from penstock.providers import all_providers
from scripts.generate_provider_table import BEGIN, END, main, with_table, with_tests


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_text_has_a_line_for_each_provider_and_aligned_columns() -> None:
    header, *lines = render_text().splitlines()
    assert [line.split()[0] for line in lines] == list(all_providers())
    for endpoint in declared_endpoints():
        at = header.index(f" {endpoint.path} ") + 1
        for line, provider in zip(lines, all_providers().values(), strict=True):
            assert line[at:].startswith(f"{TEXT_MARKS[offer_of(provider, endpoint)]} ")
    assert not any(line.endswith(" ") for line in lines)


def test_the_markdown_marks_exactly_what_is_offered() -> None:
    header, rule, *lines = map(cells, render_markdown().splitlines())
    assert {len(row) for row in (header, rule, *lines)} == {len(header)}
    for row in lines:
        provider = all_providers()[row[0].strip("`")]
        for endpoint, mark in zip(declared_endpoints(), row[2:], strict=False):
            assert mark == MARKDOWN_MARKS[offer_of(provider, endpoint)]


def test_what_is_translated_is_told_from_what_passes_as_it_is() -> None:
    def offers(provider_id: str) -> list[str]:
        return [offer_of(all_providers()[provider_id], endpoint) for endpoint in declared_endpoints()]

    places = [endpoint.id for endpoint in declared_endpoints()]
    assert dict(zip(places, offers("anthropic"), strict=True)) == {
        "chat_completions": "translated",
        "completions": "none",
        "embeddings": "none",
        "messages": "same",
        "count_tokens": "same",
    }
    assert dict(zip(places, offers("groq"), strict=True))["messages"] == "translated"


def test_the_reference_tells_sources_variables_and_oddities() -> None:
    page = render_reference()
    for provider in all_providers().values():
        section = page.partition(f"\n## {provider.title}\n")[2].partition("\n## ")[0]
        told = [*provider.docs, *provider.key_env, *provider.base_url_env, *provider.model_patterns, provider.verified]
        assert all(fact in section for fact in told)
        assert section.count("\n- ") >= len(provider.request_quirks)
        assert ("Media by URL" in section) is not provider.by_url
    assert "`api` (`auto` or `v1` or `deployments`; `auto` unless given)" in page


def test_the_generated_files_of_this_repository_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_file_is_named_and_only_written_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# A\n\n{BEGIN}\nold\n{END}\n\nB\n", encoding="utf-8")
    table = with_tests(render_markdown(), "docs/reference/tested.md")
    assert main(["--check"], tmp_path) == 1
    assert "old" in readme.read_text(encoding="utf-8")
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert readme.read_text(encoding="utf-8") == f"# A\n\n{BEGIN}\n{table}{END}\n\nB\n"
    assert "README.md is stale" in capsys.readouterr().out


def test_the_table_says_what_real_clients_run_against() -> None:
    header, _, *lines = map(cells, with_tests(render_markdown(), "there.md").splitlines())
    assert header[-1] == "[Real clients](there.md)"
    assert {row[0].strip("`"): row[-1] for row in lines}.items() >= {
        "bedrock": "chat, embeddings, token counts (AWS signature)",
        "groq": "chat (key)",
        "vllm": "–",
    }.items()


def test_a_readme_without_the_marks_is_left_alone() -> None:
    assert with_table("# A\n") == "# A\n"


def test_the_text_says_what_real_clients_are_run_against() -> None:
    told = {line.split()[0]: line for line in render_text().splitlines()}
    assert told["azure-openai"].endswith("  chat, embeddings, completions (key, Entra token)")
    assert told["anthropic-openai"].endswith("  -")
    assert set(real_clients()) <= set(all_providers())
