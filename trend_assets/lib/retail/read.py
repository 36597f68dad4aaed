"""Decoded files and a mapping to the retail tables of the asked days, and to the rows that were refused.

What belongs here: which file speaks for which day, duplicate keys, references between tables, the quarantine. Nothing
is lost: each row of a file is in its table or in ``quarantined_records``, once a day. What doesn't: values of single
columns (``columns.py``), which days a file tells (``days_told.py``), opening files (``trend_assets/retail/files.py``).

Days of rows without a readable one: they are refused on the day of the last readable row before them in the file (else
the first after), which depends on the file alone, so one day read alone and the same day read in a range agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.retail.columns import Problems, column_values, occurrence_numbers
from trend_assets.lib.retail.dates import local_days
from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.fit import inline_file, missing_columns
from trend_assets.lib.retail.mapping import SNAPSHOT_TABLES, TABLE_NAMES, RetailMapping
from trend_assets.lib.retail.rules import ColumnRule, FileFormat
from trend_assets.lib.retail.shape import MappingError
from trend_assets.tables import TABLES

QUARANTINE = TABLES["retail/quarantined_records"]


@dataclass(frozen=True)
class _Piece:
    """Rows of one file, mapped: our columns (all rows), their problems, their place in the file and their days."""

    source: SourceFile
    columns: dict[str, pa.Array]
    problems: Problems


def read_records(mapping: RetailMapping, files: Mapping[str, Sequence[SourceFile]], days: Sequence[date]) -> dict[str, pa.Table]:
    """The retail tables of ``days`` and ``quarantined_records``, conforming to their declarations.

    Parameters: ``files``, decoded files per table name; those of other days are ignored. Dated files speak for their
    day; an undated file of products or stores holds for every day, of deliveries and promotions is read as known on
    each day, of orders and inventory is split by each row's day. Tables the mapping does not name are empty.

    Raises ``MappingError`` where an undated file lacks a column that the mapping names. (A dated file that lacks one is
    quarantined as a whole: one broken export must not stop the other days.)
    """
    wanted = sorted(set(days))
    tables: dict[str, pa.Table] = {}
    refused: list[dict[str, Any]] = []
    for table_name in TABLE_NAMES:
        declaration = TABLES[f"retail/{table_name}"]
        if table_name not in mapping.tables:
            tables[declaration.path] = declaration.empty()
            continue
        table = mapping.tables[table_name]
        sources = (
            [inline_file(table, mapping.format_of(table_name))]
            if table.rows
            else sorted(files.get(table_name, ()), key=lambda file: (file.day or date.min, file.name))
        )
        reader = TableReader(mapping, table_name, wanted, tables)
        tables[declaration.path] = reader.read(sources)
        refused += reader.refused
    refused.sort(key=lambda row: (row["day"], row["table_name"], row["source_file"], row["source_row"]))
    tables[QUARANTINE.path] = QUARANTINE.from_rows(refused)
    return tables


class TableReader:
    """Reads one table. Parameters: the mapping, the table's name, the sorted days, the tables already read."""

    def __init__(self, mapping: RetailMapping, table_name: str, days: list[date], known: Mapping[str, pa.Table]) -> None:
        self.mapping = mapping
        self.name = table_name
        self.table = mapping.tables[table_name]
        self.declaration = TABLES[f"retail/{table_name}"]
        self.file_format: FileFormat = mapping.format_of(table_name)
        self.days = days
        self.day_set = set(days)
        self.known = known
        self.refused: list[dict[str, Any]] = []

    def read(self, sources: Sequence[SourceFile]) -> pa.Table:
        """The table's rows of the days; refused rows are added to ``self.refused``."""
        usable: list[SourceFile] = []
        for source in sources:
            error = source.error or missing_columns(self.mapping, self.name, source.data.column_names, source.gone)
            if error is None:
                usable.append(source)
            elif source.error is None and source.day is None:
                raise MappingError(f"{self.name}: {source.name} {error}")
            else:
                self._refuse_file(source, error)
        pieces = [self.map(source) for source in usable]
        placed = self._snapshot(pieces) if self._is_snapshot(pieces) else self._by_day(pieces)
        self._refuse_looked_up(usable, placed)
        return self._assemble(pieces, placed)

    def every_row(self, source: SourceFile, otherwise: date) -> tuple[pa.Table, dict[int, str | None]]:
        """The table that all rows of one file give, whatever their days; refused rows are added to ``self.refused``.

        ``otherwise``: the day of rows that do not tell one. Also returned: row number to the column of ours whose value was
        refused, for rows with a problem in one.
        """
        piece = self.map(source)
        days = self.row_days(piece) if source.day is not None or self.mapping.tells_day(self.name) else None
        if days is None:
            days = np.full(source.data.num_rows, np.datetime64(otherwise), dtype="datetime64[D]")
        self.days = sorted({otherwise, *(day.astype(date) for day in np.unique(days))})
        self.day_set = set(self.days)
        kept = self._assemble([piece], [(0, np.arange(source.data.num_rows), days)])
        self._refuse_malformed(source, [otherwise] * len(source.malformed))
        bad = np.flatnonzero(~piece.problems.sound)
        return kept, {int(source.row_numbers[position]): piece.problems.column_of(int(position)) for position in bad}

    def _refuse_file(self, source: SourceFile, error: str) -> None:
        for day in self.days if source.day is None else [source.day] if source.day in self.day_set else []:
            self._refuse(day, source.name, 0, "unreadable_file", error, "{}")

    def _refuse(self, day: date, file: str, row: int, reason: str, detail: str, original: str) -> None:
        self.refused.append(
            {
                "day": day,
                "table_name": self.name,
                "source_file": file,
                "source_row": row,
                "reason": reason,
                "detail": detail,
                "original": original,
            }
        )

    def map(self, source: SourceFile) -> _Piece:
        """One file's rows as our columns, problems marked."""
        rules = self.mapping.rules_of(self.name)
        problems = Problems(source.data.num_rows)
        if source.repeated_key is not None:
            key = ", ".join(self.mapping.key_of(self.name))
            problems.mark(
                source.repeated_key,
                "duplicate_key",
                f"a newer row of another day or product has the same {key}; if both are real, "
                f"name the columns that tell them apart in tables.{self.name}.database.key",
            )
        columns: dict[str, pa.Array] = {}
        for column in self.declaration.columns:
            if column.name == "data_origin" or (column.name == "day" and "day" not in rules):
                continue
            rule = rules.get(column.name)
            if self.table.rows and column.name in source.data.column_names:
                rule = rule or ColumnRule(column=column.name)
            if rule is not None and rule.column in source.gone:
                rule = None if rule.default is None else ColumnRule(constant=rule.default)
            columns[column.name] = column_values(column, rule, source.data, self.file_format, problems)
        return _Piece(source, columns, problems)

    def _is_snapshot(self, pieces: Sequence[_Piece]) -> bool:
        if self.table.database is not None:
            return not self.mapping.tells_day(self.name)
        as_known = (
            self.name in ("deliveries", "promotions")
            and any(piece.source.day is None for piece in pieces)
            and "day" not in self.table.columns
        )
        return self.name in SNAPSHOT_TABLES or as_known

    def _snapshot(self, pieces: Sequence[_Piece]) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """(piece, positions, days) where a file speaks for several days: the newest dated file, else undated ones."""
        placed = []
        for day in self.days:
            past = [piece.source.day for piece in pieces if piece.source.day is not None and piece.source.day <= day]
            newest = max(past, default=None)
            for number, piece in enumerate(pieces):
                if piece.source.day != newest or not _speaks_for(piece.source, day):
                    continue
                positions = np.flatnonzero(self._known_on(piece, day))
                placed.append((number, positions, np.full(len(positions), np.datetime64(day))))
                self._refuse_malformed(piece.source, [day] * len(piece.source.malformed))
        return placed

    def _known_on(self, piece: _Piece, day: date) -> np.ndarray:
        """Rows of an undated file that were known on the day; rows with a problem are refused on every day."""
        everything = np.ones(piece.source.data.num_rows, dtype=bool)
        if self.name not in ("deliveries", "promotions"):
            return everything
        at = pa.scalar(day, pa.date32())
        if self.name == "deliveries":
            begun = pc.less_equal(piece.columns["ordered_on"], at)
            still = pc.or_kleene(pc.is_null(piece.columns["received_on"]), pc.greater_equal(piece.columns["received_on"], at))
        else:
            begun = pc.less_equal(piece.columns["starts_on"], at)
            still = pc.greater_equal(piece.columns["ends_on"], at)
        running = pc.fill_null(pc.and_kleene(begun, still), False).to_numpy(zero_copy_only=False)
        return running | ~piece.problems.sound

    def _by_day(self, pieces: Sequence[_Piece]) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """(piece, positions, days) where each row has one day."""
        wanted = np.array(self.days, dtype="datetime64[D]")
        placed = []
        for number, piece in enumerate(pieces):
            days = self.row_days(piece)
            if days is None:  # no row of an undated file tells its day
                for day in self.days:
                    positions = np.arange(piece.source.data.num_rows)
                    placed.append((number, positions, np.full(len(positions), np.datetime64(day))))
                    self._refuse_malformed(piece.source, [day] * len(piece.source.malformed))
                continue
            spoken_for = wanted if piece.source.holds_for is None else np.array(sorted(piece.source.holds_for), dtype="datetime64[D]")
            positions = np.flatnonzero(np.isin(days, wanted) & np.isin(days, spoken_for))
            placed.append((number, positions, days[positions]))
            rows = np.array([bad.row for bad in piece.source.malformed], dtype=np.int64)
            before = np.maximum(np.searchsorted(piece.source.row_numbers, rows) - 1, 0)
            malformed_days = days[before] if len(days) else np.full(len(rows), np.datetime64(piece.source.day))
            self._refuse_malformed(piece.source, [moment.astype(date) for moment in malformed_days])
        return placed

    def row_days(self, piece: _Piece) -> np.ndarray | None:
        """The day of each row (datetime64[D]); ``None`` where no row of the file tells one."""
        rows = piece.source.data.num_rows
        if piece.source.day is not None:
            return np.full(rows, np.datetime64(piece.source.day), dtype="datetime64[D]")
        if "day" in piece.columns:
            found = piece.columns["day"]
        else:
            found = local_days(piece.columns["ordered_at"], self.mapping.timezone_of(self.name))
        days = found.to_numpy(zero_copy_only=False).astype("datetime64[D]")
        if piece.source.fallback_day is not None:
            return np.where(np.isnat(days), np.datetime64(piece.source.fallback_day), days)
        readable = np.flatnonzero(~np.isnat(days))
        if not len(readable):
            return None
        last_before = np.searchsorted(readable, np.arange(rows), side="right") - 1
        return days[readable[np.maximum(last_before, 0)]]

    def _refuse_malformed(self, source: SourceFile, days: Sequence[date]) -> None:
        for bad, day in zip(source.malformed, days, strict=True):
            if day in self.day_set:
                # which field is which is unknown, so with personal columns no text is kept
                text = {} if self.table.personal else {"text": bad.text}
                self._refuse(day, source.name, bad.row, bad.reason, bad.detail, json.dumps(text, ensure_ascii=False))

    def _refuse_looked_up(self, sources: Sequence[SourceFile], placed: Sequence[tuple[int, np.ndarray, np.ndarray]]) -> None:
        """Rows of joined sources that could not be read, on each day that has rows which might have met them.

        Nothing of their texts is kept: which of a source's columns identify people is declared nowhere.
        """
        days = sorted({moment.astype(date) for _, _, days in placed for moment in np.unique(days)} & self.day_set)
        for lookup in {lookup.name: lookup for source in sources for lookup in source.lookups}.values():
            for bad in lookup.malformed:
                told = bad.detail if bad.reason == "missing_value" else bad.without_value or bad.detail
                for day in days:
                    self._refuse(day, lookup.name, bad.row, bad.reason, told, "{}")

    def _assemble(self, pieces: Sequence[_Piece], placed: Sequence[tuple[int, np.ndarray, np.ndarray]]) -> pa.Table:
        if not placed:
            return self.declaration.empty()
        self._number_occurrences(pieces)
        sound = np.concatenate([pieces[number].problems.sound[positions] for number, positions, _ in placed])
        day_column = np.concatenate([days for _, _, days in placed])
        columns: dict[str, Any] = {"day": pa.array(day_column)}
        for name in pieces[0].columns:
            if name != "day":
                columns[name] = pa.chunked_array(
                    [pieces[number].columns[name].take(pa.array(positions)) for number, positions, _ in placed]
                )
        columns["data_origin"] = pa.array([self.mapping.origin_of(self.name)]).take(pa.array(np.zeros(len(day_column), np.int64)))
        rows = pa.table(columns)
        late = Problems(len(day_column))
        late.mark(~sound, "invalid_value", "")  # their own reason is looked up in their piece
        self._check_references(rows, late)
        self._check_keys(rows, late, placed, pieces)
        self._refuse_rows(pieces, placed, late, sound, day_column)
        kept = rows.filter(pa.array(late.sound))
        if self.name == "deliveries":
            kept = _as_known(kept)
        kept = kept.take(
            pc.sort_indices(
                kept.append_column("__place", pa.array(np.arange(kept.num_rows))), [("day", "ascending"), ("__place", "ascending")]
            )
        )
        return self.declaration.conform(kept)

    def _number_occurrences(self, pieces: Sequence[_Piece]) -> None:
        for name, rule in self.mapping.rules_of(self.name).items():
            if rule.occurrence_within is None:
                continue
            together = pa.chunked_array([piece.columns[rule.occurrence_within] for piece in pieces]).combine_chunks()
            if any(piece.source.day or piece.source.holds_for for piece in pieces):
                # a dated file must number its lines alike whichever other days are read with it
                names = [piece.source.name if piece.source.holds_for else str(piece.source.day) for piece in pieces]
                labels = np.repeat(names, [piece.source.data.num_rows for piece in pieces])
                together = pc.binary_join_element_wise(together.cast(pa.string()), pa.array(labels), "\x1f")
            numbers = pa.array(occurrence_numbers(together), pa.int64()).cast(self.declaration.column(name).type)
            start = 0
            for piece in pieces:
                piece.columns[name] = numbers.slice(start, piece.source.data.num_rows)
                start += piece.source.data.num_rows

    def _check_references(self, rows: pa.Table, problems: Problems) -> None:
        if not self.mapping.references or self.name in SNAPSHOT_TABLES:
            return
        for catalogue_name, column in (("products", "product_id"), ("stores", "store_id")):
            catalogue = self.known[f"retail/{catalogue_name}"]
            if not catalogue.num_rows:
                continue
            # a day without any catalogue cannot refute a row
            days_known = pc.is_in(rows["day"].cast(pa.date32()), value_set=pc.unique(catalogue["day"]))
            known = pc.is_in(_with_day(rows, column), value_set=_with_day(catalogue, column).combine_chunks())
            unknown = pc.fill_null(pc.and_(days_known, pc.invert(known)), False).to_numpy(zero_copy_only=False)
            reason = "unknown_product" if catalogue_name == "products" else "unknown_store"

            def detail(position: int, column: str = column, catalogue_name: str = catalogue_name) -> str:
                return f"{column} {rows[column][position].as_py()!r} is not in {catalogue_name} of the day"

            problems.mark(unknown, reason, detail)

    def _check_keys(
        self, rows: pa.Table, problems: Problems, placed: Sequence[tuple[int, np.ndarray, np.ndarray]], pieces: Sequence[_Piece]
    ) -> None:
        """Of rows with the same key on the same day, the first in file order stays; the others are refused."""
        candidates = np.flatnonzero(problems.sound)
        if not len(candidates):
            return
        codes = np.zeros(len(candidates), dtype=np.int64)
        for name in ("day", *self.declaration.key):
            part = (
                rows[name]
                .combine_chunks()
                .take(pa.array(candidates))
                .dictionary_encode()
                .indices.to_numpy(zero_copy_only=False)
                .astype(np.int64)
            )
            # re-numbered after each column, so the product of the sizes never overflows
            _, codes = np.unique(codes * (int(part.max()) + 1) + part, return_inverse=True)
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        first_of = candidates[first[inverse]]
        repeated = np.zeros(rows.num_rows, dtype=bool)
        repeated[candidates] = first_of != candidates
        origin = np.zeros(rows.num_rows, dtype=np.int64)
        origin[candidates] = first_of
        files = np.repeat(np.array([number for number, _, _ in placed]), [len(positions) for _, positions, _ in placed])
        row_numbers = np.concatenate([pieces[number].source.row_numbers[positions] for number, positions, _ in placed])

        def detail(position: int) -> str:
            first_row = origin[position]
            where = f"row {row_numbers[first_row]} of {pieces[files[first_row]].source.name}"
            return f"same {', '.join(self.declaration.key)} as {where}, which is kept"

        problems.mark(repeated, "duplicate_key", detail)

    def _refuse_rows(
        self,
        pieces: Sequence[_Piece],
        placed: Sequence[tuple[int, np.ndarray, np.ndarray]],
        late: Problems,
        sound: np.ndarray,
        days: np.ndarray,
    ) -> None:
        start = 0
        for number, positions, _ in placed:
            piece = pieces[number]
            bad = np.flatnonzero(~late.sound[start : start + len(positions)])
            originals = self._originals(piece.source, positions[bad])
            for local, original in zip(bad, originals, strict=True):
                place = start + int(local)
                position = int(positions[local])
                reason, detail = late.of(place) if sound[place] else piece.problems.of(position)
                self._refuse(days[place].astype(date), piece.source.name, int(piece.source.row_numbers[position]), reason, detail, original)
            start += len(positions)

    def _originals(self, source: SourceFile, positions: np.ndarray) -> list[str]:
        """Rows as JSON, without the columns that identify people."""
        kept = [name for name in source.data.column_names if name not in self.table.personal]
        return [json.dumps(row, ensure_ascii=False, default=str) for row in source.data.select(kept).take(pa.array(positions)).to_pylist()]


def _speaks_for(source: SourceFile, day: date) -> bool:
    return source.holds_for is None or day in source.holds_for


def _with_day(rows: pa.Table, column: str) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["day"].cast(pa.date32()).cast(pa.string()), rows[column], "\x1f")


def _as_known(deliveries: pa.Table) -> pa.Table:
    """Deliveries as known at the end of each day: what was received later is still open then."""
    later = pc.fill_null(pc.greater(deliveries["received_on"], deliveries["day"].cast(pa.date32())), False)
    received_on = pc.if_else(later, pa.scalar(None, pa.date32()), deliveries["received_on"])
    received = pc.if_else(later, pa.scalar(0, pa.int64()), deliveries["quantity_received"])
    names = deliveries.column_names
    return deliveries.set_column(names.index("received_on"), "received_on", received_on).set_column(
        names.index("quantity_received"), "quantity_received", received
    )
