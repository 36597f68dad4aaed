"""A small stream of topics as counts, for tests of the ranking: negative binomial noise under a daily and weekly rhythm.

What belongs here: counts and the tables made of them. What doesn't: posts (the simulated town makes those).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


@dataclass
class Stream:
    """``counts``: posts per topic and hour (topics, hours); ``authors`` likewise, one per post unless given otherwise."""

    counts: np.ndarray
    chatter: np.ndarray
    authors: dict[tuple[int, int], int] = field(default_factory=dict)
    groups: dict[tuple[int, int], int] = field(default_factory=dict)
    born: dict[int, int] = field(default_factory=dict)

    @property
    def hours(self) -> list[datetime]:
        return [hour(number) for number in range(self.counts.shape[1])]

    def volumes(self) -> pa.Table:
        return pa.table({"hour": pa.array(self.hours, pa.timestamp("us", "UTC")), "posts": self.counts.sum(axis=0) + self.chatter})

    def topic_hours(self) -> pa.Table:
        rows = []
        for topic, number in np.argwhere(self.counts > 0).tolist():
            posts = int(self.counts[topic, number])
            authors = self.authors.get((topic, number), posts)
            rows.append(
                {
                    "hour": hour(number),
                    "topic_id": f"topic{topic:04d}",
                    "posts": posts,
                    "reposts": 0,
                    "authors": authors,
                    "near_duplicate_groups": self.groups.get((topic, number), posts),
                    "french_posts": 0,
                    "english_posts": posts,
                    "top_author_share": (posts - authors + 1) / posts,
                }
            )
        return TABLES["topics/topic_hours"].from_rows(rows)

    def topics(self) -> pa.Table:
        rows = []
        for topic in range(self.counts.shape[0]):
            active = np.flatnonzero(self.counts[topic])
            for number in range(self.counts.shape[1]) if active.size else ():
                window = self.counts[topic, max(0, number - 23) : number + 1]
                if number < active[0] or not window.sum():
                    continue
                authors = [self.authors.get((topic, n), int(self.counts[topic, n])) for n in range(max(0, number - 23), number + 1)]
                rows.append(
                    {
                        "hour": hour(number),
                        "topic_id": f"topic{topic:04d}",
                        "label": f"label of {topic}",
                        "keywords": [f"word{topic}"],
                        "born_at": hour(self.born.get(topic, int(active[0]))),
                        "last_seen_at": hour(number),
                        "language": "en",
                        "window_posts": int(window.sum()),
                        "window_authors": max(authors),
                        "total_posts": int(window.sum()),
                        "exemplar_posts": [f"x:{topic}"],
                        "centre_terms": [],
                        "centre_weights": [],
                        "lifetime_terms": [],
                        "lifetime_weights": [],
                        "members": [],
                    }
                )
        return TABLES["topics/topics"].from_rows(rows)

    def inputs(self) -> dict[str, pa.Table]:
        return {"topic_hours": self.topic_hours(), "topics": self.topics(), "volumes": self.volumes()}


def noise(seed: int, *, topics: int = 40, hours: int = 24 * 14, dispersion: float = 0.1, chatter: int = 200) -> Stream:
    """Topics of 0.3 to 15 posts an hour that share one rhythm, and nothing else going on."""
    random = np.random.default_rng(seed)
    number = np.arange(hours)
    rhythm = (1 + 0.7 * np.sin(2 * np.pi * number / 24)) * (1 + 0.2 * (number // 24 % 7 >= 5))
    mean = np.exp(random.uniform(np.log(0.3), np.log(15), topics))[:, None] * rhythm
    counts = random.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean))
    return Stream(counts, random.poisson(chatter * rhythm))
