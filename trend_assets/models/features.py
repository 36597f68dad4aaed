"""Features of posts over the lake: those that are served each hour, those for training, and the daily replay that compares.

What belongs here: which partitions are read, refusing moments that the lake has no answer for, what a replay says. What doesn't: how
features are made (``lib/learning/point_in_time.py``), Dagster definitions (``defs/point_in_time``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.reader import LakeReader
from trend_assets.lib.learning.point_in_time import (
    LOOKS_BACK,
    ON,
    PAST_COLUMNS,
    POST_COLUMNS,
    Difference,
    Known,
    PointInTimeError,
    check_moments,
    compared,
    known_from,
    post_features,
)
from trend_assets.lib.tables import matches
from trend_assets.partitions import day_key, end_of_hour, hour_key, hours_between
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.tables.point_in_time import ASSIGNMENTS, FEATURES, POST_FEATURES, POSTS, TREND_LEDGER, known_at_moments

_HOUR = timedelta(hours=1)
FEATURE_NAMES = frozenset(feature.name for feature in FEATURES)
MADE_TOGETHER = 7
"""Days of training posts whose features are made at once. The gate makes those of one day at once: a feature that looks ahead of the moment
finds other rows there, and differs."""
COUNTED = ("author_posts_24h", "author_posts_7d", "author_reposted_7d", "author_replied_7d", "author_quoted_7d", "reposts", "copies_24h")
"""Features that count other posts: when some of these are deleted, they are lower when made again."""
DEMAND_READS = ("retail/orders", "retail/inventory", "retail/promotions", "retail/products", "demand/product_trend_links")
LATER = timedelta(days=2)
"""A replay hands over rows of this long after the moment too: a feature that looks at them differs from what was recorded before."""


def features_of_hours(lake: LakeReader, settings: Settings, keys: Sequence[str]) -> pa.Table:
    """Rows of ``models/post_features`` of the hours: each post as of the moment from which it is known."""
    parts = [POST_FEATURES.empty()]
    for hours in _days(keys):
        posts = lake.read(TABLES[POSTS], hours, columns=list(POST_COLUMNS))
        moments = known_from(posts, _seal_after(settings))
        asked = posts.select(ON).append_column("moment", moments)
        parts.append(post_features(asked, _known(lake, settings, posts, asked)))
    return pa.concat_tables(parts)


def features_at(lake: LakeReader, settings: Settings, asked: pa.Table) -> pa.Table:
    """Features of posts as known at moments, for training: columns network, post_id, created_at, moment; rows in that order.

    Raises ``PointInTimeError`` where a moment is before the lake, or later than what is published, or its post was not known then.
    """
    if not asked.num_rows:
        return POST_FEATURES.empty()
    published = lake.partitions(TABLES[POSTS])
    if not published:
        raise PointInTimeError(f"{POSTS} is empty: nothing was ever known")
    moments = asked["moment"].to_pylist()
    # what is sealed last is known in full; a lake with an end is known in full when its last hour would have been
    check_moments([min(moments), max(moments)], settings.lake_start, _known_until(settings, published))
    hours = sorted({hour_key(one) for one in pc.unique(pc.floor_temporal(asked["created_at"], unit="hour")).to_pylist()})
    own = lake.read(TABLES[POSTS], hours, columns=list(POST_COLUMNS))
    return post_features(asked, _known(lake, settings, own, asked))


def _known_until(settings: Settings, published: Sequence[str]) -> datetime:
    sealed = end_of_hour(published[-1]) + _seal_after(settings) + _HOUR - timedelta(microseconds=1)
    return max(sealed, settings.last_known) if settings.lake_end is not None and settings.last_known is not None else sealed


def _seal_after(settings: Settings) -> timedelta:
    return timedelta(hours=settings.seal_after_hours)


def _days(keys: Sequence[str]) -> list[list[str]]:
    """Hours by day: memory is bounded by a day and what it looks back on."""
    days: dict[str, list[str]] = {}
    for key in sorted(keys):
        days.setdefault(key[:10], []).append(key)
    return list(days.values())


def _window(asked: pa.Table, hours: Sequence[str], later: timedelta) -> list[str]:
    """Hours whose posts may count for what is asked: from ``LOOKS_BACK`` before to the last moment, and ``later``."""
    first = end_of_hour(hours[0]) - _HOUR
    last = max(pc.max(asked["moment"]).as_py() or first, end_of_hour(hours[-1])) + later
    return [hour_key(hour) for hour in hours_between(first - LOOKS_BACK, last.replace(minute=0, second=0, microsecond=0))]


def _known(lake: LakeReader, settings: Settings, own: pa.Table, asked: pa.Table, later: timedelta = timedelta()) -> Known:
    if not own.num_rows:
        return Known(own, lake.read(TABLES[POSTS], [], columns=list(PAST_COLUMNS)), *_topics(lake, [], []), _seal_after(settings))
    hours = sorted({hour_key(one) for one in pc.unique(pc.floor_temporal(own["created_at"], unit="hour")).to_pylist()})
    window = _window(asked, hours, later)
    published = sorted(set(window) & set(lake.partitions(TABLES[POSTS])))
    past = lake.read(TABLES[POSTS], published, columns=list(PAST_COLUMNS))
    return Known(own, past, *_topics(lake, hours, window), _seal_after(settings))


def _topics(lake: LakeReader, hours: Sequence[str], window: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    assignments = lake.read(TABLES[ASSIGNMENTS], hours, columns=["network", "post_id", "created_at", "topic_id"])
    recorded = [key for key in lake.partitions(TABLES[TREND_LEDGER]) if window and window[0] <= key <= window[-1]]
    return assignments, lake.read(TABLES[TREND_LEDGER], recorded)


@dataclass(frozen=True)
class Replay:
    """What a replay found of a table's day: features that differ, those of them that later changes explain, rows on one side only."""

    table: str
    day: str
    rows: int
    differ: tuple[Difference, ...]
    explained: tuple[Difference, ...]
    gone: int
    new: int

    @property
    def passed(self) -> bool:
        """Whether what was recorded is what would be made now as of then, but for what is known to have changed since."""
        return not self.differ

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.table}: nothing is recorded yet"
        told = [f"{self.table} of {self.day}: {self.rows:,} rows recorded"]
        told += [f"otherwise when made again: {'; '.join(map(str, self.differ))}"] if self.differ else ["the same when made again"]
        told += [f"changed by what was deleted or corrected since: {'; '.join(map(str, self.explained))}"] if self.explained else []
        told += [f"{self.gone:,} rows are gone since"] if self.gone else []
        told += [f"{self.new:,} rows are new since"] if self.new else []
        return ", ".join(told)


