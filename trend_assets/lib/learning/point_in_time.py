"""Features of posts as known at a moment: one function for training and for serving.

What belongs here: which rows were known when, features of posts made from these alone, refusing moments that have no answer, comparing
features that were recorded with features made again. What doesn't: the declarations (``tables/point_in_time.py``), reading tables and
publishing features (``trend_assets/models/features.py``), features of products (``lib/demand/features.py``) and of trends
(``lib/ledger/points.py``, used here).

A row of a table is known from the moment at which its hour is sealed, or at which it was captured where it came after that: what was not
published could not be served. Posts that came with an archive, more than ``ARCHIVE`` after they were written, count as if they had come
in time, as history in the ledgers does. The function is given tables that may hold later rows and looks at none of them: made from the
same tables cut at the moment, features are the same, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.learning.leaks import differences
from trend_assets.lib.ledger.points import trend_features_as_of
from trend_assets.lib.tables import matches
from trend_assets.tables.point_in_time import FEATURES, POST_FEATURES

Integers = npt.NDArray[np.int64]

ON = ["network", "post_id"]
ARCHIVE = timedelta(days=7)
"""A post captured later than this after it was written came with an archive."""
RECORDED_WITHIN = timedelta(hours=1)
"""Trends are taken as they were known this long before the moment: ledgers are written up to a quarter of an hour after sealing."""
LOOKS_BACK = timedelta(hours=max(feature.hours_back for feature in FEATURES))
POST_COLUMNS = (
    "network", "post_id", "created_at", "captured_at", "kind", "clean_text", "language", "language_confidence", "tokens", "hashtags",
    "mentions", "urls", "emoji", "weighted_length", "author_followers",
)  # fmt: skip
"""Columns of ``social/clean_posts`` that features of a post alone are made from."""
PAST_COLUMNS = (
    "network", "post_id", "author", "created_at", "captured_at", "near_duplicate_key", "reposted_post", "reposted_author",
    "quoted_author", "in_reply_to_author",
)  # fmt: skip
"""Columns of ``social/clean_posts`` that features of the author and of copies are made from."""
_TIMES = pa.timestamp("us", tz="UTC")
_HOUR, _DAY, _WEEK = 3_600_000_000, 86_400_000_000, 604_800_000_000


class PointInTimeError(LookupError):
    """Features cannot be made as of the moment; the message says why."""


@dataclass(frozen=True)
class Known:
    """What features are made from: rows of any time.

    own: ``POST_COLUMNS`` of the posts asked for, at least; past: ``PAST_COLUMNS`` of these and of all posts of ``LOOKS_BACK`` before;
    assignments (network, post_id, created_at, topic_id), ledger: as in their tables; seal_after: how long after its end an hour is sealed.
    """

    own: pa.Table
    past: pa.Table
    assignments: pa.Table
    ledger: pa.Table
    seal_after: timedelta


def known_from(posts: pa.Table, seal_after: timedelta) -> pa.Array:
    """The moment from which each post (n,) is known: its hour is sealed and it was captured; columns created_at, captured_at."""
    created, captured = _times(posts["created_at"]), _times(posts["captured_at"])
    archived = captured - created > _microseconds(ARCHIVE)
    sealed = (created // _HOUR + 1) * _HOUR + _microseconds(seal_after)
    return pa.array(np.where(archived, sealed, np.maximum(captured, sealed))).cast(_TIMES)


def check_moments(moments: Sequence[datetime], begins: datetime, known_until: datetime) -> None:
    """Raise ``PointInTimeError`` where a moment (aware) is before the lake begins or after all that is published.

    known_until: when the last hour up to which everything is published was sealed; what a later moment knew is not there yet.
    """
    if not moments:
        return
    first, last = min(moments), max(moments)
    if first < begins:
        raise PointInTimeError(f"nothing was known at {first:%Y-%m-%d %H:%M} UTC: the lake begins at {begins:%Y-%m-%d %H:%M}")
    if last > known_until:
        raise PointInTimeError(
            f"what was known at {last:%Y-%m-%d %H:%M} UTC is not published yet: hours are sealed up to {known_until:%Y-%m-%d %H:%M}; "
            "features made now would change"
        )


def post_features(asked: pa.Table, known: Known) -> pa.Table:
    """Features of posts as known at moments: rows of ``models/post_features``, in the order of ``asked``.

    asked: columns network, post_id, moment. A post may be asked for at several moments. O((posts + asked) log posts).

    Raises ``PointInTimeError`` where a post is not among the posts, or was not known at its moment.
    """
    posts, place, own_place = known.past, matches(asked, known.past, ON), matches(asked, known.own, ON)
    missing = max(place.null_count, own_place.null_count)
    if missing:
        raise PointInTimeError(f"{missing} of {asked.num_rows} posts are not published: deleted, or of another lake")
    since = _times(known_from(posts, known.seal_after))
    rows = np.asarray(place, dtype=np.int64)
    moments = _times(asked["moment"])
    early = int((since[rows] > moments).sum())
    if early:
        first = asked.slice(int(np.argmax(since[rows] > moments)), 1).to_pylist()[0]
        raise PointInTimeError(
            f"{early} posts were not known at their moment, as {first['post_id']} at {first['moment']:%Y-%m-%d %H:%M} UTC"
        )
    own = known.own.take(own_place)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {name: own[name] for name in ("network", "post_id", "created_at")}
    columns["moment"] = asked["moment"].cast(_TIMES)
    columns |= _of_the_post(own, moments)
    columns |= _of_the_author(posts, since, rows, moments)
    columns |= _of_the_topic(asked, known, moments)
    return POST_FEATURES.conform(pa.table({name: columns[name] for name in POST_FEATURES.schema.names}))


def _of_the_post(own: pa.Table, moments: Integers) -> dict[str, pa.Array]:
    lists = {"word": "tokens", "hashtag": "hashtags", "mention": "mentions", "url": "urls", "emoji": "emoji"}
    counted = {f"{name}_count": pc.cast(pc.fill_null(pc.list_value_length(own[column]), 0), pa.int64()) for name, column in lists.items()}
    signs = {
        f"{name}_count": pc.cast(pc.count_substring(own["clean_text"], sign), pa.int64())
        for name, sign in (("question", "?"), ("exclamation", "!"))
    }
    seen = pa.array(_times(own["captured_at"]) <= moments)
    followers = pc.if_else(seen, own["author_followers"], pa.scalar(None, pa.int64()))
    as_they_are = {name: own[name] for name in ("kind", "language", "language_confidence")}
    return {**as_they_are, "characters": own["weighted_length"], **counted, **signs, "author_followers": followers}


def _of_the_author(posts: pa.Table, since: Integers, rows: Integers, moments: Integers) -> dict[str, pa.Array]:
    """Counts of posts by and about the author, of reposts and of copies, known in a time that ends with the moment."""
    authors = _codes(posts["author"], posts["reposted_author"], posts["in_reply_to_author"], posts["quoted_author"])
    by, reposted, replied, quoted = authors
    names, reposts = _codes(_post_names(posts, "post_id"), _post_names(posts, "reposted_post"))
    copies = _codes(posts["near_duplicate_key"])[0]
    written = by[rows]
    own = {span: ((since[rows] > moments - span) & (since[rows] <= moments)).astype(np.int64) for span in (_DAY, _WEEK)}
    return {
        "author_posts_24h": pa.array(_counted(by, since, written, moments, _DAY) - own[_DAY]),
        "author_posts_7d": pa.array(_counted(by, since, written, moments, _WEEK) - own[_WEEK]),
        "author_reposted_7d": pa.array(_counted(reposted, since, written, moments, _WEEK)),
        "author_replied_7d": pa.array(_counted(replied, since, written, moments, _WEEK)),
        "author_quoted_7d": pa.array(_counted(quoted, since, written, moments, _WEEK)),
        "reposts": pa.array(_counted(reposts, since, names[rows], moments, _WEEK)),
        "copies_24h": pa.array(_counted(copies, since, copies[rows], moments, _DAY) - own[_DAY]),
    }


def _of_the_topic(asked: pa.Table, known: Known, moments: Integers) -> dict[str, pa.Array]:
    """State of the post's topic as a trend, as known ``RECORDED_WITHIN`` before the moment, by full hours."""
    place = matches(asked, known.assignments, ON)
    assigned = known.assignments.take(place)
    created = pc.fill_null(pc.cast(assigned["created_at"], pa.int64()), np.iinfo(np.int64).max // 2).to_numpy()
    told = (created // _HOUR + 1) * _HOUR + _microseconds(known.seal_after) <= moments
    topics = pc.if_else(pa.array(told), assigned["topic_id"], pa.scalar(None, pa.string()))
    hours = (moments - _microseconds(RECORDED_WITHIN)) // _HOUR * _HOUR
    wanted = pa.array(np.unique(hours)).cast(_TIMES).to_pylist()
    states = trend_features_as_of(known.ledger, wanted)
    keys = pa.table({"moment": pa.array(hours).cast(pa.string()), "topic_id": topics})
    named = pa.table({"moment": states["moment"].cast(pa.int64()).cast(pa.string()), "topic_id": states["topic_id"]})
    found = states.take(matches(keys, named, ["moment", "topic_id"]))
    names = {
        "topic_trend_age_hours": "age_hours",
        "topic_trend_score": "score",
        "topic_trend_posts_24h": "posts_24h",
        "topic_trend_growth_6h": "growth_6h",
    }
    hours_known = pc.fill_null(found["hours_known"], 0)
    return {"topic_trend_hours": hours_known, **{name: found[column] for name, column in names.items()}}


def _counted(groups: Integers, times: Integers, asked: Integers, moments: Integers, span: int) -> Integers:
    """Events of each asked group (m,) known in (moment - span, moment]; events without a group have code -1."""
    there = groups >= 0
    order = np.lexsort((times[there], groups[there]))
    groups, times = groups[there][order], times[there][order]
    moments_of = np.unique(np.concatenate([times, moments, moments - span]))
    width = moments_of.size + 1
    keys = groups * width + np.searchsorted(moments_of, times)
    until = np.searchsorted(keys, asked * width + np.searchsorted(moments_of, moments), side="right")
    before = np.searchsorted(keys, asked * width + np.searchsorted(moments_of, moments - span), side="right")
    return np.where(asked >= 0, until - before, 0).astype(np.int64)


def _codes(*columns: pa.Array | pa.ChunkedArray) -> list[Integers]:
    """Columns as codes of their values, the same for all of them; -1 for null."""
    combined = [column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in columns]
    values = pc.unique(pa.concat_arrays([one.drop_null() for one in combined]))
    return [np.asarray(pc.fill_null(pc.index_in(one, value_set=values), -1), dtype=np.int64) for one in combined]


def _post_names(posts: pa.Table, column: str) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(posts["network"], posts[column], "\x1f")


def _times(column: pa.Array | pa.ChunkedArray) -> Integers:
    return np.asarray(pc.cast(pc.cast(column, _TIMES), pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _microseconds(span: timedelta) -> int:
    return int(span / timedelta(microseconds=1))


@dataclass(frozen=True)
class Difference:
    """A feature that is otherwise when made again: in how many rows, and one of them by its key."""

    feature: str
    rows: int
    example: str

    def __str__(self) -> str:
        return f"{self.feature} in {self.rows:,} rows, as {self.example}"


def compared(recorded: pa.Table, again: pa.Table, key: Sequence[str]) -> tuple[list[Difference], int, int]:
    """Features that differ between rows recorded and rows made again, and how many rows only one of them has: (differ, gone, new).

    The same columns; null equals null and NaN equals NaN. Columns of the key and rows that are on one side only are not compared.
    """
    place = matches(recorded, again, list(key))
    both = pc.is_valid(place)
    first, second = recorded.filter(both), again.take(place.filter(both))
    found = []
    for name in recorded.column_names:
        if name in key:
            continue
        rows = differences(first[name], second[name])
        if rows.size:
            at = int(rows[0])
            named = " ".join(f"{column}={first[column][at].as_py()}" for column in key)
            found.append(Difference(name, int(rows.size), f"{named}: {first[name][at].as_py()} recorded, {second[name][at].as_py()} now"))
    kept = int(pc.sum(pc.cast(both, pa.int64())).as_py() or 0)
    return found, recorded.num_rows - kept, again.num_rows - kept
