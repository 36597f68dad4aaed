"""From counts per topic and hour to ranked trends with stage, lane and reason.

What belongs here: :func:`rank_trends`, which puts the pieces of this folder together hour by hour.
What doesn't: the pieces (``expectations``, ``bursts``, ``terms``, ``discovery``, ``stages`` ...), the words of a reason (``reasons``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.trends.bursts import deviance_residual, upper_tail
from trend_assets.lib.trends.cycles import HISTORY_HOURS
from trend_assets.lib.trends.discovery import benjamini_hochberg
from trend_assets.lib.trends.expectations import SCALES, Topics, expectations
from trend_assets.lib.trends.history import (
    Floats,
    Integers,
    TopicHistory,
    VolumeHistory,
    encode,
    hour_numbers,
    hour_start,
    integers,
    sorted_hours,
)
from trend_assets.lib.trends.lanes import BRAND_SHARE, suppression
from trend_assets.lib.trends.reasons import Evidence, trend_reason
from trend_assets.lib.trends.stages import course, stages
from trend_assets.tables import TABLES

KEPT_HOURS = 24
"""A topic that was an alert keeps its row for a day, suppressed where it is no longer one, so that its end is on record."""


@dataclass(frozen=True)
class TrendRules:
    """What makes an alert.

    ``largest_repetition``: share of a window's posts that the hourly top authors posted beyond their first;
    ``smallest_originality``: near-duplicate groups per post; ``warm_up_hours``: see :func:`rank_trends`; ``smallest_term_z``:
    how new a word must be; ``young_hours``: age up to which a topic must be about a new word.
    """

    minimum_authors: int = 5
    false_discovery_rate: float = 0.05
    largest_repetition: float = 0.5
    smallest_originality: float = 0.34
    warm_up_hours: int = 6
    smallest_term_z: float = 4.0
    young_hours: int = 7 * 24


def rank_trends(
    hours: Sequence[datetime],
    *,
    topic_hours: pa.Table,
    topics: pa.Table,
    volumes: pa.Table,
    previous_trends: pa.Table | None = None,
    terms: pa.Table | None = None,
    brand_posts: pa.Table | None = None,
    brand_terms: Collection[str] = (),
    minimum_authors: int = 5,
    false_discovery_rate: float = 0.05,
    largest_repetition: float = 0.5,
    smallest_originality: float = 0.34,
    warm_up_hours: int = 6,
) -> pa.Table:
    """Rows of ``topics/trends`` for ``hours`` (aware, on the hour), sorted by hour and rank.

    ``topic_hours`` and ``volumes`` (columns ``hour``, ``posts``: see ``lanes.hour_volumes``) cover the hours and up to 28
    days before; ``topics`` is the registry of each of the hours; ``previous_trends`` the trends of up to 28 days before.
    ``brand_posts`` (see ``lanes.brand_counts``) covers the hours and a day before; ``brand_terms`` are looked for in labels
    and keywords as well. Rows after an hour never change its result, nor do rows more than 28 days older.

    Each hour tests every living topic with a post in the last 24 hours. Its posts in the last 1, 6 and 24 hours are
    compared with their expectation; the smallest of the tail probabilities, times the number of windows that differ
    (Bonferroni), is ``p_value``; ``q_value`` is Benjamini-Hochberg over
    the hour's topics, those that were an alert in the last 24 hours apart from the others. ``burst_z`` and
    ``expected_posts`` are those of the hour itself. Score: z of the most telling window, times the per mille of all its
    posts that the topic got beyond expectation, times the share of posts that are neither copies nor an author's
    repetitions, times present attention against the topic's own peak.
    A row is written for every significant topic and, for 24 hours, for one that was an alert. It is an alert unless
    suppressed: not significant, no post in the hour, fewer than ``minimum_authors`` (in the hour or the
    registry's window), one author dominating, or mostly copies.

    ``terms`` (see ``terms.term_novelty``, of the same rows as ``topics``) adds the novelty of a topic's words as one more test,
    and asks it of topics younger than a week: everyday talk clusters anew every day, in words that were there before.

    Topics as old as the loaded history (born in its first ``warm_up_hours``) may be older: their windows are judged once
    as many hours lie before them, so a new lake raises nothing in its first hours.

    Raises ``ValueError`` for naive hours or negative volumes.
    """
    rules = TrendRules(minimum_authors, false_discovery_rate, largest_repetition, smallest_originality, warm_up_hours)
    wanted = sorted_hours(hours)
    volume_history = VolumeHistory(volumes)
    history = TopicHistory(topic_hours, volume_history)
    registry = _Registry(topics, history, brand_terms, terms)
    brands = _BrandPosts(brand_posts, registry)
    memory = _Memory.of(previous_trends, int(wanted[0]) if wanted.size else 0)
    parts: list[pa.Table] = []
    for hour in wanted.tolist():
        rows = registry.rows_of(hour)
        if rows.size:
            part = _rank_hour(hour, rows, registry, history, volume_history, brands, memory, rules)
            parts.append(part)
    table = TABLES["topics/trends"]
    return table.conform(pa.concat_tables(parts)) if parts else table.empty()


class _Registry:
    """The registry rows of all hours, sorted by hour and topic, with arrays of what the statistics need."""

    def __init__(self, topics: pa.Table, history: TopicHistory, brand_terms: Collection[str], terms: pa.Table | None = None) -> None:
        if terms is not None:
            novelty = terms.select(["term", "z", "p_value", "ratio"]).rename_columns(["term", "term_z", "term_p_value", "term_ratio"])
            topics = pa.table(
                {**{name: topics[name] for name in topics.column_names}, **{name: novelty[name] for name in novelty.column_names}}
            )
        self.table = topics.sort_by([("hour", "ascending"), ("topic_id", "ascending")]).combine_chunks()
        self.hours = hour_numbers(self.table["hour"])
        self.codes, self.names = encode(self.table["topic_id"])
        of_name = np.array([history.position.get(name, -1) for name in self.names], dtype=np.int64)
        self.position = of_name[self.codes] if self.names else self.codes
        self.born = hour_numbers(self.table["born_at"])
        self.window_posts = integers(self.table["window_posts"])
        self.window_authors = integers(self.table["window_authors"])
        self.term_z, self.term_p_value, self.term_ratio = (
            np.asarray(self.table[name], dtype=np.float64) if terms is not None else np.zeros(0)
            for name in ("term_z", "term_p_value", "term_ratio")
        )
        self.words: list[str | None] = self.table["term"].to_pylist() if terms is not None else []
        self.brand_terms = frozenset(term.strip().lower() for term in brand_terms if term.strip())

    def rows_of(self, hour: int) -> Integers:
        """Row numbers of the registry after ``hour``."""
        return np.arange(np.searchsorted(self.hours, hour, "left"), np.searchsorted(self.hours, hour, "right"), dtype=np.int64)

    def names_of(self, rows: Integers) -> list[str]:
        """Topic ids of registry rows."""
        return [self.names[code] for code in self.codes[rows].tolist()]

    def names_a_brand(self, label: str, keywords: list[str]) -> bool:
        """Whether the label or a keyword is or holds a brand term as whole words."""
        if not self.brand_terms:
            return False
        texts = [f" {text.lower().lstrip('#')} " for text in (label, *keywords)]
        return any(f" {term} " in text or text == f" {term.replace(' ', '')} " for term in self.brand_terms for text in texts)


class _BrandPosts:
    """Posts and brand-naming posts of a topic in the last 24 hours; nothing where the caller gave none."""

    def __init__(self, brand_posts: pa.Table | None, registry: _Registry) -> None:
        place = {name: number for number, name in enumerate(registry.names)}
        self.topics = len(place)
        table = brand_posts.sort_by("hour") if brand_posts is not None else None
        names = table["topic_id"].to_pylist() if table is not None else []
        code = np.array([place.get(name, -1) for name in names], dtype=np.int64)
        known = code >= 0
        self.codes = code[known]
        self.hours = hour_numbers(table["hour"])[known] if table is not None else code
        self.posts = integers(table["posts"])[known] if table is not None else code
        self.brand = integers(table["brand_posts"])[known] if table is not None else code

    def share(self, hour: int, codes: Integers) -> Floats:
        """Share (n,) of the topics' posts in the 24 hours up to ``hour`` that name a brand."""
        rows = slice(np.searchsorted(self.hours, hour - 23, "left"), np.searchsorted(self.hours, hour, "right"))
        posts = np.bincount(self.codes[rows], self.posts[rows], self.topics)
        brand = np.bincount(self.codes[rows], self.brand[rows], self.topics)
        return brand[codes] / np.maximum(posts[codes], 1.0)


@dataclass
class _Memory:
    """When each topic was last an alert, and since when it has been known as one: carried from hour to hour."""

    last_alert: dict[str, int] = field(default_factory=dict)
    first_alert: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Topic to (first hour as an alert, last hour of a row that says so)."""

    @classmethod
    def of(cls, previous: pa.Table | None, before: int) -> _Memory:
        memory = cls()
        if previous is None or not previous.num_rows:
            return memory
        table = previous.select(["hour", "topic_id", "suppressed", "first_raised_at"]).sort_by("hour")
        rows = zip(
            hour_numbers(table["hour"]).tolist(),
            table["topic_id"].to_pylist(),
            table["suppressed"].to_pylist(),
            hour_numbers(table["first_raised_at"]).tolist(),
            strict=True,
        )
        for hour, topic, suppressed, first in rows:
            if hour < before:
                memory.note(topic, hour, first, alert=not suppressed)
        return memory

    def note(self, topic: str, hour: int, first: int, *, alert: bool) -> None:
        """Remember a row."""
        if alert:
            self.last_alert[topic] = hour
        if alert or first < hour:
            self.first_alert[topic] = (first, hour)

    def first(self, topic: str, hour: int) -> int:
        """First hour in which the topic was an alert; ``hour`` where it was not in the last 28 days."""
        first, noted = self.first_alert.get(topic, (hour, hour))
        return first if hour - noted <= HISTORY_HOURS else hour


def _rank_hour(
    hour: int,
    rows: Integers,
    registry: _Registry,
    history: TopicHistory,
    volumes: VolumeHistory,
    brands: _BrandPosts,
    memory: _Memory,
    rules: TrendRules,
) -> pa.Table:
    """Trend rows of one hour, in rank order. Reads nothing outside [hour - 28 days, hour]; notes its rows in ``memory``."""
    posts_24h = history.total("posts", registry.position[rows], hour - 23, hour + 1)
    last_alert = np.array([memory.last_alert.get(name, hour - HISTORY_HOURS) for name in registry.names_of(rows)], dtype=np.int64)
    kept = hour - last_alert <= KEPT_HOURS
    living = (posts_24h > 0) | kept
    rows, posts_24h, kept = rows[living], posts_24h[living], kept[living]
    if not rows.size:
        return TABLES["topics/trends"].empty()
    position = registry.position[rows]
    born = np.minimum(registry.born[rows], hour)
    # The registry's window counts reposts too: of what it has and we did not count, our own proportion is taken to be posts.
    counted = posts_24h + history.total("reposts", position, hour - 23, hour + 1)
    inherited = np.maximum(registry.window_posts[rows] - counted, 0) * posts_24h // np.maximum(counted, 1)
    scales = expectations(Topics(position, born, inherited), history, volumes, hour)

    z = np.stack([deviance_residual(scale.posts, scale.expected, scale.size) for scale in scales])
    hourly_z = z[0]
    tails = np.stack([upper_tail(scale.posts, scale.expected, scale.size) for scale in scales])
    # What is as old as our history may be much older: it is judged against a past of ours, never as a birth.
    beginning = max(volumes.first, hour - HISTORY_HOURS) + rules.warm_up_hours
    life = hour - born + 1
    judged = np.stack([(born >= beginning) | (life - scale.hours >= rules.warm_up_hours) for scale in scales])
    judged[1:] &= np.stack([scales[n].hours > scales[n - 1].hours for n in range(1, len(scales))])
    tails = np.where(judged, tails, 1.0)
    z = np.where(judged, z, np.minimum(z, 0.0))
    tests = judged.sum(axis=0)
    smallest = tails.min(axis=0)
    by_terms = np.zeros(rows.size, dtype=bool)
    if registry.term_z.size:
        term_p_value, term_z = registry.term_p_value[rows], registry.term_z[rows]
        by_terms = (term_p_value < smallest) & (term_z >= rules.smallest_term_z)
        old_words = (life <= rules.young_hours) & (term_z < rules.smallest_term_z)
        smallest = np.where(by_terms, term_p_value, np.where(old_words, 1.0, smallest))
        tests = tests + 1
    p_value = np.minimum(smallest * np.maximum(tests, 1), 1.0)
    # Two families (stratified control, Sun et al. 2006): a known trend that goes on need not compete with every new one.
    q_value = np.empty_like(p_value)
    for family in (kept, ~kept):
        q_value[family] = benjamini_hochberg(p_value[family])
    significant = (q_value <= rules.false_discovery_rate) & ((z.max(axis=0) > 0) | by_terms)
    chosen = np.flatnonzero(significant | kept)
    if not chosen.size:
        return TABLES["topics/trends"].empty()
    by_terms = by_terms[chosen]
    # Where the words tell most, the window is the day that they were counted over.
    best = np.where(by_terms, len(SCALES) - 1, tails[:, chosen].argmin(axis=0))
    picked = _Picked(hour, rows[chosen], position[chosen], born[chosen], best)
    take = (best, np.arange(chosen.size))
    window_hours, window_posts, window_expected, window_volume = (
        np.stack([np.asarray(getattr(scale, name))[chosen] for scale in scales])[take] for name in ("hours", "posts", "expected", "volume")
    )
    window_z = z[:, chosen][take]
    if by_terms.any():
        told = rows[chosen]
        window_z = np.where(by_terms, registry.term_z[told], window_z)
        window_expected = np.where(
            by_terms, np.minimum(window_posts / np.maximum(registry.term_ratio[told], 1.0), window_posts), window_expected
        )
    start = hour + 1 - window_hours
    some = np.maximum(window_posts, 1)
    repetition = history.total("repeated", picked.position, start, hour + 1) / some
    originality = np.where(window_posts > 0, np.minimum(history.total("groups", picked.position, start, hour + 1) / some, 1.0), 1.0)
    moved = course(picked.position, history, volumes, hour)
    gained = np.maximum(window_posts - window_expected, 0.0) / np.maximum(window_volume + window_posts, 1.0)
    score = np.maximum(window_z, 0.0) * 1000.0 * gained * (1.0 - repetition) * originality * moved.position
    score = np.round(score, 9)

    authors = history.total("authors", picked.position, hour, hour + 1)
    # Distinct authors of the day are at most the sum over its hours and at most those of the registry's window.
    authors_24h = history.total("authors", picked.position, hour - 23, hour + 1)
    why_not = suppression(
        significant=significant[chosen],
        posts=scales[0].posts[chosen],
        authors=np.maximum(authors, np.minimum(authors_24h, registry.window_authors[picked.rows])),
        repetition=repetition,
        originality=originality,
        minimum_authors=rules.minimum_authors,
        largest_repetition=rules.largest_repetition,
        smallest_originality=rules.smallest_originality,
        posts_per_author=posts_24h[chosen] / np.maximum(authors_24h, 1),
    )
    suppressed = why_not != ""
    order = np.lexsort((registry.codes[picked.rows], -score, suppressed))
    columns: dict[str, Any] = {
        "stage": stages(moved, life[chosen], window_z),
        "suppressed": suppressed,
        "score": score,
        "burst_z": hourly_z[chosen],
        "p_value": p_value[chosen],
        "q_value": q_value[chosen],
        "posts": scales[0].posts[chosen],
        "expected_posts": scales[0].expected[chosen],
        "authors": authors,
        "posts_24h": posts_24h[chosen],
        "authors_24h": authors_24h,
        "growth_6h": moved.growth,
    }
    evidence = Evidence(
        posts=columns["posts"],
        authors=authors,
        expected=columns["expected_posts"],
        z=columns["burst_z"],
        window_hours=window_hours,
        window_posts=window_posts,
        window_expected=window_expected,
        window_z=window_z,
        growth=moved.growth,
        top_author_posts=history.total("repeated", picked.position, hour, hour + 1) + 1,
        originality=originality,
        words=[registry.words[row] if told else None for row, told in zip(rows[chosen].tolist(), by_terms.tolist(), strict=True)],
    )
    return _assemble(picked, order, columns, why_not, evidence, registry, brands, memory)


@dataclass(frozen=True)
class _Picked:
    """The topics of an hour that get a row: row in the registry, place in the history, birth, most telling window."""

    hour: int
    rows: Integers
    position: Integers
    born: Integers
    best: Integers


def _assemble(
    picked: _Picked,
    order: Integers,
    columns: dict[str, Any],
    why_not: npt.NDArray[np.str_],
    evidence: Evidence,
    registry: _Registry,
    brands: _BrandPosts,
    memory: _Memory,
) -> pa.Table:
    """The Arrow rows of an hour in rank order, with label, lane, reason and the hour the topic was first an alert."""
    rows = picked.rows[order]
    taken = registry.table.select(["topic_id", "label", "keywords", "exemplar_posts"]).take(pa.array(rows))
    names, labels, keywords = (taken[name].to_pylist() for name in ("topic_id", "label", "keywords"))
    brand_share = brands.share(picked.hour, registry.codes[rows])
    lanes, reasons, first = [], [], []
    for number, place in enumerate(order.tolist()):
        hidden = bool(columns["suppressed"][place])
        ours = brand_share[number] >= BRAND_SHARE or registry.names_a_brand(labels[number], keywords[number])
        lanes.append("noise" if hidden else "brand" if ours else "lifestyle")
        reasons.append(trend_reason(evidence, place, str(why_not[place])))
        since = memory.first(names[number], picked.hour)
        memory.note(names[number], picked.hour, since, alert=not hidden)
        first.append(hour_start(since))
    count = len(rows)
    data: dict[str, Any] = {name: pa.array(values[order]) for name, values in columns.items()}
    data |= {
        "hour": pa.array([hour_start(picked.hour)] * count),
        "rank": pa.array(np.arange(1, count + 1, dtype=np.int32)),
        "lane": pa.array(lanes, pa.string()),
        "reason": pa.array(reasons, pa.string()),
        "first_raised_at": pa.array(first),
        **{name: taken[name] for name in taken.column_names},
    }
    return TABLES["topics/trends"].conform(pa.table(data))
