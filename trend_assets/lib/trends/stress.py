"""How robust a topic's attention is: what is left of it without the few, the paid, the copied and the coordinated.

What belongs here: the stress test and its grade. What doesn't: shapes of commercial posts (``lib/coordination/commerce``), groups that
act together (``lib/coordination``), the trend's statistics (``bursts``, ``rank``).

In a published study a fifth of global top-ten trends, and half of one country's, were pushed by accounts acting together (Elmas et
al., "Ephemeral Astroturfing Attacks", EuroS&P 2021). So each topic is asked: is it one still, when we take away, in this order and each
post once,

1. resale listings, 2. giveaways, 3. paid posts: by their shape;
4. posts of coordinated groups, where ``groups`` says who they are;
5. near-copies of a post of the topic in the 60 seconds before, whoever wrote them;
6. an author's same text again, and what an author posts beyond three a day;
7. of what is left, all posts of the five most active accounts (those with more than one; of few accounts, the most active quarter).

The share that remains and the authors who remain give the grade; a topic that all day is told in a few sentences again and again
(``stress_texts``) is noise whatever remains. Reposts are not counted: they are one touch, and trends count posts.
Everything is counted on sums by hour, topic, author and text (``stress_sums``), so a day is 24 of these put together and no post is looked
at twice. An hour is put together with the last minute of the one before: a copy belongs to the hour in which it was posted.

Posts that were taken back soon are no rule of their own: when an hour is sealed, half of the notices about its posts are yet to come, and a
result must not depend on when it was asked for. They stay in the counts as they were seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.acts import EncodedHour, account_hashes, encode_hour, encode_hours
from trend_assets.lib.coordination.groups import coordination_of
from trend_assets.lib.coordination.near_copies import Hashes, Integers
from trend_assets.lib.trends.history import hour_numbers, hour_start, sorted_hours
from trend_assets.lib.trends.stress_sums import COPY, GROUP, KEPT, LISTED, PAID_FOR, PRIZE, HourSums, sums_of
from trend_assets.lib.trends.stress_texts import texts_of_day, too_few_texts
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp

Floats = npt.NDArray[np.float64]
TABLE = TABLES["topics/stress_tests"]
WINDOW_HOURS = 24
MOST_ACTIVE = 5
POSTS_OF_AN_AUTHOR = 3
_HOUR = timedelta(hours=1)
_WORDS = {
    LISTED: "resale listings",
    PRIZE: "giveaways",
    PAID_FOR: "paid posts",
    GROUP: "posts of accounts acting together",
    COPY: "near-copies within a minute",
    KEPT: "repetitions by their authors",
    KEPT + 1: "by the most active accounts",
}
_REASONS = len(_WORDS)


@dataclass(frozen=True)
class StressRules:
    """Thresholds of the grades: smallest remaining share and authors left of A, B and C; fewest posts that can be judged.

    ``noise_share``, ``noise_authors``: with less than this left a topic is no trend at all. ``one_network``: chance below which it is
    odd that a topic is on one network only, given how the lake's posts divide; it then gets at most a B.
    """

    shares: tuple[float, float, float] = (0.6, 0.4, 0.2)
    authors: tuple[int, int, int] = (10, 5, 3)
    least_posts: int = 5
    noise_share: float = 0.2
    noise_authors: int = 3
    one_network: float = 0.001


def stress_test(
    clean_posts: pa.Table,
    assignments: pa.Table,
    groups: pa.Table | None = None,
    *,
    hours: Sequence[datetime],
    rules: StressRules | None = None,
) -> pa.Table:
    """Rows of ``topics/stress_tests`` for ``hours`` (aware, on the hour): one of each topic with a post in the hour.

    ``clean_posts``, ``assignments``: rows of ``social/clean_posts`` and ``topics/topic_assignments`` of the hours and the 24 before, the
    oldest of which only lends its last minute. ``groups``: columns network, author, weight and, where it differs by hour, hour (see
    ``Coordination.weights``); accounts with a weight below 1 fall away. Rows outside these hours never change a result, nor
    does their order. O(posts · log posts); no loop over posts.

    Raises ``ValueError`` for naive hours, ``KeyError`` for a missing column (see ``lib.coordination.acts.COLUMNS``).
    """
    wanted = sorted_hours(hours)
    if not wanted.size:
        return TABLE.empty()
    of_post, of_assignment = hour_numbers(clean_posts["created_at"]), hour_numbers(assignments["created_at"])
    numbers = range(int(wanted[0]) - WINDOW_HOURS, int(wanted[-1]) + 1)
    encoded = (
        encode_hour(
            hour_start(number), clean_posts.filter(pa.array(of_post == number)), assignments.filter(pa.array(of_assignment == number))
        )
        for number in numbers
    )
    asked, window, found = set(wanted.tolist()), StressWindow(), []
    for number, hour in zip(numbers, encoded, strict=True):
        window.add(hour)
        if number in asked:
            found.append(judge_stress(window.hours, _of_hour(groups, hour.hour), rules))
    return pa.concat_tables([TABLE.empty(), *found]).combine_chunks()


class StressWindow:
    """The sums of the last hours, one added after the other in time order."""

    def __init__(self, hours: int = WINDOW_HOURS) -> None:
        self._span = hours * _HOUR
        self._kept: deque[HourSums] = deque()
        self._before: EncodedHour | None = None

    def add(self, encoded: EncodedHour) -> None:
        """Add an hour; those that its window no longer holds go."""
        adjacent = self._before if self._before is not None and encoded.hour - self._before.hour == _HOUR else None
        self._kept.append(sums_of(encoded, adjacent))
        self._before = encoded
        while self._kept[0].hour <= encoded.hour - self._span:
            self._kept.popleft()

    @property
    def hours(self) -> list[HourSums]:
        """The sums of the window, oldest first."""
        return list(self._kept)


class Tested(NamedTuple):
    """What the posts of a window show after an hour.

    groups: rows of ``influencers/coordinated_groups``. stress: rows of ``topics/stress_tests``. weights: of the accounts of the coordinated
    groups (network, author, weight, hour), in memory only: no table holds them.
    """

    groups: pa.Table
    stress: pa.Table
    weights: pa.Table


def coordination_and_stress(
    hours: Iterable[tuple[datetime, pa.Table, pa.Table]], *, first: datetime, window_hours: int = WINDOW_HOURS
) -> Iterator[Tested]:
    """Coordination and stress test after each hour from ``first`` on, posts encoded once.

    ``hours``: each with its clean posts and topic assignments, in time order, from ``window_hours`` before ``first``.
    """
    window = StressWindow(window_hours)

    def encode() -> Iterator[EncodedHour]:
        for encoded in encode_hours(hours):
            window.add(encoded)
            yield encoded

    for found in coordination_of(encode(), first=first, window_hours=window_hours):
        weights = found.weights.append_column("hour", pa.array([found.hour] * found.weights.num_rows, timestamp))
        yield Tested(found.groups, judge_stress(window.hours, found.weights), weights)


def judge_stress(
    hours: Sequence[HourSums], groups: pa.Table | None, rules: StressRules | None = None, asked: pa.Array | None = None
) -> pa.Table:
    """The rows of the newest of ``hours`` (a day of sums, oldest first): of the topics ``asked``, else of those with a post in it.

    ``groups``: columns network, author, weight.
    """
    rules, newest = rules or StressRules(), hours[-1]
    active = newest.topics.take(pa.array(np.unique(newest.topic))) if asked is None else pc.unique(asked)
    names = active.take(pc.sort_indices(active))
    if not len(names):
        return TABLE.empty()
    rows = _joined(hours, names, groups)
    lost, authors, on_network = _fallen(rows, len(names))
    personal = rows.why >= GROUP
    voices, texts = texts_of_day(
        [hour.texts for hour in hours], rows.topic[personal], rows.account[personal], rows.text[personal], len(names)
    )
    copied = too_few_texts(voices, texts, sum(hour.copied for hour in hours) / max(sum(hour.voices for hour in hours), 1))
    posts = lost.sum(axis=1)
    left = lost[:, _REASONS]
    share = left / np.maximum(posts, 1)
    alone = _one_network(on_network, np.sum([_aligned(hour, rows.networks) for hour in hours], axis=0), rules)
    grade = np.where(copied, "D", _grades(posts, share, authors, alone, rules))
    noise = (posts >= rules.least_posts) & ((share < rules.noise_share) | (authors < rules.noise_authors) | copied)
    discount = np.where(posts >= rules.least_posts, np.minimum(share / rules.shares[0], 1.0), 1.0)
    discount = np.where(noise, 0.0, discount)
    return TABLE.conform(
        pa.table(
            {
                "hour": pa.array([newest.hour] * len(names), timestamp),
                "topic_id": names,
                "posts": posts,
                "posts_left": left,
                "remaining_share": share,
                "authors_left": authors,
                "grade": pa.array(grade.tolist(), pa.string()),
                "noise": noise,
                "discount": np.round(discount, 6),
                "reason": pa.array(_reasons(lost, authors, alone, np.where(copied, texts, 0), rules), pa.string()),
            }
        )
    )


@dataclass(frozen=True)
class _Rows:
    """Rows of the window whose topic is active: topic (index into the active ones), account, network, text, why, posts."""

    topic: Integers
    account: Hashes
    network: Integers
    text: Integers
    why: Integers
    posts: Integers
    networks: pa.Array


def _joined(hours: Sequence[HourSums], names: pa.Array, groups: pa.Table | None) -> _Rows:
    networks = pc.unique(pa.concat_arrays([hour.networks for hour in hours]))
    together = np.sort(_together(groups))
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    for hour in hours:
        topic = _codes(hour.topics, names)[hour.topic]
        kept = np.flatnonzero(topic >= 0)
        account, why = hour.account[kept], hour.why[kept]
        if len(together):
            listed = together[np.minimum(np.searchsorted(together, account), len(together) - 1)] == account
            why = np.where(listed & (why > GROUP), GROUP, why)
        parts.append((topic[kept], account, _codes(hour.networks, networks)[hour.network[kept]], hour.text[kept], why, hour.posts[kept]))
    topic, account, network, text, why, posts = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Rows(topic, account, network, text, why, posts, networks)


def _codes(values: pa.Array, among: pa.Array) -> Integers:
    """Place of each value in ``among``, -1 for none."""
    return pc.fill_null(pc.index_in(values, value_set=among), -1).to_numpy(zero_copy_only=False).astype(np.int64)


def _fallen(rows: _Rows, topics: int) -> tuple[Integers, Integers, Integers]:
    """Posts (topics × reasons + 1) that fall away by each rule and, last, that remain; authors that remain; posts by network."""
    lost = np.zeros((topics, _REASONS + 1), np.int64)
    np.add.at(lost, (rows.topic, rows.why), rows.posts)
    lost[:, KEPT] = 0
    kept = rows.why == KEPT
    topic, author, text, posts = rows.topic[kept], rows.account[kept], rows.text[kept], rows.posts[kept]
    order = np.lexsort((text, author, topic))
    topic, author, text, posts = topic[order], author[order], text[order], posts[order]
    new_author, new_text = np.ones(len(order), bool), np.ones(len(order), bool)
    new_author[1:] = (topic[1:] != topic[:-1]) | (author[1:] != author[:-1])
    new_text[1:] = new_author[1:] | (text[1:] != text[:-1])
    start = np.flatnonzero(new_author)
    if len(start):
        written = np.add.reduceat(posts, start)
        voices = np.minimum(np.add.reduceat(new_text.astype(np.int64), start), POSTS_OF_AN_AUTHOR)
        of_topic = topic[start]
        np.add.at(lost, (of_topic, KEPT), written - voices)
        order = np.lexsort((-voices, of_topic))
        voices, of_topic = voices[order], of_topic[order]
        rank = np.arange(len(order)) - np.searchsorted(of_topic, of_topic)
        accounts = np.bincount(of_topic, minlength=topics)
        busiest = (rank < np.minimum(MOST_ACTIVE, accounts // 4)[of_topic]) & (voices > 1)
        np.add.at(lost, (of_topic[busiest], np.full(int(busiest.sum()), KEPT + 1)), voices[busiest])
        np.add.at(lost, (of_topic[~busiest], np.full(int((~busiest).sum()), _REASONS)), voices[~busiest])
        authors = np.bincount(of_topic[~busiest], minlength=topics)
    else:
        authors = np.zeros(topics, np.int64)
    on_network = np.zeros((topics, len(rows.networks)), np.int64)
    np.add.at(on_network, (rows.topic, rows.network), rows.posts)
    return lost, authors, on_network


def _aligned(hour: HourSums, networks: pa.Array) -> Integers:
    """Posts of the hour on each of ``networks``."""
    result = np.zeros(len(networks), np.int64)
    result[_codes(hour.networks, networks)] = hour.on_network
    return result


def _one_network(on_network: Integers, everywhere: Integers, rules: StressRules) -> npt.NDArray[np.bool_]:
    """Whether each topic is on one network only although the lake's posts divide so that this is odd."""
    total = on_network.sum(axis=1)
    main = on_network.argmax(axis=1)
    alone = (on_network > 0).sum(axis=1) == 1
    share = everywhere[main] / max(int(everywhere.sum()), 1)
    result: npt.NDArray[np.bool_] = alone & (np.power(np.clip(share, 0.0, 1.0), total) < rules.one_network)
    return result


