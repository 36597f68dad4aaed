"""The record of what sources looked like: the columns of each file pattern and database table, and the files that were read.

What belongs here: keeping the record, deciding for each file or table read whether its columns are as they were. What doesn't:
comparing columns (``lib/retail/drift.py``), reading (``retail/files.py``, ``retail/extracts.py``).

One document for each table, ``<data>/retail_landing/<table>/seen.json``, replaced by compare-and-swap: two loads at once cannot
lose what the other saw. Descriptions of columns are appended and stay; of files the newest ``REMEMBERED`` are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from trend_assets.lake.storage import ConflictError, Storage
from trend_assets.lib.retail.decode import SourceFile, unreadable_file
from trend_assets.lib.retail.drift import Change, SeenColumn, changes_between, gravest, seen_in_file, uses_of
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.reshape import Account, total
from trend_assets.lib.retail.shape import MappingError

CHECK = "schema_changes"
"""The check that shows the record, and the name under which a stop is accepted."""
REMEMBERED = 20_000
_ATTEMPTS = 5
DaysOf = Callable[[SourceFile], set[date] | None]
_NO_ROWS, _NO_NUMBERS = pa.table({}), np.zeros(0, np.int64)


class SchemaStopError(MappingError):
    """The columns of a source changed so that a load would mean something else; nothing was written."""


@dataclass(frozen=True)
class SeenSchema:
    """The columns of one pattern or table from some moment on, and how they differ from those before.

    ``source``: the file pattern or database table; ``name``: the file; ``day``: of its content, where its name tells it;
    ``level``: class of the gravest change (``None`` for the first description); ``refused``: the load was stopped; ``mended``:
    later that file or table was read and did not stop, or it is there no more;
    ``reading``: a word for how the mapping read values then.
    """

    source: str
    name: str
    seen_at: datetime
    columns: tuple[SeenColumn, ...]
    reading: str
    day: date | None = None
    level: str | None = None
    changes: tuple[Change, ...] = ()
    refused: bool = False
    mended: bool = False

    @staticmethod
    def of(fields: Mapping[str, Any]) -> SeenSchema:
        """The description that a record holds."""
        return SeenSchema(
            **{
                **fields,
                "seen_at": datetime.fromisoformat(fields["seen_at"]),
                "day": date.fromisoformat(fields["day"]) if fields["day"] else None,
                "columns": tuple(SeenColumn.of(column) for column in fields["columns"]),
                "changes": tuple(Change.of(change) for change in fields["changes"]),
            }
        )

    @property
    def since(self) -> date:
        """The day from which on it holds: that of the file's name, else that on which it was seen."""
        return self.day or self.seen_at.date()

    @property
    def stops(self) -> bool:
        """True where a load was stopped and the source was not put right since."""
        return self.refused and not self.mended

    def waiting(self, accepted: Mapping[str, date]) -> dict[str, Change]:
        """The changes that stop a load by their names, without those ``accepted`` (by name, the first day for which they are)."""
        named = {change.name(self.source): change for change in self.changes if change.level == "stop"}
        return {name: change for name, change in named.items() if not change.acceptable or accepted.get(name, date.max) > self.since}


@dataclass(frozen=True)
class SeenFile:
    """A file that was read: its name, size and time of last write, its rows, and the days they tell (``None``: not known)."""

    name: str
    stamp: str
    rows: int
    reading: str
    days: tuple[date, ...] | None = None

    @staticmethod
    def of(fields: Mapping[str, Any]) -> SeenFile:
        """The file that a record describes."""
        days = fields["days"]
        return SeenFile(**{**fields, "days": None if days is None else tuple(date.fromisoformat(day) for day in days)})


