"""What is posted each day: time, author, topic or trend, kind and what it refers to, as arrays.

What belongs here: the plan of posts. What doesn't: their texts (``compose.py``), their records (``wire_*.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trend_assets.lib.simulation.authors import REGIONS, Authors
from trend_assets.lib.simulation.opinions import NO_OPINION, plan_opinions
from trend_assets.lib.simulation.planted import RETAIL_KINDS, PlantedTrend, planted_trends
from trend_assets.lib.simulation.rhythm import (
    BACKGROUND,
    COMMUNITIES,
    ZONES,
    chatter_times,
    day_weights,
    is_weekend,
    topic_distribution,
    trend_times,
)
from trend_assets.lib.simulation.town import MICROSECONDS_PER_HOUR, TownParameters, stream

POST, REPLY, QUOTE, REPOST = range(4)
KINDS = ("post", "reply", "quote", "repost")
NO_TREND = -1
NO_TARGET = -1

# Shares of reply, quote and repost by kind of trend; the rest are posts.
_KIND_SHARES: dict[str, tuple[float, float, float]] = {
    "giveaway": (0.0, 0.0, 0.4),
    "bots": (0.0, 0.0, 0.25),
    "resale": (0.0, 0.0, 0.0),
    "news": (0.08, 0.03, 0.25),
}
_USUAL_TREND_SHARES = (0.12, 0.03, 0.19)
# Days that the planted sizes are meant for: a shorter town gets the same posts a day, not the same posts.
_PLANTED_DAYS = 30


@dataclass
class DayOfPosts:
    """One day's posts in time order, arrays of equal length.

    ``trend`` indexes the town's planted trends (``NO_TREND``: chatter), ``topic`` everyday topics. ``target`` indexes the day
    before and this day joined together (``NO_TARGET``: none). ``seed`` decides the text. ``opinion`` indexes
    ``opinions.SENTIMENTS``, of posts about the retailer itself (``NO_OPINION``: the others).
    """

    time: np.ndarray
    author: np.ndarray
    trend: np.ndarray
    topic: np.ndarray
    kind: np.ndarray
    bluesky: np.ndarray
    french: np.ndarray
    target: np.ndarray
    seed: np.ndarray
    opinion: np.ndarray

    def __len__(self) -> int:
        return len(self.time)


class PostPlanner:
    """Plans the posts of the town, day after day in order."""

    def __init__(self, parameters: TownParameters, authors: Authors, trends: tuple[PlantedTrend, ...]) -> None:
        self._parameters = parameters
        self._authors = authors
        self._trends = trends
        self._topics = topic_distribution()
        ordinary = authors.activity
        self._zone_members = [np.flatnonzero((authors.zone == index) & (ordinary > 0)) for index in range(len(ZONES))]
        self._zone_cumulative = [np.cumsum(ordinary[members]) for members in self._zone_members]
        self._trend_times = [trend_times(parameters, trend, count) for trend, count in zip(trends, self.trend_posts(), strict=True)]
        planted = sum(map(len, self._trend_times))
        chatter = max(0, parameters.posts - planted)
        self._day_edges = np.round(np.concatenate([[0.0], np.cumsum(day_weights(parameters))]) * chatter).astype(np.int64)
        self._yesterday: DayOfPosts | None = None

    def trend_posts(self) -> list[int]:
        """Posts planned for each trend, in proportion to its size and to the part of its course that is simulated."""
        parameters = self._parameters
        meant_for = _planted_days(parameters)
        fine = np.arange(0.0, meant_for, 0.01)
        courses = [trend.course(fine) for trend in self._trends]
        inside = [course[fine < parameters.days].sum() / max(course.sum(), 1e-9) for course in courses]
        budget = parameters.posts * meant_for / min(parameters.days, meant_for)
        counts = []
        for trend, part in zip(self._trends, inside, strict=True):
            news = trend.kind == "news"
            total = sum(other.size for other in _whole_family(self._parameters) if (other.kind == "news") == news)
            share = parameters.news_share if news else parameters.trend_share
            counts.append(round(budget * share * trend.size / total * part))
        return counts

    def plan(self, day: int) -> DayOfPosts:
        """The posts of ``day`` (0 is the first). Raises ``ValueError`` when days are not asked for in order."""
        if (self._yesterday is None) != (day == 0):
            raise ValueError("days are planned in order, from 0")
        today = _joined([self._chatter(day), *(self._planted(day, index) for index in range(len(self._trends)))])
        self._refer(day, today)
        own = (today.kind == POST) & (today.trend == NO_TREND)
        today.opinion[:] = plan_opinions(self._parameters, day, own, today.author)
        self._yesterday = today
        return today

    def _chatter(self, day: int) -> DayOfPosts:
        parameters, authors = self._parameters, self._authors
        rng = stream(parameters, "chatter", day)
        count = int(self._day_edges[day + 1] - self._day_edges[day])
        shares = np.array([cumulative[-1] for cumulative in self._zone_cumulative])
        time, zone = chatter_times(parameters, day, count, shares / shares.sum())
        author = np.empty(count, np.int64)
        where = rng.random(count)
        for index, (members, cumulative) in enumerate(zip(self._zone_members, self._zone_cumulative, strict=True)):
            chosen = zone == index
            author[chosen] = members[np.searchsorted(cumulative, where[chosen] * cumulative[-1], side="right").clip(max=len(members) - 1)]
        local_hour = (time // MICROSECONDS_PER_HOUR + np.array(ZONES)[zone]) % 24
        chances = self._topics[authors.community[author], local_hour, is_weekend(time).astype(np.int64)]
        topic = (chances < rng.random(count)[:, None]).sum(axis=1).clip(max=chances.shape[1] - 1)
        topic[rng.random(count) < parameters.background_share] = BACKGROUND
        kind = _kinds(rng, count, (parameters.reply_share, parameters.quote_share, parameters.repost_share))
        return self._day(rng, time, author, np.full(count, NO_TREND), topic, kind)

    def _planted(self, day: int, index: int) -> DayOfPosts:
        parameters, authors, trend = self._parameters, self._authors, self._trends[index]
        rng = stream(parameters, "planted", trend.trend_id, day)
        first = parameters.start_microseconds + day * 24 * MICROSECONDS_PER_HOUR
        edges = np.searchsorted(self._trend_times[index], [first, first + 24 * MICROSECONDS_PER_HOUR])
        time = self._trend_times[index][edges[0] : edges[1]]
        count = len(time)
        if trend.trend_id in authors.pools:
            author = rng.choice(authors.pools[trend.trend_id], count)
        else:
            # Adopters: people of the community first, then anybody; the very active only somewhat more often.
            weight = np.sqrt(authors.activity) * np.where(authors.community == COMMUNITIES.index(trend.community), 4.0, 1.0)
            weight *= np.where(authors.french, trend.french_share / 0.3, (1 - trend.french_share) / 0.7)
            if trend.regions:
                at_home = [number for number, (region, _) in enumerate(REGIONS) if region in trend.regions]
                weight *= np.where(np.isin(authors.region, at_home), 20.0, 1.0)
            weight[authors.role > 1] = 0.0
            author = np.searchsorted(np.cumsum(weight), rng.random(count) * weight.sum(), side="right").clip(max=len(authors) - 1)
        kind = _kinds(rng, count, _KIND_SHARES.get(trend.kind, _USUAL_TREND_SHARES))
        return self._day(rng, time, author, np.full(count, index), np.full(count, -1), kind)

    def _day(
        self, rng: np.random.Generator, time: np.ndarray, author: np.ndarray, trend: np.ndarray, topic: np.ndarray, kind: np.ndarray
    ) -> DayOfPosts:
        count = len(time)
        french = self._authors.french[author] ^ (rng.random(count) < 0.03)
        seed = rng.integers(0, 2**63, count)
        bluesky, target, opinion = self._authors.bluesky[author], np.full(count, NO_TARGET), np.full(count, NO_OPINION, np.int8)
        return DayOfPosts(time, author, trend, topic, kind, bluesky, french, target, seed, opinion)

    def _refer(self, day: int, today: DayOfPosts) -> None:
        """Give every reply, quote and repost a post of the same network and subject to refer to, or make it a post."""
        rng = stream(self._parameters, "references", day)
        before = self._yesterday
        offset = 0 if before is None else len(before)
        pool = today if before is None else _concatenated([before, today])
        followers = np.log(self._authors.followers[pool.author] + 10.0)
        # Chatter is answered in its own language; a trend crosses languages.
        group = (pool.trend + 1) * 4 + pool.bluesky * 2 + np.where(pool.trend == NO_TREND, pool.french, 0)
        order = np.argsort(group, kind="stable")
        edges = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
        for start, end in pairwise(edges.tolist()):
            members = order[start:end]  # in time order: the sort is stable
            possible = members[pool.kind[members] != REPOST]
            referring = members[(members >= offset) & (pool.kind[members] != POST)]
            _choose_targets(rng, pool, possible, referring, followers)
        today.kind[:] = pool.kind[offset:]
        today.target[:] = pool.target[offset:]
        answers = (today.kind == REPLY) & (today.target != NO_TARGET) & (today.trend == NO_TREND)
        today.topic[answers] = pool.topic[today.target[answers]]


def _choose_targets(rng: np.random.Generator, pool: DayOfPosts, possible: np.ndarray, referring: np.ndarray, followers: np.ndarray) -> None:
    # Attention goes to recent posts of accounts with reach: of eight posts around a random age, the best by log followers + noise.
    if len(referring) == 0:
        return
    times = pool.time[possible]
    age = np.exp(rng.normal(np.log(40 * 60e6), 1.3, len(referring)))
    before = np.searchsorted(times, pool.time[referring] - 5_000_000)
    around = np.searchsorted(times, pool.time[referring] - age)
    candidates = np.clip(around[:, None] - rng.integers(0, 12, (len(referring), 8)), 0, np.maximum(before - 1, 0)[:, None])
    noise = rng.gumbel(0.0, 1.5, candidates.shape)
    if len(possible):
        best = np.argmax(followers[possible[candidates]] + noise, axis=1)
        chosen = possible[candidates[np.arange(len(referring)), best]]
    else:
        chosen = np.zeros(len(referring), np.int64)
    found = (before > 0) & (pool.author[chosen] != pool.author[referring])
    pool.kind[referring[~found]] = POST
    pool.target[referring[found]] = chosen[found]


def _kinds(rng: np.random.Generator, count: int, shares: tuple[float, float, float]) -> np.ndarray:
    reply, quote, repost = shares
    draws = rng.random(count)
    return np.select([draws < reply, draws < reply + quote, draws < reply + quote + repost], [REPLY, QUOTE, REPOST], POST)


_COLUMNS = ("time", "author", "trend", "topic", "kind", "bluesky", "french", "target", "seed", "opinion")


def _concatenated(days: list[DayOfPosts]) -> DayOfPosts:
    return DayOfPosts(*(np.concatenate([getattr(day, column) for day in days]) for column in _COLUMNS))


def _joined(parts: list[DayOfPosts]) -> DayOfPosts:
    """The parts as one day in time order, no two posts in the same microsecond."""
    whole = _concatenated(parts)
    order = np.argsort(whole.time, kind="stable")
    day = DayOfPosts(*(getattr(whole, column)[order] for column in _COLUMNS))
    steps = np.arange(len(day))
    day.time = np.maximum.accumulate(day.time - steps) + steps
    return day


def _planted_days(parameters: TownParameters) -> int:
    """Days that the planted sizes are meant for: the development family's 30; longer evaluation towns have more trends."""
    return max(_PLANTED_DAYS, parameters.days) if parameters.family == "evaluation" else _PLANTED_DAYS


def _whole_family(parameters: TownParameters) -> tuple[PlantedTrend, ...]:
    return planted_trends(parameters.family, _planted_days(parameters), parameters.seed, parameters.size)


def counts_as_trend(trend: PlantedTrend) -> bool:
    """Whether posts of the trend count against chatter: everything planted around the retailer, not the news."""
    return trend.kind in RETAIL_KINDS
