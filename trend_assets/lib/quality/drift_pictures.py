"""What changed as a picture: a column's categories before and now, and the cell that changed most over the days.

What belongs here: SVG written out, so that it needs no plotting library and equal figures are equal bytes. What doesn't: the figures
(``drift.py``), how Dagster shows it (``defs/quality``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

import numpy as np

from trend_assets.lib.quality.drift import Cells, Deviation

MOST_BARS = 12
_BEFORE, _NOW, _INK, _PALE = "#b9c4d6", "#c2410c", "#1a1a1a", "#5b6472"
_WIDTH, _ROW, _LEFT = 720, 22, 230
_LINE_HEIGHT = 120


def before_after_svg(columns: Sequence[Cells], days: Sequence[date], worst: Deviation) -> str:
    """The column of the largest deviation: bars of its categories before (median of the past windows) and in the newest, and below
    the cell that deviates most, window by window. days: of the windows. Raises ``ValueError`` where no column has that cell.
    """
    fitting = [cells for cells in columns if cells.column == worst.column and worst.category in cells.categories]
    if not fitting:
        raise ValueError(f"no column holds {worst.column} {worst.category}")
    cells = fitting[0]
    place = cells.categories.index(worst.category)
    before, now = np.median(cells.shown[:-1], axis=0), cells.shown[-1]
    gap = np.abs(now - before)
    gap[place] = np.inf
    chosen = np.sort(np.argsort(-gap, kind="stable")[:MOST_BARS]).tolist()
    bars_end = 64 + len(chosen) * 2 * _ROW
    height = bars_end + _LINE_HEIGHT + 70
    title = f"{worst.column}: before and now"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="sans-serif">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 26, title, 15, _INK),
        _text(16, 46, f"grey: median of {len(cells.shown) - 1} days before; orange: {days[-1]:%Y-%m-%d}", 12, _PALE),
    ]
    highest = max(float(np.max(before[chosen], initial=0.0)), float(np.max(now[chosen], initial=0.0))) or 1.0
    for number, one in enumerate(chosen):
        top = 60 + number * 2 * _ROW
        weight = ' font-weight="bold"' if one == place else ""
        parts.append(_text(16, top + 20, _short(cells.categories[one]), 12, _INK, weight))
        for offset, value, colour in ((0, before[one], _BEFORE), (_ROW - 8, now[one], _NOW)):
            length = (_WIDTH - _LEFT - 110) * float(value) / highest
            parts.append(f'<rect x="{_LEFT}" y="{top + 4 + offset}" width="{max(length, 1.0):.1f}" height="{_ROW - 10}" fill="{colour}"/>')
            parts.append(_text(_LEFT + max(length, 1.0) + 6, top + 14 + offset, _figure(float(value), cells.unit), 11, _PALE))
    return "\n".join([*parts, *_line(cells, place, days, bars_end + 20), "</svg>", ""])


def _line(cells: Cells, place: int, days: Sequence[date], top: int) -> list[str]:
    """The cell's figure window by window, its median before as a dashed line."""
    values = cells.shown[:, place]
    low, high = float(min(values.min(), 0.0)), float(values.max()) or 1.0
    # A column may begin later than the others: what was not seen before cannot be told of the first days.
    days = list(days)[-len(values) :]

    def x(number: int) -> float:
        return 16 + (_WIDTH - 120) * number / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return top + 24 + (_LINE_HEIGHT - 24) * (1.0 - (value - low) / ((high - low) or 1.0))

    points = " ".join(f"{x(number):.1f},{y(float(value)):.1f}" for number, value in enumerate(values))
    usual = y(float(np.median(values[:-1]))) if len(values) > 1 else y(float(values[-1]))
    return [
        _text(16, top + 8, f"{cells.column} {_short(cells.categories[place])}, day by day", 12, _INK),
        f'<line x1="16" x2="{_WIDTH - 104}" y1="{usual:.1f}" y2="{usual:.1f}" stroke="{_BEFORE}" stroke-dasharray="4 3"/>',
        f'<polyline fill="none" stroke="{_PALE}" stroke-width="1.5" points="{points}"/>',
        f'<circle cx="{x(len(values) - 1):.1f}" cy="{y(float(values[-1])):.1f}" r="4.5" fill="{_NOW}"/>',
        _text(_WIDTH - 96, y(float(values[-1])) + 4, _figure(float(values[-1]), cells.unit), 12, _NOW),
        _text(16, top + _LINE_HEIGHT + 20, f"{days[0]:%Y-%m-%d}", 11, _PALE),
        _text(_WIDTH - 170, top + _LINE_HEIGHT + 20, f"{days[-1]:%Y-%m-%d}", 11, _PALE),
    ]


def _text(x: float, y: float, text: str, size: int, colour: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{more}>{escape(text)}</text>'


def _short(text: str) -> str:
    return text if len(text) <= 34 else text[:33] + "…"


def _figure(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