def replay_posts(lake: LakeReader, settings: Settings, day: date | None = None) -> Replay:
    """The posts' features of a day (by default the newest recorded) as recorded, and made now as of the same moments."""
    keys = lake.partitions(POST_FEATURES)
    chosen = [key for key in keys if key.startswith(day_key(day) if day else keys[-1][:10])]
    recorded = lake.read(POST_FEATURES, chosen)
    if not recorded.num_rows:
        return Replay(POST_FEATURES.path, "", 0, (), (), 0, 0)
    own = lake.read(TABLES[POSTS], chosen, columns=list(POST_COLUMNS))
    asked = recorded.select([*ON, "moment"]).join(own.select(ON), keys=ON, join_type="inner", use_threads=False)
    again = post_features(asked, _known(lake, settings, own, asked, LATER)) if asked.num_rows else POST_FEATURES.empty()
    found, gone, _ = compared(recorded, again, ON)
    counted = [one.feature for one in found if one.feature in COUNTED] if _deleted(lake, chosen) else []
    lower = {feature for feature in counted if _only_lower(recorded, again, feature)}
    differ, explained = ([one for one in found if (one.feature in lower) is which] for which in (False, True))
    new = own.num_rows - asked.num_rows
    return Replay(POST_FEATURES.path, chosen[0][:10], recorded.num_rows, tuple(differ), tuple(explained), gone, new)


def _only_lower(recorded: pa.Table, again: pa.Table, feature: str) -> bool:
    """Whether the feature is nowhere higher when made again."""
    joined = recorded.select([*ON, feature]).join(again.select([*ON, feature]), keys=ON, join_type="inner", right_suffix="_again")
    return not (pc.any(pc.greater(joined[f"{feature}_again"], joined[feature])).as_py() or False)


def _deleted(lake: LakeReader, keys: Sequence[str]) -> bool:
    """Whether notices of deletion came since the first of the hours: deleted posts are counted no more."""
    return any(key >= keys[0] for key in lake.partitions(TABLES["social/deletions"]))


def demand_inputs(lake: LakeReader, day: date) -> dict[str, str]:
    """What a day of ``demand/demand_features`` is made from: a hash for each table."""
    from trend_assets.lib.demand.forecast_tables import FEATURE_DAYS

    keys, found = {day_key(day - timedelta(days=number)) for number in range(FEATURE_DAYS)}, {}
    for path in DEMAND_READS:
        published = [key for key in lake.partitions(TABLES[path]) if key in keys]
        versions = [
            f"{key} {manifest.data_version if manifest else ''}" for key, manifest in lake.manifests(TABLES[path], published).items()
        ]
        found[path] = hashlib.sha256("\n".join(versions).encode()).hexdigest()
    return found


