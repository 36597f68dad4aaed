"""`trend-assets as-of`: a table or mart as it was published at a moment.

What belongs here: options, formats, printing. What doesn't: rewinding (``operations/rewind.py``).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from trend_assets.commands.terminal import DataOption, console, fail, read_data

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 30
MAIN_COLUMNS = {
    "topics/trends": ("label", "stage", "score", "posts_24h", "authors_24h", "hour", "reason"),
    "topics/topic_hours": ("topic_id", "posts", "authors", "reposts", "hour"),
    "demand/product_trend_links": ("topic_id", "product_id", "linked", "score", "day", "methods", "reason"),
    "demand/decision_cards": ("action", "quantity", "product_name", "store_id", "act_by", "money_at_risk", "day", "label", "confidence"),
    "demand/unserved_trends": ("label", "stage", "score", "posts", "authors", "category", "day", "why", "reason"),
}
"""What a terminal shows of a table; of a mart its first columns."""
_TIMES = ("hour", "day", "week_start", "last_day")
_STRENGTHS = ("money_at_risk", "sales_at_risk", "trend_score", "best_score", "score", "net_revenue", "posts", "units_sold", "stock_value")
"""What rows are ordered by: the newest, then the strongest first; the first column of each that a table has."""


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command("as-of")
    def as_of(
        moment: Annotated[str, typer.Argument(help="A day (as known at its end), 2026-03-01, or an hour, 2026-03-01T14 (UTC)")] = "",
        table: Annotated[
            str, typer.Argument(help="trends, topic_hours, links, decision_cards, or a mart; without it they are listed")
        ] = "",
        written: Annotated[Format, typer.Option("--format", help="How to write the rows")] = Format.TABLE,
        output: Annotated[Path | None, typer.Option(help="File to write to; default: the terminal or a pipe")] = None,
        data: DataOption = None,
    ) -> None:
        """Show a table as it was published at a moment, whatever has changed or was deleted since.

        Example: trend-assets as-of 2026-03-01 trends
        """
        from trend_assets.lake.lake import Lake
        from trend_assets.operations.rewind import RewindError, names, parse_moment, rewound
        from trend_assets.settings import load_settings

        read_data(data)
        settings = load_settings()
        lake = Lake(settings.lake_root)
        if not moment or not table:
            console.print(f"Give a moment and a table: trend-assets as-of 2026-03-01 trends. There are: {', '.join(names(lake))}")
            return
        try:
            when = parse_moment(moment)
            rows = rewound(lake, settings, table, when, datetime.now(UTC))
        except (RewindError, ValueError, FileNotFoundError) as error:
            fail(str(error))
        if written is Format.TABLE and output is None:
            _print(rows, _main_columns(table), f"{table} as known at {when:%Y-%m-%d %H:%M} UTC")
        elif output is not None:
            with output.open("wb") as file:
                _write(rows, Format.CSV if written is Format.TABLE else written, file)
            console.print(f"{rows.num_rows} rows written to {output}")
        else:
            _write(rows, written, sys.stdout.buffer)


def _main_columns(name: str) -> tuple[str, ...]:
    from trend_assets.operations.rewind import ledger_named

    ledger = ledger_named(name)
    return MAIN_COLUMNS.get(ledger.source.path, ()) if ledger else ()


def _print(rows: pa.Table, columns: tuple[str, ...], title: str) -> None:
    """The newest and strongest rows with their main columns, and how much more there is."""
    from trend_assets.terminal_rows import print_rows

    order = [next((name for name in names if name in rows.column_names), "") for names in (_TIMES, _STRENGTHS)]
    keys = [(name, "descending") for name in order if name]
    shown = (rows.sort_by(keys) if keys else rows).slice(0, SHOWN_ROWS).select(columns or rows.column_names)
    columns_left = rows.num_columns - shown.num_columns + print_rows(shown, console, title, cut=True)
    rows_left = rows.num_rows - shown.num_rows
    if rows_left or columns_left:
        console.print(f"… {rows_left:,} more rows, {columns_left} more columns: --format csv --output FILE")


def _write(rows: pa.Table, written: Format, file: BinaryIO) -> None:
    """The same rows give the same bytes."""
    from pyarrow import csv, parquet

    from trend_assets.lib.ledger.points import as_text

    if written is Format.PARQUET:
        parquet.write_table(rows, file, compression="zstd")
    elif written is Format.CSV:
        csv.write_csv(as_text(rows), file)
    else:
        import json

        for row in rows.to_pylist():
            file.write(json.dumps(row, default=lambda value: value.isoformat(), ensure_ascii=False).encode() + b"\n")
    file.flush()
