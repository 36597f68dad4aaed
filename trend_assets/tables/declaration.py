"""What a table declaration is: columns with type, meaning, unit and rules; key, partition, layer, retention, licence.

What belongs here: the declaration classes and what follows from them mechanically (Arrow schema, cast, audit).
What doesn't: the declarations themselves (one module per group beside this one).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

Layer = Literal["raw", "clean", "aggregate", "mart"]
Partition = Literal["hour", "day", "none"]
LicenceClass = Literal["restricted", "derived", "aggregate", "own", "open"]
"""Usage class of a whole table.

restricted: holds post text or identifiers under a network's terms; derived: pseudonymous rows derived from posts;
aggregate: counts over several authors; own: the retailer's data; open: openly licensed.
"""

timestamp = pa.timestamp("us", tz="UTC")
strings = pa.list_(pa.string())


@dataclass(frozen=True)
class Column:
    """One column: Arrow type, a description a reader understands, a unit ("" where none applies) and its rules."""

    name: str
    type: pa.DataType
    description: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    personal: bool = False

    @property
    def field(self) -> pa.Field:
        """The Arrow field, with description and unit as metadata."""
        metadata = {"description": self.description} | ({"unit": self.unit} if self.unit else {})
        return pa.field(self.name, self.type, nullable=self.nullable, metadata=metadata)


@dataclass(frozen=True)
class Table:
    """One lake table. ``key`` columns are unique within a partition; ``time`` is the column that decides the partition."""

    group: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: Partition
    layer: Layer
    retention_days: int | None
    licence_class: LicenceClass
    time: str | None = None
    append_only: bool = False
    """Whether a published row may never change nor go (but with its whole partition, when that has passed its retention)."""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.path}: a column is declared twice")
        missing = [name for name in (*self.key, *([self.time] if self.time else [])) if name not in names]
        if missing:
            raise ValueError(f"{self.path}: key or time column not declared: {missing}")
        if (self.partition == "none") != (self.time is None):
            raise ValueError(f"{self.path}: a partitioned table names its time column, an unpartitioned one does not")

    @property
    def path(self) -> str:
        """``group/name``: asset key, folder in the lake; with a dot, schema and table in the warehouse."""
        return f"{self.group}/{self.name}"

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema, descriptions and units in field metadata."""
        return pa.schema([column.field for column in self.columns])

    def column(self, name: str) -> Column:
        """The declaration of one column. Raises ``KeyError`` for an unknown name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.path} has no column {name!r}")

    def empty(self) -> pa.Table:
        """A table of no rows with this schema."""
        return self.schema.empty_table()

    def from_rows(self, rows: Iterable[dict[str, Any]]) -> pa.Table:
        """Rows as dicts to an Arrow table of this schema (missing keys become null)."""
        return pa.Table.from_pylist(list(rows), schema=self.schema)

    def conform(self, data: pa.Table) -> pa.Table:
        """Columns selected, ordered and cast to the declaration. Raises ``ValueError`` when one is missing or unfit."""
        missing = [column.name for column in self.columns if column.name not in data.column_names]
        if missing:
            raise ValueError(f"{self.path}: columns missing: {', '.join(missing)}")
        try:
            return data.select([column.name for column in self.columns]).cast(self.schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            raise ValueError(f"{self.path}: {error}") from error
