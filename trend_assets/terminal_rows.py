"""Rows on a terminal: widths by content, so that numbers and times stay whole and long text gets the room that is left.

What belongs here: how values are written and columns laid out. What doesn't: which rows and columns (``answers.py``, ``commands``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

_LEAST = (20, 12)
"""Narrowest column of text, cells: comfortable, else tolerable; below that a row is written as a list."""
_BORDER = 3


def print_rows(rows: pa.Table, console: Console, title: str = "", *, cut: bool = False) -> int:
    """An Arrow table as a terminal table: numbers to the right, long text folded.

    Where the columns do not fit, the last ones are left out (``cut``), else each row is written as a list of its values. Returns how
    many columns were left out.
    """
    texts = [[_text(value) for value in row.values()] for row in rows.to_pylist()]
    whole = [not (pa.types.is_string(field.type) or pa.types.is_list(field.type)) for field in rows.schema]
    natural = [
        max([cell_len(line) for text in (name, *(row[n] for row in texts)) for line in text.splitlines()], default=0)
        for n, name in enumerate(rows.column_names)
    ]
    shown = rows.num_columns
    widths = _widths(natural, whole, console.width)
    while widths is None and cut and shown > 1:
        shown -= 1
        widths = _widths(natural[:shown], whole, console.width)
    if widths is None:
        _print_lists(rows.column_names, texts, console, title)
        return 0
    grid = Grid(title=title or None, title_justify="left")
    for field, width in zip(rows.schema, widths, strict=False):
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        grid.add_column(field.name, justify="right" if number else "left", overflow="fold", width=width)
    for row in texts:
        grid.add_row(*(escape(text) for text in row[:shown]))
    console.print(grid)
    return rows.num_columns - shown


def _widths(natural: Sequence[int], whole: Sequence[bool], width: int) -> list[int] | None:
    """Widths of columns, cells; what is left goes to those that lack most. ``whole``: those that are not folded. None: they do not fit."""
    for least in _LEAST:
        widths = [cells if one else min(cells, least) for cells, one in zip(natural, whole, strict=False)]
        room = width - 1 - _BORDER * len(widths) - sum(widths)
        if room < 0:
            continue
        lacks = [cells - given for cells, given in zip(natural, widths, strict=True)]
        share = min(room / sum(lacks), 1.0) if any(lacks) else 0.0
        return [given + int(lack * share) for given, lack in zip(widths, lacks, strict=True)]
    return None


def _print_lists(names: Sequence[str], texts: Sequence[Sequence[str]], console: Console, title: str) -> None:
    if title:
        console.print(title, markup=False)
    for row in texts:
        grid = Grid(show_header=False)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, text in zip(names, row, strict=True):
            grid.add_row(name, escape(text))
        console.print(grid)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
