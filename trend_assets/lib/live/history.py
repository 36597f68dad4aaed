"""What judging the next hour needs to know of the hours before it.

What belongs here: the pieces, how each is bounded, their bytes. What doesn't: judging (``judge.py``), reading the lake and
keeping the file (``live/lane.py``).

A history begins with what is sealed, made once per sealed hour from partitions of 28 days, and is continued with each
full hour that is still open (``judge.advance``). It is kept as one file: a run is a process of its own, and reading
thousands of partitions would cost it more than all other work. The file is a cache: removing it loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import EncodedHour
from trend_assets.lib.live.evidence import EXEMPLAR_COLUMNS, HourEvidence, evidence_of
from trend_assets.lib.live.hours import HOUR, LONGEST_LAG
from trend_assets.lib.live.packing import pack, unpack
from trend_assets.lib.live.terms import term_baseline, term_counts
from trend_assets.lib.relevance.lanes import WINDOW_HOURS
from trend_assets.lib.relevance.lexicon import Lexicon, lexicon_for
from trend_assets.lib.tables import row_key
from trend_assets.lib.topics.window import COLUMNS, RollingWindow
from trend_assets.lib.trends.lanes import hour_volumes
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp

MOST_INTERACTIONS = 300_000
"""Acts of attention kept of the last week, the most recent; older ones weigh least."""
FORMAT = "5"
"""Part of the file's name: another version of this module makes another file."""
MEMORY = ("hour", "topic_id", "suppressed", "first_raised_at")
"""Columns of past trends that ranking remembers."""
COUNTED = ("network", "post_id", "created_at", "author", "kind", "language", "near_duplicate_key")
"""Columns of posts that counting topics needs."""