def replay_demand(lake: LakeReader, day: date | None = None) -> Replay:
    """The products' features of a day (by default the newest recorded) as recorded and made again now.

    Where retail tables of the days before were published again since (late files, corrections), that explains a difference.
    """
    from trend_assets.lib.demand.forecast_tables import FEATURE_DAYS, feature_rows

    table = TABLES["demand/demand_features"]
    published = lake.partitions(table)
    key = day_key(day) if day else next(reversed(published), "")
    recorded = lake.read(table, [key]) if key in published else table.empty()
    if not recorded.num_rows:
        return Replay(table.path, key, 0, (), (), 0, 0)
    at = date.fromisoformat(key)
    wanted = {day_key(at - timedelta(days=number)) for number in range(-LATER.days, FEATURE_DAYS)}
    tables = {path: lake.read(TABLES[path], [one for one in lake.partitions(TABLES[path]) if one in wanted]) for path in DEMAND_READS}
    again = feature_rows(tables, tables["demand/product_trend_links"], [at])
    found, gone, new = compared(recorded, again, ["product_id", "store_id"])
    manifest = lake.manifest(table, key)
    noted = dict(manifest.inputs) if manifest else {}
    now = demand_inputs(lake, at)
    same = all(noted.get(path, version) == version for path, version in now.items())
    differ, explained = (tuple(found), ()) if same else ((), tuple(found))
    return Replay(table.path, key, recorded.num_rows, differ, explained, gone, new)


def with_features(lake: LakeReader, settings: Settings, posts: pa.Table, features: Sequence[str], *, served: bool = False) -> pa.Table:
    """Posts of the lake with one more column for each feature that posts do not have themselves, as of the moment from which each is known.

    posts: network, post_id, created_at, captured_at, in any order. served: what was recorded for serving is taken, and what was not
    is made by the same function; else all is made. Raises ``PointInTimeError``, unless served, where the lake has no answer for a moment.
    """
    wanted = known_at_moments(features)
    if not wanted or not posts.num_rows:
        return _with_columns(posts, POST_FEATURES.empty(), wanted)
    return _with_columns(posts, _served(lake, settings, posts) if served else _as_known(lake, settings, posts, MADE_TOGETHER), wanted)


def _with_columns(posts: pa.Table, rows: pa.Table, names: Sequence[str]) -> pa.Table:
    for name in names:
        posts = posts.append_column(POST_FEATURES.schema.field(name), rows[name])
    return posts


def _served(lake: LakeReader, settings: Settings, posts: pa.Table) -> pa.Table:
    """Rows of ``models/post_features`` of the posts, in their order: as recorded; whole hours made now where one of their posts is not."""
    asked = posts.select(ON).append_column(
        "moment", known_from(posts, _seal_after(settings)).cast(POST_FEATURES.schema.field("moment").type)
    )
    hours = pa.array([hour_key(one) for one in posts["created_at"].to_pylist()])
    keys = sorted(set(hours.to_pylist()))
    recorded = lake.read(POST_FEATURES, sorted(set(keys) & set(lake.partitions(POST_FEATURES))))
    place = matches(asked, recorded, ON)
    there = pc.fill_null(pc.equal(recorded["moment"].take(place), asked["moment"]), pa.scalar(False))
    lacking = set(hours.filter(pc.invert(there).combine_chunks()).to_pylist())
    made = features_of_hours(lake, settings, sorted(lacking))
    kept = recorded.filter(pa.array([hour_key(one) not in lacking for one in recorded["created_at"].to_pylist()], pa.bool_()))
    rows = pa.concat_tables([made, kept])
    return rows.take(matches(asked, rows, ON))


def _as_known(lake: LakeReader, settings: Settings, posts: pa.Table, days: int) -> pa.Table:
    """Rows of ``models/post_features`` of the posts, in their order, made for so many days of posts at once: memory is bounded by these."""
    asked = posts.select([*ON, "created_at"]).append_column("moment", known_from(posts, _seal_after(settings)))
    spans = np.asarray(pc.cast(pc.cast(asked["created_at"], pa.timestamp("us", tz="UTC")), pa.int64())) // (days * 86_400_000_000)
    order = np.argsort(spans, kind="stable")
    parts = [features_at(lake, settings, asked.take(pa.array(rows))) for rows in np.split(order, np.flatnonzero(np.diff(spans[order])) + 1)]
    return pa.concat_tables(parts).take(pa.array(np.argsort(order)))


def made_again(lake: LakeReader, settings: Settings, rows: pa.Table) -> pa.Table:
    """Columns of rows that are features of posts, made again as of the moment from which each post is known; rows in the same order.

    rows: examples with network, post_id, created_at. Only columns named as in ``models/post_features`` come back. Rows that are no
    posts of the lake (the owner's texts) keep what they hold, for nothing is known of when that was.

    Raises ``PointInTimeError`` where the lake has no answer for a moment.
    """
    names = [name for name in rows.column_names if name in FEATURE_NAMES]
    if not names or not rows.num_rows:
        return rows.select(names)
    hours = sorted({hour_key(one) for one in pc.unique(pc.floor_temporal(rows["created_at"], unit="hour")).to_pylist()})
    own = lake.read(TABLES[POSTS], hours, columns=[*ON, "created_at", "captured_at"])
    place = matches(rows, own, ON)
    there = pc.is_valid(place)
    if not pc.any(there).as_py():
        return rows.select(names)
    again = _as_known(lake, settings, own.take(place.filter(there)), days=1)
    back = pa.array(np.where(np.asarray(there), np.cumsum(np.asarray(there)) - 1, 0))
    taken = {name: pc.if_else(there, again[name].take(back).cast(rows[name].type), rows[name]) for name in names}
    return pa.table(taken)
