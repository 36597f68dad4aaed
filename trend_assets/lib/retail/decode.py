"""Bytes of a CSV, JSON lines or Parquet file to an Arrow table of its rows, each with its row number; malformed rows apart.

What belongs here: decoding. What doesn't: opening files (``trend_assets/retail/files.py``) or meaning (``columns.py``).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from trend_assets.lib.retail.rules import FileFormat


@dataclass(frozen=True)
class Malformed:
    """A row that could not be split into the file's columns, or that a step could not read; ``reason`` as quarantined.

    ``without_value``: where ``detail`` quotes a value of the row, the same without it.
    """

    row: int
    text: str
    detail: str
    reason: str = "invalid_value"
    without_value: str = ""


@dataclass(frozen=True)
class SourceFile:
    """A decoded file, or the rows of a database that were landed together.

    ``row_numbers[i]`` is the place of row ``i`` in the file, from 0; ``day`` is from the file's name. ``error`` says why
    nothing could be read; then there are no rows. ``holds_for``: the days it speaks for, where that is known and not told
    by ``day``; rows of other days are left out. ``fallback_day``: day of rows that do not tell a readable one.
    ``repeated_key``: rows (mask) whose key a newer row of another day or product has, so that one of them would be hidden.
    ``gone``: columns that the mapping names, that were there before and are not now; they are read as missing. ``digest`` of the
    content, ``stamp`` (name, size, time of last write) and ``pattern`` of the mapping tell a file from others, where they are known.
    ``lookups``: the sources that steps looked things up in.
    """

    name: str
    day: date | None
    data: pa.Table
    row_numbers: np.ndarray
    malformed: list[Malformed] = field(default_factory=list)
    error: str | None = None
    holds_for: frozenset[date] | None = None
    fallback_day: date | None = None
    repeated_key: np.ndarray | None = None
    gone: frozenset[str] = frozenset()
    digest: str = ""
    stamp: str = ""
    pattern: str = ""
    lookups: tuple[SourceFile, ...] = ()


_NOTHING = pa.table({})
_WORKBOOKS = {b"PK\x03\x04": "an Excel workbook (.xlsx)", b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)"}
"""First bytes of files that people rename to .csv."""


def unreadable_file(name: str, day: date | None, error: str) -> SourceFile:
    """A file of which nothing could be read, and why."""
    return SourceFile(name, day, _NOTHING, np.zeros(0, np.int64), error=error)


def decode_file(name: str, day: date | None, content: bytes, file_format: FileFormat) -> SourceFile:
    """Decode a file by its name's ending: ``.parquet``, ``.jsonl``, else delimited text. Never raises: ``error`` is set instead."""
    try:
        workbook = _WORKBOOKS.get(content[:4])
        if workbook is not None:
            return unreadable_file(name, day, f"is {workbook}, whatever its name says: open it and save it as CSV UTF-8")
        if name.lower().endswith((".jsonl", ".ndjson")):
            return _decode_json_lines(name, day, content, file_format)
        if name.lower().endswith((".parquet", ".pq")):
            data = parquet.read_table(io.BytesIO(content))
            repeated = _repeated(data.column_names)
            if repeated:
                return unreadable_file(name, day, f"column {repeated!r} is there twice")
            return SourceFile(name, day, data, np.arange(data.num_rows, dtype=np.int64))
        return _decode_delimited(name, day, content, file_format)
    except (pa.ArrowException, UnicodeError, OSError, ValueError) as error:
        return unreadable_file(name, day, f"cannot be read: {str(error)[:300]}")