@dataclass(frozen=True)
class History:
    """Everything before ``next_hour``; tables as the functions of both lanes take them.

    ``first_open``: the first hour that isn't sealed. ``window``: posts of the rolling window whose near-duplicate group is in
    the sample; ``hidden_groups``: groups that are not; ``kept_share``: lowest share of a window's groups clustered. ``terms``,
    ``term_volumes``: see ``term_baseline``. Of the open hours: ``term_counts``, ``assigned`` (posts that have a topic), ``seconds``
    (posts by second), ``ranked`` and ``rankings`` (rows of the full ones). ``sealed_topics``: ids of the sealed registry. ``evidence``: of
    the hours whose posts the next verdicts look at, oldest first; ``last_minutes`` of the newest. ``exemplars``: posts that the sealed
    registry shows. ``last_year``: trends around the same hours a year ago. ``brands``, ``catalogue``: by which relevance is judged.
    """

    first_open: datetime
    next_hour: datetime
    hidden_groups: int
    kept_share: float
    registry: pa.Table
    window: pa.Table
    topic_hours: pa.Table
    trends: pa.Table
    volumes: pa.Table
    terms: pa.Table
    term_volumes: pa.Table
    term_counts: pa.Table
    interactions: pa.Table
    sealed_topics: pa.Table
    assigned: pa.Table
    seconds: pa.Table
    ranked: pa.Table
    rankings: pa.Table
    evidence: tuple[HourEvidence, ...]
    last_minutes: EncodedHour | None
    exemplars: pa.Table
    last_year: pa.Table
    brands: tuple[str, ...]
    catalogue: pa.Table

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of trade for the brands and the catalogue."""
        return lexicon_for(self.brands, self.catalogue)

    def to_bytes(self) -> bytes:
        """The whole as one file's bytes."""
        return pack(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> History:
        """Inverse of ``to_bytes``. Raises ``pa.ArrowInvalid``, ``KeyError``, ``TypeError`` or ``ValueError`` for other bytes."""
        return unpack(cls, data)


def evidence_hours(window_hours: int) -> int:
    """Hours of posts before the one judged that its verdicts look at, and of whose oldest only the last minutes count."""
    return max(window_hours, WINDOW_HOURS)


def by_hour(posts: pa.Table) -> list[tuple[datetime, pa.Table]]:
    """Posts hour by hour, in time order, hours without posts left out."""
    hour = pc.floor_temporal(posts["created_at"], unit="hour")
    return [(start, posts.filter(pc.equal(hour, pa.scalar(start, hour.type)))) for start in sorted(pc.unique(hour).to_pylist())]


def per_second(posts: pa.Table) -> pa.Table:
    """Posts, replies and quotes by second: ``hour`` (the second), ``posts``; volumes that can be moved in time."""
    written = posts.filter(pc.not_equal(posts["kind"], "repost"))
    second = pc.floor_temporal(written["created_at"], unit="second").cast(timestamp)
    counted = pa.table({"hour": second}).group_by("hour").aggregate([([], "count_all")])
    return pa.table({"hour": counted["hour"], "posts": counted["count_all"]}).cast(volume_schema)


volume_schema = pa.schema([("hour", timestamp), ("posts", pa.int64())])


def newest_interactions(interactions: pa.Table) -> pa.Table:
    """At most ``MOST_INTERACTIONS`` rows, the most recent, in the order they came."""
    if interactions.num_rows <= MOST_INTERACTIONS:
        return interactions
    newest = pc.select_k_unstable(interactions, MOST_INTERACTIONS, [("created_at", "descending")])
    return interactions.take(newest.sort())


def sealed_history(
    first_open: datetime,
    *,
    registry: pa.Table,
    day: Sequence[tuple[datetime, pa.Table]],
    term_posts: pa.Table,
    topic_hours: pa.Table,
    trends: pa.Table,
    assignments: pa.Table,
    interactions: pa.Table,
    last_year: pa.Table,
    catalogue: pa.Table,
    brands: Collection[str],
    window_hours: int,
    window_groups: int,
) -> History:
    """Reduce sealed tables to what judging the hours from ``first_open`` on needs.

    ``registry``: the newest partition of ``topics/topics``. ``day``: clean posts of the last ``evidence_hours`` sealed hours,
    ``assignments`` of the same. ``term_posts``: ``created_at``, ``kind``, ``lemmas``, ``hashtags`` of the sealed posts of 28 days.
    ``topic_hours``, ``trends``: their rows of that time; ``interactions``: of ``INTERACTION_PAST``; ``last_year``: ``SEASON_COLUMNS`` of
    trends around the open hours a year ago; ``catalogue``: of ``retail/products``, without rows where there is none.
    """
    window = [(hour, posts) for hour, posts in day if hour >= first_open - window_hours * HOUR]
    sample, hidden = sample_window(window, window_hours, window_groups)
    # Topics that were raised are what forecasts learn from, living or not; one that merged away may come back, under its id, while the
    # post it was founded by is in the window.
    raised = trends["topic_id"].filter(pc.invert(trends["suppressed"]))
    start = pa.scalar(first_open - window_hours * HOUR, topic_hours.schema.field("hour").type)
    recent = topic_hours["topic_id"].filter(pc.greater_equal(topic_hours["hour"], start))
    known = pc.unique(registry["topic_id"])
    remembered = pc.unique(pa.concat_arrays([known, *raised.chunks, *recent.chunks]))
    terms, term_volumes = term_baseline(term_posts, [first_open + n * HOUR for n in range(int(LONGEST_LAG / HOUR) + 2)])
    nothing = TABLES["social/clean_posts"].empty()
    evidence, last_minutes = _evidence(day, assignments, brands, lexicon_for(brands, catalogue))
    return History(
        first_open=first_open,
        next_hour=first_open,
        hidden_groups=hidden,
        kept_share=1.0,
        registry=registry,
        window=sample,
        topic_hours=topic_hours.filter(pc.is_in(topic_hours["topic_id"], value_set=remembered)),
        trends=trends.select(list(MEMORY)).filter(pc.is_in(trends["topic_id"], value_set=remembered)),
        volumes=hour_volumes(term_posts).cast(volume_schema) if term_posts.num_rows else volume_schema.empty_table(),
        terms=terms,
        term_volumes=term_volumes,
        term_counts=term_counts(nothing),
        interactions=newest_interactions(interactions),
        sealed_topics=pa.table({"topic_id": known}),
        assigned=nothing.select(list(COUNTED)).append_column("topic_id", pa.array([], pa.string())),
        seconds=volume_schema.empty_table(),
        ranked=TABLES["topics/trends"].empty(),
        rankings=TABLES["influencers/influencer_rankings"].empty(),
        evidence=evidence,
        last_minutes=last_minutes,
        exemplars=_exemplars(registry, day),
        last_year=last_year,
        brands=tuple(brands),
        catalogue=catalogue,
    )


def _evidence(
    day: Sequence[tuple[datetime, pa.Table]], assignments: pa.Table, brands: Collection[str], lexicon: Lexicon
) -> tuple[tuple[HourEvidence, ...], EncodedHour | None]:
    """Evidence of the hours but the oldest, and the last minutes of the newest."""
    found: list[HourEvidence] = []
    before: EncodedHour | None = None
    hours = pc.floor_temporal(assignments["created_at"], unit="hour")
    for hour, posts in day:
        of_hour = assignments.filter(pc.equal(hours, pa.scalar(hour, hours.type)))
        one, before = evidence_of(hour, posts, of_hour, before, brands=brands, lexicon=lexicon)
        found.append(one)
    return tuple(found[1:]), before


def _exemplars(registry: pa.Table, day: Sequence[tuple[datetime, pa.Table]]) -> pa.Table:
    """The posts of the day that the registry's topics show."""
    wanted = pc.replace_substring(pc.list_flatten(registry["exemplar_posts"]), ":", "\x1f", max_replacements=1).combine_chunks()
    parts = [
        posts.select(list(EXEMPLAR_COLUMNS)).filter(pc.is_in(row_key(posts, ("network", "post_id")), value_set=wanted)) for _, posts in day
    ]
    return pa.concat_tables([TABLES["social/clean_posts"].empty().select(list(EXEMPLAR_COLUMNS)), *parts])


def sample_window(window: Sequence[tuple[datetime, pa.Table]], hours: int, groups: int) -> tuple[pa.Table, int]:
    """Posts of the ``groups`` near-duplicate groups with the lowest hash, and how many groups are left out.

    The groups with the lowest hash of this window are those of any longer window that it is part of: once later posts join,
    the sample becomes stricter, so both parts are sampled alike.
    """
    rolling = RollingWindow(hours)
    for hour, posts in window:
        rolling.add(hour, posts)
    empty = TABLES["social/clean_posts"].empty().select(list(COLUMNS))
    if not window:
        return empty, 0
    snapshot = rolling.snapshot(groups)
    bounds = [*snapshot.bounds, len(snapshot.document)]
    parts = [
        encoded.posts.filter(pa.array(snapshot.document[bounds[number] : bounds[number + 1]] >= 0)).cast(empty.schema)
        for number, encoded in enumerate(snapshot.hours)
    ]
    seen = round(len(snapshot.rows) / snapshot.kept_share) if snapshot.kept_share else 0
    return pa.concat_tables([empty, *parts]), seen - len(snapshot.rows)
