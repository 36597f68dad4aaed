"""Every alert that the chain raises, and every candidate it holds back, on a user's own file of posts.

What belongs here: running the production functions over the hours of a file, group by group, and one entry an event. What doesn't:
reading the file's columns (``posts``), the methods themselves (``lib/topics``, ``lib/trends``, ``lib/relevance``), printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.posts import POST_ID, read_evaluation_posts
from trend_assets.lib.relevance.lanes import relevance
from trend_assets.lib.tables import concatenate, row_key
from trend_assets.lib.topics.assign import HourTopics, TopicParameters, assign_hours
from trend_assets.lib.topics.hours import topic_hours
from trend_assets.lib.trends.cycles import HISTORY_HOURS
from trend_assets.lib.trends.lanes import hour_volumes
from trend_assets.lib.trends.rank import rank_trends
from trend_assets.lib.trends.stress import WINDOW_HOURS, coordination_and_stress
from trend_assets.lib.trends.terms import RECENT_HOURS, SMALLEST_PAST_HOURS, term_novelty
from trend_assets.tables import TABLES

HOUR = timedelta(hours=1)
EVERYTHING = "all posts"
"""The group of a file without a brand column."""
SAME_KEYWORDS = 0.3
"""Two topics are one event when the sets of their keywords overlap by this share (Jaccard), or the words of their labels by half."""
SAME_LABEL = 0.5
SAME_EXEMPLARS = 2
SAME_EVENT_HOURS = 72
READ_AUTHORS = 5
"""A file is read once: small topics are named with the help of a language model too."""
EXEMPLARS = 5
_EXEMPLAR_LENGTH = 400


def evaluate_trends(
    posts: pa.Table, *, brand_column: str | None = None, catalogue: pa.Table | None = None, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """``{"alerts": [...]}``: one entry an event, those of a day strongest first, then the candidates held back (``raised`` false).

    ``posts``: a user's table; see ``read_evaluation_posts``. Without ids rows are numbered. ``brand_column`` divides it into groups that
    are judged each on its own, its values being the brands; without it all posts are one group and no brand is looked for. Rows without a
    brand are left out. ``catalogue``: rows of ``retail/products`` that say what the brands sell. ``progress`` is told what happens.

    Each group's hours pass the sealed lane's functions in time order: topics, counts, ranking, relevance, stress test. An entry has ``at``
    (ISO time, start of the hour in which it was first raised), ``group``, ``label``, ``keywords``, ``posts`` and ``authors`` (distinct) of
    the 24 hours up to its strongest hour of the first day, ``raised``, ``lane``, ``score``, ``grade``, ``reason``, ``exemplars`` (texts).
    Raises ``ValueError`` for missing columns.
    """
    say = progress or _say_nothing
    clean = read_evaluation_posts(_numbered(posts, say), brand=brand_column, note=say)
    alerts: list[dict[str, Any]] = []
    for group, part in _groups(clean, brand_column is not None, say):
        brands = [group] if brand_column is not None else []
        found = [one for stretch in _stretches(part) for one in _events(_run(stretch, brands, catalogue), stretch, group)]
        say(f"{group}: {part.num_rows:,} posts, {sum(one['raised'] for one in found)} alerts, {len(found)} candidates")
        alerts += found
    alerts.sort(key=lambda one: (one["at"][:10], not one["raised"], -one["score"], one["group"], one["label"]))
    return {"alerts": alerts}


def _say_nothing(sentence: str) -> None:
    """Nobody listens."""


def _numbered(posts: pa.Table, say: Callable[[str], None]) -> pa.Table:
    """The posts with their row numbers for ids, where they have none."""
    if any(name in posts.column_names for name in POST_ID):
        return posts
    say("there are no ids: rows are numbered")
    return posts.append_column(POST_ID[0], pc.cast(pa.array(np.arange(posts.num_rows)), pa.string()))


def _groups(clean: pa.Table, divided: bool, say: Callable[[str], None]) -> Iterator[tuple[str, pa.Table]]:
    if not divided:
        yield EVERYTHING, clean
        return
    missing = clean["brand"].null_count
    if missing:
        say(f"{missing:,} rows without a brand left out")
    for group in sorted(pc.unique(clean["brand"]).drop_null().to_pylist()):
        yield group, clean.filter(pc.equal(clean["brand"], group))


def _stretches(clean: pa.Table) -> Iterator[pa.Table]:
    """The posts (in time order) cut where no post is for longer than any method remembers: a stray date costs no empty years."""
    times = clean["created_at"].combine_chunks().cast(pa.int64()).to_numpy()
    longest = HISTORY_HOURS * 3_600_000_000
    bounds = [0, *(np.flatnonzero(np.diff(times) > longest) + 1).tolist(), clean.num_rows]
    for begin, end in pairwise(bounds):
        if end > begin:
            yield clean.slice(begin, end - begin)


@dataclass(frozen=True)
class _Run:
    """What the chain made of a stretch of posts: assignments, ranked rows with verdicts, and why relevance judged as it did."""

    assignments: pa.Table
    ranked: pa.Table
    why: dict[tuple[datetime, str], str]


def _run(clean: pa.Table, brands: Sequence[str], catalogue: pa.Table | None) -> _Run:
    """The sealed lane over the hours of the posts."""
    posts = clean.select(TABLES["social/clean_posts"].schema.names)
    hours = _hours_of(posts)
    registry = TABLES["topics/topics"].empty()
    results = list(
        assign_hours(_by_hour(posts, hours), window=[], registry=registry, parameters=TopicParameters(read_authors=READ_AUTHORS))
    )
    topics = pa.concat_tables([registry, *(result.topics for result in results)])
    assignments = pa.concat_tables([TABLES["topics/topic_assignments"].empty(), *(result.topic_assignments for result in results)])
    rank = _Ranking(hours, posts, topics, assignments)
    candidates = _rows_of(topics, rank.rows())
    lanes = relevance(candidates, posts, assignments, brands=brands, catalogue=catalogue, hours=hours)
    keys = zip(lanes["hour"].to_pylist(), lanes["topic_id"].to_pylist(), strict=True)
    why = dict(zip(keys, lanes["lane_reason"].to_pylist(), strict=True))
    return _Run(assignments, rank.rows(lanes, _stress_tests(hours, posts, results)), why)


def _stress_tests(hours: Sequence[datetime], posts: pa.Table, results: Sequence[HourTopics]) -> pa.Table:
    """Rows of ``topics/stress_tests`` of the hours, coordinated accounts taken away."""
    before = [
        (hours[0] - number * HOUR, posts.slice(0, 0), results[0].topic_assignments.slice(0, 0)) for number in range(WINDOW_HOURS, 0, -1)
    ]
    there = ((hour, part, result.topic_assignments) for (hour, part), result in zip(_by_hour(posts, hours), results, strict=True))
    return concatenate(TABLES["topics/stress_tests"], [tests for _, tests in coordination_and_stress(chain(before, there), first=hours[0])])


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
        known_from = hours[0] + (RECENT_HOURS + SMALLEST_PAST_HOURS) * HOUR
        self.first = [hour for hour in hours if hour < known_from]
        self.rest = [hour for hour in hours if hour >= known_from]
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
class _Event:
    """Topics about one thing: when it was first raised (or a candidate), and the row that shows it best."""

    at: datetime
    raised: bool
    best: dict[str, Any]
    topics: set[str]
    faces: list[tuple[frozenset[str], frozenset[str], frozenset[str]]] = field(default_factory=list)


def _events(run: _Run, clean: pa.Table, group: str) -> Iterator[dict[str, Any]]:
    """One entry an event: repeats of a topic, and topics about the same thing, are one."""
    texts = dict(zip(row_key(clean, ("network", "post_id")).to_pylist(), clean["clean_text"].to_pylist(), strict=True))
    authors = _Authors(run.assignments, clean)
    for event in _merged(_of_topics(run.ranked)):
        row = event.best
        exemplars = [texts[key] for one in row["exemplar_posts"][:EXEMPLARS] if (key := one.replace(":", "\x1f", 1)) in texts]
        posts, people = authors.of(event.topics, row["hour"])
        yield {
            "at": event.at.isoformat(),
            "group": group,
            "label": row["label"],
            "keywords": row["keywords"],
            "posts": posts,
            "authors": people,
            "raised": event.raised,
            "lane": row["lane"],
            "score": row["score"],
            "grade": row["grade"],
            "reason": _reason(row, run),
            "exemplars": [text[:_EXEMPLAR_LENGTH] for text in exemplars],
        }


def _reason(row: dict[str, Any], run: _Run) -> str:
    """Why the row is where it is, and, of an alert, what relevance saw (nothing of topics that only the verdicts let in)."""
    seen = None if row["suppressed"] else run.why.get((row["hour"], row["topic_id"]))
    return f"{row['reason']}; {seen}" if seen else str(row["reason"])


def _of_topics(ranked: pa.Table) -> list[_Event]:
    """One event a topic: those raised first, each in order of time. The row that shows it best is the strongest of its first day."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in ranked.to_pylist():
        rows.setdefault(row["topic_id"], []).append(row)
    events = []
    for topic, all_rows in rows.items():
        shown = [row for row in all_rows if not row["suppressed"]] or all_rows
        at = shown[0]["hour"]
        day = [row for row in shown if row["hour"].date() == at.date()]
        best = max(day, key=lambda row: (row["score"], row["hour"]))
        events.append(_Event(at, not shown[0]["suppressed"], best, {topic}, [_face(best)]))
    return sorted(events, key=lambda event: (not event.raised, event.at, -event.best["score"], min(event.topics)))


