"""Draw a report: CPU per request and per event by gateway, on a logarithmic scale, as SVG. Pure.

One panel for each scenario; bars share one scale, so that panels can be compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench import results
from bench.gateways import ALL, penstock
from bench.results import Report
from bench.scenarios import ALL as SCENARIOS
from bench.scenarios import Scenario
from bench.table import figure

WIDTH, LEFT, RIGHT = 860, 150, 90
BAR, GAP, HEAD, FOOT, TITLE = 18, 6, 34, 22, 52
OURS, THEIRS, INK, GRID = "#0b7a75", "#9aa5b1", "#1f2933", "#d9dee4"
DECADE_FLOOR, DECADE_CEILING = 0, 1


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole decades from ``low`` to ``high``, in powers of ten."""

    low: int
    high: int

    def x(self, value: float) -> float:
        """Return where a value lies, in pixels from the left edge."""
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)


def scale_for(values: list[float]) -> Scale:
    """Return the decades that hold all values, at least one.

    Raises:
        ValueError: there are no values, or one is not above 0.
    """
    low = math.floor(math.log10(min(values)))
    return Scale(low, max(low + 1, math.ceil(math.log10(max(values)))))


def _bars(report: Report, scenario: Scenario) -> list[tuple[str, float]]:
    metric = results.CPU_PER_EVENT if scenario.stream else results.CPU_PER_REQUEST
    found = [(gateway.name, report.find(gateway.name, scenario.name, metric)) for gateway in ALL]
    return sorted(((name, row.value) for name, row in found if row and row.value > 0), key=lambda bar: bar[1])


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", size: int = 13) -> str:
    style = f'text-anchor="{anchor}" font-weight="{weight}" font-size="{size}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" {style}>{escape(text)}</text>'


def _panel(scenario: Scenario, bars: list[tuple[str, float]], scale: Scale, top: float) -> list[str]:
    titles = {gateway.name: gateway.title for gateway in ALL}
    bottom = top + HEAD + len(bars) * (BAR + GAP)
    drawn = [_text(12, top + 20, f"CPU µs, {scenario.title}", weight="bold")]
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        drawn.append(f'<line x1="{x:.1f}" y1="{top + HEAD - 4}" x2="{x:.1f}" y2="{bottom}" stroke="{GRID}"/>')
        drawn.append(_text(x, bottom + 14, f"{10.0**power:g}", anchor="middle", size=11))
    for number, (name, value) in enumerate(bars):
        y = top + HEAD + number * (BAR + GAP)
        ours = name == penstock.GATEWAY.name
        weight = "bold" if ours else "normal"
        width = scale.x(value) - LEFT
        drawn.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{OURS if ours else THEIRS}"/>')
        drawn.append(_text(LEFT - 8, y + 14, titles[name], anchor="end", weight=weight))
        drawn.append(_text(LEFT + width + 6, y + 14, figure(value), weight=weight))
    return drawn


def svg(report: Report) -> str:
    """Return the drawing.

    Raises:
        ValueError: the report holds no CPU figures.
    """
    panels = [(scenario, _bars(report, scenario)) for scenario in SCENARIOS]
    panels = [(scenario, bars) for scenario, bars in panels if bars]
    scale = scale_for([value for _, bars in panels for _, value in bars])
    drawn = [
        _text(
            12, 24, "CPU of the gateway per request and per streamed event (shorter is better)", weight="bold", size=16
        )
    ]
    drawn.append(_text(12, 42, f"logarithmic; median of {report.rounds} rounds, {report.date}", size=12))
    top = float(TITLE)
    for scenario, bars in panels:
        drawn += _panel(scenario, bars, scale, top)
        top += HEAD + len(bars) * (BAR + GAP) + FOOT
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 8:.0f}" '
        f'font-family="system-ui, sans-serif">\n<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )
