"""How values are written in files, and how one column of ours is made from columns of theirs: declarations, validated here.

What belongs here: formats and column rules. What doesn't: tables and the whole mapping (``mapping.py``), applying rules to rows
(``columns.py``). A column is another column, a constant, a choice between declared cases, or a running number, followed by declared
transforms.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from trend_assets.lib.retail.conditions import Conditions
from trend_assets.lib.retail.shape import Part, Scalar, Words


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError, which pydantic would not catch
        raise ValueError(f"timezone {name!r} is not known; write an IANA name such as Europe/Paris") from error
    return name


Timezone = Annotated[str, AfterValidator(_known_timezone)]


class FileFormat(Part):
    """How values are written in the files. What a table does not say is taken from the mapping, then from here.

    ``missing`` lists texts that mean "no value" (the empty text always does); ``decimal`` is "." or ","; ``thousands``
    is removed from numbers (" " stands for every kind of space), and so is each of ``symbols``, such as "€" or "EUR";
    ``date_format`` is ``iso`` or a strptime pattern; ``timezone`` holds for times without one. ``names``: the columns of files that
    have no header; ``quotes``: whether a text that begins with a double quote is quoted.
    """

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    names: Words = Field(default=[])
    quotes: bool = True
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: str = Field(default="", max_length=1)
    symbols: Words = Field(default=[])
    date_format: str = "iso"
    timezone: Timezone = "UTC"
    missing: Words = Field(default=[])

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError as error:
            raise ValueError(f"encoding {name!r} is not known; write utf-8, cp1252, latin-1 or utf-16") from error
        return name


class Case(Part):
    """A value that holds where all conditions hold."""

    when: Conditions = Field(min_length=1)
    value: Scalar


class ColumnRule(Part):
    """Where one of our columns comes from, then how its values are transformed.

    Exactly one source: ``column``, ``constant``, ``cases`` (the first that holds, else ``otherwise``) or
    ``occurrence_within`` (1, 2, 3, ... in file order among rows with the same value of that column of ours).
    Transforms apply in this order: ``lookup`` (with ``otherwise`` for values not in it), reading as number, date or
    time, ``divide_by``, ``sign`` or ``negate_when``. ``default`` fills missing values.
    """

    column: str | None = None
    constant: Scalar | None = None
    cases: list[Case] | None = None
    occurrence_within: str | None = None
    otherwise: Scalar | None = None
    lookup: dict[str, Scalar] | None = None
    default: Scalar | None = None
    letters: Literal["keep", "upper", "lower"] = "keep"
    divide_by: float | None = Field(default=None, gt=0)
    sign: Literal["keep", "negate", "absolute"] = "keep"
    negate_when: Conditions = Field(default=[])
    decimal: Literal[".", ","] | None = None
    date_format: str | None = None
    timezone: Timezone | None = None

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
