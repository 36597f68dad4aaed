"""What changed in the columns of a source since it was last read, and how much that matters.

What belongs here: the description of a source's columns, the comparison of two, the class of each change. What doesn't: where
descriptions are kept (``trend_assets/retail/seen.py``), values of single rows (``columns.py``).

Three classes, the scheme of schema registries (full, partial and no compatibility) applied to what a mapping uses:

- ``compatible``: nothing that is read means anything else. A column is new, wider, elsewhere, or was not used.
- ``quarantine``: the load goes on with less. Rows that cannot be read are refused one by one; an optional column is left empty.
- ``stop``: going on would publish something else under the same name. Nothing is written until the mapping or the export is
  put right, or somebody says that it is right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.retail.columns import as_text, readable_share, source_array
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.steps import left_after
from trend_assets.tables import TABLES

Level = Literal["compatible", "quarantine", "stop"]
Kind = Literal["gone", "new", "type", "missing", "unit", "unreadable", "order", "untold"]
LEVELS: tuple[Level, ...] = ("compatible", "quarantine", "stop")
LOOKED_AT_ROWS = 20_000
MOST_UNITS = 40
"""A column with more different values than this measures nothing: it is not a unit."""
_READABLE, _UNREADABLE = 0.95, 0.5
_FAMILIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("timestamp with time zone", "timestamptz", "datetimeoffset"), "time with a zone"),
    (("timestamp", "timestamp without time zone", "datetime", "smalldatetime"), "time"),
    (("date",), "date"),
    (("int", "uint", "integer", "bigint", "smallint", "tinyint"), "whole number"),
    (("float", "double", "double precision", "halffloat", "real", "numeric", "decimal", "money", "smallmoney"), "number"),
    (("bool", "boolean", "bit"), "flag"),
    (("string", "text", "varchar", "character varying", "character", "char", "bpchar", "nvarchar", "nchar"), "text"),
    (("uuid", "uniqueidentifier"), "text"),
)
_WIDER = {("whole number", "number"), ("date", "time"), ("flag", "whole number")}
"""Changes of a family by which no value means anything else, where the column of ours is no text."""


@dataclass(frozen=True)
class SeenColumn:
    """A column of a source as it was found.

    ``type_name``: as the source declares it (``text`` in delimited files); ``nullable``: ``None`` where the source does not
    say; ``readable``: share of its values that the mapping could read as what it needs (``None``: not used, or few values);
    ``units``: the values of a column that says in what others are measured.
    """

    name: str
    type_name: str
    nullable: bool | None = None
    readable: float | None = None
    units: tuple[str, ...] = ()

    @staticmethod
    def of(fields: Mapping[str, Any]) -> SeenColumn:
        """The column that a record describes."""
        return SeenColumn(**{**fields, "units": tuple(fields.get("units", ()))})


@dataclass(frozen=True)
class Change:
    """One change of a source: the column, what happened to it, its class, what to do.

    ``kind``, ``before`` and ``after`` (types or a new unit, where there are any) say which change it is, without what differs
    from file to file, such as how many values could be read. ``untold``: recorded by a version that did not say which.
    """

    column: str
    kind: Kind
    what: str
    level: Level
    advice: str
    before: str = ""
    after: str = ""

    @staticmethod
    def of(fields: Mapping[str, Any]) -> Change:
        """The change that a record describes."""
        return Change(**{"kind": "untold", **fields})

    def as_dict(self) -> dict[str, str]:
        """The fields, for records."""
        return asdict(self)

    @property
    def acceptable(self) -> bool:
        """False where no row could be read even if somebody said that it is right: a column that rows need is not there."""
        return self.kind != "gone" or self.level != "stop"

    def name(self, source: str) -> str:
        """The change of that file pattern or database table in words, the same for this change only: what is accepted."""
        return " ".join(part for part in (f"{source}:", self.column, self.kind, self.before, "→" if self.after else "", self.after) if part)


@dataclass(frozen=True)
class Uses:
    """What a mapping does with the columns of one table.

    ``required``: theirs without which a row of ours lacks a value it needs; ``optional``: theirs that may be left empty, with
    our column; ``texts``: theirs whose text becomes ours, so that 007 and 7 differ; ``units``: theirs that say units or currencies.
    """

    required: frozenset[str]
    optional: frozenset[str]
    texts: frozenset[str]
    units: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Every used column."""
        return self.required | self.optional | self.units


