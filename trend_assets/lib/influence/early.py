"""Who was early on topics that grew: early posts, and how often they were followed by growth, against chance.

What belongs here: rows of ``influencers/early_posts`` and ``influencers/early_authors``. What doesn't: attention received
(``rankings``), whether a topic is a trend (``lib/trends``).

Method: after Medo, Mariani, Zeng and Zhang (Identification and impact of discoverers in online social systems, Scientific Reports
2016), who count how often a user is among the first to take up what later becomes popular, against how often that happens by chance
to anyone choosing in the same state of the system; Rossetti et al. (Forecasting success via early adoptions analysis, PLoS ONE 2017)
find such users in several markets. Here the state is how many authors the topic already had and on which day, and the ratio of
growths found to growths expected is shrunk, because most authors are early only once or twice.

It says that an author was early, not that the author made the topic grow, nor anything about a person's character.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.influence.accounts import encode_pairs
from trend_assets.lib.influence.past import EARLY_HOURS, GROWTH_HOURS, JUDGED_HOURS
from trend_assets.lib.influence.shrinkage import prior_of, shrunk_rates
from trend_assets.lib.trends.history import Floats, Integers, encode, hour_numbers, hour_start, integers, sorted_hours
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp

EARLY_AUTHORS = 20
"""Early are the first so many authors of a topic within ``EARLY_HOURS`` of its birth."""
GROWTH_FACTOR = 2
"""A topic grew when in the ``GROWTH_HOURS`` after the early post's hour it had this many times the breadth that it had until then,"""
GROWTH_BREADTH = 10
"""and at least so much. Breadth: authors of each hour beyond the first, added up, so one author alone makes none."""
POST_COLUMNS = ["network", "post_id", "author", "created_at", "kind"]
"""Columns of clean posts that are read."""
MINIMUM_TOPICS = 3
"""Fewer early topics say nothing about an author."""
_PRIOR_POSTS = 10.0
"""Weight, in early posts, of the wider state's share of growth against the narrower one's."""
_MICROSECONDS_PER_HOUR = 3_600_000_000


def early_posts(hours: Sequence[datetime], *, clean_posts: pa.Table, assignments: pa.Table, topics: pa.Table) -> pa.Table:
    """Rows of ``influencers/early_posts`` for ``hours``: first posts of the first authors of young topics, by hour and topic.

    ``clean_posts``, ``assignments`` and ``topics`` (``hour``, ``topic_id``, ``born_at``): rows of the hours and the ``EARLY_HOURS`` before;
    reposts don't count. A topic that dies and is founded again by the same post begins anew: each post belongs to the life that the
    registry of its own hour tells. An author's place is by time, ties by account, so the order of
    rows does not matter. O(n log n).
    """
    table = TABLES["influencers/early_posts"]
    wanted = sorted_hours(hours)
    born = topics.select(["hour", "topic_id", "born_at"])
    own = clean_posts.select(POST_COLUMNS)
    own = own.filter(pc.not_equal(own["kind"], "repost")).drop_columns(["kind", "created_at"])
    posts = assignments.select(["network", "post_id", "created_at", "topic_id"]).join(own, ["network", "post_id"], join_type="inner")
    posts = posts.append_column("hour", pc.cast(pc.floor_temporal(posts["created_at"], unit="hour"), born.schema.field("hour").type))
    posts = posts.join(born, ["hour", "topic_id"], join_type="inner").drop_columns(["hour"]).combine_chunks()
    if not posts.num_rows or not wanted.size:
        return table.empty()
    at = np.asarray(pc.cast(pc.cast(posts["created_at"], timestamp), pa.int64()), dtype=np.int64)
    hour, first_hour = at // _MICROSECONDS_PER_HOUR, hour_numbers(posts["born_at"])
    young = hour < first_hour + EARLY_HOURS
    topic, _ = encode(posts["topic_id"])
    topic = np.unique(topic * (int(first_hour.max()) + 1) + first_hour, return_inverse=True)[1].astype(np.int64)  # each life by itself
    (network, names), authors = encode(posts["network"]), encode_pairs(posts["author"], posts["author"])
    account = network * max(len(authors.names), 1) + authors.source
    # Every author's first post in the topic, then the authors' places in it; who came before the topic was young is counted too.
    order = np.lexsort((account, at, topic))
    _, first = np.unique(topic[order] * (len(names) * max(len(authors.names), 1)) + account[order], return_index=True)
    rows = order[np.sort(first)]
    start = np.flatnonzero(np.append(True, topic[rows][1:] != topic[rows][:-1]))
    place = np.arange(rows.size) - np.repeat(start, np.diff(np.append(start, rows.size))) + 1
    early = young[rows] & (place <= EARLY_AUTHORS) & np.isin(hour[rows], wanted)
    found = posts.take(pa.array(rows[early])).append_column("arrival", pa.array(place[early].astype(np.int32)))
    order_by = [(name, "ascending") for name in ("created_at", "topic_id", "network", "author")]
    return table.conform(found.sort_by(order_by))


