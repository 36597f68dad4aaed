"""From a history and live posts to live trends and rankings.

What belongs here: which of both lanes' methods see which posts, and what marks a row as provisional. What doesn't: the
methods (``lib/topics``, ``lib/trends``, ``lib/influence``).

The open hours are processed as the sealed lane will process them: hour by hour from the sealed registry, each with its
rolling window. Three things differ: posts still to land; the sample of the window (``live_groups`` for ``window_groups``); and
the hour under way is judged over its trailing 60 minutes (see ``hours.shifted``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.influence.interactions import interactions as find_interactions
from trend_assets.lib.influence.rankings import influencer_rankings
from trend_assets.lib.live.history import (
    COUNTED,
    MEMORY,
    History,
    brand_schema,
    by_hour,
    newest_interactions,
    per_second,
    sample_window,
    volume_schema,
)
from trend_assets.lib.live.hours import HOUR, KEPT, OpenHours, shifted
from trend_assets.lib.live.terms import heads_of, live_novelty, term_counts
from trend_assets.lib.tables import matches
from trend_assets.lib.topics.assign import HourTopics, assign_hours
from trend_assets.lib.topics.hours import topic_hours as count_topics
from trend_assets.lib.topics.window import COLUMNS
from trend_assets.lib.trends.lanes import brand_counts, hour_volumes
from trend_assets.lib.trends.rank import rank_trends
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp


@dataclass(frozen=True)
class LiveParameters:
    """The settings that decide about live rows; they are those of the sealed lane but for ``groups``."""

    window_hours: int
    groups: int
    brands: Collection[str]
    minimum_authors: int
    half_life_hours: float


@dataclass(frozen=True)
class LiveTables:
    """Rows of ``topics/live_trends`` and ``influencers/live_rankings``, and the share of groups that was clustered."""

    trends: pa.Table
    rankings: pa.Table
    kept_share: float


@dataclass(frozen=True)
class _Hour:
    """An hour's topics, its posts that have one, and what else is counted from its posts."""

    hour: datetime
    result: HourTopics
    share: float
    assigned: pa.Table
    brand_posts: pa.Table
    interactions: pa.Table
    term_counts: pa.Table


def advance(history: History, posts: pa.Table, parameters: LiveParameters) -> History:
    """The history continued with ``posts``, the live posts of the full hour ``history.next_hour``."""
    hour = history.next_hour
    found = _process(history, posts, parameters, every_term=True)
    topic_hours = pa.concat_tables([history.topic_hours, count_topics(found.assigned, found.assigned, [hour])])
    volumes = pa.concat_tables([history.volumes, hour_volumes(posts).cast(volume_schema)]) if posts.num_rows else history.volumes
    ranked = _rank(found, history, topic_hours, volumes, parameters)
    acts = newest_interactions(pa.concat_tables([history.interactions, found.interactions]))
    rankings = influencer_rankings([hour], interactions=acts, half_life_hours=parameters.half_life_hours)
    start = hour + HOUR - parameters.window_hours * HOUR
    window = [*((one, rows) for one, rows in by_hour(history.window) if one >= start), (hour, posts.select(list(COLUMNS)))]
    sample, hidden = sample_window(window, parameters.window_hours, parameters.groups)
    return replace(
        history,
        next_hour=hour + HOUR,
        hidden_groups=history.hidden_groups + hidden,
        kept_share=min(history.kept_share, found.share),
        registry=found.result.topics,
        window=sample,
        topic_hours=topic_hours,
        trends=pa.concat_tables([history.trends, ranked.select(list(MEMORY)).cast(history.trends.schema)]),
        volumes=volumes,
        term_counts=found.term_counts,
        brand_posts=pa.concat_tables([history.brand_posts, found.brand_posts]),
        interactions=acts,
        assigned=pa.concat_tables([history.assigned, found.assigned]),
        seconds=pa.concat_tables([history.seconds, per_second(posts)]),
        ranked=pa.concat_tables([history.ranked, ranked]),
        rankings=pa.concat_tables([history.rankings, rankings]),
    )