def _grades(posts: Integers, share: Floats, authors: Integers, alone: npt.NDArray[np.bool_], rules: StressRules) -> npt.NDArray[np.str_]:
    reached = [(share >= least) & (authors >= fewest) for least, fewest in zip(rules.shares, rules.authors, strict=True)]
    return np.select(
        [posts < rules.least_posts, reached[0] & ~alone, reached[0] | reached[1], reached[2]], ["insufficient data", "A", "B", "C"], "D"
    )


def _reasons(lost: Integers, authors: Integers, alone: npt.NDArray[np.bool_], same_texts: Integers, rules: StressRules) -> list[str]:
    """A sentence of each topic: what remains, and what fell away, the most first. ``same_texts``: of those told in too few, how many."""
    sentences = []
    for counts, left_authors, one, texts in zip(lost.tolist(), authors.tolist(), alone.tolist(), same_texts.tolist(), strict=True):
        total, left = sum(counts), counts[_REASONS]
        if total < rules.least_posts:
            sentences.append(f"{total} post{'' if total == 1 else 's'} in 24 hours, too few to judge")
            continue
        fallen = sorted(((count, -reason) for reason, count in enumerate(counts[:_REASONS]) if count), reverse=True)
        what = ", ".join(f"{count} {_WORDS[-reason]}" for count, reason in fallen)
        sentence = f"{left} of {total} posts remain, by {left_authors} author{'' if left_authors == 1 else 's'}"
        sentence += f"; fell away: {what}" if what else "; nothing fell away"
        sentence += f"; {texts} text{'' if texts == 1 else 's'} again and again" if texts else ""
        sentences.append(sentence + ("; all on one network" if one else ""))
    return sentences


def _of_hour(groups: pa.Table | None, hour: datetime) -> pa.Table | None:
    if groups is None or "hour" not in groups.column_names:
        return groups
    return groups.filter(pc.equal(groups["hour"].cast(timestamp), pa.scalar(hour, timestamp)))


def _together(groups: pa.Table | None) -> Hashes:
    """Hashes of the accounts with a weight below 1."""
    if groups is None:
        return np.zeros(0, np.uint64)
    listed = groups.filter(pc.less(groups["weight"], 1.0))
    return account_hashes(_strings(listed["network"]), _strings(listed["author"]))


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _strings(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return _whole(column).cast(pa.string())
