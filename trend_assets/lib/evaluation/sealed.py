"""The sealed lane over a user's posts: what each hour's ranking shows or holds back, one candidate an event.

What belongs here: running the production functions hour by hour, and putting topics about one thing together. What doesn't: alerts by
the minute (``minutes``), what is told of either (``trends``), the methods themselves (``lib/topics``, ``lib/trends``, ``lib/relevance``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.minutes import POST_COLUMNS
from trend_assets.lib.relevance.lanes import relevance
from trend_assets.lib.tables import concatenate, row_key
from trend_assets.lib.topics.assign import HourTopics, TopicParameters, assign_hours
from trend_assets.lib.topics.hours import topic_hours
from trend_assets.lib.trends.lanes import hour_volumes
from trend_assets.lib.trends.rank import rank_trends
from trend_assets.lib.trends.stress import WINDOW_HOURS, coordination_and_stress
from trend_assets.lib.trends.terms import RECENT_HOURS, SMALLEST_PAST_HOURS, term_novelty
from trend_assets.tables import TABLES

HOUR = timedelta(hours=1)
SAME_KEYWORDS = 0.3
"""Two topics are one event when the sets of their keywords overlap by this share (Jaccard), or the words of their labels by half."""
SAME_LABEL = 0.5
SAME_EXEMPLARS = 2
SAME_EVENT_HOURS = 72
READ_AUTHORS = 5
"""A file is read once: small topics are named with the help of a language model too."""


@dataclass(frozen=True)
class Run:
    """What the chain made of a stretch of posts.

    Assignments, ranked rows with verdicts, from when on words had a past to be compared with, and why relevance judged as it did.
    """

    assignments: pa.Table
    ranked: pa.Table
    words_known_from: datetime
    why: dict[tuple[datetime, str], str]


def run_hours(clean: pa.Table, brands: Sequence[str], catalogue: pa.Table | None, *, read_authors: int = READ_AUTHORS) -> Run:
    """The sealed lane over the hours of the posts: topics, counts, ranking, relevance, stress test.

    ``read_authors``: of topics with fewer authors the label is made without a language model; nothing else depends on it.
    """
    posts = clean.select(POST_COLUMNS)
    hours = _hours_of(posts)
    registry = TABLES["topics/topics"].empty()
    results = list(
        assign_hours(_by_hour(posts, hours), window=[], registry=registry, parameters=TopicParameters(read_authors=read_authors))
    )
    topics = pa.concat_tables([registry, *(result.topics for result in results)])
    assignments = pa.concat_tables([TABLES["topics/topic_assignments"].empty(), *(result.topic_assignments for result in results)])
    rank = _Ranking(hours, posts, topics, assignments)
    candidates = _rows_of(topics, rank.rows())
    lanes = relevance(candidates, posts, assignments, brands=brands, catalogue=catalogue, hours=hours)
    keys = zip(lanes["hour"].to_pylist(), lanes["topic_id"].to_pylist(), strict=True)
    why = dict(zip(keys, lanes["lane_reason"].to_pylist(), strict=True))
    return Run(assignments, rank.rows(lanes, _stress_tests(hours, posts, results)), rank.known_from, why)


def _stress_tests(hours: Sequence[datetime], posts: pa.Table, results: Sequence[HourTopics]) -> pa.Table:
    """Rows of ``topics/stress_tests`` of the hours, coordinated accounts taken away."""
    before = [
        (hours[0] - number * HOUR, posts.slice(0, 0), results[0].topic_assignments.slice(0, 0)) for number in range(WINDOW_HOURS, 0, -1)
    ]
    there = ((hour, part, result.topic_assignments) for (hour, part), result in zip(_by_hour(posts, hours), results, strict=True))
    return concatenate(TABLES["topics/stress_tests"], [one.stress for one in coordination_and_stress(chain(before, there), first=hours[0])])


def _hours_of(posts: pa.Table) -> list[datetime]:
    """Every hour from the first post's to the last's."""
    ends = pc.min_max(pc.floor_temporal(posts["created_at"], unit="hour")).as_py()
    return [ends["min"] + number * HOUR for number in range((ends["max"] - ends["min"]) // HOUR + 1)]


def _by_hour(posts: pa.Table, hours: Sequence[datetime]) -> Iterator[tuple[datetime, pa.Table]]:
    """Posts are in time order."""
    times = posts["created_at"].combine_chunks().cast(pa.int64()).to_numpy()
    bounds = np.searchsorted(times, [int(hour.timestamp()) * 1_000_000 for hour in [*hours, hours[-1] + HOUR]])
    for number, hour in enumerate(hours):
        yield hour, posts.slice(int(bounds[number]), int(bounds[number + 1] - bounds[number]))


class _Ranking:
    """The ranking of all hours. Words are asked to be new once there is a past to compare them with; before, counts alone decide."""

    def __init__(self, hours: Sequence[datetime], posts: pa.Table, topics: pa.Table, assignments: pa.Table) -> None:
        self.known_from = hours[0] + (RECENT_HOURS + SMALLEST_PAST_HOURS) * HOUR
        self.first = [hour for hour in hours if hour < self.known_from]
        self.rest = [hour for hour in hours if hour >= self.known_from]
        self.given: dict[str, Any] = {
            "topic_hours": topic_hours(posts, assignments, hours),
            "topics": topics,
            "volumes": hour_volumes(posts),
        }
        self.terms = term_novelty(topics, posts) if self.rest else None

    def rows(self, lanes: pa.Table | None = None, stress: pa.Table | None = None) -> pa.Table:
        """Rows of ``topics/trends``, with the verdicts of relevance and the stress test where they are known."""
        given = self.given | {"relevance": lanes, "stress": stress}
        first = rank_trends(self.first, **given)
        rest = rank_trends(self.rest, terms=self.terms, previous_trends=first, **given)
        return pa.concat_tables([first, rest])


def _rows_of(topics: pa.Table, ranked: pa.Table) -> pa.Table:
    """The registry rows of ranked topics."""
    return topics.filter(pc.is_in(_keys(topics), value_set=_keys(ranked).combine_chunks()))


def _keys(table: pa.Table) -> pa.ChunkedArray:
    keyed = pa.table({"hour": pc.cast(pc.cast(table["hour"], pa.int64()), pa.string()), "topic_id": table["topic_id"]})
    return row_key(keyed, ("hour", "topic_id"))


@dataclass
class Candidate:
    """Topics about one thing: the row of the hour that shows it first (of those raised, where there are any), and its topics."""

    row: dict[str, Any]
    topics: set[str]
    faces: list[Face]

    @property
    def raised(self) -> bool:
        """Whether an hour's ranking raised it."""
        return not self.row["suppressed"]

    @property
    def at(self) -> datetime:
        """When its hour was over: what is counted by the hour is known no sooner."""
        return self.row["hour"] + HOUR


