"""What a topic should get in an hour: its past share of everybody's posts, times the volume around it.

What belongs here: the expectation and dispersion of topic counts for one hour, at several window lengths.
What doesn't: how surprising a count is (``bursts``), which topics become trends (``rank``).

The model. Posts of topic i in a window are negative binomial with mean q_i * V. V is the posts of all *other* topics
and chatter in the window, so a busy evening or an outage moves every topic's expectation alike. q_i is the topic's rate
per other post, estimated from its decayed past and shrunk towards what young topics usually get, as in a Gamma-Poisson
model (Gelman et al., Bayesian Data Analysis, section 2.6) with one departure: the prior weighs as one hour of the
stream, not as shape / mean, else a big topic would need days to be believed. A new topic so starts at a small
expectation with a wide spread, an old one at its own share with a narrow one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trend_assets.lib.trends.bursts import SMALLEST_EXPECTATION
from trend_assets.lib.trends.cycles import HISTORY_HOURS, UsualVolume, usual_volume
from trend_assets.lib.trends.history import LEAST_COLLECTED, Floats, Integers, TopicHistory, VolumeHistory

SCALES = (1, 6, 24)
"""Window lengths in hours, each ending with the hour that is judged."""

DECAY = ((0, 24, 16), (24, 72, 8), (72, 168, 4), (168, 336, 2), (336, HISTORY_HOURS, 1))
"""(from lag, to lag, weight): the past counts half as much in each further step. Whole weights keep the sums exact."""

PRIOR_SHAPE = 1.0
"""Shape of a new topic's rate: 1 is exponential, its standard deviation equals its mean."""
PRIOR_HOURS = 1.0
PRIOR_POSTS_PER_HOUR = 0.1
PRIOR_TOPICS = 10
"""The population of young topics is joined by ten imagined ones of a post every ten hours."""
DISPERSION = 0.1
SMALLEST_DISPERSION, LARGEST_DISPERSION = 0.02, 2.0
DISPERSION_TOPICS = 5
DISPERSION_HOURS = 48.0
"""A topic's own dispersion estimate weighs as its informative hours against 48 of the population's."""
RHYTHM_DAYS = 8
RHYTHM_POSTS = 10.0
"""A topic's own rhythm is used from a week of earlier days on, shrunk by ten posts towards the stream's rhythm."""


class Topics(NamedTuple):
    """The topics judged in one hour, arrays of shape (n,).

    ``position``: place in the :class:`TopicHistory` (-1: no history); ``born``: hour number of birth;
    ``inherited``: posts of its window that were not counted under its id: found later as part of it, or under another id.
    """

    position: Integers
    born: Integers
    inherited: Integers


class Expectation(NamedTuple):
    """Of one window length, arrays of shape (n,): hours judged, posts in them, posts expected, negative binomial size, volume."""

    hours: Integers
    posts: Integers
    expected: Floats
    size: Floats
    volume: Floats


def expectations(topics: Topics, history: TopicHistory, volumes: VolumeHistory, hour: int) -> list[Expectation]:
    """One :class:`Expectation` per scale, from nothing but counts in [hour - 28 days, hour].

    A window longer than the topic's life is cut at its birth. Complexity: O(topics x look-ups), no per-topic loop.
    """
    life = hour - topics.born + 1
    usual = usual_volume(volumes, hour, max(SCALES))
    hourly_volume = max(_hourly_volume(volumes, hour - 24, hour + 1), 1.0)
    prior_exposure = PRIOR_HOURS * hourly_volume
    prior_posts = PRIOR_HOURS * _posts_of_the_young(topics, history, volumes, hour)
    dispersion = _dispersion(topics, history, volumes, hour)
    result = []
    for scale in SCALES:
        length = np.minimum(scale, life)
        start = hour + 1 - length
        posts = history.total("posts", topics.position, start, hour + 1)
        volume = _surrounding_volume(volumes, usual, start, hour + 1, posts)
        past, exposure = _past(topics, history, volumes, start, hour)
        rhythm, days = _own_rhythm(topics, history, volumes, hour, length, life) if scale < 24 else (1.0, np.inf)
        expected = np.maximum((prior_posts + past) / (prior_exposure + exposure) * volume * rhythm, SMALLEST_EXPECTATION)
        # Spread of the count itself, of the share (few posts; few and themselves dispersed hours), of the rhythm.
        past_hours = np.maximum(life - length, 1)
        spread = dispersion * (1.0 + 1.0 / past_hours + 1.0 / days) + 1.0 / (PRIOR_SHAPE + past)
        result.append(Expectation(length, posts, expected, 1.0 / spread, volume))
    return result


def _hourly_volume(volumes: VolumeHistory, start: int, stop: int) -> float:
    """Posts an hour of the hours [start, stop), by what was collected of them; by what was observed where next to nothing was."""
    collected = volumes.collected_hours(start, stop).item()
    return volumes.total(start, stop).item() / (collected if collected >= 1.0 else max(volumes.observed_hours(start, stop).item(), 1))


def _surrounding_volume(volumes: VolumeHistory, usual: UsualVolume, start: Integers, stop: int, own: Integers) -> Floats:
    """Posts of everybody else in the windows, held within half and twice the usual: a flood or outage cannot hide or make a burst.

    Where a part of a window was not collected, half of the usual for the rest: fewer posts are no outage then. Twice the usual stays, for
    a gap says what may be missing.
    """
    others = np.maximum(volumes.total(start, stop) - own, 1).astype(np.float64)
    if usual.observed_hours < 24:
        return others
    ahead = stop - 1 - np.arange(usual.posts.size, dtype=np.int64)
    share = volumes.collected.share(ahead, ahead + 1)
    most, least = (np.concatenate([[0.0], np.cumsum(one)])[stop - start] for one in (usual.posts, usual.posts * share))
    return np.clip(others, np.maximum(0.5 * least, 1.0), np.maximum(2.0 * most, 1.0))


