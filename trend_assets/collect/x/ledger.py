"""The price ledger: what was bought, by kind of request, rule and topic, added to a table of the lake and summed up from it.

What belongs here: entries, their sums, the lake table ``social/collection_costs``. What doesn't: prices, limits (``budget``).

An entry is what was bought within a flush; adding the same entries again changes nothing (``Lake.append``), so a flush is repeated after
a failure. What a killed process had not flushed yet is found again in X's own count (``Ledger.correct``).
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.collect.x.prices import Prices
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import Manifest
from trend_assets.lake.storage import ConflictError
from trend_assets.landing.files import make_ulid
from trend_assets.lib.quality.audit import AuditError
from trend_assets.tables.collection import COLLECTION_COSTS

CORRECTION = "correction"
"""Kind of the entries that make up for posts X counted and a killed process could not write down."""

COMPACTED_PARTS = 48
"""A day of so many additions is written as one part again: one a minute would make it slow to add to."""


class Purchase(msgspec.Struct, frozen=True):
    """What something was bought for: kind of request, tag of the rule, topic the rule was made for."""

    kind: str
    rule: str = ""
    topic: str | None = None


class _Sum(msgspec.Struct):
    bought_at: datetime
    requests: int = 0
    posts: int = 0
    charged_posts: int = 0
    charged_users: int = 0
    cost: float = 0.0


class Spent(msgspec.Struct, frozen=True):
    """Sums of a period."""

    cost: float = 0.0
    requests: int = 0
    posts: int = 0
    charged_posts: int = 0


class Ledger:
    """Entries of one source. What another process spends (a backfill beside the collector) is known after the next ``flush``.

    lake: where the table is; None keeps entries in memory (tests, dry runs). Times are aware, UTC.
    """

    def __init__(
        self, lake: Lake | None, prices: Prices, source: str = "x", *, entropy: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._lake = lake
        self._prices = prices
        self._source = source
        self._entropy = entropy
        self._open: dict[tuple[Purchase, date], _Sum] = {}
        self._unpublished: list[dict[str, Any]] = []
        self._days: dict[date, Spent] = {}
        self._rows: dict[date, int] = {}
        self._adding = threading.Lock()
        self._flushing = threading.Lock()

    def load(self, now: datetime) -> None:
        """Read what was spent this month and the last, so that budgets hold over a restart."""
        if self._lake is not None:
            rows = read_costs(self._lake, now - timedelta(days=62), now)
            self._days = _sums_by_day(rows, self._source)
            days = pc.value_counts(pc.cast(rows["bought_at"], pa.date32()))
            self._rows = {found["values"]: found["counts"] for found in days.to_pylist()}

    def add(
        self, purchase: Purchase, at: datetime, *, requests: int = 0, posts: int = 0, charged_posts: int = 0, charged_users: int = 0
    ) -> float:
        """Write down a purchase; returns its cost."""
        cost = self._prices.cost(purchase.kind, requests, charged_posts, charged_users)
        day = at.astimezone(UTC).date()
        with self._adding:
            found = self._open.setdefault((purchase, day), _Sum(at))
            found.requests += requests
            found.posts += posts
            found.charged_posts += charged_posts
            found.charged_users += charged_users
            found.cost += cost
            spent = self._days.get(day, Spent())
            self._days[day] = Spent(spent.cost + cost, spent.requests + requests, spent.posts + posts, spent.charged_posts + charged_posts)
        return cost

    def correct(self, counted: Mapping[str, int], now: datetime) -> int:
        """Add what X counted on days of this month beyond the ledger's own; returns the posts added.

        counted: posts by day (2026-09-01), as the usage endpoint tells. X counts all apps of a project: budgets protect the bill.
        """
        added = 0
        for text, posts in counted.items():
            day = date.fromisoformat(text)
            missing = posts - self._days.get(day, Spent()).charged_posts
            if missing > 0 and (day.year, day.month) == (now.year, now.month) and day <= now.date():
                moment = min(now, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
                self.add(Purchase(CORRECTION), moment, posts=missing, charged_posts=missing)
                added += missing
        return added

    def day(self, day: date) -> Spent:
        """What was spent on a UTC day."""
        return self._days.get(day, Spent())

    def month(self, day: date) -> Spent:
        """What was spent in the day's month."""
        return _total(spent for when, spent in list(self._days.items()) if (when.year, when.month) == (day.year, day.month))

    def flush(self) -> int:
        """Publish the open entries; returns how many. Raises what ``Lake.append`` raises; nothing is lost then, flush again.

        Meant for a thread of its own: purchases may be added meanwhile, and a second flush waits for the first.
        """
        with self._flushing:
            with self._adding:
                opened, self._open = self._open, {}
            self._unpublished += [self._row(purchase, entry) for (purchase, _), entry in opened.items()]
            published = 0
            for day in sorted({_day_of(row) for row in self._unpublished}):
                of_day = [row for row in self._unpublished if _day_of(row) == day]
                if self._lake is not None:
                    manifest = _append(self._lake, day.isoformat(), of_day)
                    if manifest.rows != self._rows.get(day, 0) + len(of_day):  # somebody else bought too
                        self._sum_up(self._lake, day)
                    self._rows[day] = manifest.rows
                self._unpublished = [row for row in self._unpublished if _day_of(row) != day]
                published += len(of_day)
            return published

    def _sum_up(self, lake: Lake, day: date) -> None:
        """Sum a day up from the table, and what is not in it yet."""
        written = _sums_by_day(lake.read(COLLECTION_COSTS, [day.isoformat()]), self._source).get(day, Spent())
        with self._adding:
            opened = [Spent(one.cost, one.requests, one.posts, one.charged_posts) for (_, when), one in self._open.items() if when == day]
            self._days[day] = _total([written, *opened])

    def _row(self, purchase: Purchase, entry: _Sum) -> dict[str, Any]:
        return msgspec.structs.asdict(entry) | {
            "entry_id": make_ulid(entry.bought_at, self._entropy(10)),
            "source": self._source,
            "request_kind": purchase.kind,
            "rule": purchase.rule,
            "topic_id": purchase.topic,
            "prices_of": self._prices.as_of,
        }


