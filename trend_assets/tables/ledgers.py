"""Ledgers: what published aggregates said, with the moment from which on it was known; rows are added, never changed.

What belongs here: declarations of the append-only tables that rewinding reads, each made from the declaration of the table it keeps.
What doesn't: what is left out of a row and why (``lib/ledger/kept.py``), when something is recorded (``operations/ledger.py``).

A ledger has the columns of its table, without those that name a post or an author, and three of its own. A partition holds what
became known in that hour: the *knowledge* hour, not the hour or day that the row is about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pyarrow as pa

from trend_assets.tables import demand, topics
from trend_assets.tables.declaration import Column, Table, timestamp

CHANGES = ("recorded", "corrected", "withdrawn")
BASES = ("clock", "schedule")
FEWEST_AUTHORS = 5
"""Groups under so many authors are in no ledger, nor words that fewer of a topic's authors use."""
DAY_READY = timedelta(hours=4)
"""How long after its end a day's tables are there by schedule: sealed at two, retail tables at three, cards after these."""

_KNOWLEDGE = (
    Column("knowledge_time", timestamp, "From when on the row was known; decides the partition", "UTC"),
    Column(
        "change",
        pa.string(),
        "recorded: first known; corrected: other than what was known before; withdrawn: the last row of its key no longer holds",
        allowed=CHANGES,
    ),
    Column(
        "basis",
        pa.string(),
        "clock: published by then; schedule: of history that was made in one go, when its schedule would have published it",
        allowed=BASES,
    ),
)


@dataclass(frozen=True)
class Ledger:
    """A ledger and the table it keeps. dropped: columns of the source that it does not have."""

    table: Table
    source: Table
    dropped: tuple[str, ...] = ()

    @property
    def event(self) -> str:
        """The column that says which hour or day a row is about."""
        return str(self.source.time)

    @property
    def key(self) -> tuple[str, ...]:
        """What names a row at any one moment."""
        return tuple(dict.fromkeys((self.event, *self.source.key)))


def _ledger(source: Table, name: str, dropped: tuple[str, ...] = (), withheld: tuple[str, ...] = ()) -> Ledger:
    """The ledger ``name`` of ``source``. withheld: columns that are null where they would tell of too few authors."""
    columns = tuple(
        replace(column, nullable=True, description=f"{column.description}; null where too few authors stand behind it")
        if column.name in withheld
        else column
        for column in source.columns
        if column.name not in dropped
    )
    event = str(source.time)
    table = Table(
        group=source.group,
        name=name,
        description=(
            f"What {source.path} said and from when on that was known, for rewinding: rows are added, never changed, groups under "
            f"{FEWEST_AUTHORS} authors are left out, no post and no author is named. docs/rewind.md tells how to ask it."
        ),
        columns=(*_KNOWLEDGE, *columns),
        key=("knowledge_time", *dict.fromkeys((event, *source.key))),
        partition="hour",
        time="knowledge_time",
        layer="aggregate",
        retention_days=800,
        licence_class="aggregate",
        append_only=True,
    )
    return Ledger(table, source, dropped)


LEDGERS: dict[str, Ledger] = {
    ledger.table.path: ledger
    for ledger in (
        _ledger(topics.TRENDS, "trend_ledger", dropped=("exemplar_posts",), withheld=("posts", "authors")),
        _ledger(topics.TOPIC_HOURS, "topic_hour_ledger"),
        _ledger(demand.PRODUCT_TREND_LINKS, "link_ledger", withheld=("evidence_posts",)),
        _ledger(demand.DECISION_CARDS, "card_ledger"),
        _ledger(demand.UNSERVED_TRENDS, "unserved_ledger"),
    )
}
"""Ledgers by path."""

MART_LEDGER = Table(
    group="warehouse",
    name="mart_ledger",
    description=(
        "Marts as they were published, by day: each version of a day of a mart that differs from the one before, with the moment from "
        "which on it was known. Rows are added, never changed. docs/rewind.md tells how to ask it."
    ),
    columns=(
        *_KNOWLEDGE,
        Column("mart", pa.string(), "Name of the mart"),
        Column("day", pa.date32(), "Day that the rows are about", "day"),
        Column("rows", pa.int64(), "Rows of the mart on that day", "count", minimum=0),
        Column("digest", pa.string(), "SHA-256 of the rows, written as text"),
        Column("content", pa.binary(), "The rows, as one Parquet file"),
    ),
    key=("knowledge_time", "mart", "day"),
    partition="hour",
    time="knowledge_time",
    layer="mart",
    retention_days=800,
    licence_class="aggregate",
    append_only=True,
)

TABLES = (*(ledger.table for ledger in LEDGERS.values()), MART_LEDGER)
