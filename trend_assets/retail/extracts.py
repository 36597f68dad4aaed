"""Lands what is read from the retailer's database, and gives back the rows that speak for each day.

What belongs here: taking an extract, publishing it, which rows speak for a day. What doesn't: SQL of the database
(``retail/database.py``) and over what landed (``retail/folding.py``), the decisions (``lib/retail/extracts.py``), what the rows
mean (``lib/retail/read.py``).

Below ``<data>/retail_landing/<table>/<source>/``: immutable ``parts/*.parquet`` and one ``<number>.json`` for each extract,
which is written last and only where there is none. So a killed run leaves at most parts that nothing names (the next
extract removes them), two runs at once cannot both be number 7, and the watermark is the newest manifest: it cannot run
ahead of the rows.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lake.storage import ConflictError, Storage, open_storage
from trend_assets.lib.retail import extracts as rules
from trend_assets.lib.retail.database import DatabaseTable
from trend_assets.lib.retail.dates import local_days, parse_times
from trend_assets.lib.retail.decode import SourceFile, unreadable_file
from trend_assets.lib.retail.drift import MOST_UNITS, SeenColumn
from trend_assets.lib.retail.extracts import Extract, LandedPart
from trend_assets.lib.retail.fit import missing_columns
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.mistakes import close_to
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.folding import Folding
from trend_assets.retail.seen import SeenSources

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from trend_assets.retail.database import OfferedColumn, RetailDatabase

PART_ROWS = 500_000
CHECKPOINT_AFTER = 32
"""Extracts of changes after which all rows are written once more, so that a day is not made from ever more of them."""
_ATTEMPTS = 3


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class DatabaseSource:
    """Where the retailer's database is and where its extracts land.

    ``address``: SQLAlchemy URL, not shown; ``None`` suffices for days that have landed. ``landing``: folder or ``gs://``
    address of the extracts. ``now``: the clock. ``seen``: the record of what tables looked like, where a load shares one.
    """

    address: str | None = field(repr=False)
    landing: str
    now: Callable[[], datetime] = _utc_now
    storage: Storage | None = None
    seen: SeenSources | None = field(default=None, repr=False, compare=False)

    def open_landing(self) -> Storage:
        """The storage of the extracts."""
        return self.storage or open_storage(self.landing)

    def database(self, what: str) -> RetailDatabase:
        """The database that ``what`` comes from. Raises ``MappingError`` where no address is set or the extra is not installed."""
        if not self.address:
            raise MappingError(
                f"{what} comes from a database: set TREND_ASSETS_RETAIL_DATABASE to its address, such as "
                "postgresql://reader:password@host:5432/shop (in the environment or .env, never in the mapping)"
            )
        try:
            from trend_assets.retail.database import open_database

            return open_database(self.address)
        except ImportError as error:
            extra = "sqlserver" if "pymssql" in str(error) else "sql"
            raise MappingError(f"{what} comes from a database ({error}): pip install 'trend-assets[{extra}]'") from error


def source_of_settings() -> DatabaseSource:
    """The database and landing folder that the settings name."""
    from trend_assets.settings import load_settings

    settings = load_settings()
    secret = settings.retail_database
    return DatabaseSource(secret.get_secret_value() if secret else None, f"{settings.data}/retail_landing")


def landed_rows(mapping: RetailMapping, table_name: str, days: Sequence[date], source: DatabaseSource) -> list[SourceFile]:
    """The rows of a table that speak for the days; reads the database only for days without a closing extract.

    Raises ``MappingError`` (a ``DatabaseError`` where the database is the cause) saying what to do.
    """
    return _LandedTable(mapping, table_name, source).rows_of(sorted(set(days)))


def check_table(mapping: RetailMapping, table_name: str, source: DatabaseSource) -> list[str]:
    """The columns of a database table. Raises ``MappingError`` where the mapping does not fit them."""
    landed = _LandedTable(mapping, table_name, source)
    database = source.database(landed.shown)
    with database.view(landed.table, landed.shown, landed.timezone) as connection:
        return list(landed.checked_columns(database, connection))


def days_in_database(mapping: RetailMapping, table_name: str, source: DatabaseSource) -> list[date]:
    """The days that the rows of a table tell, where they do so in one column."""
    landed = _LandedTable(mapping, table_name, source)
    if landed.day_column is None:
        return []
    database = source.database(landed.shown)
    with database.view(landed.table, landed.shown, landed.timezone) as connection:
        landed.checked_columns(database, connection)
        return database.days(connection, landed.table, landed.day_column, landed.timezone)


def days_landed(mapping: RetailMapping, table_name: str, days: Sequence[date], source: DatabaseSource) -> dict[date, str]:
    """What has landed for each day, in a few words: other words than before mean that the day must be made again.

    Looks at extracts only, never at the database.
    """
    return _LandedTable(mapping, table_name, source).landed_for(days)


class _LandedTable:
    """The extracts of one table. Parameters: the mapping, the table's name, the source."""

    def __init__(self, mapping: RetailMapping, table_name: str, source: DatabaseSource) -> None:
        table = mapping.tables[table_name].database
        if table is None:
            raise ValueError(f"{table_name} does not come from a database")
        self.mapping, self.name, self.source = mapping, table_name, source
        self.table: DatabaseTable = table
        self.shown = f"tables.{table_name} ({table.shown})"
        self.storage = source.open_landing()
        self.timezone = mapping.timezone_of(table_name)
        self.tells_day = mapping.tells_day(table_name)
        day_rule = mapping.day_rule(table_name)
        self.day_column = day_rule.column if day_rule is not None else None
        self.newest_for_all = self.tells_day and table.applies_late_changes
        self.key = tuple(mapping.key_of(table_name))
        own = mapping.tables[table_name]
        wanted = (*self.key, *own.used_columns, table.watermark, table.day, *own.units)
        self.columns = tuple(dict.fromkeys(column for column in wanted if column is not None))
        # stock of a past day is told by what was read then, and by nothing that is read now
        self.read_again = None if table_name == "inventory" and not self.tells_day else table.read_again
        identity = [table.table, table.query, table.mode, table.watermark, self.key, table.day]
        self.base = f"{table_name}/{hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]}"

    def rows_of(self, days: list[date]) -> list[SourceFile]:
        """See ``landed_rows``."""
        extracts = self.extracts()
        for _ in range(_ATTEMPTS):
            usable = rules.read_since(extracts, self.read_again, self.source.now())
            missing = rules.days_to_read(usable, days, self.timezone)
            lacking = self.table.mode == "watermark" and bool(extracts) and not set(self.columns) <= set(extracts[-1].columns)
            if not missing and not lacking:
                break
            try:
                extracts = [*extracts, self.take(extracts, missing or days)]
                break
            except ConflictError:  # another run was faster: what it landed may be what we need
                extracts = self.extracts()
        else:
            raise MappingError(f"{self.shown}: other runs keep landing extracts at the same time; let them end, then run this one again")
        usable = rules.read_since(extracts, self.read_again, self.source.now())
        return self._files(extracts, usable or extracts, days)

    def landed_for(self, days: Sequence[date]) -> dict[date, str]:
        """See ``days_landed``."""
        now, said = self.source.now(), {}
        again = f", read again at {self.read_again.isoformat()}" if self.read_again is not None and self.read_again <= now else ""
        extracts = self.extracts(rules.start_of_day(min(days), self.timezone)) if self.newest_for_all else []
        for day in days:
            changes = rules.changes_of_day(extracts, day, self.timezone)
            word = f"closed, changed by {changes}" if changes else "closed"
            said[day] = "open" if now < rules.end_of_day(day, self.timezone) else word + again
        return said

    def extracts(self, since: datetime | None = None) -> list[Extract]:
        """Landed extracts in order; with ``since``, those taken from then on."""
        found: list[Extract] = []
        for path in reversed([path for path in self.storage.list(f"{self.base}/") if path.endswith(".json")]):
            extract = Extract.from_json(self.storage.read(path))
            if since is not None and extract.taken_at < since:
                break
            found.append(extract)
        return found[::-1]

    def checked_columns(
        self, database: RetailDatabase, connection: Connection, gone: frozenset[str] = frozenset()
    ) -> dict[str, OfferedColumn]:
        """What the database offers. Raises ``MappingError`` where a column (not ``gone``) is missing or of a type that cannot be read."""
        from trend_assets.retail.database import check_day, check_watermark

        offered = database.offered(connection, self.table, self.shown)
        missing = missing_columns(self.mapping, self.name, list(offered), gone)
        if missing is not None:
            raise MappingError(f"{self.shown} {missing} If the column is there, this user may not read it: grant select on it.")
        for setting, names in (("key", self.key), ("watermark", [self.table.watermark]), ("day", [self.table.day])):
            for name in names:
                if name is not None and name not in offered:
                    raise MappingError(
                        f"{self.shown} has no column {name!r}, which the mapping names as {setting}.{close_to(name, offered)} "
                        f"Columns found: {', '.join(offered)}. Change tables.{self.name}.database.{setting}."
                    )
        for name in self.columns:
            if name not in gone and offered[name].refused is not None:
                raise MappingError(f"{self.shown}: column {name!r} is {offered[name].refused}")
        if self.table.watermark is not None:
            check_watermark(database, self.table, offered, self.shown)
        if self.table.day is not None:
            check_day(database, self.table, offered, self.shown)
        return offered

    def take(self, extracts: list[Extract], days: Sequence[date]) -> Extract:
        """Read the database once and land what it gave. Raises ``ConflictError`` where another run landed this number."""
        from trend_assets.retail.database import Request

        number = extracts[-1].number + 1 if extracts else 1
        taken_at = self.source.now()  # before the view is opened: what the view sees is never older than it says
        by_day = self.table.day is not None
        watermark = self.table.mode == "watermark"
        full = not watermark or rules.full_read_due(extracts, self.columns, self.table.full_every_days, taken_at, self.read_again)
        record = (self.source.seen or SeenSources(self.storage, self.source.now)).table(self.mapping, self.name)
        request = Request(
            self.columns,
            self.key,
            low=None if full else extracts[-1].high,
            first_day=min(days) if by_day else None,
            last_day=max(days) if by_day else None,
            timezone=self.timezone,
        )
        database = self.source.database(self.shown)
        with database.view(self.table, self.shown, self.timezone) as connection:
            columns = [
                SeenColumn(one.name, one.declared, one.nullable) for one in database.offered(connection, self.table, self.shown).values()
            ]
            gone = record.compared(self.base, self.shown, columns)
            offered = self.checked_columns(database, connection, gone)
            request = replace(request, columns=tuple(column for column in self.columns if column not in gone))
            units = {name: set[str]() for name in record.uses.units}
            unique = watermark and any(set(columns) <= set(self.key) for columns in database.unique_columns(connection, self.table))
            high = database.reached(connection, self.table, request, offered) if watermark else None
            previous = extracts[-1].parts if extracts and not watermark else ()
            rows = self._observed(database.rows(connection, self.table, request, offered), units)
            parts = tuple(self._write_parts(number, rows, previous))
        columns = [replace(one, units=tuple(sorted(units.get(one.name, ()))[:MOST_UNITS])) for one in columns]
        record.compared(self.base, self.shown, columns)
        extract = Extract(number, taken_at, full, self.columns, parts, request.low, high, request.first_day, request.last_day, unique)
        extract = self._compared(extracts, extract)
        record.load.rows += extract.rows
        record.load.extracts.append(extract.told)
        self.storage.compare_and_swap(f"{self.base}/{number:06d}.json", extract.to_json(), None)
        record.keep(self.base, self.shown, columns)
        self._remove_unnamed([*extracts, extract])
        return extract

    def _observed(self, chunks: Iterable[pa.Table], units: dict[str, set[str]]) -> Iterator[pa.Table]:
        """The chunks with all columns, those that are gone empty; what columns of units say is added to ``units``."""
        for chunk in chunks:
            for name, said in units.items():
                said |= {value for value in pc.unique(chunk[name]).to_pylist() if value is not None}
            absent = [name for name in self.columns if name not in chunk.column_names]
            for name in absent:
                chunk = chunk.append_column(name, pa.nulls(chunk.num_rows, pa.string()))
            yield chunk.select(self.columns) if absent else chunk

    def _compared(self, before: Sequence[Extract], extract: Extract) -> Extract:
        """An extract of changes with what it changed, and at times with a checkpoint.

        Raises ``MappingError`` where everything was read and the key does not tell rows apart: changes could not be folded.
        """
        watermark = self.table.mode == "watermark"
        with self._folding() as folding:
            if watermark and extract.full and not extract.key_is_unique and (key := folding.repeated_key(extract)) is not None:
                raise MappingError(
                    f"{self.shown}: the key ({', '.join(self.key)}) is not unique: {', '.join(map(repr, key))} stands for rows of several "
                    f"days or products. Name the columns that identify a row of yours in tables.{self.name}.database.key"
                )
            if not before:
                return extract
            chain = rules.chain_of(before, before[-1])
            alike = set(self.columns) <= set(before[-1].columns) and (extract.first_day, extract.last_day) == (None, None)
            if alike and self.key:
                inserted, changed, deleted = folding.compared(chain, extract)
                extract = replace(extract, inserted=inserted, changed=changed, deleted=deleted)
            if self.newest_for_all and set(self.columns) <= set(before[-1].columns):
                since = rules.last_closed_day(extract.taken_at, self.timezone) - timedelta(days=rules.LATE_DAYS)
                texts = pa.array(folding.changed_days(chain, extract, since), pa.string())
                extract = replace(extract, changed_days=tuple(day for day in self._days_of(texts) if day >= since))
            if watermark and not extract.full and len(chain) >= CHECKPOINT_AFTER:
                parts = self._write_parts(extract.number, folding.batches([*chain, extract]), (), "all-")
                extract = replace(extract, checkpoint=tuple(parts))
        return extract

    def _days_of(self, texts: pa.Array) -> list[date]:
        """The days that texts of the day column tell, in order."""
        rule = self.mapping.day_rule(self.name)
        pattern = (rule.date_format if rule is not None else None) or self.mapping.format_of(self.name).date_format
        days = local_days(parse_times(texts, pattern, self.timezone), self.timezone)
        return sorted({day for day in days.to_pylist() if day is not None})

    @contextmanager
    def _folding(self) -> Iterator[Folding]:
        rules_of_table = self.mapping.rules_of(self.name)
        product = rules_of_table["product_id"].column if "product_id" in rules_of_table else None
        with tempfile.TemporaryDirectory() as scratch:
            yield Folding(self.storage, self.columns, self.key, self.day_column, product, Path(scratch))

    def _write_parts(self, number: int, chunks: Iterable[pa.Table], previous: Sequence[LandedPart], kind: str = "") -> Iterator[LandedPart]:
        for place, (content, rows) in enumerate(_parquet_files(chunks)):
            digest = hashlib.sha256(content).hexdigest()[:16]
            same = next((part for part in previous if part.path.endswith(f"-{digest}.parquet")), None)
            if same is not None:  # a catalogue that did not change is not stored once a day
                yield same
                continue
            path = f"{self.base}/parts/{number:06d}-{kind}{place:04d}-{digest}.parquet"
            self.storage.write_new(path, content)
            yield LandedPart(path, rows)

    def _remove_unnamed(self, extracts: Sequence[Extract]) -> None:
        """Parts of killed runs: no manifest names them, and none with their number can come any more."""
        named = {part.path for extract in extracts for part in (*extract.parts, *extract.checkpoint)}
        for path in self.storage.list(f"{self.base}/parts/"):
            if path not in named and int(path.rpartition("/")[2][:6]) <= extracts[-1].number:
                self.storage.delete(path)
        self.storage.sweep(self.base, _utc_now() - timedelta(days=1))

    def _files(self, extracts: list[Extract], usable: Sequence[Extract], days: Sequence[date]) -> list[SourceFile]:
        spoken_for: dict[int, list[date]] = {}
        refused: list[SourceFile] = []
        for day in days:
            extract = extracts[-1] if self.newest_for_all else rules.extract_of_day(usable, day, self.timezone)
            if extract is None:
                raise MappingError(f"{self.shown}: nothing has landed for {day}")
            if self.name == "inventory" and not self.tells_day and rules.too_late_for(extract, day, self.timezone, self.table.late_hours):
                refused.append(unreadable_file(f"{self.table.shown}#{extract.number:06d}", day, self._no_stock(extract, day)))
            else:
                spoken_for.setdefault(extract.number, []).append(day)
        files = []
        for extract in extracts:
            if extract.number in spoken_for:
                files += self._state_at(extracts, extract, spoken_for[extract.number])
        return refused + files

    def _no_stock(self, extract: Extract, day: date) -> str:
        return (
            f"tells no stock of {day}: it was read at {extract.taken_at:%Y-%m-%d %H:%M} UTC, more than {self.table.late_hours} hours "
            "after the day, and the table only tells the present; map `day` from a table of past stock, or raise late_hours"
        )

    def _state_at(self, extracts: Sequence[Extract], extract: Extract, days: Sequence[date]) -> list[SourceFile]:
        chain = rules.chain_of(extracts, extract) if self.table.mode == "watermark" else [extract]
        unknown = [column for column in self.columns if any(column not in one.columns for one in chain)]
        if unknown:
            raise MappingError(
                f"{self.shown}: what speaks for {days[0]} was read before column {unknown[0]!r} was mapped, so its values of then are not "
                f"known. Leave the day as it was made; or remove {self.storage.uri(self.base)} to begin anew with what the database "
                "tells now"
            )
        with self._folding() as folding:
            rows = folding.rows(chain, days)
        taken_in = {one.number: one for one in extracts}
        numbers = rows["__extract"].to_numpy()
        files = []
        for number in np.unique(numbers):
            one = taken_in[int(number)]
            first, last = np.searchsorted(numbers, [number, number + 1])
            own = rows.slice(first, last - first)
            closed = rules.last_closed_day(one.taken_at, self.timezone)
            files.append(
                SourceFile(
                    name=f"{self.table.shown}#{one.number:06d}",
                    day=None,
                    data=own.select(self.columns),
                    row_numbers=own["__row"].to_numpy(),
                    holds_for=frozenset(days),
                    fallback_day=closed if one.last_day is None else min(closed, one.last_day),
                    repeated_key=own["__repeated"].to_numpy(),
                )
            )
        return files


def _parquet_files(chunks: Iterable[pa.Table]) -> Iterator[tuple[bytes, int]]:
    """Parquet files of at most ``PART_ROWS`` rows, and their numbers of rows; memory holds one compressed file."""
    buffer, writer, rows = io.BytesIO(), None, 0
    for chunk in chunks:
        if writer is None:
            buffer, rows = io.BytesIO(), 0
            writer = pq.ParquetWriter(buffer, chunk.schema, compression="zstd")
        writer.write_table(chunk)
        rows += chunk.num_rows
        if rows >= PART_ROWS:
            writer.close()
            yield buffer.getvalue(), rows
            writer = None
    if writer is not None:
        writer.close()
        yield buffer.getvalue(), rows
