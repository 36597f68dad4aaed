"""The mapping file: how a retailer's files and columns become our retail tables, declared in YAML, validated here.

What belongs here: the shape of a mapping, its validation and its error messages. What doesn't: how values are written and a column
is made (``rules.py``), steps (``steps.py``), applying it to rows (``columns.py``, ``read.py``), opening files
(``trend_assets/retail/files.py``). A mapping holds no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from trend_assets.lib.retail.conditions import Condition
from trend_assets.lib.retail.database import DatabaseTable
from trend_assets.lib.retail.mistakes import close_to, places_of, readable
from trend_assets.lib.retail.rules import Case, ColumnRule, FileFormat
from trend_assets.lib.retail.shape import MappingError, Origin, Part, Scalar, Words
from trend_assets.lib.retail.steps import Join, Steps, joined_by, left_after, made_by, needed_in_file, problems_of_steps
from trend_assets.tables import TABLES

TABLE_NAMES = ("products", "stores", "inventory", "orders", "deliveries", "promotions")
SNAPSHOT_TABLES = ("products", "stores")
"""Tables that describe a state: a file holds until a newer one, and an undated file holds for every day."""


def _as_rule(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class TableMapping(Part):
    """One of our tables: files, a database, or a few rows written in the mapping; columns, personal columns.

    ``files``: patterns relative to the mapping file; ``*`` matches any text, ``{day}`` the ISO day of the file's
    content, ``{day:%Y%m%d}`` a day written otherwise. ``personal``: the retailer's columns that identify people; they
    may be tested by conditions but never enter a table nor the quarantine. ``customer`` (orders only): the personal column
    that tells customers apart; it is read to count them (``demand/segment_customers``) and stored nowhere.
    ``customer_segment``: the retailer's own segment of the customer, where orders tell it.
    ``units``: the retailer's columns that say in what
    other values are measured (kg, pack of 6, EUR): a value never seen before stops the load. ``on_drift``: where columns changed
    so that a load must not go on, ``stop`` it, or ``set_aside`` the file and go on with the other days. ``settle_seconds``: a file
    written to within so many seconds is left for the next load. ``steps`` give the files the shape of our table before columns are
    mapped (``steps.py``).
    """

    files: Words = Field(default=[])
    database: DatabaseTable | None = None
    rows: list[dict[str, Scalar | None]] = Field(default=[])
    columns: dict[str, Annotated[ColumnRule, BeforeValidator(_as_rule)]] = Field(default={})
    steps: Steps = Field(default=[])
    personal: Words = Field(default=[])
    customer: str | None = None
    customer_segment: str | None = None
    units: Words = Field(default=[])
    on_drift: Literal["stop", "set_aside"] = "stop"
    settle_seconds: int = Field(default=0, ge=0)
    data_origin: Origin | None = None
    format: dict[str, Any] = Field(default={})

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.files) + bool(self.rows) + (self.database is not None) != 1:
            raise ValueError(
                "give either files (one or more patterns), or database, or rows (written in the mapping), not several and not none"
            )
        dated = ["{day" in pattern for pattern in self.files]
        if any(dated) and "day" in self.columns:
            raise ValueError("the day comes from {day} in the file's name: remove the column `day`, or {day} from the pattern")
        for name, rule in self.columns.items():
            leaked = [column for column in rule.source_columns if column in self.personal]
            if leaked:
                raise ValueError(
                    f"column {name!r} would copy the personal column {leaked[0]!r}; personal columns may only be tested, never copied"
                )
            tested = [column for column in rule.tested_columns if column in self.personal]
            if tested and self.database is not None:
                raise ValueError(
                    f"column {name!r} tests the personal column {tested[0]!r}, which would leave the database: "
                    f"do the test in the query, such as ({tested[0]} is null) as anonymous, and map its result"
                )
        named = self.database.named_columns if self.database is not None else {}
        self._check_steps()
        if set(self.units) & set(self.personal):
            raise ValueError("units may not name a personal column: its values are kept beside the data")
        if self.on_drift == "set_aside" and not self.dated:
            raise ValueError("on_drift: set_aside goes with {day} in every file pattern: without it there is no day to set aside")
        for setting, columns in named.items():
            leaked = [column for column in columns if column in self.personal]
            if leaked:
                raise ValueError(
                    f"database.{setting} names the personal column {leaked[0]!r}, which would leave the database: "
                    "name columns that do not identify people"
                )
        return self

    def _check_steps(self) -> None:
        if self.steps and not self.files:
            raise ValueError("steps are for files: a database does the same in a `query`")
        if any(step.joins_files for step in self.steps) and any("{day" in pattern for pattern in self.files):
            raise ValueError("a step running_total reads all files together: write * in the place of {day}, and let rows tell their day")
        copied = [name for step in self.steps for name in step.copied if name in self.personal]
        copied += [name for step in self.steps if isinstance(step, Join) for name in step.join.take if name in self.personal]
        if copied:
            raise ValueError(
                f"a step would copy the personal column {copied[0]!r}; personal columns may only be tested, by `where` or a condition"
            )

    @property
    def dated(self) -> bool:
        """True where the day of the content is in the file's name."""
        return bool(self.files) and all("{day" in pattern for pattern in self.files)

    @property
    def needed_columns(self) -> list[str]:
        """The retailer's columns, beside those that rules name, without which the table cannot be read."""
        return list(dict.fromkeys([*self.units, *needed_in_file(self.steps)]))

    @property
    def made_columns(self) -> set[str]:
        """Columns that steps make: they are not looked for in files."""
        return made_by(self.steps)

    @property
    def used_columns(self) -> list[str]:
        """The retailer's columns that rules copy or test, each once."""
        return list(dict.fromkeys(column for rule in self.columns.values() for column in (*rule.source_columns, *rule.tested_columns)))