@dataclass
class Load:
    """What one load read of a table: files by what they were, rows, changes of columns found in it.

    ``steps``: what became of the rows of its files, where it has steps; ``looked_up``: of those of the sources that it joins.
    """

    new: list[str] = field(default_factory=list)
    unchanged: int = 0
    passed_over: int = 0
    left_for_later: list[str] = field(default_factory=list)
    rows: int = 0
    extracts: list[str] = field(default_factory=list)
    steps: list[Account] = field(default_factory=list)
    looked_up: list[Account] = field(default_factory=list)
    schemas: list[SeenSchema] = field(default_factory=list)

    def metadata(self) -> dict[str, str]:
        """A few words for the load's report."""
        said = {}
        if self.new or self.unchanged or self.passed_over:
            words = f"{len(self.new)} new or changed, {self.unchanged} as before, {self.passed_over} without rows of these days"
            said["source files"] = words
        if self.extracts:
            said["source extracts"] = "; ".join(self.extracts)
        if self.steps:
            said["rows"] = str(total(self.steps))
        if len(self.steps) + len(self.looked_up) > 1:
            said["rows by file"] = "\n".join(f"{account.name}: {account}" for account in (*self.steps, *self.looked_up))
        if self.left_for_later:
            said["left for later"] = f"still being written: {', '.join(self.left_for_later[:10])}"
        if self.schemas:
            said["schema changes"] = "; ".join(described(schema) for schema in self.schemas)
        return said


@dataclass
class SeenSources:
    """The record of all tables. Parameters: ``storage`` of the landing folder, the clock, by table what was accepted (see ``waiting``)."""

    storage: Storage
    now: Callable[[], datetime]
    accepted: Mapping[str, Mapping[str, date]] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)

    def table(self, mapping: RetailMapping, table_name: str) -> SeenTable:
        """The record of one table."""
        return SeenTable(self, mapping, table_name, self.loads.setdefault(table_name, Load()))

    def not_read(self, table_name: str) -> None:
        """The mapping has no files and no database for a table: what stopped loads of it stops them no more."""
        path = f"{table_name}/seen.json"
        for attempt in range(_ATTEMPTS):
            try:
                text, generation = self.storage.read_with_generation(path)
            except FileNotFoundError:
                return
            content = json.loads(text)
            stops = [fields for fields in content["schemas"] if fields["refused"] and not fields["mended"]]
            if not stops:
                return
            for fields in stops:
                fields["mended"] = True
            try:
                self.storage.compare_and_swap(path, _written(content), generation)
            except ConflictError:
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                return


def described(schema: SeenSchema) -> str:
    """One line on what changed."""
    changes = "; ".join(f"{change.column}: {change.what} [{change.level}] → {change.advice}" for change in schema.changes)
    return f"{schema.name}{' STOPPED' if schema.refused else ''}: {changes}"


