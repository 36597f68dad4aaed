"""A mapping tried on rows: which are refused, where, what was expected, and how to put it right.

What belongs here: trying, and advice on each kind of refusal. What doesn't: the rules themselves (``columns.py``, ``read.py``),
finding the line of a row in a file (``trend_assets/retail/propose.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.read import TableReader
from trend_assets.lib.retail.sniff import date_formats_of, number_style
from trend_assets.lib.retail.words import TOTALS, names_people, normalised
from trend_assets.tables import TABLES

_EXCEL_DAYS = range(20_000, 80_000)


@dataclass(frozen=True)
class Refusal:
    """One refused row: its number in the file (from 0), the columns, the value (masked where it may be of people), why, what to do."""

    row: int
    ours: str
    theirs: str
    value: str
    problem: str
    advice: str


@dataclass(frozen=True)
class Trial:
    """What came of a mapping on some rows: rows read, rows kept, the table they give, refusals in file order."""

    rows: int
    table: pa.Table
    refusals: tuple[Refusal, ...]

    @property
    def kept(self) -> int:
        """Rows that the table got."""
        return self.table.num_rows


def try_mapping(mapping: RetailMapping, table_name: str, source: SourceFile) -> Trial:
    """Every row of a file through the mapping, whatever its day. References to other tables are not looked at."""
    catalogues = {path: TABLES[path].empty() for path in ("retail/products", "retail/stores")}
    reader = TableReader(mapping, table_name, [], catalogues)
    otherwise = source.day or source.fallback_day
    if otherwise is None:
        raise ValueError("say which day the file is of, for rows that do not tell one")
    kept, columns = reader.every_row(source, otherwise)
    malformed = {bad.row for bad in source.malformed}
    names = source.data.column_names
    place = {int(number): position for position, number in enumerate(source.row_numbers)}
    rules = mapping.rules_of(table_name)
    refusals = []
    for refused in sorted(reader.refused, key=lambda refused: int(refused["source_row"])):
        row, ours = int(refused["source_row"]), columns.get(int(refused["source_row"]))
        rule = rules.get(ours) if ours is not None else None
        theirs = rule.column if rule is not None and rule.column in names else None
        cells = {name: _text(source.data[name][place[row]].as_py()) for name in names} if row in place else {}
        value = cells.get(theirs, "") if theirs is not None else ""
        advice = (
            _advice_on_line(str(refused["detail"]))
            if row in malformed
            else _advice(mapping, table_name, str(refused["reason"]), ours, value, cells)
        )
        shown, problem = value[:60], str(refused["detail"])
        if theirs is not None and value and (names_people(theirs) or theirs in mapping.tables[table_name].personal):
            shown, problem = "•••", problem.replace(value[:80], "•••")
            advice = advice.replace(value, "•••")
        refusals.append(Refusal(row, ours or "", theirs or "", shown, problem, advice))
    return Trial(source.data.num_rows + len(source.malformed), kept, tuple(refusals))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _advice_on_line(detail: str) -> str:
    if "encoding" in detail:
        return "set `encoding` (cp1252 for most Windows programs), or export as UTF-8"
    if "JSON" in detail:
        return "write one flat JSON object a line"
    return "a text that holds the delimiter must stand in double quotes: change the export, or correct the line"


def _advice(mapping: RetailMapping, table_name: str, reason: str, ours: str | None, value: str, cells: dict[str, str]) -> str:
    if any(set(normalised(cell).split()[:1]) & TOTALS for cell in cells.values()):
        return "this looks like a row of totals: leave it out of the export (it is refused, not counted)"
    if reason == "duplicate_key":
        key = ", ".join(TABLES[f"retail/{table_name}"].key)
        return f"two rows say the same thing: export each {key} once, or map a column that tells them apart"
    if ours is None:
        return "correct the row in the export"
    column = TABLES[f"retail/{table_name}"].column(ours)
    if reason == "missing_value":
        filled = sum(bool(cell) for cell in cells.values())
        if filled <= 1:
            return "the row is almost empty: leave it out of the export"
        return f"fill it in, or say what holds where it is missing: {ours}: {{column: ..., default: ...}}"
    if column.allowed:
        return f"say which it is: {ours}: {{column: ..., lookup: {{{value}: {column.allowed[0]}}}, otherwise: ...}}"
    file_format = mapping.format_of(table_name)
    if pa.types.is_temporal(column.type):
        return _advice_on_date(value, file_format.date_format)
    return _advice_on_number(value, column.minimum, file_format.decimal)


def _advice_on_date(value: str, pattern: str) -> str:
    if value.isdigit() and int(value) in _EXCEL_DAYS:
        return "this is how Excel counts days: format the column as a date before saving"
    readable = [candidate for candidate in date_formats_of(value) if candidate != pattern]
    if readable:
        return (
            f"it would be read by date_format: {readable[0]!r}; a column has one format: correct the row, or the format if most rows are so"
        )
    return "no date in a known format: correct it, or add the text to `missing` if it means there is none"


def _advice_on_number(value: str, minimum: float | None, decimal: str) -> str:
    style = number_style([value])
    if style.share and style.decimal != decimal:
        return f"it has a decimal {'comma' if style.decimal == ',' else 'point'}: set `decimal: {style.decimal!r}` if the others have too"
    if style.share and style.symbols:
        return f"remove {', '.join(style.symbols)}, or add it to `symbols`"
    if style.share and minimum is not None and (value.strip().startswith("-") or value.strip().endswith("-")):
        return "a negative number here is a mistake, or the sign means something else: `sign: absolute` ignores it"
    if style.share:
        return "units are whole numbers: convert weights or packs to units in the export"
    if re.search(r"\d", value):
        return "text beside the number: correct it in the export"
    return "no number: correct it, or add the text to `missing` if it means there is none"


def summary(refusals: Sequence[Refusal]) -> dict[str, int]:
    """How many rows were refused for each column of ours (or the row as a whole)."""
    counts: dict[str, int] = {}
    for refusal in refusals:
        counts[refusal.ours or "the row"] = counts.get(refusal.ours or "the row", 0) + 1
    return counts