class OtherSource(Part):
    """Files, or rows written in the mapping, that steps look things up in; no table of ours. All files are read together."""

    files: Words = Field(default=[])
    rows: list[dict[str, Scalar | None]] = Field(default=[])
    format: dict[str, Any] = Field(default={})
    steps: Steps = Field(default=[])

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.files) == bool(self.rows):
            raise ValueError("give either files or rows, not both and not neither")
        return self


class RetailMapping(Part):
    """A whole mapping file. ``sources``: what steps look things up in; each may use those before it.

    ``references``: quarantine rows whose product or store is not in the day's catalogue.
    """

    name: str
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")
    data_origin: Origin
    format: FileFormat = FileFormat()
    references: bool = True
    sources: dict[str, OtherSource] = Field(default={})
    tables: dict[str, TableMapping]

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        problems: list[str] = []
        before: list[str] = []
        for name, source in self.sources.items():
            problems += _problems_of_format(source.format, f"sources.{name}")
            problems += [f"sources.{name}{problem}" for problem in problems_of_steps(source.steps, before)]
            before.append(name)
        for table_name, table in self.tables.items():
            if table_name not in TABLE_NAMES:
                problems.append(
                    f"tables.{table_name}: no such table.{close_to(table_name, TABLE_NAMES)} There are {', '.join(TABLE_NAMES)}"
                )
                continue
            problems += _problems_of_format(table.format, f"tables.{table_name}")
            problems += [f"tables.{table_name}{problem}" for problem in problems_of_steps(table.steps, before)]
            problems += [f"tables.{table_name}{problem}" for problem in _problems_of_table(table_name, table, self.currency)]
            if table.database is not None and table.database.mode == "watermark" and not self.key_of(table_name):
                problems.append(f"tables.{table_name}.database: mode watermark needs `key`: the columns that identify a row of yours")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def format_of(self, table_name: str) -> FileFormat:
        """How the values of a table are written: the mapping's format with the table's own settings over it.

        A database writes numbers and dates in one way whatever the mapping's files do.
        """
        table = self.tables[table_name]
        own = {"decimal": ".", "thousands": "", "date_format": "iso"} if table.database is not None else {}
        return FileFormat.model_validate(self.format.model_dump() | own | table.format)

    def format_of_source(self, name: str) -> FileFormat:
        """How the values of another source are written."""
        return FileFormat.model_validate(self.format.model_dump() | self.sources[name].format)

    def looked_up_by(self, table_name: str) -> list[str]:
        """The sources that steps of a table look things up in, and those that they need themselves, as they are declared."""
        wanted = joined_by(self.tables[table_name].steps)
        for name in reversed(self.sources):  # a source may use those before it
            if name in wanted:
                wanted |= joined_by(self.sources[name].steps)
        return [name for name in self.sources if name in wanted]

    def rules_of(self, table_name: str) -> dict[str, ColumnRule]:
        """Rules of every column of our table that has one, the implied ones included."""
        rules = dict(self.tables[table_name].columns)
        if table_name == "orders":
            rules.setdefault("line", ColumnRule(occurrence_within="order_id"))
            if self.currency:
                rules.setdefault("currency", ColumnRule(constant=self.currency))
        return rules

    def origin_of(self, table_name: str) -> Origin:
        """Whether the rows of a table are real or simulated."""
        return self.tables[table_name].data_origin or self.data_origin

    def tells_day(self, table_name: str) -> bool:
        """True where each row of the table tells its own day."""
        return table_name == "orders" or "day" in self.tables[table_name].columns

    def day_rule(self, table_name: str) -> ColumnRule | None:
        """The rule from which each row gets its day, where rows tell theirs."""
        columns = self.tables[table_name].columns
        return columns.get("day", columns.get("ordered_at") if table_name == "orders" else None)

    def timezone_of(self, table_name: str) -> str:
        """Time zone by whose calendar the table's days begin and end: that of its times, else of its format."""
        rule = self.day_rule(table_name)
        return (rule.timezone if rule is not None else None) or self.format_of(table_name).timezone

    def key_of(self, table_name: str) -> list[str]:
        """Columns of a database table that identify a row: the declared ones, else those mapped to our key as they are."""
        table = self.tables[table_name]
        if table.database is not None and table.database.key:
            return list(table.database.key)
        rules = self.rules_of(table_name)
        ours = (*TABLES[f"retail/{table_name}"].key, *(("day",) if "day" in rules else ()))
        mapped = [rules[name].column for name in ours if name in rules]
        return [column for column in dict.fromkeys(mapped) if column is not None]


