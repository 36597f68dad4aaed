"""From counts per topic and hour to ranked trends with stage, lane, forecast and reason.

What belongs here: :func:`rank_trends`, which puts the pieces of this folder together hour by hour.
What doesn't: the pieces (``expectations``, ``bursts``, ``terms``, ``discovery``, ``stages``, ``forecast`` ...), look-ups (``inputs``),
the words of a reason (``reasons``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.trends.bursts import deviance_residual, upper_tail
from trend_assets.lib.trends.cycles import HISTORY_HOURS
from trend_assets.lib.trends.discovery import benjamini_hochberg
from trend_assets.lib.trends.expectations import SCALES, Expectation, Topics, expectations
from trend_assets.lib.trends.forecast import forecast
from trend_assets.lib.trends.history import Collected, Floats, Integers, TopicHistory, VolumeHistory, hour_start, sorted_hours
from trend_assets.lib.trends.inputs import Memory, Registry
from trend_assets.lib.trends.lanes import suppression
from trend_assets.lib.trends.reasons import Evidence, trend_reason
from trend_assets.lib.trends.seasons import LastYear
from trend_assets.lib.trends.stages import course, stages
from trend_assets.lib.trends.verdicts import Verdicts
from trend_assets.tables import TABLES

KEPT_HOURS = 24
"""A topic that was an alert keeps its row for a day, suppressed where it is no longer one, so that its end is on record."""
FORGOTTEN_HOURS = 24
"""After so many hours of which less than half was collected every topic is new, as no post of the day before is left."""


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
    last_year: pa.Table | None = None,
    stress: pa.Table | None = None,
    relevance: pa.Table | None = None,
    collected: pa.Table | None = None,
    minimum_authors: int = 5,
    false_discovery_rate: float = 0.05,
    largest_repetition: float = 0.5,
    smallest_originality: float = 0.34,
    warm_up_hours: int = 6,
) -> pa.Table:
    """Rows of ``topics/trends`` for ``hours`` (aware, on the hour), sorted by hour and rank.

    ``topic_hours`` and ``volumes`` (columns ``hour``, ``posts``: see ``lanes.hour_volumes``) cover the hours and up to 28
    days before; ``topics`` is the registry of each of the hours; ``previous_trends`` the trends of up to 28 days before.
    Rows after an hour never change its result, nor do rows more than 28 days older.

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

    ``last_year``: rows of ``topics/trends`` a year before (see ``seasons``), for stage ``seasonal``. ``stress`` (columns ``hour``,
    ``topic_id``, ``grade``, ``reason``, ``discount``) multiplies a topic's score by its discount and suppresses it, with the reason, where
    that is 0. ``relevance`` (``hour``, ``topic_id``, ``lane``, ``lane_reason``, ``suppressed``) decides the lane, and suppresses with its
    reason. Both are looked up: a topic without a row is taken as it is, in the lane ``lifestyle``.

    Forecasts (see ``forecast``) rest on the alerts of ``previous_trends`` and of earlier hours of the range.

    ``collected``: hours of which only a share was collected (see ``collected.py``; any without a row was collected whole). Such an hour
    expects, and teaches, no more than its share; an hour with less than half of it teaches nothing and ends no trend.

    Topics as old as the loaded history (born in its first ``warm_up_hours``) may be older: their windows are judged once
    as many hours lie before them, so a new lake raises nothing in its first hours. The same holds after a day of which nothing was
    collected: no topic outlives it.

    Raises ``ValueError`` for naive hours, negative volumes, or several verdicts on one topic and hour.
    """
    rules = TrendRules(minimum_authors, false_discovery_rate, largest_repetition, smallest_originality, warm_up_hours)
    wanted = sorted_hours(hours)
    known = VolumeHistory(volumes, Collected(collected))
    ranking = _Ranking.of(topic_hours, topics, known, terms, LastYear(last_year), Verdicts(stress, relevance), rules)
    ranking.memory.recall(previous_trends, int(wanted[0]) if wanted.size else 0, ranking.history)
    parts = [part for hour in wanted.tolist() if (part := ranking.of_hour(hour)) is not None]
    table = TABLES["topics/trends"]
    return table.conform(pa.concat_tables(parts)) if parts else table.empty()


@dataclass(frozen=True)
class _Tests:
    """Every living topic of an hour as tested, arrays (n,); of each scale (scales, n).

    ``rows``: in the registry; ``kept``: was an alert within a day; ``by_terms``: its words tell more than its counts.
    """

    hour: int
    rows: Integers
    position: Integers
    life: Integers
    posts_24h: Integers
    kept: npt.NDArray[np.bool_]
    scales: list[Expectation]
    hourly_z: Floats
    z: Floats
    tails: Floats
    by_terms: npt.NDArray[np.bool_]
    p_value: Floats
    q_value: Floats


@dataclass(frozen=True)
class _Window:
    """The most telling window of each chosen topic, arrays (m,): length, posts, expectation, volume of the others, z."""

    hours: Integers
    posts: Integers
    expected: Floats
    volume: Floats
    z: Floats


@dataclass(frozen=True)
class _Ranking:
    """The tables as look-ups, and the hour by hour ranking over them; ``memory`` goes on from hour to hour."""

    volumes: VolumeHistory
    history: TopicHistory
    registry: Registry
    last_year: LastYear
    verdicts: Verdicts
    rules: TrendRules
    memory: Memory = field(default_factory=Memory)

    @classmethod
    def of(
        cls,
        topic_hours: pa.Table,
        topics: pa.Table,
        volumes: VolumeHistory,
        terms: pa.Table | None,
        last_year: LastYear,
        verdicts: Verdicts,
        rules: TrendRules,
    ) -> _Ranking:
        """From the tables of ``rank_trends``."""
        history = TopicHistory(topic_hours, volumes)
        return cls(volumes, history, Registry(topics, history, terms), last_year, verdicts, rules)

    def of_hour(self, hour: int) -> pa.Table | None:
        """Trend rows of one hour, in rank order. Reads nothing outside [hour - 28 days, hour]; notes its rows in ``memory``."""
        tests = self._test(hour)
        if tests is None:
            return None
        significant = (tests.q_value <= self.rules.false_discovery_rate) & ((tests.z.max(axis=0) > 0) | tests.by_terms)
        chosen = np.flatnonzero(significant | tests.kept)
        return self._rows(tests, chosen, significant[chosen]) if chosen.size else None

    def _test(self, hour: int) -> _Tests | None:
        """The tests of every living topic; None where there is none."""
        registry, history, rules = self.registry, self.history, self.rules
        rows = registry.rows_of(hour)
        posts_24h = history.total("posts", registry.position[rows], hour - 23, hour + 1)
        never = hour - HISTORY_HOURS
        last_alert = np.array([self.memory.last_alert.get(name, never) for name in registry.names_of(rows)], dtype=np.int64)
        kept = hour - last_alert <= KEPT_HOURS
        living = (posts_24h > 0) | kept
        rows, posts_24h, kept = rows[living], posts_24h[living], kept[living]
        if not rows.size:
            return None
        position = registry.position[rows]
        born = np.minimum(registry.born[rows], hour)
        # The registry's window counts reposts too: of what it has and we did not count, our own proportion is taken to be posts.
        counted = posts_24h + history.total("reposts", position, hour - 23, hour + 1)
        inherited = np.maximum(registry.window_posts[rows] - counted, 0) * posts_24h // np.maximum(counted, 1)
        scales = expectations(Topics(position, born, inherited), history, self.volumes, hour)

        z = np.stack([deviance_residual(scale.posts, scale.expected, scale.size) for scale in scales])
        hourly_z = z[0]
        tails = np.stack([upper_tail(scale.posts, scale.expected, scale.size) for scale in scales])
        # What is as old as our history may be much older: it is judged against a past of ours, never as a birth.
        resumed = self.volumes.collected.resumed(hour + 1, FORGOTTEN_HOURS)
        beginning = max(self.volumes.first, hour - HISTORY_HOURS, hour - HISTORY_HOURS if resumed is None else resumed)
        beginning += rules.warm_up_hours
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
        return _Tests(hour, rows, position, life, posts_24h, kept, scales, hourly_z, z, tails, by_terms, p_value, q_value)

    def _window(self, tests: _Tests, chosen: Integers) -> _Window:
        """The window with the smallest tail probability; where the words tell most, the day that they were counted over."""
        by_terms = tests.by_terms[chosen]
        best = np.where(by_terms, len(SCALES) - 1, tests.tails[:, chosen].argmin(axis=0))
        take = (best, np.arange(chosen.size))
        hours, posts, expected, volume = (
            np.stack([np.asarray(getattr(scale, name))[chosen] for scale in tests.scales])[take]
            for name in ("hours", "posts", "expected", "volume")
        )
        z = tests.z[:, chosen][take]
        if by_terms.any():
            told = tests.rows[chosen]
            z = np.where(by_terms, self.registry.term_z[told], z)
            expected = np.where(by_terms, np.minimum(posts / np.maximum(self.registry.term_ratio[told], 1.0), posts), expected)
        return _Window(hours, posts, expected, volume, z)

    def _rows(self, tests: _Tests, chosen: Integers, significant: npt.NDArray[np.bool_]) -> pa.Table:
        """The Arrow rows of the chosen topics in rank order."""
        hour, history, rows, position = tests.hour, self.history, tests.rows[chosen], tests.position[chosen]
        names = self.registry.names_of(rows)
        window = self._window(tests, chosen)
        start = hour + 1 - window.hours
        some = np.maximum(window.posts, 1)
        repeated = history.total("repeated", position, start, hour + 1) / some
        originality = np.where(window.posts > 0, np.minimum(history.total("groups", position, start, hour + 1) / some, 1.0), 1.0)
        moved = course(position, history, self.volumes, hour)
        stress = self.verdicts.stress(hour, names)
        discount = np.array([one.discount for one in stress])
        gained = np.maximum(window.posts - window.expected, 0.0) / np.maximum(window.volume + window.posts, 1.0)
        score = np.maximum(window.z, 0.0) * 1000.0 * gained * (1.0 - repeated) * originality * moved.position * discount
        score = np.round(score, 9)

        authors = history.total("authors", position, hour, hour + 1)
        # Distinct authors of the day are at most the sum over its hours and at most those of the registry's window.
        authors_24h = history.total("authors", position, hour - 23, hour + 1)
        posts = tests.scales[0].posts[chosen]
        by_rule = suppression(
            significant=significant,
            posts=posts,
            authors=np.maximum(authors, np.minimum(authors_24h, self.registry.window_authors[rows])),
            repetition=repeated,
            originality=originality,
            minimum_authors=self.rules.minimum_authors,
            largest_repetition=self.rules.largest_repetition,
            smallest_originality=self.rules.smallest_originality,
            posts_per_author=tests.posts_24h[chosen] / np.maximum(authors_24h, 1),
        )
        lanes, why_not = self._lanes(hour, names, by_rule)
        suppressed = np.array([bool(why) for why in why_not])
        order = np.lexsort((self.registry.codes[rows], -score, suppressed))
        taken = self.registry.table.select(["topic_id", "label", "keywords", "exemplar_posts"]).take(pa.array(rows))
        seasons = self.last_year.matches(hour, taken["keywords"].to_pylist())
        stage = stages(moved, tests.life[chosen], window.z, np.array([season is not None for season in seasons]))
        words = self.registry.words_of(rows)
        evidence = Evidence(
            posts=posts,
            authors=authors,
            expected=tests.scales[0].expected[chosen],
            z=tests.hourly_z[chosen],
            window_hours=window.hours,
            window_posts=window.posts,
            window_expected=window.expected,
            window_z=window.z,
            top_author_posts=history.total("repeated", position, hour, hour + 1) + 1,
            originality=originality,
            words=[word if told else None for word, told in zip(words, tests.by_terms[chosen].tolist(), strict=True)],
            moved=moved,
            stage=stage,
            seasons=seasons,
            collected=self.volumes.collected.share(hour, hour + 1).item(),
            window_collected=self.volumes.collected.share(start, hour + 1),
        )
        columns: dict[str, Any] = {
            "stage": stage,
            "suppressed": suppressed,
            "score": score,
            "burst_z": evidence.z,
            "p_value": tests.p_value[chosen],
            "q_value": tests.q_value[chosen],
            "posts": posts,
            "expected_posts": evidence.expected,
            "authors": authors,
            "posts_24h": tests.posts_24h[chosen],
            "authors_24h": authors_24h,
            "growth_6h": moved.growth,
            "novel_term": pa.array(words, pa.string()),
            "novelty": pa.array(self.registry.novelty_of(rows), pa.float64()),
            "grade": pa.array([one.grade for one in stress], pa.string()),
            "grade_reason": pa.array([one.reason for one in stress], pa.string()),
            "lane": pa.array(lanes, pa.string()),
            "reason": pa.array([trend_reason(evidence, place, why) for place, why in enumerate(why_not)], pa.string()),
            "first_raised_at": pa.array(self._first_raised(hour, names, suppressed)),
            "hour": pa.array([hour_start(hour)] * chosen.size),
            **self._forecasts(hour, position),
            **{name: taken[name] for name in taken.column_names},
        }
        self.memory.cases.note(hour, position[~suppressed])
        ranked = pa.table(columns).take(pa.array(order))
        ranked = ranked.append_column("rank", pa.array(np.arange(1, chosen.size + 1, dtype=np.int32)))
        return TABLES["topics/trends"].conform(ranked)

    def _lanes(self, hour: int, names: list[str], by_rule: npt.NDArray[np.str_]) -> tuple[list[str], list[str]]:
        """Lane of each topic and why it is no alert, "" where it is one: the first of our rules, its relevance, its stress test."""
        verdicts = zip(self.verdicts.relevance(hour, names), self.verdicts.stress(hour, names), strict=True)
        lanes, why_not = [], []
        for number, (relevance, stress) in enumerate(verdicts):
            why = str(by_rule[number])
            if not why and relevance is not None and relevance.suppressed:
                why = relevance.reason or "not relevant"
            if not why and stress.discount == 0.0:
                why = stress.reason or "fails the stress test"
            lane = relevance.lane if relevance is not None else "lifestyle"
            lanes.append("noise" if why else lane)
            why_not.append(why)
        return lanes, why_not

    def _first_raised(self, hour: int, names: list[str], suppressed: npt.NDArray[np.bool_]) -> list[datetime]:
        """When each topic first was an alert; notes the rows in the memory."""
        first = []
        for name, hidden in zip(names, suppressed.tolist(), strict=True):
            since = self.memory.first(name, hour)
            self.memory.note(name, hour, since, alert=not hidden)
            first.append(hour_start(since))
        return first

    def _forecasts(self, hour: int, position: Integers) -> dict[str, Any]:
        """The forecast columns."""
        columns: dict[str, Any] = {}
        for horizon, ahead in forecast(position, hour, self.history, self.volumes, self.memory.cases).items():
            columns |= {
                f"forecast_posts_{horizon}h": ahead.posts,
                f"forecast_low_{horizon}h": ahead.low,
                f"forecast_high_{horizon}h": ahead.high,
            }
        return columns
