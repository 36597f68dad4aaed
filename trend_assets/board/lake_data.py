"""What the board reads straight from the lake: exemplar posts, live tables, terms that break out, freshness, whether anything is lost.

What belongs here: reads of tables that the published warehouse file does not hold. What doesn't: queries (``data.py``).

Post text stays in the lake on purpose: it is under the networks' terms, is not shown any more once it is deleted on the network,
and is never copied. Live tables are provisional and are marked so by whoever shows them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.collect.gaps import read_gaps
from trend_assets.lake.lake import Lake
from trend_assets.lib.live.health import STALE_SECONDS
from trend_assets.lib.privacy.gone import DELETION_COLUMNS, still_there
from trend_assets.tables import TABLES, Table

Row = dict[str, Any]
EXEMPLAR_HOURS = 48
"""How far before the trend's hour exemplar posts are looked for."""
DELETIONS_AT_ONCE = 24
"""Hours of notices that are held in memory together."""
_POSTS, _DELETIONS = TABLES["social/clean_posts"], TABLES["social/deletions"]
_POST_COLUMNS = ("network", "post_id", "author", "created_at", "clean_text", "reposted_post", "reposted_author")


def exemplars(lake: Lake, post_ids: Sequence[str], until: datetime) -> list[Row]:
    """The posts named ``network:id`` in their order, as cleaned (handles masked), from the 48 hours that end with ``until``'s hour.

    A post that is gone (``lib/privacy/gone.py``), or older, is left out: what is shown is what may be shown. Hours are looked
    through one by one, the newest first, ids before text: 48 hours of text are read by nobody for five posts.
    """
    wanted, found = set(post_ids), []
    for back in range(EXEMPLAR_HOURS if wanted else 0):
        hour = f"{until.astimezone(UTC) - timedelta(hours=back):%Y-%m-%d-%H}:00"
        if (part := _named(lake, hour, wanted)) is not None:
            found.append(part)
            wanted -= set(part["name"].to_pylist())
        if not wanted:
            break
    order = {name: number for number, name in enumerate(post_ids)}
    return sorted(_there(lake, pa.concat_tables(found)).to_pylist(), key=lambda post: order[post["name"]]) if found else []


def _named(lake: Lake, hour: str, wanted: Collection[str]) -> pa.Table | None:
    """The hour's posts that are named, with their name; None where there are none."""

    def hits(*columns: str) -> pa.Table:
        posts = lake.read(_POSTS, [hour], columns=columns)
        names = pc.binary_join_element_wise(posts["network"], posts["post_id"], ":")
        return posts.append_column("name", names).filter(pc.is_in(names, value_set=pa.array(wanted, pa.string())))

    return hits(*_POST_COLUMNS) if hits("network", "post_id").num_rows else None


def _there(lake: Lake, posts: pa.Table) -> pa.Table:
    """The posts that are not gone. A notice older than the oldest of them is about none: they came after it."""
    oldest = f"{pc.min(posts['created_at']).as_py().astimezone(UTC):%Y-%m-%d-%H}:00"
    hours = [key for key in lake.partitions(_DELETIONS) if key >= oldest]
    for start in range(0, len(hours), DELETIONS_AT_ONCE):
        posts = still_there(posts, lake.read(_DELETIONS, hours[start : start + DELETIONS_AT_ONCE], columns=DELETION_COLUMNS))
    return posts


@dataclass(frozen=True)
class Live:
    """Rows of a live table: always provisional. ``as_of`` is the newest moment they know of."""

    rows: list[Row]
    as_of: datetime

    def stopped(self, now: datetime) -> bool:
        """Whether the rows are so old that the live lane has stopped: then they are not what goes on right now."""
        return (now - self.as_of).total_seconds() > STALE_SECONDS


def live(lake: Lake, path: str, most: int = 10) -> Live | None:
    """The first rows of a live table's newest hour by rank, without what is suppressed; None where the table has no rows."""
    table = TABLES[path]
    rows = lake.read(table, ["all"])
    if not rows.num_rows:
        return None
    as_of = pc.max(rows["as_of"]).as_py()
    rows = rows.filter(pc.equal(rows["hour"], pc.max(rows["hour"])))
    if "suppressed" in rows.column_names:
        rows = rows.filter(pc.invert(rows["suppressed"]))
    shown = sorted(rows.to_pylist(), key=lambda row: (row.get("scope", "overall") != "overall", row["rank"]))
    return Live(shown[:most], as_of)


def terms_breaking_out(lake: Lake, most: int = 10) -> list[Row]:
    """Terms that broke out in the last day of trends by their network's own counts: each once, its newest hour, the rarest first."""
    sealed, table = lake.partitions(TABLES["topics/trends"])[-1:], TABLES["topics/term_bursts"]
    if not sealed:
        return []
    day = timedelta(days=1)
    first = f"{_start(sealed[0]) - day:%Y-%m-%d-%H:00}"
    rows = lake.read(table, [key for key in lake.partitions(table) if key >= first]).sort_by([("begins_at", "ascending")]).to_pylist()
    # A term that is counted for the first time brings a week: what broke out days ago is no news.
    news = {(row["network"], row["term"]): row for row in rows if row["breaks_out"] and row["hour"] - row["begins_at"] <= day}
    return sorted(news.values(), key=lambda row: (row["alarms_per_day"], row["term"]))[:most]