def _problems_of_format(own: dict[str, Any], place: str) -> list[str]:
    try:
        FileFormat.model_validate(own)
    except ValidationError as error:
        return [f"{place}.format.{line}" for line in readable(error, {}, lambda _: FileFormat.model_fields).split("\n")]
    return []


def _problems_of_table(table_name: str, table: TableMapping, currency: str) -> list[str]:
    """Problems, each beginning with its place below the table (``.columns.x: ...`` or ``: ...``)."""
    declared = {column.name: column for column in TABLES[f"retail/{table_name}"].columns}
    mapped = set(table.columns).union(*(row.keys() for row in table.rows))
    usable = [name for name in declared if name != "data_origin"]
    problems = [
        f".columns.{name}: {table_name} has no column {name!r}.{close_to(name, usable)} Its columns are {', '.join(usable)}"
        for name in sorted(mapped - set(declared))
    ]
    if "data_origin" in mapped:
        problems.append(".columns.data_origin: data_origin is set beside `files`, not as a column")
    implied = {"day", "data_origin"}
    if table_name == "orders":
        implied |= {"line"} | ({"currency"} if currency else set())
    required = [name for name, column in declared.items() if not column.nullable and name not in implied]
    missing = [name for name in required if name not in mapped]
    if missing:
        example = f"{missing[0]}: {{constant: ...}}"
        problems.append(
            f": {table_name} needs {', '.join(missing)}: map each to a column of yours, or give a constant such as {example}"
            + (". currency may be given once, at the top of the mapping" if "currency" in missing else "")
        )
    if table_name == "inventory" and table.database is None and not table.dated and "day" not in mapped:
        problems.append(": stock is of a day: write {day} in the file pattern, or map the column `day` (a constant for a single export)")
    left = left_after(table.steps)
    for name, rule in table.columns.items() if left is not None else ():
        absent = [column for column in (*rule.source_columns, *rule.tested_columns) if column not in (left or ())]
        if absent:
            found = ", ".join(sorted(left or ()))
            problems.append(
                f".columns.{name}: after the steps there is no column {absent[0]!r}.{close_to(absent[0], left or ())} There are {found}"
            )
    return problems + _problems_of_customers(table_name, table) + _problems_of_database(table_name, table)