def uses_of(mapping: RetailMapping, table_name: str) -> Uses:
    """What the mapping of a table does with the source's columns."""
    table = mapping.tables[table_name]
    declaration = TABLES[f"retail/{table_name}"]
    required: set[str] = set(table.needed_columns) - set(table.units)
    optional: set[str] = set()
    texts: set[str] = set(mapping.key_of(table_name)) if table.database is not None else set()
    units = set(table.units)
    for ours, rule in mapping.rules_of(table_name).items():
        column = declaration.column(ours)
        told = optional if column.nullable or rule.default is not None else required
        told |= set(rule.source_columns)
        required |= set(rule.tested_columns)
        if pa.types.is_string(column.type) and rule.lookup is None:
            texts |= set(rule.source_columns)
        if ours == "currency":
            units |= set(rule.source_columns)
    left = left_after(table.steps)
    of_rules = frozenset(required | optional) - frozenset(table.made_columns) if left is None else frozenset()
    of_file = of_rules | frozenset(table.needed_columns)
    required, optional = required & of_file, optional & of_file
    return Uses(frozenset(required), frozenset(optional - required - units), frozenset(texts), frozenset(units))


def seen_in_file(mapping: RetailMapping, table_name: str, data: pa.Table) -> tuple[SeenColumn, ...]:
    """The columns of a decoded file, in its order; values are looked at in its first 20,000 rows."""
    uses = uses_of(mapping, table_name)
    file_format, rules = mapping.format_of(table_name), mapping.rules_of(table_name)
    head = data.slice(0, LOOKED_AT_ROWS)
    seen = []
    for field in data.schema:
        readable: float | None = None
        for ours, rule in rules.items():
            if rule.column == field.name and rule.lookup is None:
                share = readable_share(TABLES[f"retail/{table_name}"].column(ours), rule, head, file_format)
                readable = share if readable is None or (share is not None and share < readable) else readable
        units = _units(pc.unique(as_text(source_array(data, field.name, file_format)))) if field.name in uses.units else ()
        seen.append(SeenColumn(field.name, _type_name(field.type), None, readable, units))
    return tuple(seen)


def changes_between(before: Sequence[SeenColumn], now: Sequence[SeenColumn], uses: Uses, same_reading: bool = True) -> tuple[Change, ...]:
    """The changes from one description of a source to the next, the gravest first.

    ``same_reading``: the mapping read values then as it does now; otherwise what could be read is not compared.
    """
    was, is_now = {column.name: column for column in before}, {column.name: column for column in now}
    gone = [column for column in before if column.name not in is_now]
    new = [column for column in now if column.name not in was]
    found = [_gone(column, new, uses) for column in gone]
    found += [
        Change(
            column.name,
            "new",
            f"new column of type {column.type_name}",
            "compatible",
            "nothing reads it; map it if it is of use",
            after=column.type_name,
        )
        for column in new
    ]
    for name, column in is_now.items():
        if name in was:
            found += _altered(was[name], column, uses, same_reading)
    kept_before, kept_now = [c.name for c in before if c.name in is_now], [c.name for c in now if c.name in was]
    if kept_before != kept_now:
        found.append(Change("(all)", "order", "columns are in another order", "compatible", "nothing: they are found by their names"))
    return tuple(sorted(found, key=lambda change: (-LEVELS.index(change.level), change.column)))


def gravest(changes: Sequence[Change]) -> Level | None:
    """The gravest class among changes; ``None`` where there are none."""
    return max((change.level for change in changes), key=LEVELS.index, default=None)


