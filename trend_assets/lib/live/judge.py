"""From a history and live posts to live trends and rankings.

What belongs here: which of both lanes' methods see which posts, and what marks a row as provisional. What doesn't: the
methods (``lib/topics``, ``lib/trends``, ``lib/influence``).

The open hours are processed as the sealed lane will process them: hour by hour from the sealed registry, each with its
rolling window, with the verdicts of the stress test, relevance and coordination. Three things differ: posts still to land; the sample of
the window (``live_groups`` for ``window_groups``); and the hour under way is counted over its trailing 60 minutes (see ``hours.shifted``),
its verdicts are of its posts so far and the 23 hours before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import EncodedHour
from trend_assets.lib.influence.interactions import interactions as find_interactions
from trend_assets.lib.influence.rankings import influencer_rankings
from trend_assets.lib.live.evidence import EXEMPLAR_COLUMNS, Found, HourEvidence, evidence_of, verdicts_of
from trend_assets.lib.live.history import (
    COUNTED,
    MEMORY,
    History,
    by_hour,
    evidence_hours,
    newest_interactions,
    per_second,
    sample_window,
    volume_schema,
)
from trend_assets.lib.live.hours import HOUR, KEPT, OpenHours, shifted
from trend_assets.lib.live.terms import heads_of, live_novelty, term_counts
from trend_assets.lib.relevance.lanes import WINDOW_HOURS
from trend_assets.lib.tables import matches
from trend_assets.lib.topics.assign import HourTopics, assign_hours
from trend_assets.lib.topics.hours import topic_hours as count_topics
from trend_assets.lib.topics.window import COLUMNS
from trend_assets.lib.trends.lanes import hour_volumes
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
    interactions: pa.Table
    term_counts: pa.Table


def advance(history: History, posts: pa.Table, parameters: LiveParameters, collected: pa.Table | None = None) -> History:
    """The history continued with ``posts``, the live posts of the full hour ``history.next_hour``; ``collected``: see ``rank_trends``."""
    hour = history.next_hour
    found = _process(history, posts, parameters, every_term=True)
    topic_hours = pa.concat_tables([history.topic_hours, count_topics(found.assigned, found.assigned, [hour])])
    volumes = pa.concat_tables([history.volumes, hour_volumes(posts).cast(volume_schema)]) if posts.num_rows else history.volumes
    judged = _judged(found, history, posts, topic_hours, volumes, parameters, collected, under_way=False)
    acts = newest_interactions(pa.concat_tables([history.interactions, found.interactions]))
    rankings = _rankings(hour, acts, judged.verdicts, parameters)
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
        trends=pa.concat_tables([history.trends, judged.trends.select(list(MEMORY)).cast(history.trends.schema)]),
        volumes=volumes,
        term_counts=found.term_counts,
        interactions=acts,
        assigned=pa.concat_tables([history.assigned, found.assigned]),
        seconds=pa.concat_tables([history.seconds, per_second(posts)]),
        ranked=pa.concat_tables([history.ranked, judged.trends]),
        rankings=pa.concat_tables([history.rankings, rankings]),
        evidence=(*history.evidence, judged.evidence)[1 - evidence_hours(parameters.window_hours) :],
        last_minutes=judged.last_minutes,
    )


def judge(
    hours: OpenHours,
    history: History,
    posts: pa.Table,
    parameters: LiveParameters,
    *,
    collected: pa.Table | None = None,
    previous_trends: pa.Table | None = None,
    previous_rankings: pa.Table | None = None,
) -> LiveTables:
    """The live tables at ``hours.as_of``.

    ``history`` ends before the hour under way, ``posts`` are that hour's live posts (those dated after ``as_of`` by a clock that is
    ahead wait). ``collected``: see ``rank_trends``, of the sealed hours as they are and of the open ones moved in time as their counts are
    (``trends.collected.collected_until``). ``previous_trends``, ``previous_rankings``: the tables as they are; of these the rows of hours
    sealed since stay for a day. Raises ``ValueError`` when the history ends elsewhere.
    """
    if history.next_hour != hours.current or history.first_open != hours.first:
        raise ValueError(f"the history is of {history.first_open} to {history.next_hour}, the open hours {hours.first} to {hours.current}")
    posts = posts.filter(pc.less_equal(posts["created_at"], pa.scalar(hours.as_of, posts.schema.field("created_at").type)))
    found = _process(history, posts, parameters, every_term=False)
    under_way = _judge_under_way(hours, history, found, posts, parameters, collected)
    ranked = pa.concat_tables([history.ranked, under_way.trends])
    acts = pa.concat_tables([history.interactions, found.interactions])
    rankings = pa.concat_tables([history.rankings, _rankings(hours.current, acts, under_way.verdicts, parameters)])
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
        interactions=find_interactions(posts, result.topic_assignments),
        term_counts=pa.concat_tables([history.term_counts, term_counts(posts, None if every_term else heads_of(result.topics))]),
    )


def _scaled(topics: pa.Table, factor: float) -> pa.Table:
    """Counts over the window multiplied: they are of the sample."""
    for name in ("window_posts", "window_authors"):
        values = pc.cast(pc.round(pc.multiply(pc.cast(topics[name], pa.float64()), factor)), pa.int64())
        topics = topics.set_column(topics.schema.get_field_index(name), topics.schema.field(name), values)
    return topics


@dataclass(frozen=True)
class _Judged:
    """Rows of ``topics/trends`` of an hour, the verdicts they took, and the evidence of the hour."""

    trends: pa.Table
    verdicts: Found
    evidence: HourEvidence
    last_minutes: EncodedHour


def _judged(
    found: _Hour,
    history: History,
    posts: pa.Table,
    topic_hours: pa.Table,
    volumes: pa.Table,
    parameters: LiveParameters,
    collected: pa.Table | None,
    *,
    under_way: bool,
) -> _Judged:
    """Rank the hour twice: counts alone say which topics have a row, these get verdicts, and verdicts decide about rows."""
    topics = found.result.topics
    terms = live_novelty(topics, history.terms, history.term_volumes, found.term_counts)

    def rank(**verdicts: pa.Table) -> pa.Table:
        return rank_trends(
            [found.hour],
            topic_hours=topic_hours,
            topics=topics,
            volumes=volumes,
            terms=terms,
            previous_trends=history.trends,
            last_year=history.last_year,
            collected=collected,
            minimum_authors=parameters.minimum_authors,
            **verdicts,
        )

    asked = pc.unique(rank()["topic_id"])
    brands, lexicon = history.brands, history.lexicon
    # Later hours need what a full hour says of every topic.
    evidence, last_minutes = evidence_of(
        found.hour,
        posts,
        found.result.topic_assignments,
        history.last_minutes,
        brands=brands,
        lexicon=lexicon,
        topics=asked if under_way else None,
    )
    verdicts = verdicts_of(
        [*history.evidence, evidence],
        topics,
        asked,
        _exemplars(found.hour, history, posts),
        brands=brands,
        lexicon=lexicon,
        window_hours=parameters.window_hours,
        minimum_authors=parameters.minimum_authors,
        under_way=under_way,
    )
    return _Judged(rank(stress=verdicts.stress, relevance=verdicts.relevance), verdicts, evidence, last_minutes)


def _exemplars(hour: datetime, history: History, posts: pa.Table) -> pa.Table:
    """Posts of the day up to the hour that may be a topic's exemplars."""
    parts = [part.select(list(EXEMPLAR_COLUMNS)).cast(history.exemplars.schema) for part in (history.window, posts)]
    shown = pa.concat_tables([history.exemplars, *parts])
    first = pa.scalar(hour - (WINDOW_HOURS - 1) * HOUR, shown.schema.field("created_at").type)
    return shown.filter(pc.greater_equal(shown["created_at"], first))


