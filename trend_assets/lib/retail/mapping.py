"""The mapping file: how a retailer's files and columns become our retail tables, declared in YAML, validated here.

What belongs here: the shape of a mapping, its validation and its error messages. What doesn't: applying it to rows
(``columns.py``, ``read.py``) or opening files (``trend_assets/retail_files.py``). A mapping holds no code: a column is
another column, a constant, a choice between declared cases, or a running number, followed by declared transforms.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from trend_assets.tables import TABLES

TABLE_NAMES = ("products", "stores", "inventory", "orders", "deliveries", "promotions")
SNAPSHOT_TABLES = ("products", "stores")
"""Tables that describe a state: a file holds until a newer one, and an undated file holds for every day."""

Origin = Literal["real", "simulated"]
Scalar = bool | int | float | str


class MappingError(ValueError):
    """The mapping cannot be used; the message says where and what to change."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


Words = Annotated[list[str], BeforeValidator(lambda value: [str(item) for item in _as_list(value) or []])]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFormat(_Model):
    """How values are written in the files. What a table does not say is taken from the mapping, then from here.

    ``missing`` lists texts that mean "no value" (the empty text always does); ``decimal`` is "." or ","; ``thousands``
    is removed from numbers; ``date_format`` is ``iso`` or a strptime pattern; ``timezone`` holds for times without one.
    """

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: str = Field(default="", max_length=1)
    date_format: str = "iso"
    timezone: str = "UTC"
    missing: Words = []

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError, which pydantic would not catch
            raise ValueError(f"timezone {name!r} is not known; write an IANA name such as Europe/Paris") from error
        return name

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError as error:
            raise ValueError(f"encoding {name!r} is not known; write utf-8, cp1252, latin-1 or utf-16") from error
        return name


class Condition(_Model):
    """A test on one of the retailer's columns; every test that is given must hold."""

    column: str
    starts_with: Words = []
    equals: Words = []
    below: float | None = None
    above: float | None = None
    missing: bool | None = None

    @model_validator(mode="after")
    def _has_a_test(self) -> Self:
        if not self.starts_with and not self.equals and self.below is None and self.above is None and self.missing is None:
            raise ValueError("a condition needs a test: starts_with, equals, below, above or missing")
        return self


Conditions = Annotated[list[Condition], BeforeValidator(_as_list)]


class Case(_Model):
    """A value that holds where all conditions hold."""

    when: Conditions = Field(min_length=1)
    value: Scalar


class ColumnRule(_Model):
    """Where one of our columns comes from, then how its values are transformed.

    Exactly one source: ``column``, ``constant``, ``cases`` (the first that holds, else ``otherwise``) or
    ``occurrence_within`` (1, 2, 3, ... in file order among rows with the same value of that column of ours).
    Transforms apply in this order: ``lookup`` (with ``otherwise`` for values not in it), reading as number, date or
    time, ``sign`` or ``negate_when``. ``default`` fills missing values.
    """

    column: str | None = None
    constant: Scalar | None = None
    cases: list[Case] | None = None
    occurrence_within: str | None = None
    otherwise: Scalar | None = None
    lookup: dict[str, Scalar] | None = None
    default: Scalar | None = None
    letters: Literal["keep", "upper", "lower"] = "keep"
    sign: Literal["keep", "negate", "absolute"] = "keep"
    negate_when: Conditions = []
    decimal: Literal[".", ","] | None = None
    date_format: str | None = None
    timezone: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("column", "constant", "cases", "occurrence_within") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of column, constant, cases, occurrence_within (found: {', '.join(given) or 'none'})")
        if self.lookup is not None and self.column is None:
            raise ValueError("lookup needs a column to look up")
        return self

    @property
    def source_columns(self) -> list[str]:
        """The retailer's columns whose values can end up in our column (tested ones do not)."""
        return [self.column] if self.column is not None else []

    @property
    def tested_columns(self) -> list[str]:
        """The retailer's columns that conditions of this rule look at."""
        tested = [condition.column for case in self.cases or [] for condition in case.when]
        return tested + [condition.column for condition in self.negate_when]


