"""From outcomes to the Arrow tables of the social group.

What belongs here: the rows that the decoder collects, and their columns. What doesn't: what becomes of a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from trend_assets.lib.sources.outcomes import PostRow
from trend_assets.tables import TABLES

_ROWS_AT_ONCE = 50_000
"""Rows held as Python objects before they become Arrow columns: bounds memory, and keeps it in the cache."""


class LandedPost(msgspec.Struct, gc=False):
    """What a post's landing line says: the columns of ``social/raw_posts`` that ``PostRow`` lacks."""

    network: str
    source: str
    captured_at: datetime
    landing_file: str
    landing_line: int
    request_id: str
    licence_class: str


class QuarantinedRecord(msgspec.Struct, gc=False):
    """A row of ``social/quarantined_posts``."""

    hour: datetime
    network: str
    source: str
    reason: str
    detail: str
    original: bytes
    received_at: datetime
    landing_file: str
    landing_line: int
    request_id: str


class DeletedRecord(msgspec.Struct, gc=False):
    """A row of ``social/deletions``."""

    hour: datetime
    network: str
    subject_kind: str
    subject: str
    action: str
    deleted_at: datetime
    source: str
    landing_file: str
    landing_line: int
    request_id: str


class CountedRecords(msgspec.Struct, gc=False):
    """A row of ``social/landing_counts``."""

    hour: datetime
    landing_file: str
    request_id: str
    source: str
    outcome: str
    detail: str
    records: int


@dataclass(frozen=True)
class Decoded:
    """The raw tables of one or more landing hours; each satisfies its declaration."""

    raw_posts: pa.Table
    quarantined_posts: pa.Table
    deletions: pa.Table
    landing_counts: pa.Table


class PostCollector:
    """Collects posts in order; a post can be withdrawn later by its ordinal."""

    def __init__(self) -> None:
        self._rows: list[PostRow] = []
        self._landed: list[LandedPost] = []
        self._tables: list[pa.Table] = []
        self._withdrawn: list[int] = []
        self._collected = 0

    def add(self, row: PostRow, landed: LandedPost) -> int:
        """Add a post; returns its ordinal."""
        self._rows.append(row)
        self._landed.append(landed)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._convert()
        self._collected += 1
        return self._collected - 1

    def withdraw(self, ordinal: int) -> None:
        """Leave the post with this ordinal out of the result."""
        self._withdrawn.append(ordinal)

    def table(self) -> pa.Table:
        """The posts that are left, as ``social/raw_posts``."""
        if self._rows or not self._tables:
            self._convert()
        table = pa.concat_tables(self._tables)
        if not self._withdrawn:
            return table
        kept = np.ones(table.num_rows, dtype=bool)
        kept[self._withdrawn] = False
        return table.filter(pa.array(kept))

    def _convert(self) -> None:
        columns = _columns(PostRow, self._rows) | _columns(LandedPost, self._landed)
        self._tables.append(_table("social/raw_posts", columns))
        self._rows, self._landed = [], []


def quarantine_table(records: Sequence[QuarantinedRecord]) -> pa.Table:
    """``social/quarantined_posts``."""
    return _table("social/quarantined_posts", _columns(QuarantinedRecord, records))


def deletion_table(records: Sequence[DeletedRecord]) -> pa.Table:
    """``social/deletions``."""
    return _table("social/deletions", _columns(DeletedRecord, records))


def count_table(records: Sequence[CountedRecords]) -> pa.Table:
    """``social/landing_counts``."""
    return _table("social/landing_counts", _columns(CountedRecords, records))


def _columns(kind: type[msgspec.Struct], rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    names = kind.__struct_fields__
    if not rows:
        return dict.fromkeys(names, ())
    return dict(zip(names, zip(*map(msgspec.structs.astuple, rows), strict=True), strict=True))


def _table(path: str, columns: dict[str, Sequence[Any]]) -> pa.Table:
    schema = TABLES[path].schema
    return pa.Table.from_arrays([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
