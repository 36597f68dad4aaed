"""Pictures small enough to live in an event: bars as SVG in a Markdown image.

What belongs here: drawing numbers. What doesn't: which numbers (``presentation.py``).
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise

MOST_BARS = 56
"""More values than this are drawn as the highest of each neighbouring few, so that a peak never disappears."""
_WIDTH, _HEIGHT = 336, 48
_BLOCKS = "▁▂▃▄▅▆▇█"


def bars(values: Sequence[float], colour: str = "#4f7df2") -> str:
    """An SVG of one bar a value, from zero to the highest; negative and missing values (NaN) are drawn as none.

    The path is drawn in whole units of a box as wide as there are bars and 48 high, which keeps it below 500 bytes.
    """
    heights = _resampled([value if value > 0 else 0.0 for value in values])
    highest = max(heights, default=0.0) or 1.0
    steps, level = [f"M0 {_HEIGHT}"], 0
    for height in heights:
        scaled = 0 if height <= 0 else max(1, round(height / highest * _HEIGHT))
        steps.append((f"v{level - scaled}" if scaled != level else "") + "h1")
        level = scaled
    path = "".join([*steps, f"V{_HEIGHT}z"])
    box = f'viewBox="0 0 {max(len(heights), 1)} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}><path fill="{colour}" d="{path}"/></svg>'


def sparkline(values: Sequence[float]) -> str:
    """One block character a value, for a cell of a table: the highest is a full block, zero and less the lowest."""
    highest = max([value for value in values if value > 0], default=1.0)
    return "".join(_BLOCKS[min(math.ceil(max(value, 0.0) / highest * (len(_BLOCKS) - 1)), len(_BLOCKS) - 1)] for value in values)


def _resampled(values: list[float]) -> list[float]:
    if len(values) <= MOST_BARS:
        return values
    edges = [round(number * len(values) / MOST_BARS) for number in range(MOST_BARS + 1)]
    return [max(values[start:end]) for start, end in pairwise(edges)]


def image(svg: str, *lines: str) -> str:
    """The SVG as a Markdown image, the first line as its alternative text, and every line below it."""
    return "\n\n".join([f"![{lines[0]}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})", *lines])


def amount(value: float) -> str:
    """A number as a person reads it: 1,234 or 0.25."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.3g}"