def _past(topics: Topics, history: TopicHistory, volumes: VolumeHistory, stop: Integers, hour: int) -> tuple[Floats, Floats]:
    """Decayed posts of each topic before ``stop`` and decayed posts of all others meanwhile, both in recent posts."""
    floor = np.maximum(topics.born, hour - HISTORY_HOURS)
    past = np.zeros(stop.shape, dtype=np.int64)
    exposure = np.zeros(stop.shape, dtype=np.int64)
    for near, far, weight in DECAY:
        begin, end = np.maximum(stop - far, floor), np.maximum(stop - near, floor)
        own = history.total("posts", topics.position, begin, end)
        past += weight * own
        exposure += weight * np.maximum(volumes.total(begin, end) - own, 0)
    heaviest = DECAY[0][2]
    # What the topic brought along was posted within the last day: before its birth, or under the id of a topic it absorbed.
    before_birth = volumes.total(hour - 24, topics.born)
    past += heaviest * topics.inherited
    exposure += heaviest * np.where(topics.inherited > 0, np.maximum(before_birth - topics.inherited, 0), 0)
    return past / heaviest, exposure / heaviest


def _posts_of_the_young(topics: Topics, history: TopicHistory, volumes: VolumeHistory, hour: int) -> float:
    """Posts an hour that a topic usually gets in its first day: the median over the topics born in the 24 hours before ``hour``.

    The median, because the newborn that became trends are not what a newborn usually is.
    """
    hours = hour - topics.born
    young = (hours > 0) & (hours <= 24)
    young &= volumes.collected.share(topics.born, hour) >= LEAST_COLLECTED
    collected = hours * volumes.collected.share(topics.born, hour)
    rates = history.total("posts", topics.position, topics.born, hour)[young] / collected[young]
    return float(np.median(np.concatenate([rates, np.full(PRIOR_TOPICS, PRIOR_POSTS_PER_HOUR)])))


def _dispersion(topics: Topics, history: TopicHistory, volumes: VolumeHistory, hour: int) -> Floats:
    """Dispersion (variance = mean + dispersion x mean^2) of each topic's hours before ``hour``.

    Method of moments on hourly counts against share x volume, shrunk towards the median of the topics that have
    enough hours; the median is what makes it robust to topics that are bursting or have burst.
    """
    start = np.maximum(topics.born, hour - HISTORY_HOURS)
    posts = history.total("posts", topics.position, start, hour).astype(np.float64)
    volume = np.maximum(volumes.total(start, hour), 1).astype(np.float64)
    volume_squares = np.maximum(volumes.total_of_squares(start, hour), 1).astype(np.float64)
    share = posts / volume
    excess = (
        history.total("squares", topics.position, start, hour)
        - 2.0 * share * history.total("with_volume", topics.position, start, hour)
        + share * share * volume_squares
        - posts
    )
    expected_squares = share * share * volume_squares
    own = np.clip(excess / np.maximum(expected_squares, 1e-9), 0.0, LARGEST_DISPERSION)
    hours = np.maximum(volumes.observed_hours(start, hour), 1)
    mean = posts / hours
    informative = hours * (mean / (1.0 + mean)) ** 2
    ample = np.sort(own[informative >= 12.0])
    population = float(np.median(np.concatenate([ample, np.full(DISPERSION_TOPICS, DISPERSION)])))
    shrunk = (DISPERSION_HOURS * population + informative * own) / (DISPERSION_HOURS + informative)
    return np.clip(shrunk, SMALLEST_DISPERSION, LARGEST_DISPERSION)


def _own_rhythm(
    topics: Topics, history: TopicHistory, volumes: VolumeHistory, hour: int, length: Integers, life: Integers
) -> tuple[Floats, Floats]:
    """Factor (n,) by which a topic's windows at this time of earlier days differ from its share; 1 for young topics; and days it rests on.

    Its biggest such window counts as the second biggest, so that one past burst is not taken for a habit.
    """
    factor, days = np.ones(life.shape), np.full(life.shape, np.inf)
    old = np.flatnonzero(life > 24 * RHYTHM_DAYS)
    if not old.size:
        return factor, days
    born = np.maximum(topics.born[old], hour - HISTORY_HOURS)
    position = topics.position[old]
    stop = hour + 1 - np.arange(24, HISTORY_HOURS, 24, dtype=np.int64)[:, None]
    start = stop - length[old]
    usable = (start >= born) & (volumes.collected.share(start, stop) >= LEAST_COLLECTED)
    posts = np.where(usable, history.total("posts", position, start, stop), 0)
    volume = np.where(usable, volumes.total(start, stop), 0).sum(axis=0)
    ranked = np.partition(posts, -2, axis=0)
    held = posts.sum(axis=0) - ranked[-1] + ranked[-2]
    days[old] = np.maximum(usable.sum(axis=0), 1)
    share = history.total("posts", position, born, hour) / np.maximum(volumes.total(born, hour), 1)
    factor[old] = (RHYTHM_POSTS + held) / (RHYTHM_POSTS + share * volume)
    return factor, days
