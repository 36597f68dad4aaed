"""Which days the rows of a decoded file tell, and in a word what they say of each: before any table is made of them.

What belongs here: questions to a file by day. What doesn't: the tables (``read.py``), which files are asked (``trend_assets/retail``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.fit import missing_columns
from trend_assets.lib.retail.mapping import SNAPSHOT_TABLES, RetailMapping
from trend_assets.lib.retail.read import TableReader


def days_of_rows(mapping: RetailMapping, table_name: str, sources: Sequence[SourceFile]) -> set[date]:
    """Days that the rows of undated orders or stock files tell."""
    reader = TableReader(mapping, table_name, [], {})
    days: set[date] = set()
    for source in sources:
        if source.error is None and missing_columns(mapping, table_name, source.data.column_names, source.gone) is None:
            found = reader.row_days(reader.map(source))
            days |= set() if found is None else {day.astype(date) for day in np.unique(found)}
    return days


def days_told(mapping: RetailMapping, table_name: str, source: SourceFile) -> set[date] | None:
    """The days for which a file says something, refused rows included; ``None`` where that cannot be told from the file alone."""
    if source.day is not None:
        return None if table_name in SNAPSHOT_TABLES else {source.day}
    rules = mapping.rules_of(table_name)
    if mapping.tables[table_name].steps:
        return None  # what the steps make of it depends on other files
    if not mapping.tells_day(table_name) or any(rule.occurrence_within is not None for rule in rules.values()):
        return None  # lines are numbered over all files together
    if source.error is not None or missing_columns(mapping, table_name, source.data.column_names, source.gone) is not None:
        return None
    reader = TableReader(mapping, table_name, [], {})
    days = reader.row_days(reader.map(source))
    return None if days is None else {day.astype(date) for day in np.unique(days)}


def rows_by_day(mapping: RetailMapping, table_name: str, source: SourceFile, since: date) -> dict[date, str]:
    """For each day from ``since`` on that the rows of an undated file tell, a word that is the same for the same rows only."""
    rule, found = mapping.day_rule(table_name), source.data.column_names
    tested = [column for one in mapping.rules_of(table_name).values() for column in one.tested_columns]
    if source.error is not None or rule is None or not {*rule.source_columns, *tested} <= set(found):
        return {}
    source = replace(source, gone=frozenset(mapping.tables[table_name].used_columns) - set(found))  # rows are compared as they are
    reader = TableReader(mapping, table_name, [], {})
    days = reader.row_days(reader.map(source))
    if days is None:
        return {}
    words = {}
    for day in np.unique(days[days >= np.datetime64(since)]):
        words[day.astype(date)] = word_of_rows(source.data.take(pa.array(np.flatnonzero(days == day))))
    return words


def word_of_rows(rows: pa.Table) -> str:
    """A word that is the same for the same rows only."""
    rows = rows.combine_chunks()
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, rows.schema) as stream:
        stream.write_table(rows)
    return hashlib.sha256(written.getvalue()).hexdigest()[:16]
