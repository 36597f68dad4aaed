"""What the values of a retailer's columns look like: how many are there, numbers, dates, unique, people.

What belongs here: describing columns. What doesn't: deciding which of ours they are (``propose.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.retail.sniff import ABSENT, DateStyle, NumberStyle, date_style, number_style
from trend_assets.lib.retail.words import names_people

SAMPLE_VALUES = 2_000
_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$")
_PHONE = re.compile(r"^(\+|00)\d[\d .\-/]{8,16}$|^0\d([ .\-]?\d{2}){4}$")


@dataclass(frozen=True)
class Profile:
    """One column. ``values``: up to 2,000 texts that are there, in file order; ``rows``: rows of the file."""

    name: str
    type: pa.DataType
    values: tuple[str, ...]
    rows: int
    absent: int
    absent_words: tuple[str, ...]
    distinct: int
    day_first: bool = True

    @cached_property
    def number(self) -> NumberStyle:
        """How its numbers are written."""
        if pa.types.is_integer(self.type) or pa.types.is_floating(self.type) or pa.types.is_decimal(self.type):
            whole = sum(float(value).is_integer() for value in self.values) / max(len(self.values), 1)
            return NumberStyle(1.0, whole, ".", "", ())
        return number_style(self.values)

    @cached_property
    def date(self) -> DateStyle:
        """How its dates are written."""
        if pa.types.is_timestamp(self.type) or pa.types.is_date(self.type):
            return DateStyle(1.0, "iso", pa.types.is_timestamp(self.type), getattr(self.type, "tz", None) is not None, None, None)
        return date_style(self.values, self.day_first)

    @property
    def unique(self) -> bool:
        """Whether every row has a value and no two have the same."""
        return self.rows > 0 and self.absent == 0 and self.distinct == self.rows

    @cached_property
    def letters(self) -> float:
        """Share of values with two letters in a row."""
        return sum(bool(re.search(r"[^\W\d_]{2}", value)) for value in self.values) / max(len(self.values), 1)

    @cached_property
    def numbers(self) -> list[float]:
        """Its numbers, as far as they can be read."""
        style, found = self.number, []
        for value in self.values:
            text = value
            for symbol in style.symbols:
                text = text.replace(symbol, "")
            text = re.sub(r"\s", "", text.strip())
            text = text.replace(style.thousands.strip(), "") if style.thousands.strip() else text
            try:
                found.append(float(re.sub(r"^([^-].*)-$", r"-\1", text.replace(style.decimal, "."))))
            except ValueError:
                continue
        return found

    @property
    def people(self) -> str | None:
        """Why the column identifies people; ``None`` where it does not seem to."""
        count = max(len(self.values), 1)
        if sum(bool(_MAIL.match(value)) for value in self.values) / count > 0.3:
            return "its values are e-mail addresses"
        if sum(bool(_PHONE.match(value)) for value in self.values) / count > 0.3:
            return "its values are telephone numbers"
        return "its name says so" if names_people(self.name) else None

    @property
    def examples(self) -> tuple[str, ...]:
        """Three frequent values, shortened; nothing of people."""
        if self.people is not None:
            return ("•••",)
        return tuple(value if len(value) <= 28 else value[:27] + "…" for value, _ in Counter(self.values).most_common(3))


def profiles_of(data: pa.Table, day_first: bool = True) -> list[Profile]:
    """A profile of each column of a decoded file."""
    found = []
    for name in data.column_names:
        column = data[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        texts = (
            pc.utf8_trim_whitespace(column.cast(pa.string())) if not pa.types.is_nested(column.type) else pa.nulls(len(column), pa.string())
        )
        empty = pc.or_kleene(pc.is_null(texts), pc.equal(texts, ""))
        filled = texts.filter(pc.invert(pc.fill_null(empty, True)))
        words = Counter(value for value in filled.to_pylist() if value in ABSENT)
        there = filled.filter(pc.invert(pc.is_in(filled, value_set=pa.array(ABSENT, pa.string()))))
        found.append(
            Profile(
                name=name,
                type=column.type,
                values=tuple(there.slice(0, SAMPLE_VALUES).to_pylist()),
                rows=len(column),
                absent=len(column) - len(there),
                absent_words=tuple(words),
                distinct=pc.count_distinct(there).as_py(),
                day_first=day_first,
            )
        )
    return found
