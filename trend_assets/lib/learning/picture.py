"""The confusion matrix and learning curves as pictures: SVG, written out: no plotting library, and equal figures are equal bytes.

What belongs here: pictures of an evaluation. What doesn't: the figures (``metrics.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

_CELL, _LEFT, _TOP = 92, 120, 86
_STYLE = 'font-family="sans-serif" text-anchor="middle"'


def confusion_svg(confusion: npt.NDArray[np.int64], labels: Sequence[str], title: str) -> str:
    """A picture of counts (labels, labels): true label in rows, predicted in columns, shade by share of the row."""
    size = len(labels)
    width, height = _LEFT + size * _CELL + 20, _TOP + size * _CELL + 20
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{width / 2}" y="24" font-size="15" {_STYLE}>{escape(title)}</text>',
        f'<text x="{_LEFT + size * _CELL / 2}" y="48" font-size="12" fill="#555555" {_STYLE}>predicted</text>',
        f'<text x="16" y="{_TOP + size * _CELL / 2}" font-size="12" fill="#555555" {_STYLE} '
        f'transform="rotate(-90 16 {_TOP + size * _CELL / 2})">labelled</text>',
    ]
    for number, label in enumerate(labels):
        middle = number * _CELL + _CELL / 2
        parts.append(f'<text x="{_LEFT + middle}" y="{_TOP - 12}" font-size="13" {_STYLE}>{escape(label)}</text>')
        parts.append(f'<text x="{_LEFT - 46}" y="{_TOP + middle + 4}" font-size="13" {_STYLE}>{escape(label)}</text>')
    for row in range(size):
        for column in range(size):
            share = float(shares[row, column])
            left, top = _LEFT + column * _CELL, _TOP + row * _CELL
            ink = "#ffffff" if share > 0.55 else "#1a1a1a"
            box = f'x="{left}" y="{top}" width="{_CELL - 3}" height="{_CELL - 3}"'
            parts.append(f'<rect {box} fill="#1f5f99" fill-opacity="{max(share, 0.04):.2f}"/>')
            middle_x, middle_y = left + _CELL / 2 - 1, top + _CELL / 2
            parts.append(f'<text x="{middle_x}" y="{middle_y}" font-size="18" fill="{ink}" {_STYLE}>{int(confusion[row, column])}</text>')
            parts.append(f'<text x="{middle_x}" y="{middle_y + 18}" font-size="12" fill="{ink}" {_STYLE}>{share:.0%}</text>')
    return "\n".join([*parts, "</svg>", ""])


def curve_svg(points: Sequence[tuple[int, float]], title: str, along: str) -> str:
    """A picture of values by step; ``along`` names the steps. One point is a dot, none an empty frame."""
    width, height, left, top, right, bottom = 520, 300, 62, 42, 18, 42
    steps, values = np.array([step for step, _ in points], dtype=float), np.array([value for _, value in points], dtype=float)
    shown = np.isfinite(values)
    steps, values = steps[shown], values[shown]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{width / 2}" y="24" font-size="15" {_STYLE}>{escape(title)}</text>',
        f'<rect x="{left}" y="{top}" width="{width - left - right}" height="{height - top - bottom}" fill="none" stroke="#bbbbbb"/>',
        f'<text x="{(left + width - right) / 2}" y="{height - 8}" font-size="12" fill="#555555" {_STYLE}>{escape(along)}</text>',
    ]
    if len(values):
        low, high, first, last = values.min(), values.max(), steps.min(), steps.max()
        across = left + (steps - first) / max(last - first, 1.0) * (width - left - right)
        down = height - bottom - (values - low) / (high - low or 1.0) * (height - top - bottom)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
        parts.append(f'<polyline points="{line}" fill="none" stroke="#1f5f99" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#1f5f99"/>' for x, y in zip(across, down, strict=True)]
        for value, place in ((high, top + 4), (low, height - bottom + 4)):
            parts.append(f'<text x="{left - 28}" y="{place}" font-size="11" fill="#555555" {_STYLE}>{value:.4g}</text>')
        for step, place in ((first, left), (last, width - right - 8)):
            parts.append(f'<text x="{place}" y="{height - bottom + 16}" font-size="11" fill="#555555" {_STYLE}>{step:g}</text>')
    return "\n".join([*parts, "</svg>", ""])