def judge(
    hours: OpenHours,
    history: History,
    posts: pa.Table,
    parameters: LiveParameters,
    *,
    previous_trends: pa.Table | None = None,
    previous_rankings: pa.Table | None = None,
) -> LiveTables:
    """The live tables at ``hours.as_of``.

    ``history`` ends before the hour under way, ``posts`` are that hour's live posts (those dated after ``as_of`` by a clock that is
    ahead wait). ``previous_trends``, ``previous_rankings``: the tables as they are; of these the rows of hours sealed since stay for a
    day. Raises ``ValueError`` when the history ends elsewhere.
    """
    if history.next_hour != hours.current or history.first_open != hours.first:
        raise ValueError(f"the history is of {history.first_open} to {history.next_hour}, the open hours {hours.first} to {hours.current}")
    posts = posts.filter(pc.less_equal(posts["created_at"], pa.scalar(hours.as_of, posts.schema.field("created_at").type)))
    found = _process(history, posts, parameters, every_term=False)
    ranked = pa.concat_tables([history.ranked, _rank_under_way(hours, history, found, posts, parameters)])
    acts = pa.concat_tables([history.interactions, found.interactions])
    rankings = influencer_rankings([hours.current], interactions=acts, half_life_hours=parameters.half_life_hours)
    rankings = pa.concat_tables([history.rankings, rankings])
    marked = rankings.append_column("as_of", _constant(hours.as_of, timestamp, rankings.num_rows))
    marked = marked.append_column("provisional", _constant(True, pa.bool_(), rankings.num_rows))
    return LiveTables(
        trends=_with_kept("topics/live_trends", _marked_trends(hours, history, posts, ranked), previous_trends, hours),
        rankings=_with_kept("influencers/live_rankings", marked, previous_rankings, hours),
        kept_share=min(history.kept_share, found.share),
    )


def _process(history: History, posts: pa.Table, parameters: LiveParameters, *, every_term: bool) -> _Hour:
    """Topics of the next hour's posts, and everything that is counted from these posts by clock hour.

    ``every_term``: count all words, as later hours need, not only those that decide about this one.
    """
    hour = history.next_hour
    start = hour + HOUR - parameters.window_hours * HOUR
    window = [(one, rows) for one, rows in by_hour(history.window) if one >= start]
    (result,) = assign_hours(
        [(hour, posts)], window=window, registry=history.registry, window_hours=parameters.window_hours, window_groups=parameters.groups
    )
    seen = result.window_groups / result.kept_share if result.kept_share else 0.0
    share = result.window_groups / (seen + history.hidden_groups) if seen + history.hidden_groups else 1.0
    if share < result.kept_share:  # part of the window was sampled before it got here
        result = replace(result, topics=_scaled(result.topics, result.kept_share / share))
    place = matches(posts, result.topic_assignments, ("network", "post_id"))
    topic = pc.take(result.topic_assignments["topic_id"].combine_chunks(), place)
    counted = posts.select(list(COUNTED)).append_column("topic_id", topic)
    return _Hour(
        hour=hour,
        result=result,
        share=share,
        assigned=counted.filter(pc.is_valid(topic)).cast(history.assigned.schema),
        brand_posts=brand_counts(posts, result.topic_assignments, parameters.brands).cast(brand_schema),
        interactions=find_interactions(posts, result.topic_assignments),
        term_counts=pa.concat_tables([history.term_counts, term_counts(posts, None if every_term else heads_of(result.topics))]),
    )


def _scaled(topics: pa.Table, factor: float) -> pa.Table:
    """Counts over the window multiplied: they are of the sample."""
    for name in ("window_posts", "window_authors"):
        values = pc.cast(pc.round(pc.multiply(pc.cast(topics[name], pa.float64()), factor)), pa.int64())
        topics = topics.set_column(topics.schema.get_field_index(name), topics.schema.field(name), values)
    return topics


