"""What the board reads straight from the lake: exemplar posts, live tables, how fresh each table is.

What belongs here: reads of tables that the published warehouse file does not hold. What doesn't: queries (``data.py``).

Post text stays in the lake on purpose: it is under the networks' terms, is deleted there when it is deleted on the network, and
is shown, never copied. Live tables are provisional and are marked so by whoever shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES, Table

Row = dict[str, Any]
EXEMPLAR_HOURS = 48
"""How far before the trend's hour exemplar posts are looked for."""
_POST_COLUMNS = ["network", "post_id", "author", "created_at", "clean_text", "language", "licence_class"]


def exemplars(lake: Lake, post_ids: Sequence[str], until: datetime) -> list[Row]:
    """The posts named ``network:id`` in their order, as cleaned (handles masked), from the 48 hours that end with ``until``'s hour.

    A post that was deleted, or is older, is left out: what is shown is what may be shown.
    """
    if not post_ids:
        return []
    table = TABLES["social/clean_posts"]
    hours = [until - timedelta(hours=back) for back in range(EXEMPLAR_HOURS)]
    posts = lake.read(table, [f"{hour.astimezone(UTC):%Y-%m-%d-%H}:00" for hour in hours], columns=_POST_COLUMNS)
    names = pc.binary_join_element_wise(posts["network"], posts["post_id"], ":")
    found = posts.append_column("name", names).filter(pc.is_in(names, value_set=pa.array(post_ids, pa.string())))
    order = {name: number for number, name in enumerate(post_ids)}
    return sorted(found.to_pylist(), key=lambda post: order[post["name"]])


@dataclass(frozen=True)
class Live:
    """Rows of a live table: always provisional. ``as_of`` is the newest moment they know of."""

    rows: list[Row]
    as_of: datetime | None


def live(lake: Lake, path: str, most: int = 10) -> Live | None:
    """The first rows of a live table's newest hour by rank; None where the table is not declared or was never written."""
    table = TABLES.get(path)
    if table is None or not lake.partitions(table):
        return None
    rows = lake.read(table).to_pylist()
    newest = max((row["hour"] for row in rows if row.get("hour") is not None), default=None)
    rows = [row for row in rows if row.get("hour") == newest]
    known = [row["as_of"] for row in rows if row.get("as_of") is not None]
    rows.sort(key=lambda row: (bool(row.get("suppressed")), row.get("scope", "overall") != "overall", row.get("rank") or 0))
    return Live(rows[:most], max(known, default=None))


@dataclass(frozen=True)
class Freshness:
    """How far a table reaches: end of its newest partition, and hours it lies behind."""

    path: str
    newest: str
    ends: datetime
    hours_behind: float


def freshness(lake: Lake, now: datetime) -> list[Freshness]:
    """The newest partition of every partitioned table that has any, against ``now`` (the clock, or the end of a closed lake).

    Partitions that exist ahead of time, for an hour or day that is under way, lie 0 hours behind.
    """
    found = []
    for path, table in TABLES.items():
        keys = lake.partitions(table) if table.partition != "none" else []
        if keys:
            ends = end_of_partition(table, keys[-1])
            found.append(Freshness(path, keys[-1], ends, max((now - ends).total_seconds() / 3600, 0.0)))
    return found


def end_of_partition(table: Table, key: str) -> datetime:
    """End (exclusive, UTC) of an hourly or daily partition."""
    if table.partition == "hour":
        return datetime.strptime(key, "%Y-%m-%d-%H:%M").replace(tzinfo=UTC) + timedelta(hours=1)
    return datetime.strptime(key, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)


@dataclass(frozen=True)
class Account:
    """The counting identity: what landing counted against what the tables hold."""

    outcome: str
    table: str
    counted: int
    held: int

    @property
    def exact(self) -> bool:
        """True where nothing is missing and nothing is too much."""
        return self.counted == self.held


def accounts(lake: Lake, counted: dict[str, int]) -> list[Account]:
    """Rows that the manifests state against the counts of landing, for every outcome that is kept in a table."""
    kept = {
        "social/raw_posts": ("post", "repost"),
        "social/deletions": ("deletion",),
        "social/quarantined_posts": ("quarantined",),
    }
    return [
        Account(" + ".join(names), path, sum(counted.get(name, 0) for name in names), _rows_of(lake, path)) for path, names in kept.items()
    ]


def _rows_of(lake: Lake, path: str) -> int:
    return sum(manifest.rows for manifest in lake.manifests(TABLES[path]).values() if manifest is not None)
