"""The confusion matrix as a picture: SVG, written out, so that it needs no plotting library and equal figures are equal bytes.

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
