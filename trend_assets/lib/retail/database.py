"""A table that comes from a database: what to read, how much of it each time, and which rows are the same row.

What belongs here: the declaration and its validation. What doesn't: connecting and reading (``retail/database.py``),
what landed extracts mean for a day (``extracts.py``). The address of the database and its password are a setting, never
part of a mapping.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from trend_assets.lib.retail.shape import Part, Words

_LITERALS = re.compile(
    r"""e'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/""", re.IGNORECASE | re.DOTALL
)
_CREDENTIALS = re.compile(r"\w+://[^\s/]*@|password\s*=", re.IGNORECASE)


class DatabaseTable(Part):
    """Where one of our tables is in the retailer's database.

    Exactly one source: ``table`` (``schema.table``) or ``query`` (one SELECT). ``mode``: ``snapshot`` reads all of it, or
    with ``day`` the rows of the asked days; ``watermark`` reads what changed since the last time by the column
    ``watermark``, once more over the last ``overlap`` (seconds of a time, numbers of a counter) for transactions that
    committed late, and everything every ``full_every_days``. ``key``: columns that identify a row (default: those mapped to
    our key). ``late_changes``: whether a day that is materialized again takes in what changed after it was first made
    (``apply``, usual of watermarks) or not (``keep``, usual of snapshots); for tables whose rows tell their day. ``read_again``: what
    was read before that moment is read once more, all of it. ``late_hours``: how long after a day's end a
    snapshot of stock still speaks for that day. ``timeout_seconds``: longest time of one statement.
    """

    table: str | None = None
    query: str | None = None
    mode: Literal["snapshot", "watermark"] = "snapshot"
    watermark: str | None = None
    overlap: int = Field(default=3600, ge=0)
    full_every_days: int | None = Field(default=None, ge=1)
    key: Words = Field(default=[])
    day: str | None = None
    late_changes: Literal["apply", "keep"] | None = None
    read_again: datetime | None = None
    late_hours: int = Field(default=24, ge=1)
    timeout_seconds: int = Field(default=300, ge=1, le=86_400)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either table (schema.table) or query (one SELECT), not both and not neither")
        if self.query is not None and ";" in _LITERALS.sub(" ", self.query.strip().removesuffix(";")):
            raise ValueError("query must be one SELECT: remove the semicolon")
        if _CREDENTIALS.search(self.query or self.table or ""):
            raise ValueError("a mapping holds no address and no password: put them into TREND_ASSETS_RETAIL_DATABASE")
        if self.table is not None and not all(self.table.split(".")):
            raise ValueError(f"table {self.table!r} is not schema.table or table")
        if self.mode == "watermark" and self.watermark is None:
            raise ValueError("mode watermark needs `watermark`: the column that grows with each change, such as updated_at")
        if self.mode == "snapshot":
            self._refuse_settings_of_watermark()
        return self

    def _refuse_settings_of_watermark(self) -> None:
        unused = [name for name in ("watermark", "overlap", "full_every_days") if name in self.model_fields_set]
        if unused:
            raise ValueError(f"{', '.join(unused)}: only with mode: watermark; a snapshot reads everything")
        if self.late_changes == "apply" and self.day is not None:
            raise ValueError("late_changes: apply reads the whole table: remove `day`, or leave late_changes out")

    @property
    def applies_late_changes(self) -> bool:
        """Whether a day that is made again takes in what changed after it was first made."""
        return (self.late_changes or ("apply" if self.mode == "watermark" else "keep")) == "apply"

    @field_validator("read_again")
    @classmethod
    def _with_zone(cls, moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment

    @property
    def named_columns(self) -> dict[str, tuple[str, ...]]:
        """The columns that settings other than the mapped columns name, by setting: they are read and landed too."""
        named = {"key": tuple(self.key), "watermark": (self.watermark,), "day": (self.day,)}
        return {setting: tuple(column for column in columns if column is not None) for setting, columns in named.items()}

    @property
    def shown(self) -> str:
        """What messages and refused rows call it."""
        return self.table if self.table is not None else "query"