def _face(row: dict[str, Any]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """What a topic is recognised by: keywords, words of its label, exemplars."""
    words = frozenset(word.strip(".,!?").lower() for word in row["label"].split() if len(word) > 2)
    return frozenset(row["keywords"]), words, frozenset(row["exemplar_posts"])


def _merged(events: list[_Event]) -> list[_Event]:
    """Events of one thing within three days as one, the first one's time kept; a candidate that was raised under another id is dropped."""
    merged: list[_Event] = []
    for event in events:
        earlier = next((one for one in merged if _near(one, event) and any(_same(face, event.faces[0]) for face in one.faces)), None)
        if earlier is None:
            merged.append(event)
            continue
        if event.raised == earlier.raised:
            same_day = event.at.date() == earlier.at.date()
            if same_day and event.best["score"] > earlier.best["score"]:
                earlier.best = event.best
            earlier.topics |= event.topics
            earlier.faces += event.faces
    return merged


def _near(one: _Event, other: _Event) -> bool:
    return abs(other.at - one.at) <= SAME_EVENT_HOURS * HOUR


def _same(one: tuple[frozenset[str], ...], other: tuple[frozenset[str], ...]) -> bool:
    keywords, labels, exemplars = (len(left & right) for left, right in zip(one, other, strict=True))
    if exemplars >= SAME_EXEMPLARS or keywords > SAME_KEYWORDS * len(one[0] | other[0]):
        return True
    return bool(labels) and labels >= SAME_LABEL * min(len(one[1]), len(other[1])) and keywords > 0


class _Authors:
    """Posts and distinct authors of topics in the day up to an hour."""

    def __init__(self, assignments: pa.Table, clean: pa.Table) -> None:
        place = pc.index_in(row_key(assignments, ("network", "post_id")), value_set=row_key(clean, ("network", "post_id")).combine_chunks())
        rows: dict[str, list[tuple[datetime, str]]] = {}
        columns = (assignments["topic_id"], assignments["created_at"], clean["author"].take(place))
        for topic, at, author in zip(*(column.to_pylist() for column in columns), strict=True):
            rows.setdefault(topic, []).append((at, author))
        self.rows = rows

    def of(self, topics: set[str], hour: datetime) -> tuple[int, int]:
        """Posts, authors."""
        start, stop = hour - 23 * HOUR, hour + HOUR
        found = [author for topic in sorted(topics) for at, author in self.rows.get(topic, ()) if start <= at < stop]
        return len(found), len(set(found))