def early_authors(hours: Sequence[datetime], *, early: pa.Table, topic_hours: pa.Table, top: int = 50) -> pa.Table:
    """Rows of ``influencers/early_authors`` for ``hours``, by hour and rank: the first ``top`` with enough early topics.

    ``early``: rows of ``influencers/early_posts`` of the hours and ``JUDGED_PAST`` before. ``topic_hours``: rows of
    ``topics/topic_hours`` of the hours and ``COUNTED_PAST`` before. For hour h only early posts are judged whose ``GROWTH_HOURS`` had
    passed at its end, so nothing after the hour is looked at. Ranked by the lower bound of the ratio. O(rows × hours ÷ 24) in effect:
    every early post is judged in each of ``JUDGED_HOURS`` hours.
    """
    table = TABLES["influencers/early_authors"]
    wanted = sorted_hours(hours)
    if not early.num_rows or not wanted.size:
        return table.empty()
    evidence = _Evidence(early, topic_hours)
    pieces = [piece for hour in wanted.tolist() if (piece := evidence.judge(hour, top)) is not None]
    return table.conform(pa.concat_tables(pieces).combine_chunks()) if pieces else table.empty()


class _Evidence:
    """Early posts with their state and outcome, in hour order."""

    def __init__(self, early: pa.Table, topic_hours: pa.Table) -> None:
        early = early.sort_by([(name, "ascending") for name in ("created_at", "topic_id", "network", "author")]).combine_chunks()
        self.hour = hour_numbers(early["created_at"])
        (network, networks), authors = encode(early["network"]), encode_pairs(early["author"], early["author"])
        self.account = network * max(len(authors.names), 1) + authors.source
        self.networks, self.authors = pa.array(networks, pa.string()), pa.array(authors.names, pa.string())
        topics = encode_pairs(early["topic_id"], topic_hours["topic_id"])
        self.topic = topics.source
        self.place = np.floor(np.log2(integers(early["arrival"]))).astype(np.int64)
        before, after = _breadths(self.hour, self.topic, topics.target, topic_hours)
        self.grew = ((after >= GROWTH_BREADTH) & (after >= GROWTH_FACTOR * before)).astype(np.float64)

    def judge(self, hour: int, top: int) -> pa.Table | None:
        """The authors after ``hour``, or None where nobody was early often enough."""
        low, high = np.searchsorted(self.hour, (hour - GROWTH_HOURS - JUDGED_HOURS + 1, hour - GROWTH_HOURS + 1))
        if low == high:
            return None
        account, grew = self.account[low:high], self.grew[low:high]
        chance = _chance(self.topic[low:high], self.place[low:high], self.hour[low:high] // 24, grew)
        accounts, place = np.unique(account, return_inverse=True)
        topics = np.bincount(place)
        # Whole numbers and sums in time order: the same bits whatever range was loaded.
        found, expected = _sums(place, grew), _sums(place, chance)
        enough = np.flatnonzero((topics >= MINIMUM_TOPICS) & (expected > 0))
        if not enough.size:
            return None
        found, expected = found[enough], expected[enough]
        rates = shrunk_rates(found, found, expected, prior_of(found, found, expected))
        mean, low_bound, high_bound = (np.round(bound, 9) for bound in rates)
        best = np.lexsort((accounts[enough], -mean, -low_bound))[:top]
        count, author = best.size, accounts[enough[best]]
        names = max(len(self.authors), 1)
        columns = {
            "hour": pa.array([hour_start(hour)] * count, timestamp),
            "rank": pa.array(np.arange(1, count + 1, dtype=np.int32)),
            "author": self.authors.take(pa.array(author % names)),
            "network": self.networks.take(pa.array(author // names)),
            "early_topics": pa.array(topics[enough[best]]),
            "grown_topics": pa.array(found[best].astype(np.int64)),
            "expected_grown_topics": pa.array(np.round(expected[best], 9)),
            "foresight": pa.array(mean[best]),
            "foresight_low": pa.array(low_bound[best]),
            "foresight_high": pa.array(high_bound[best]),
        }
        return pa.table(columns | {"reason": _reasons(columns)})


def _sums(place: Integers, values: Floats) -> Floats:
    """The values (n,) added up by place, in the order they are in."""
    return np.bincount(place, values).astype(np.float64)


def _breadths(hour: Integers, topic: Integers, counted: Integers, topic_hours: pa.Table) -> tuple[Floats, Floats]:
    """Breadth of each early post's topic in the ``EARLY_HOURS`` up to its hour, and in the ``GROWTH_HOURS`` after it."""
    when = hour_numbers(topic_hours["hour"])
    order = np.lexsort((when, counted))
    span = int(max(hour.max(), when.max() if when.size else 0)) + GROWTH_HOURS + 2
    key = counted[order] * span + when[order]
    total = np.concatenate([[0], np.cumsum(np.maximum(integers(topic_hours["authors"])[order] - 1, 0))])

    def until(moment: Integers) -> Integers:
        """Breadth of the topic before the hour ``moment``, all topics before it included."""
        found: Integers = total[np.searchsorted(key, topic * span + np.maximum(moment, 0))]
        return found

    now = until(hour + 1)
    return (now - until(hour + 1 - EARLY_HOURS)).astype(np.float64), (until(hour + 1 + GROWTH_HOURS) - now).astype(np.float64)


def _chance(topic: Integers, place: Integers, day: Integers, grew: Floats) -> Floats:
    """Chance (n,) that an early post in the same state is followed by growth: shares by state, shrunk towards the wider state's share.

    From narrow to wide: authors so far and day, authors so far, everything. A post's own topic is left out, so an author is not
    compared with what the author found.
    """
    chance = np.zeros(topic.size)
    for state in (np.zeros_like(place), place, place * (int(day.max()) + 1) + day):
        codes, code = np.unique(state, return_inverse=True)
        _, own = np.unique(topic * codes.size + code, return_inverse=True)
        others = np.bincount(code)[code] - np.bincount(own)[own]
        grown = np.bincount(code, grew)[code] - np.bincount(own, grew)[own]
        chance = (grown + _PRIOR_POSTS * chance) / (others + _PRIOR_POSTS)
    return chance


def _reasons(columns: dict[str, pa.Array]) -> pa.Array:
    """A sentence per row: "Among the first in 9 new topics of 7 days; 5 of them grew, 1.8 by chance: 1.9 times chance, at least 1.2"."""

    def told(name: str) -> pa.Array:
        values = columns[name]
        return pc.cast(pc.round(values, 1) if pa.types.is_floating(values.type) else values, pa.string())

    return pc.binary_join_element_wise(
        f"Among the first {EARLY_AUTHORS} authors in ",
        told("early_topics"),
        f" new topics of {JUDGED_HOURS // 24} days; ",
        told("grown_topics"),
        f" of them grew within {GROWTH_HOURS} hours, ",
        told("expected_grown_topics"),
        " would by chance: ",
        told("foresight"),
        " times chance after shrinkage, at least ",
        told("foresight_low"),
        " with 95 % certainty",
        "",
    )