def _as_rule(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class TableMapping(_Model):
    """One of our tables: files (or a few rows written in the mapping), columns, personal columns.

    ``files``: patterns relative to the mapping file; ``*`` matches any text, ``{day}`` the ISO day of the file's
    content, ``{day:%Y%m%d}`` a day written otherwise. ``personal``: the retailer's columns that identify people; they
    may be tested by conditions but never enter a table nor the quarantine.
    """

    files: Words = []
    rows: list[dict[str, Scalar | None]] = []
    columns: dict[str, Annotated[ColumnRule, BeforeValidator(_as_rule)]] = {}
    personal: Words = []
    data_origin: Origin | None = None
    format: dict[str, Any] = {}

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.files) == bool(self.rows):
            raise ValueError("give either files (one or more patterns) or rows (written in the mapping), not both and not neither")
        dated = ["{day" in pattern for pattern in self.files]
        if any(dated) and "day" in self.columns:
            raise ValueError("the day comes from {day} in the file's name: remove the column `day`, or {day} from the pattern")
        for name, rule in self.columns.items():
            leaked = [column for column in rule.source_columns if column in self.personal]
            if leaked:
                raise ValueError(
                    f"column {name!r} would copy the personal column {leaked[0]!r}; personal columns may only be tested, never copied"
                )
        return self

    @property
    def dated(self) -> bool:
        """True where the day of the content is in the file's name."""
        return bool(self.files) and all("{day" in pattern for pattern in self.files)


class RetailMapping(_Model):
    """A whole mapping file. ``references``: quarantine rows whose product or store is not in the day's catalogue."""

    name: str
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")
    data_origin: Origin
    format: FileFormat = FileFormat()
    references: bool = True
    tables: dict[str, TableMapping]

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        for table_name, table in self.tables.items():
            if table_name not in TABLE_NAMES:
                raise ValueError(f"tables.{table_name}: no such table; there are {', '.join(TABLE_NAMES)}")
            try:
                self.format_of(table_name)
                _check_table(table_name, table, self.currency)
            except (ValueError, ValidationError) as error:
                message = _readable(error) if isinstance(error, ValidationError) else str(error)
                raise ValueError(f"tables.{table_name}: {message}") from error
        return self

    def format_of(self, table_name: str) -> FileFormat:
        """How the files of a table are written: the mapping's format with the table's own settings over it."""
        table = self.tables[table_name]
        return FileFormat.model_validate(self.format.model_dump() | table.format)

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


def _check_table(table_name: str, table: TableMapping, currency: str) -> None:
    declared = {column.name: column for column in TABLES[f"retail/{table_name}"].columns}
    mapped = set(table.columns).union(*(row.keys() for row in table.rows))
    unknown = sorted(mapped - set(declared))
    if unknown:
        usable = [name for name in declared if name != "data_origin"]
        raise ValueError(f"{table_name} has no column {', '.join(map(repr, unknown))}; its columns are {', '.join(usable)}")
    if "data_origin" in mapped:
        raise ValueError("data_origin is set beside `files`, not as a column")
    implied = {"day", "data_origin"}
    if table_name == "orders":
        implied |= {"line"} | ({"currency"} if currency else set())
    required = [name for name, column in declared.items() if not column.nullable and name not in implied]
    missing = [name for name in required if name not in mapped]
    if missing:
        example = f"{missing[0]}: {{constant: ...}}"
        raise ValueError(f"{table_name} needs {', '.join(missing)}: map each to a column of the file, or give a constant such as {example}")
    if table_name == "inventory" and not table.dated and "day" not in mapped:
        raise ValueError("stock is of a day: write {day} in the file pattern, or map the column `day` (a constant for a single export)")


def _readable(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        # pydantic names the union member or validator it was in; a reader of YAML only wants the path of keys
        place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "no such setting; check the spelling"
        lines.append(f"{place}: {message}" if place else message)
    return "\n".join(lines)


def parse_mapping(text: str, name: str = "mapping") -> RetailMapping:
    """A validated mapping from YAML text. ``name`` is what error messages call it.

    Raises ``MappingError`` that lists every problem with its place in the file.
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise MappingError(f"{name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{name} must hold keys such as name, currency, data_origin and tables")
    try:
        return RetailMapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(f"{name} cannot be used:\n{_readable(error)}") from error
