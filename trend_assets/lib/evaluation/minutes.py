"""Alerts by the minute on a user's posts: when each could first be raised, and what was known of it then.

What belongs here: running the alert stream over a stretch of posts, describing posts, and the verdicts (relevance, stress test) on posts up
to a moment. What doesn't: the sealed lane (``sealed``), which of the two decides and what is told (``trends``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.relevance.lanes import relevance
from trend_assets.lib.topics.labels import keywords, label
from trend_assets.lib.trends.alerts import AlertRules, AlertStream
from trend_assets.lib.trends.history import Integers
from trend_assets.lib.trends.stress import stress_test
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp

POST_COLUMNS = TABLES["social/clean_posts"].schema.names
_DAY = 24 * 3_600_000_000
_LABEL_TEXTS = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = "candidate"


def judgements(posts: pa.Table, *, step: timedelta, rules: AlertRules | None = None) -> Iterator[pa.Table]:
    """The alerts (``ALERT_SCHEMA``) of a stream of clean posts in time order, judged on the grid of whole steps.

    A step in which no post came is passed over: nothing can be new. Raises ``ValueError`` for posts out of time order or a step that
    isn't positive.
    """
    if step <= timedelta(0):
        raise ValueError("the step must be longer than nothing")
    times = moments(posts)
    if np.any(np.diff(times) < 0):
        raise ValueError("posts must be in time order")
    length = step // timedelta(microseconds=1)
    ends = (times + length - 1) // length * length  # the first moment of the grid at which each post is there
    stream, done = AlertStream(rules), 0
    for now in np.unique(ends).tolist():
        upto = int(np.searchsorted(ends, now, "right"))
        stream.add(posts.slice(done, upto - done))
        done = upto
        yield stream.judge(_EPOCH + timedelta(microseconds=now))


def moments(posts: pa.Table) -> Integers:
    """When each post was published, microseconds since 1970, (n,)."""
    return np.asarray(pc.cast(pc.cast(posts["created_at"], timestamp), pa.int64()), dtype=np.int64)


@dataclass(frozen=True)
class Sighting:
    """A minute alert when it could first be raised; ``rows`` and ``exemplars`` are rows of the stretch, ``strength`` its telling terms."""

    at: datetime
    rows: Integers
    exemplars: Integers
    strength: dict[str, float]
    score: float
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What the verdicts say of posts up to a moment; ``held_back``: why they are no alert, empty where they are one."""

    held_back: str
    lane: str
    lane_reason: str
    grade: str
    stress_reason: str


class Stretch:
    """A user's clean posts (time order) with what is looked up again and again."""

    def __init__(self, posts: pa.Table) -> None:
        self.posts = posts.combine_chunks()
        self.times = moments(posts)
        names = pc.binary_join_element_wise(pc.cast(posts["network"], pa.string()), pc.cast(posts["post_id"], pa.string()), ":")
        self.keys = pa.chunked_array(names).combine_chunks() if isinstance(names, pa.ChunkedArray) else names
        self.authors: Integers = np.asarray(self.posts["author"].combine_chunks().dictionary_encode().indices, dtype=np.int64)

    def rows_of(self, keys: Sequence[str]) -> Integers:
        """Rows of the posts (network:id) that are there, in time order."""
        found = pc.index_in(pa.array(keys, pa.string()), value_set=self.keys).drop_null()
        return np.sort(np.asarray(found, dtype=np.int64))

    def until(self, rows: Integers, at: datetime) -> Integers:
        """Those of the rows that were published in the 24 hours up to a moment."""
        end = (at - _EPOCH) // timedelta(microseconds=1)
        times = self.times[rows]
        return rows[(times > end - _DAY) & (times <= end)]

    def count_authors(self, rows: Integers) -> int:
        """Distinct authors of the rows."""
        return int(np.unique(self.authors[rows]).size)

    def texts(self, rows: Integers) -> list[str]:
        """Clean texts of the rows."""
        result: list[str] = self.posts["clean_text"].take(pa.array(rows)).to_pylist()
        return result