def _problems_of_customers(table_name: str, table: TableMapping) -> list[str]:
    """Customers are counted from files of orders, by a column that is known to be personal."""
    given = [name for name in ("customer", "customer_segment") if getattr(table, name) is not None]
    if not given:
        return []
    if table_name != "orders":
        return [f".{given[0]}: customers are counted from orders only; {table_name} has no use for it"]
    if not table.files:
        return [f".{given[0]}: customers are counted from files only: no customer may leave a database, so remove `{given[0]}`"]
    if table.customer is None:
        return [".customer_segment: segments need customers to count: name the column that tells them apart as `customer`"]
    if table.customer not in table.personal:
        return [f".customer: {table.customer!r} identifies people: list it as `personal` too, so that it enters no table"]
    return []


def _problems_of_database(table_name: str, table: TableMapping) -> list[str]:
    database = table.database
    if database is None:
        return []
    problems = []
    tells_day = table_name == "orders" or "day" in table.columns
    if database.day is not None and not tells_day:
        problems.append(f".database.day: rows of {table_name} do not tell a day: map the column `day` too, or remove `day` here")
    if database.day is not None and tells_day:
        ours = "day" if "day" in table.columns else "ordered_at"
        theirs = table.columns[ours].column if ours in table.columns else None
        if theirs != database.day:
            problems.append(
                f".database.day: rows are read by {database.day!r} and counted on the day that `{ours}` tells"
                f"{f' (column {theirs!r})' if theirs else ''}: a row whose two days differ would be in no day. "
                "Write the same column in both"
            )
    if database.day is not None and database.mode == "watermark":
        problems.append(".database.day: only with mode: snapshot; a watermark reads changes of any day")
    if database.mode == "watermark" and table_name == "orders" and "line" not in table.columns:
        problems.append(
            ": with mode: watermark orders need columns.line: a running number would change with every change. Use a column, "
            "or in the query row_number() over (partition by order_id order by id) as line"
        )
    return problems


def settings_at(place: Sequence[str]) -> list[str]:
    """Names of the settings that may stand at a place of a mapping file."""
    parts: list[tuple[str, type[Part]]] = [("when", Condition), ("negate_when", Condition), ("cases", Case), ("columns", ColumnRule)]
    parts += [("format", FileFormat), ("database", DatabaseTable), ("tables", TableMapping), ("sources", OtherSource)]
    return list(next((part for key, part in parts if key in place), RetailMapping).model_fields)


def parse_mapping(text: str, name: str = "mapping") -> RetailMapping:
    """A validated mapping from YAML text. ``name`` is what error messages call it.

    Raises ``MappingError`` that lists every problem with its line and place in the file.
    """
    try:
        content = yaml.safe_load(text)
        lines, repeated = places_of(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise MappingError(f"{name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{name} must hold keys such as name, currency, data_origin and tables")
    try:
        mapping = RetailMapping.model_validate(content)
    except ValidationError as error:
        raise MappingError("\n".join([f"{name} cannot be used:", *repeated, readable(error, lines, settings_at)])) from error
    if repeated:
        raise MappingError("\n".join([f"{name} cannot be used:", *repeated]))
    return mapping