def _rankings(hour: datetime, acts: pa.Table, verdicts: Found, parameters: LiveParameters) -> pa.Table:
    """Rows of ``influencers/influencer_rankings`` for the hour."""
    return influencer_rankings([hour], interactions=acts, half_life_hours=parameters.half_life_hours, weights=verdicts.weights)


def _judge_under_way(
    hours: OpenHours, history: History, found: _Hour, posts: pa.Table, parameters: LiveParameters, collected: pa.Table | None
) -> _Judged:
    """The hour under way over its trailing 60 minutes: all open hours counted anew, moved forward in time."""

    def sealed(rows: pa.Table) -> pa.Table:
        return rows.filter(pc.less(rows["hour"], pa.scalar(hours.first, rows.schema.field("hour").type)))

    assigned = _moved(pa.concat_tables([history.assigned, found.assigned]), "created_at", hours.as_of)
    seconds = _moved(pa.concat_tables([history.seconds, per_second(posts)]), "hour", hours.as_of)
    inside = pc.less(seconds["hour"], pa.scalar(hours.current + HOUR, timestamp))
    return _judged(
        found,
        history,
        posts,
        pa.concat_tables([sealed(history.topic_hours), count_topics(assigned, assigned, hours.judged)]),
        pa.concat_tables([sealed(history.volumes), seconds.filter(inside)]),
        parameters,
        collected,
        under_way=True,
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