Face = tuple[frozenset[str], frozenset[str], frozenset[str]]
"""What a topic is recognised by: keywords, words of its label, exemplars."""


def candidates(run: Run) -> list[Candidate]:
    """One candidate an event, those raised first, each in order of time: repeats of a topic, and topics about the same thing, are one."""
    rows: dict[str, dict[str, Any]] = {}
    for row in run.ranked.to_pylist():  # by hour
        known = rows.get(row["topic_id"])
        if known is None or (known["suppressed"] and not row["suppressed"]):
            rows[row["topic_id"]] = row
    found = [Candidate(row, {topic}, [face_of(row)]) for topic, row in rows.items()]
    return _merged(sorted(found, key=lambda one: (not one.raised, one.at, -one.row["score"], min(one.topics))))


def face_of(row: dict[str, Any]) -> Face:
    """What a row of trends, or an entry of a minute alert, is recognised by."""
    words = frozenset(word.strip(".,!?").lower() for word in row["label"].split() if len(word) > 2)
    return frozenset(row["keywords"]), words, frozenset(row["exemplar_posts"])


def _merged(events: list[Candidate]) -> list[Candidate]:
    """Candidates of one thing within three days as one, the first one's row kept; one that was raised under another id is dropped."""
    merged: list[Candidate] = []
    for event in events:
        earlier = next((one for one in merged if _near(one, event) and any(same(face, event.faces[0]) for face in one.faces)), None)
        if earlier is None:
            merged.append(event)
        elif event.raised == earlier.raised:
            earlier.topics |= event.topics
            earlier.faces += event.faces
    return merged


def _near(one: Candidate, other: Candidate) -> bool:
    return abs(other.at - one.at) <= SAME_EVENT_HOURS * HOUR


def same(one: Face, other: Face) -> bool:
    """Whether two are about one thing: exemplars in common, or keywords, or the label's words and a keyword."""
    keywords, labels, exemplars = (len(left & right) for left, right in zip(one, other, strict=True))
    if exemplars >= SAME_EXEMPLARS or keywords > SAME_KEYWORDS * len(one[0] | other[0]):
        return True
    return bool(labels) and labels >= SAME_LABEL * min(len(one[1]), len(other[1])) and keywords > 0