def sightings(stretch: Stretch, *, step: timedelta) -> list[Sighting]:
    """The minute alerts of a stretch of posts, in time order, strongest first."""
    found = []
    for table in judgements(stretch.posts, step=step):
        for row in table.to_pylist():
            strength = dict(zip(row["terms"], row["weights"], strict=True))
            by_strength = [int(stretch.rows_of([key])[0]) for key in row["exemplars"]]
            found.append(
                Sighting(
                    at=row["at"],
                    rows=stretch.rows_of(row["members"]),
                    exemplars=np.array(by_strength, dtype=np.int64),
                    strength=strength,
                    score=row["score"],
                    reason=row["reason"],
                )
            )
    return found


def describe(stretch: Stretch, rows: Integers, strength: Mapping[str, float]) -> tuple[str, list[str]]:
    """Label and keywords of posts (rows, those that show them best first) whose telling terms are known."""
    terms = list(strength)
    words = keywords(terms, list(strength.values()), [1.0] * len(terms))
    chosen = stretch.posts.select(["clean_text", "tokens", "lemmas", "language"]).take(pa.array(rows[:_LABEL_TEXTS])).to_pylist()
    lemma_of = {token: lemma for post in chosen for token, lemma in zip(post["tokens"], post["lemmas"], strict=False)}
    languages = Counter(post["language"] for post in chosen)
    language = min(languages, key=lambda one: (-languages[one], one), default="und")
    text = label([post["clean_text"] for post in chosen], lemma_of, words, language=language)
    return text or ", ".join(list(words)[:3]) or "unnamed", list(words)


def verdict_at(
    stretch: Stretch, sighting: Sighting, rows: Integers, at: datetime, brands: Collection[str], catalogue: pa.Table | None
) -> Verdict:
    """Relevance and stress test of posts (``rows``, all published up to ``at``), from nothing that was published later."""
    hour = (at - timedelta(microseconds=1)).replace(minute=0, second=0, microsecond=0)
    end = (at - _EPOCH) // timedelta(microseconds=1)
    # What a brand's posts have in common shows in all posts of the day; without a brand only the candidate's own matter.
    first, last = np.searchsorted(stretch.times, [end - _DAY, end], "right").tolist()
    mine = stretch.posts.select(POST_COLUMNS).take(pa.array(rows))
    posts = stretch.posts.select(POST_COLUMNS).slice(first, last - first) if brands else mine
    assignments = _assigned(mine)
    topic = pa.table(
        {
            "hour": pa.array([hour], timestamp),
            "topic_id": [_ONE],
            "exemplar_posts": [stretch.keys.take(pa.array(sighting.exemplars)).to_pylist()],
            "centre_terms": [list(sighting.strength)],
        }
    )
    lanes = relevance(topic, posts, assignments, brands=brands, catalogue=catalogue, hours=[hour]).to_pylist()
    tests = stress_test(mine, assignments, hours=[hour]).to_pylist()
    lane: dict[str, Any] = lanes[0] if lanes else {"lane": "lifestyle", "lane_reason": "", "suppressed": False}
    test: dict[str, Any] = tests[0] if tests else {"noise": False, "grade": "insufficient data", "reason": "no post in the hour"}
    held_back = ""
    if lane["suppressed"]:
        held_back = f"Suppressed, {lane['lane_reason']}"
    elif test["noise"]:
        held_back = f"Suppressed, stress test: {test['reason']}"
    return Verdict(held_back, lane["lane"], lane["lane_reason"], test["grade"], test["reason"])


def _assigned(posts: pa.Table) -> pa.Table:
    """Assignments of all posts to one candidate."""
    table = TABLES["topics/topic_assignments"]
    count = posts.num_rows
    columns = {name: posts[name] for name in ("post_id", "network", "created_at")}
    constant = {"topic_id": _ONE, "assigned_by": "cluster"}
    columns |= {name: pa.repeat(pa.scalar(value), count) for name, value in constant.items()}
    columns |= {"story_id": pa.nulls(count, pa.string()), "similarity": pa.repeat(pa.scalar(1.0, pa.float32()), count)}
    return table.conform(pa.table(columns))