def _gone(column: SeenColumn, new: Sequence[SeenColumn], uses: Uses) -> Change:
    other = _successor(column, new)
    what = f"column is gone{f'; {other!r} is new and may be its new name' if other else ''}"
    rename = (
        f"write {other!r} in its place in the mapping if it is the same" if other else "bring it back in the export, or map another column"
    )
    if column.name in uses.required | uses.units:
        return Change(column.name, "gone", what, "stop", f"{rename}; rows cannot do without it")
    if column.name in uses.optional:
        return Change(column.name, "gone", what, "quarantine", f"{rename}; until then it is left empty")
    return Change(column.name, "gone", what, "compatible", "nothing: the mapping does not use it")


def _successor(column: SeenColumn, new: Sequence[SeenColumn]) -> str | None:
    """The new column that may be the gone one under another name: the closest name of the same family, else the only one of it."""
    alike = [other.name for other in new if family(other.type_name) == family(column.type_name)]
    close = difflib.get_close_matches(column.name.lower(), [name.lower() for name in alike], 1, 0.5)
    if close:
        return next(name for name in alike if name.lower() == close[0])
    return alike[0] if len(alike) == 1 else None


def _altered(was: SeenColumn, now: SeenColumn, uses: Uses, same_reading: bool) -> list[Change]:
    found = []
    if was.type_name != now.type_name:
        found.append(_retyped(was, now, uses))
    if was.nullable is False and now.nullable:
        what = "may now be missing"
        advice = "rows without it are refused; give it a default if that is right" if now.name in uses.required else "nothing"
        found.append(Change(now.name, "missing", what, "compatible", advice))
    for unit in sorted(set(now.units) - set(was.units)) if now.name in uses.units and was.units else ():
        what = f"says {unit}, never seen before (there were {', '.join(was.units[:5])})"
        advice = "amounts are of another unit or currency: convert them, or accept the change if it is right"
        found.append(Change(now.name, "unit", what, "stop", advice, after=unit))
    if same_reading and was.readable is not None and now.readable is not None and now.readable < _READABLE <= was.readable:
        what = f"{now.readable:.0%} of its values can be read as the mapping says; it was {was.readable:.0%}"
        level: Level = "stop" if now.readable < _UNREADABLE and now.name in uses.required else "quarantine"
        advice = "correct how values are written (decimal, date_format, missing) in the mapping, or the export"
        found.append(Change(now.name, "unreadable", what, level, advice + ("" if level == "stop" else "; rows it cannot read are refused")))
    return found


def _retyped(was: SeenColumn, now: SeenColumn, uses: Uses) -> Change:
    what = f"type was {was.type_name} and is {now.type_name}"
    old, new = family(was.type_name), family(now.type_name)
    level: Level = "compatible"
    if now.name not in uses.all:
        advice = "nothing: the mapping does not use it"
    elif old == new:
        advice = "nothing: the same kind of values, of another width"
    elif (old, new) in _WIDER and now.name not in uses.texts | uses.units:
        advice = "nothing: every value it had can be said in the wider type"
    else:
        reason = "codes may be written otherwise now (007 as 7)" if now.name in uses.texts else "values may mean something else now"
        level, advice = "stop", f"{reason}: compare a few rows, then change the mapping, or accept the change if it is right"
    return Change(now.name, "type", what, level, advice, was.type_name, now.type_name)


def family(type_name: str) -> str:
    """The kind of values that a type holds, whatever its width; the type's own name where it is of no known kind."""
    bare, _, of = type_name.lower().partition("[")
    if bare == "timestamp" and "tz=" in of:
        return "time with a zone"
    bare = re.sub(r"\(.*?\)", "", bare).strip().rstrip("0123456789")
    return next((kind for names, kind in _FAMILIES if bare in names), bare)


def _type_name(arrow_type: pa.DataType) -> str:
    if pa.types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return (
        "text"
        if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type) or pa.types.is_string_view(arrow_type)
        else str(arrow_type)
    )


def _units(values: pa.Array) -> tuple[str, ...]:
    there = sorted(value for value in values.to_pylist() if value is not None)
    return tuple(there) if len(there) <= MOST_UNITS else ()