def _repeated(names: list[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _decode_delimited(name: str, day: date | None, content: bytes, file_format: FileFormat) -> SourceFile:
    if file_format.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        content = content.decode(file_format.encoding).encode()
    content = _without_separator_line(content)
    if not content.strip():
        return unreadable_file(name, day, "is empty: not even a header")
    reading = arrow_csv.ReadOptions(use_threads=False, block_size=len(content) + 1)
    header = content[: content.find(b"\n") + 1] or content
    parsing = arrow_csv.ParseOptions(delimiter=file_format.delimiter, quote_char='"' if file_format.quotes else False)
    names = file_format.names or [column.strip() for column in arrow_csv.read_csv(io.BytesIO(header), reading, parsing).column_names]
    skipped = 0 if file_format.names else 1
    repeated = _repeated(names)
    if repeated is not None:
        return unreadable_file(name, day, f"column {repeated!r} is there twice: give one of them another name in the export")

    malformed: list[Malformed] = []

    def keep_apart(row: arrow_csv.InvalidRow) -> str:
        # the header is record 1, so the first row of data is record 2
        malformed.append(Malformed(row.number - 1 - skipped, row.text, f"{row.actual_columns} fields instead of {row.expected_columns}"))
        return "skip"

    # values are read as bytes: one byte that is no UTF-8 must cost its row, not its file
    table = arrow_csv.read_csv(
        io.BytesIO(content),
        arrow_csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names, skip_rows=skipped),
        arrow_csv.ParseOptions(
            delimiter=file_format.delimiter,
            quote_char='"' if file_format.quotes else False,
            newlines_in_values=file_format.quotes,
            ignore_empty_lines=False,
            invalid_row_handler=keep_apart,
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False),
    )
    total = table.num_rows + len(malformed)
    row_numbers = np.setdiff1d(np.arange(total, dtype=np.int64), np.array([bad.row for bad in malformed], dtype=np.int64))
    table, row_numbers = _without_blank_lines(table, row_numbers)
    table, row_numbers, undecodable = _as_text(table, row_numbers)
    return SourceFile(name, day, table, row_numbers, sorted(malformed + undecodable, key=lambda bad: bad.row))


def _without_separator_line(content: bytes) -> bytes:
    """Excel writes `sep=;` before the header for itself."""
    start = content.removeprefix(b"\xef\xbb\xbf")
    return start[start.find(b"\n") + 1 :] if start[:4].lower() == b"sep=" and b"\n" in start[:8] else content


def _decode_json_lines(name: str, day: date | None, content: bytes, file_format: FileFormat) -> SourceFile:
    """One JSON object a line; numbers keep their digits, absent keys are missing, nested values are malformed."""
    rows: dict[int, dict[str, str | None]] = {}
    malformed: list[Malformed] = []
    for number, line in enumerate(content.decode(file_format.encoding.replace("utf-8", "utf-8-sig")).split("\n")):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError) as error:
            malformed.append(Malformed(number, line, f"no JSON: {error}"))
            continue
        if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
            malformed.append(Malformed(number, line, "not one flat JSON object"))
            continue
        texts = {True: "true", False: "false"}
        rows[number] = {key: value if value is None or isinstance(value, str) else texts[value] for key, value in found.items()}
    names = list(dict.fromkeys(key for row in rows.values() for key in row))
    data = pa.table({key: pa.array([row.get(key) for row in rows.values()], pa.string()) for key in names})
    if not rows:
        return unreadable_file(name, day, "holds no JSON object")
    return SourceFile(name, day, data, np.array(list(rows), dtype=np.int64), malformed)


def _without_blank_lines(table: pa.Table, row_numbers: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    filled = np.zeros(table.num_rows, dtype=bool)
    for column in table.columns:
        filled |= pc.not_equal(pc.binary_length(column), 0).to_numpy()
    return (table, row_numbers) if filled.all() else (table.filter(pa.array(filled)), row_numbers[filled])


def _as_text(table: pa.Table, row_numbers: np.ndarray) -> tuple[pa.Table, np.ndarray, list[Malformed]]:
    """Bytes to text; rows with bytes that are no UTF-8 are taken out."""
    undecodable: dict[int, str] = {}
    columns: list[pa.ChunkedArray] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            columns.append(column.cast(pa.string()))
        except pa.ArrowInvalid:
            texts = []
            for position, value in enumerate(column.to_pylist()):
                try:
                    texts.append(value.decode())
                except UnicodeDecodeError:
                    texts.append("")
                    undecodable.setdefault(position, name)
            columns.append(pa.chunked_array([pa.array(texts, pa.string())]))
    if not undecodable:
        return pa.table(columns, names=table.column_names), row_numbers, []
    bad = [
        Malformed(
            int(row_numbers[position]),
            ",".join(str(table[name][position].as_py().decode(errors="replace")) for name in table.column_names),
            f"{column}: not text in the declared encoding",
        )
        for position, column in sorted(undecodable.items())
    ]
    good = np.ones(table.num_rows, dtype=bool)
    good[list(undecodable)] = False
    return pa.table(columns, names=table.column_names).filter(pa.array(good)), row_numbers[good], bad