def short(name: str) -> str:
    """Six letters that stand for the name of a change where a person has to write it."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def recorded(storage: Storage, table_name: str) -> list[SeenSchema]:
    """Every description of the sources of a table, in the order in which they were seen."""
    try:
        content = json.loads(storage.read(f"{table_name}/seen.json"))
    except FileNotFoundError:
        return []
    return [SeenSchema.of(fields) for fields in content["schemas"]]


class SeenTable:
    """What was seen of one table's sources. Parameters: the record it is part of, the mapping, the table's name, the load."""

    def __init__(self, sources: SeenSources, mapping: RetailMapping, table_name: str, load: Load) -> None:
        self.sources, self.mapping, self.name, self.load = sources, mapping, table_name, load
        self.path = f"{table_name}/seen.json"
        self.uses = uses_of(mapping, table_name)
        table = mapping.tables[table_name]
        told = [mapping.format_of(table_name).model_dump_json(), table.model_dump_json(exclude={"personal", "on_drift", "settle_seconds"})]
        self.reading = hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]
        self.generation: str | None = None
        self.schemas: list[SeenSchema] = []
        self.files: dict[str, SeenFile] = {}
        self._read()

    def known_days(self, stamp: str) -> tuple[date, ...] | None:
        """The days of a file that was read as it is now, by its name, size and time of last write; ``None`` where not known."""
        known = self._by_stamp.get(stamp)
        return known.days if known is not None and known.reading == self.reading else None

    def examined(
        self, files: Sequence[SourceFile], days_of: DaysOf, there: Collection[str], as_before: Collection[str] = ()
    ) -> list[SourceFile]:
        """The files, each with the columns it no longer has; the record is brought up to date.

        ``days_of`` tells the days of a file's rows; ``there``: names of every file that the patterns match; ``as_before``: of those
        that need not be read, being as they were when they were. Raises ``SchemaStopError`` where columns changed so that the load must not
        go on; then the record says so, and nothing else has happened.
        """
        for attempt in range(_ATTEMPTS):
            examined, problems, right = self._examine(files, days_of)
            self._mend({*right, *as_before}, there)
            try:
                self._write()
            except ConflictError:
                if attempt + 1 == _ATTEMPTS:
                    raise
                self._read()
                continue
            break
        if problems:
            raise SchemaStopError("\n".join(problems))
        return examined

    def compared(self, source: str, shown: str, columns: Sequence[SeenColumn]) -> frozenset[str]:
        """The optional columns that a database table no longer has. What changed is on record once ``keep`` is called.

        Raises ``SchemaStopError`` as ``examined`` does, and puts that on record.
        """
        told = list(self.load.schemas)
        for attempt in range(_ATTEMPTS):
            problem = self._compare(_no_file(source, shown), tuple(columns))
            if problem is None:
                break
            try:
                self._write()
            except ConflictError:
                if attempt + 1 < _ATTEMPTS:  # on record or not, the load must not go on
                    self._read()
                    self.load.schemas = list(told)
                    continue
            raise SchemaStopError(f"{problem}. A column that is there and not granted looks the same: grant select on it")
        return self._gone(source, {column.name for column in columns})

    def keep(self, source: str, shown: str, columns: Sequence[SeenColumn]) -> None:
        """Put on record what ``compared`` found; to be called when what was read has landed."""
        for _ in range(_ATTEMPTS):
            self._mend({shown}, {shown})
            try:
                self._write()
            except ConflictError:
                self._read()
                self._compare(_no_file(source, shown), tuple(columns))
            else:
                return

    def _examine(self, files: Sequence[SourceFile], days_of: DaysOf) -> tuple[list[SourceFile], list[str], set[str]]:
        """The files as they go on, what stops the load, and the names of files that are as they should be."""
        self.load.new, self.load.unchanged, self.load.rows, self.load.schemas = [], 0, 0, []
        examined, problems, right = [], [], set[str]()
        for file in sorted(files, key=lambda file: (file.day or date.min, file.name)):
            self.load.rows += file.data.num_rows + len(file.malformed)
            if file.error is not None:
                examined.append(file)
                continue
            known = self.files.get(file.digest)
            if known is not None and known.reading == self.reading:
                self.load.unchanged += 1
            else:
                self.load.new.append(file.name)
                problem = self._compare(file, seen_in_file(self.mapping, self.name, file.data))
                if problem is not None:
                    if self.mapping.tables[self.name].on_drift == "set_aside":
                        examined.append(unreadable_file(file.name, file.day, problem))
                    else:
                        problems.append(problem)
                    continue
            right.add(file.name)
            file = replace(file, gone=self._gone(file.pattern, set(file.data.column_names)))
            examined.append(file)
            if known is None or known.reading != self.reading or known.stamp != file.stamp:
                days = days_of(file)
                told = None if days is None else tuple(sorted(days))
                self.files[file.digest] = SeenFile(file.name, file.stamp, file.data.num_rows, self.reading, told)
        return examined, problems, right

    def _compare(self, file: SourceFile, columns: tuple[SeenColumn, ...]) -> str | None:
        """Compare with what was seen before and append what changed; the message where that stops the load."""
        own = [schema for schema in self.schemas if schema.source == file.pattern]
        going_on = [schema for schema in own if not schema.refused]
        if file.day is not None:  # what was exported for later days tells nothing of what was usual before
            going_on = [schema for schema in going_on if schema.day is None or schema.day <= file.day]
        before = max(going_on, key=lambda schema: (schema.day or date.min, schema.seen_at), default=None)
        seen = SeenSchema(file.pattern, file.name, self.sources.now(), columns, self.reading, file.day)
        if before is None:
            if self.uses.required <= {column.name for column in columns}:
                self.schemas.append(seen)  # what lacks a column from the beginning is a mistake in the mapping, told as one
            return None
        changes = changes_between(before.columns, columns, self.uses, before.reading == self.reading)
        if not changes:
            self.schemas[self.schemas.index(before)] = replace(before, columns=_with_more(before.columns, columns))
            return None
        seen = replace(seen, level=gravest(changes), changes=changes, columns=_with_more(columns, before.columns, units_only=True))
        if seen.waiting(self.sources.accepted.get(self.name, {})):
            return self._stop(replace(seen, refused=True))
        self.schemas.append(seen)
        self.load.schemas.append(seen)
        return None

    def _stop(self, seen: SeenSchema) -> str:
        """Put a stop on record, once while it lasts, in the place of what stopped that file before; the message."""
        names = seen.waiting({}).keys()
        told = next((one for one in self.schemas if one.stops and one.name == seen.name and one.waiting({}).keys() == names), None)
        if told is None:
            self._mend({seen.name})
            self.schemas.append(seen)
        else:
            seen = replace(seen, seen_at=told.seen_at)
            self.schemas[self.schemas.index(told)] = seen
        self.load.schemas.append(seen)
        waiting = seen.waiting(self.sources.accepted.get(self.name, {}))
        lines = "; ".join(f"{change.column}: {change.what}. {change.advice[:1].upper()}{change.advice[1:]}" for change in waiting.values())
        chosen = "".join(f" --change {short(name)}" for name, change in waiting.items() if change.acceptable)
        command = f"trend-assets accept retail/{self.name} {CHECK} --since {seen.since}{chosen} --reason WHY"
        right = f". If it is right as it is: {command}" if chosen else ""
        return f"{self.name}: {seen.name} is not what it was, and nothing was written. {lines}{right}"

    def _mend(self, right: Collection[str], there: Collection[str] | None = None) -> None:
        """Files or tables of these names are as they should be, those not ``there`` are gone: what stopped for them stops no more."""
        for place, schema in enumerate(self.schemas):
            if schema.stops and (schema.name in right or (there is not None and schema.name not in there)):
                self.schemas[place] = replace(schema, mended=True)

    def _gone(self, source: str, found: set[str]) -> frozenset[str]:
        had = {column.name for schema in self.schemas if schema.source == source for column in schema.columns}
        return frozenset((self.uses.optional & had) - found)

    def _read(self) -> None:
        try:
            content, self.generation = self.sources.storage.read_with_generation(self.path)
        except FileNotFoundError:
            self.generation, self.schemas, self.files = None, [], {}
        else:
            fields = json.loads(content)
            self.schemas = [SeenSchema.of(one) for one in fields["schemas"]]
            self.files = {digest: SeenFile.of(one) for digest, one in fields["files"].items()}
        self._by_stamp = {file.stamp: file for file in self.files.values()}
        self._was = self._content()

    def _write(self) -> None:
        content = self._content()
        if content != self._was:
            self.generation = self.sources.storage.compare_and_swap(self.path, content, self.generation)
            self._was = content

    def _content(self) -> bytes:
        kept = dict(list(self.files.items())[-REMEMBERED:])
        fields = {
            "schemas": [asdict(schema) for schema in self.schemas],
            "files": {digest: asdict(file) for digest, file in kept.items()},
        }
        return _written(fields)


def _written(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, default=lambda value: value.isoformat(), indent=1, ensure_ascii=False).encode()


def _no_file(source: str, shown: str) -> SourceFile:
    return SourceFile(shown, None, _NO_ROWS, _NO_NUMBERS, pattern=source)


def _with_more(columns: Sequence[SeenColumn], others: Sequence[SeenColumn], units_only: bool = False) -> tuple[SeenColumn, ...]:
    """The columns with what others of the same names know beside: units, and how much could be read at best."""
    by_name = {column.name: column for column in others}
    merged = []
    for column in columns:
        other = by_name.get(column.name)
        if other is not None:
            units = tuple(sorted({*column.units, *other.units}))
            known = [share for share in (column.readable, None if units_only else other.readable) if share is not None]
            readable = max(known, default=None)
            column = replace(column, units=units, readable=readable)
        merged.append(column)
    return tuple(merged)