@dataclass(frozen=True)
class MissedPosts:
    """An interval in which posts of a network may have been missed; ``reason`` as in ``social/collection_gaps``."""

    network: str
    reason: str
    begin: datetime
    end: datetime


def missed_posts(lake: Lake, first: datetime, end: datetime) -> list[MissedPosts]:
    """What may be missing of [first, end), in order of time. Gaps that were filled are left out; pieces that touch are one."""
    gaps = read_gaps(lake, first, end)
    rows = gaps.filter(pc.is_null(gaps["backfilled_at"])).to_pylist()
    found: list[MissedPosts] = []
    for row in sorted(rows, key=lambda row: (row["network"], row["reason"], row["begins_at"], row["ends_at"])):
        one = MissedPosts(row["network"], row["reason"], row["begins_at"].astimezone(UTC), row["ends_at"].astimezone(UTC))
        before = found[-1] if found else None
        if before and (before.network, before.reason) == (one.network, one.reason) and one.begin <= before.end:
            found[-1] = MissedPosts(one.network, one.reason, before.begin, max(before.end, one.end))
        else:
            found.append(one)
    return sorted(found, key=lambda one: (one.begin, one.end, one.network, one.reason))


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
        return _start(key) + timedelta(hours=1)
    return datetime.strptime(key, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)


@dataclass(frozen=True)
class Account:
    """Of one kind of outcome, what landing counted against what the table holds. differing: keys of the hours in which they differ."""

    outcome: str
    table: str
    counted: int
    held: int
    differing: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """True where in no hour anything is missing or too much."""
        return not self.differing


@dataclass(frozen=True)
class Accounts:
    """The counting identity of the hours that every table must still hold.

    since: start of the first of them. outcomes: records by outcome. refused: records by reason, the commonest first. open_hours:
    hours that are being made or made again, which are left out.
    """

    rows: tuple[Account, ...]
    outcomes: Mapping[str, int]
    refused: tuple[tuple[str, int], ...]
    since: datetime | None
    open_hours: int = 0

    @property
    def exact(self) -> bool:
        """True where nothing is lost."""
        return all(row.exact for row in self.rows)


_COUNTS, _RAW = TABLES["social/landing_counts"], TABLES["social/raw_posts"]
_KEPT = {"social/raw_posts": ("post", "repost"), "social/deletions": ("deletion",), "social/quarantined_posts": ("quarantined",)}
_COUNTED_DAYS = min(days for path in (*_KEPT, _COUNTS.path) if (days := TABLES[path].retention_days) is not None)


def accounts(lake: Lake) -> Accounts:
    """Landing's counts against the rows that the manifests state, hour by hour, both as the lake has them now.

    Only hours that no table may have given up yet are compared: retention counts back from the end of what is sealed. Counts are
    published last: an hour whose posts rest on a landing file that its counts don't know is being made.
    """
    published = {key: manifest for key, manifest in lake.manifests(_COUNTS, _countable(lake)).items() if manifest is not None}
    counts = lake.read(_COUNTS, list(published), columns=["hour", "outcome", "detail", "records"])
    raw = lake.manifests(_RAW, _countable(lake))
    made = {key: set(manifest.inputs) for key, manifest in raw.items() if manifest is not None}
    still_open = {key for key, files in made.items() if key not in published or files - set(published[key].inputs)}
    hours = [key for key in published if key not in still_open]
    counts = counts.filter(pc.is_in(counts["hour"], value_set=pa.array([_start(key) for key in hours], counts["hour"].type)))
    counted = Counter[tuple[str, str]]()
    for row in counts.group_by(["hour", "outcome"]).aggregate([("records", "sum")]).to_pylist():
        counted[f"{row['hour'].astimezone(UTC):%Y-%m-%d-%H}:00", row["outcome"]] += row["records_sum"]
    rows = []
    for path, outcomes in _KEPT.items():
        manifests = raw if path == _RAW.path else lake.manifests(TABLES[path], hours)
        held = {key: manifest.rows for key, manifest in manifests.items() if manifest is not None and key in published}
        expected = {key: sum(counted[key, outcome] for outcome in outcomes) for key in hours}
        differing = tuple(key for key in hours if expected[key] != held.get(key, 0))
        rows.append(Account(" + ".join(outcomes), path, sum(expected.values()), sum(held.get(key, 0) for key in hours), differing))
    totals = Counter[str]()
    for (_, outcome), records in counted.items():
        totals[outcome] += records
    return Accounts(tuple(rows), dict(totals), _refused(counts), _start(hours[0]) if hours else None, len(still_open))


def _countable(lake: Lake) -> list[str]:
    """Keys of the hours with counts or posts that are within the shortest retention of the tables compared."""
    keys = sorted({*lake.partitions(_COUNTS), *lake.partitions(_RAW)})
    ends = [end_of_partition(table, found[-1]) for table in (_COUNTS, _RAW, TABLES["topics/trends"]) if (found := lake.partitions(table))]
    return [key for key in keys if _start(key) >= max(ends) - timedelta(days=_COUNTED_DAYS)]


def _refused(counts: pa.Table) -> tuple[tuple[str, int], ...]:
    refused = counts.filter(pc.equal(counts["outcome"], "quarantined")).group_by("detail").aggregate([("records", "sum")])
    found = [(row["detail"], row["records_sum"]) for row in refused.to_pylist()]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


def _start(key: str) -> datetime:
    return datetime.strptime(key, "%Y-%m-%d-%H:%M").replace(tzinfo=UTC)