def _append(lake: Lake, key: str, rows: list[dict[str, Any]]) -> Manifest:
    """Add the rows that are not there yet: an addition that failed may have succeeded all the same."""
    try:
        manifest = lake.append(COLLECTION_COSTS, key, COLLECTION_COSTS.from_rows(rows))
    except AuditError:
        there = set(lake.read(COLLECTION_COSTS, [key], columns=["entry_id"])["entry_id"].to_pylist())
        rest = [row for row in rows if row["entry_id"] not in there]
        if len(rest) == len(rows):
            raise
        manifest = lake.append(COLLECTION_COSTS, key, COLLECTION_COSTS.from_rows(rest))
    if len(manifest.parts) >= COMPACTED_PARTS:
        with contextlib.suppress(ConflictError):  # another process was faster: the next addition compacts
            lake.compact(COLLECTION_COSTS, key)
    return manifest


def _day_of(row: Mapping[str, Any]) -> date:
    moment: datetime = row["bought_at"]
    return moment.astimezone(UTC).date()


def read_costs(lake: Lake, begin: datetime, end: datetime) -> pa.Table:
    """The ledger's rows of the days that [begin, end] touches."""
    first, days = begin.astimezone(UTC).date(), (end.astimezone(UTC).date() - begin.astimezone(UTC).date()).days
    wanted = [(first + timedelta(days=number)).isoformat() for number in range(days + 1)]
    there = set(lake.partitions(COLLECTION_COSTS))
    keys = [key for key in wanted if key in there]
    return lake.read(COLLECTION_COSTS, keys) if keys else COLLECTION_COSTS.empty()


def _sums_by_day(rows: pa.Table, source: str) -> dict[date, Spent]:
    rows = rows.filter(pc.equal(rows["source"], source))
    grouped = rows.append_column("day", pc.cast(rows["bought_at"], pa.date32())).group_by("day")
    sums = grouped.aggregate([("cost", "sum"), ("requests", "sum"), ("posts", "sum"), ("charged_posts", "sum")]).to_pylist()
    return {row["day"]: Spent(row["cost_sum"], row["requests_sum"], row["posts_sum"], row["charged_posts_sum"]) for row in sums}


def _total(parts: Iterable[Spent]) -> Spent:
    total = Spent()
    for part in parts:
        total = Spent(
            total.cost + part.cost, total.requests + part.requests, total.posts + part.posts, total.charged_posts + part.charged_posts
        )
    return total