def _rank(found: _Hour, history: History, topic_hours: pa.Table, volumes: pa.Table, parameters: LiveParameters) -> pa.Table:
    """Rows of ``topics/trends`` for the hour."""
    topics = found.result.topics
    return rank_trends(
        [found.hour],
        topic_hours=topic_hours,
        topics=topics,
        volumes=volumes,
        terms=live_novelty(topics, history.terms, history.term_volumes, found.term_counts),
        previous_trends=history.trends,
        brand_posts=pa.concat_tables([history.brand_posts, found.brand_posts]),
        brand_terms=parameters.brands,
        minimum_authors=parameters.minimum_authors,
    )


def _rank_under_way(hours: OpenHours, history: History, found: _Hour, posts: pa.Table, parameters: LiveParameters) -> pa.Table:
    """Rows for the hour under way over its trailing 60 minutes: all open hours counted anew, moved forward in time."""

    def sealed(rows: pa.Table) -> pa.Table:
        return rows.filter(pc.less(rows["hour"], pa.scalar(hours.first, rows.schema.field("hour").type)))

    assigned = _moved(pa.concat_tables([history.assigned, found.assigned]), "created_at", hours.as_of)
    seconds = _moved(pa.concat_tables([history.seconds, per_second(posts)]), "hour", hours.as_of)
    inside = pc.less(seconds["hour"], pa.scalar(hours.current + HOUR, timestamp))
    return _rank(
        found,
        history,
        pa.concat_tables([sealed(history.topic_hours), count_topics(assigned, assigned, hours.judged)]),
        pa.concat_tables([sealed(history.volumes), seconds.filter(inside)]),
        parameters,
    )


def _moved(table: pa.Table, column: str, as_of: datetime) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(place), shifted(table[column], as_of))


def _marked_trends(hours: OpenHours, history: History, posts: pa.Table, ranked: pa.Table) -> pa.Table:
    """The ranked rows with what says that, when and from what they were computed."""
    count = ranked.num_rows
    start, hour_type = ranked["hour"], ranked.schema.field("hour").type
    current = pc.equal(start, pa.scalar(hours.current, hour_type))
    newest = pc.max(posts["created_at"]).as_py()
    added: dict[str, Any] = {
        "as_of": _constant(hours.as_of, timestamp, count),
        "provisional": _constant(True, pa.bool_(), count),
        "counted_from": pc.if_else(current, pa.scalar(hours.as_of - HOUR, hour_type), start),
        "counted_to": pc.if_else(current, pa.scalar(hours.as_of, hour_type), pc.add(start, pa.scalar(HOUR, pa.duration("us")))),
        "newest_post_at": _constant(newest, timestamp, count),
        "new_topic": pc.invert(pc.is_in(ranked["topic_id"], value_set=history.sealed_topics["topic_id"].combine_chunks())),
    }
    for name, values in added.items():
        ranked = ranked.append_column(name, values)
    return ranked


def _with_kept(path: str, fresh: pa.Table, previous: pa.Table | None, hours: OpenHours) -> pa.Table:
    """The fresh rows, and of the previous ones those of hours sealed since, for a day."""
    table = TABLES[path]
    conformed = table.conform(fresh)
    if previous is None or not previous.num_rows:
        return conformed
    hour = previous["hour"]
    first, oldest = (pa.scalar(moment, hour.type) for moment in (hours.first, hours.current - KEPT))
    return pa.concat_tables([table.conform(previous.filter(pc.and_(pc.less(hour, first), pc.greater_equal(hour, oldest)))), conformed])


def _constant(value: Any, type_: pa.DataType, count: int) -> pa.Array:
    return pa.nulls(count, type_) if value is None else pa.array([value], type_).take(pa.array(np.zeros(count, dtype=np.int64)))
