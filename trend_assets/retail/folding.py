"""What landed extracts of one table say together: the newest version of each row, found by DuckDB over their parts.

What belongs here: SQL over parts. What doesn't: which extracts to fold (``lib/retail/extracts.py``), landing them
(``retail/extracts.py``).

A row is told by its key. Where the database does not promise that keys are unique, two rows with one key and different days or
products are more likely two things than one that changed, such as ticket numbers that begin anew each day: then the older
one is marked, to be refused with that reason, rather than hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from trend_assets.lake.storage import LocalStorage, Storage
from trend_assets.lib.retail.extracts import Extract, LandedPart

CHUNK_ROWS = 100_000
PLACE = ("__extract", "__row", "__repeated")
"""Beside the columns, each row's extract, its place in it, and whether a newer row has its key though it is of another thing."""


@dataclass(frozen=True)
class Folding:
    """How rows of a table are folded: where its parts are, its columns, those of its key, of its day and of its product."""

    storage: Storage
    columns: tuple[str, ...]
    key: tuple[str, ...]
    day_column: str | None
    product_column: str | None
    scratch: Path

    def rows(self, chain: Sequence[Extract], days: Sequence[date] | None = None) -> pa.Table:
        """Rows of a chain of extracts in order, each of theirs in its newest version; of about the given days only."""
        with self._connected() as connection:
            return connection.execute(self._folded(chain, days)).to_arrow_table()

    def batches(self, chain: Sequence[Extract]) -> Iterator[pa.Table]:
        """The same of all days, as much at a time as memory holds at ease."""
        with self._connected() as connection:
            for batch in connection.execute(self._folded(chain, None)).to_arrow_reader(CHUNK_ROWS):
                yield pa.Table.from_batches([batch])

    def repeated_key(self, extract: Extract) -> tuple[str, ...] | None:
        """A key that stands for rows of several days or products within one extract; ``None`` where there is none."""
        told = self._told()
        if not told:
            return None
        keys = ", ".join(_name(column) for column in self.key)
        known = " and ".join(f"{_name(column)} is not null" for column in self.key)
        query = (
            f"select {keys} from ({self._landed([extract])}) as landed where {known} "  # noqa: S608 (names are quoted)
            f"group by {keys} having count(distinct row({', '.join(told)})) > 1 order by all limit 1"
        )
        with self._connected() as connection:
            return connection.execute(query).fetchone()

    def compared(self, before: Sequence[Extract], extract: Extract) -> tuple[int, int, int]:
        """Rows inserted, changed and deleted since a state, by their key; of an extract of changes, no row is deleted."""
        columns = ", ".join(_name(column) for column in self.columns)
        key = ", ".join(_name(column) for column in self.key)
        keyed = f"select hash({key}) as told, hash({columns}) as content, count(*) as copies"
        by_key = "select told, sum(copies) as copies, bit_xor(content) as content"
        deleted = "coalesce(sum(was.copies) filter (now.told is null), 0)" if extract.full else "0"
        other = "was.content <> now.content or was.copies <> now.copies"
        query = (
            f"with was_rows as ({keyed} from ({self._folded(before, None)}) group by all), "  # noqa: S608 (names are quoted)
            f"now_rows as ({keyed} from ({self._landed([extract])}) group by all), "
            f"was as ({by_key} from was_rows group by told), now as ({by_key} from now_rows group by told) "
            f"select coalesce(sum(now.copies) filter (was.told is null), 0), coalesce(sum(now.copies) filter ({other}), 0), {deleted} "
            "from was full join now on was.told = now.told"
        )
        with self._connected() as connection:
            found = connection.execute(query).fetchone() or (0, 0, 0)
            return int(found[0]), int(found[1]), int(found[2])

    def changed_days(self, before: Sequence[Extract], extract: Extract, since: date) -> list[str]:
        """Texts of the day column, from about a day on, of rows that an extract brought, took away or changed."""
        if self.day_column is None:
            return []
        columns = ", ".join(_name(column) for column in self.columns)
        same = " and ".join(f"was.{_name(column)} = now.{_name(column)}" for column in self.key)
        touched = "" if extract.full else f"where exists (from now where {same})"
        query = (
            f"with was_all as ({self._folded(before, None)}), now as ({self._landed([extract])}), "  # noqa: S608
            f"was as (select {columns} from was_all as was {touched}) "
            f"select distinct {_name(self.day_column)} as told from "
            f"((select {columns} from was except select {columns} from now) union all "
            f"(select {columns} from now except select {columns} from was)) where {self._day(_name(self.day_column))} >= ?"
        )
        with self._connected() as connection:
            return [text for (text,) in connection.execute(query, [since - timedelta(days=2)]).fetchall()]

    def _folded(self, chain: Sequence[Extract], days: Sequence[date] | None) -> str:
        condition = ""
        if self.day_column is not None and days is not None:
            # a margin of two days: the exact one is decided with the mapping's zone
            day = self._day(f"landed.{_name(self.day_column)}")
            first, last = min(days) - timedelta(days=2), max(days) + timedelta(days=2)
            condition = f"where {day} is null or {day} between date '{first}' and date '{last}'"
        columns = ", ".join(f"landed.{_name(column)}" for column in self.columns)
        if len(chain) == 1:
            return f'select "__extract", "__row", "__repeated", {columns} from ({self._landed(chain)}) as landed {condition} order by 1, 2'  # noqa: S608
        told = {} if chain[-1].key_is_unique else {f"__told{number}": value for number, value in enumerate(self._told())}
        keys = ", ".join(_name(column) for column in self.key)
        same = [f"landed.{_name(column)} is not distinct from newest.{_name(column)}" for column in self.key]
        same += [f'landed."{name}" is not distinct from newest."{name}"' for name in told]
        extra = "".join(f', {value} as "{name}"' for name, value in told.items())
        names = "".join(f', "{name}"' for name in told)
        # rows without a key cannot be told apart: each stays, to be refused, rather than one hiding another
        keyless = " or ".join(f"landed.{_name(column)} is null" for column in self.key)
        return (
            f"with landed as not materialized (select *{extra} from ({self._landed(chain)})), "  # noqa: S608 (names are quoted)
            f'versions as (select {keys}{names}, max("__extract") as "__newest" from landed group by all), '
            f'newest as (select *, max("__newest") over (partition by {keys}) as "__of_key" from versions) '
            f'select "__extract", "__row", "__newest" < "__of_key" and not ({keyless}) as "__repeated", {columns} '
            f'from landed join newest on {" and ".join(same)} and ("__extract" = "__newest" or {keyless}) {condition} order by 1, 2'
        )

    def _told(self) -> list[str]:
        """What of a row, beside its key, tells which thing it is."""
        told = [] if self.day_column is None or self.day_column in self.key else [self._day(_name(self.day_column))]
        return told if self.product_column is None or self.product_column in self.key else [*told, _name(self.product_column)]

    @staticmethod
    def _day(value: str) -> str:
        return f"cast(try_cast({value} as timestamptz) as date)"

    def _landed(self, chain: Sequence[Extract]) -> str:
        """All rows of a chain, the checkpoint of its first extract in the place of its rows."""
        columns = ", ".join(_name(column) for column in self.columns)
        selects = []
        for place, extract in enumerate(chain):
            offset, from_checkpoint = 0, place == 0 and bool(extract.checkpoint)
            for part in extract.checkpoint if from_checkpoint else extract.parts:
                path = self._local(part).replace("'", "''")
                where = f'{extract.number} as "__extract", {offset} + file_row_number as "__row", false as "__repeated"'
                where = '"__extract", "__row", "__repeated"' if from_checkpoint else where
                selects.append(f"select {where}, {columns} from read_parquet('{path}', file_row_number = true)")  # noqa: S608
                offset += part.rows
        empty = ", ".join(f"null::varchar as {_name(column)}" for column in self.columns)
        nothing = f'select 0 as "__extract", 0::bigint as "__row", false as "__repeated", {empty} where false'
        return " union all by name ".join(selects) or nothing

    def _local(self, part: LandedPart) -> str:
        if isinstance(self.storage, LocalStorage):
            return self.storage.uri(part.path)
        copy = self.scratch / part.path.replace("/", "_")
        if not copy.exists():
            copy.write_bytes(self.storage.read(part.path))
        return str(copy)

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
            connection.execute(f"set temp_directory = '{str(self.scratch).replace(chr(39), chr(39) * 2)}'")  # not the working folder
            yield connection


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
