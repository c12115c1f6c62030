from __future__ import annotations

import pytest

from bench import results, table
from bench.results import Report
from bench.rounds import Round, process_row, rows
from bench.scenarios import ONLY_TRANSLATED, SCENARIOS, SMALL, STREAM, Scenario


def _figures(cpu_us: float, scenarios: tuple[Scenario, ...] = SCENARIOS) -> dict[str, dict[str, float]]:
    return {
        scenario.name: {
            (results.CPU_PER_EVENT if scenario.stream else results.CPU_PER_REQUEST): cpu_us,
            results.ERRORS: 0.0,
        }
        for scenario in scenarios
    }


def _report(ours: float, envoys: float = 100.0) -> Report:
    one: Round = {"direct": {}, "penstock": _figures(ours), "envoy": _figures(envoys)}
    return Report(
        date="2026-11-23",
        rounds=1,
        seconds=1.0,
        machine={"cpu": "made-up", "cores": "2"},
        versions={"direct": "", "envoy": "1.40.0", "penstock": "0.1.0"},
        left_out={"litellm": "not installed\nsecond line"},
        rows=[*rows([one]), process_row("penstock", results.RSS_IDLE_MIB, 32.1)],
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (0.123, "0.12"), (9.996, "10.00"), (56.78, "56.8"), (15234.4, "15,234"), (-0.05, "-0.05")],
)
def test_figures_show_about_three_digits(value: float, written: str) -> None:
    assert table.figure(value) == written


def test_columns_line_up() -> None:
    lines = table.aligned(["gateway", "µs"], [["a", "1"], ["a long name", "12,345"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.count("|") for line in lines] == [3] * 4


@pytest.mark.parametrize(("ours", "kept"), [(99.0, True), (100.0, True), (101.0, False)])
def test_the_bar_is_kept_at_or_below_envoy(ours: float, kept: bool) -> None:
    report = _report(ours)
    assert [verdict[2] for verdict in table.verdict(report)] == [kept] * len(SCENARIOS)
    assert ("MISS" in table.full_text(report)) is not kept


def test_the_text_names_every_gateway_and_what_was_left_out() -> None:
    text = table.full_text(_report(50.0))
    assert "Envoy 1.40.0" in text
    assert "Penstock 0.1.0" in text
    assert "left out: litellm: not installed" in text
    assert "second line" not in text


@pytest.mark.parametrize(("ours", "order"), [(50.0, ["Penstock", "Envoy"]), (150.0, ["Envoy", "Penstock"])])
def test_gateways_stand_in_the_order_of_their_cost(ours: float, order: list[str]) -> None:
    lines = table.scenario_table(_report(ours), SMALL).splitlines()
    assert [line.split()[1] for line in lines[2:]] == order


def test_the_readme_block_takes_the_place_of_the_old_one() -> None:
    block = table.readme_block(_report(50.0))
    document = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    written = table.insert(document, block)
    assert written == f"before\n{block}\nafter\n"
    assert table.insert(written, block) == written
    assert "**Penstock 0.1.0**" in block


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="substring"):
        table.insert("no marks", "block")


def _translating(ours: float, theirs: float) -> Report:
    """A run in which our translation costs ``ours`` and our own format 100."""
    mine = {**_figures(ours, ONLY_TRANSLATED), **_figures(100.0, (SMALL, STREAM))}
    rivals = _figures(theirs, ONLY_TRANSLATED)
    del rivals["to_gemini"], rivals["to_gemini_stream"]
    return Report(
        date="2026-11-23",
        rounds=1,
        seconds=1.0,
        machine={"cpu": "made-up", "cores": "2"},
        versions={"penstock": "0.1.0", "tensorzero": "1"},
        left_out={"tensorzero to_gemini": "it cannot\nbe told where", "tensorzero to_gemini_stream": "it cannot"},
        rows=rows([{"penstock": mine, "tensorzero": rivals}]),
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "missed"), [(150.0, 300.0, 0), (200.0, 300.0, 0), (250.0, 300.0, 6), (150.0, 120.0, 4)]
)
def test_translation_keeps_its_bar_beside_our_own_relay_and_every_rival(
    ours: float, theirs: float, missed: int
) -> None:
    report = _translating(ours, theirs)
    verdicts = table.translated_verdict(report)
    assert len(verdicts) == 6 + 4
    assert [kept for _, kept in verdicts].count(False) == missed
    assert table.full_text(report).count("MISS") == missed


def test_the_readme_shows_translation_and_says_who_is_missing_and_why() -> None:
    block = table.readme_block(_translating(150.0, 300.0))
    assert "TensorZero to Gemini is not measured: it cannot." in block
    assert "be told where" not in block
    (ratios,) = (line for line in block.splitlines() if line.startswith("| × not translated"))
    assert ratios.count("1.50") == 6
    (rival,) = (line for line in block.splitlines() if line.startswith("| TensorZero") and line.count("|") == 10)
    assert rival.count("–") == 2


def test_a_run_without_translation_says_nothing_of_it() -> None:
    report = _report(50.0)
    assert table.translated_verdict(report) == []
    assert table.translated_table(report) == ""
    assert "translated" not in table.full_text(report)
