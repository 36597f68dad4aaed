"""The town's records day by day as a collector receives them: late, twice, broken, deleted again, or not at all.

What belongs here: from planned posts to delivered records, and the ledger of what was delivered. What doesn't: the plan
(``posts.py``), texts (``compose.py``), the records' bytes (``wire_*.py``), landing files (``trend_assets/simulate.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation.authors import make_authors
from trend_assets.lib.simulation.compose import Composer
from trend_assets.lib.simulation.dirt import BLUESKY_DIRT, X_DIRT, spoil
from trend_assets.lib.simulation.identifiers import random_base32, snowflakes, tids
from trend_assets.lib.simulation.posts import POST, QUOTE, REPLY, REPOST, DayOfPosts, PostPlanner
from trend_assets.lib.simulation.town import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, TownParameters, stream
from trend_assets.lib.simulation.truth import Ledger, posts_truth, with_edits
from trend_assets.lib.simulation.wire_bluesky import BlueskyWire, Record
from trend_assets.lib.simulation.wire_x import Referred, XWire, disconnection, metrics_at_capture

NETWORKS = ("x", "bluesky")
KIND_OF_NETWORK = {"x": "stream", "bluesky": "event"}
_EDIT_WORKER = 1023
_REFERENCE_KINDS = {REPLY: "replied_to", QUOTE: "quoted", REPOST: "retweeted"}


@dataclass
class Batch:
    """Records of one network received on one day: bodies, times (microseconds since 1970) of receipt and routing.

    ``created_at`` 0: the record has no readable time. Bodies of ``broken`` records need not be JSON.
    """

    network: str
    broken: bool = False
    bodies: list[bytes] = field(default_factory=list)
    received_at: list[int] = field(default_factory=list)
    created_at: list[int] = field(default_factory=list)

    def add(self, body: bytes, received_at: int, created_at: int) -> None:
        """Add one record."""
        self.bodies.append(body)
        self.received_at.append(received_at)
        self.created_at.append(created_at)


@dataclass
class _Sent:
    """What later posts may refer to: one day's posts as sent, lists parallel to the plan."""

    ids: list[str]
    texts: list[str]
    cids: list[str]
    authors: list[int]
    french: list[bool]
    created: list[str]


class Town:
    """The social side of a town. Call ``deliver`` for each day in order; then the ledger and counts are complete."""

    def __init__(self, parameters: TownParameters) -> None:
        self.parameters = parameters
        self.trends = parameters.trends
        self.authors = make_authors(parameters, self.trends)
        self.ledger = Ledger()
        self.posts_by_trend: Counter[str] = Counter()
        self.lost_posts = 0
        self.posts = 0
        self._planner = PostPlanner(parameters, self.authors, self.trends)
        self._composer = Composer(parameters, self.authors, self.trends)
        self._x = XWire(self.authors)
        self._bluesky = BlueskyWire(self.authors)
        self._before = _Sent([], [], [], [], [], [])
        self._end = parameters.start_microseconds + parameters.days * MICROSECONDS_PER_DAY
        # Records of earlier days that arrive later, by network and day: (body, received, created, outcome, detail).
        self._pending: dict[tuple[str, int], list[tuple[bytes, int, int, str, str]]] = {}
        self._announce_suspensions()

    def deliver(self, day: int) -> tuple[list[Batch], pa.Table]:
        """Everything received on ``day`` (0 is the first), and the truth about the posts written that day."""
        posts = self._planner.plan(day)
        texts = self._composer.compose(day, posts)
        sent = self._send(day, posts, texts)
        rng = stream(self.parameters, "delivery", day)
        received, lost = self._receipt(rng, posts)
        batches = {network: Batch(network) for network in NETWORKS}
        bodies = self._bodies(day, posts, sent)
        day_end = self.parameters.start_microseconds + (day + 1) * MICROSECONDS_PER_DAY
        samples: dict[str, list[bytes]] = {network: [] for network in NETWORKS}
        written = (posts.time // 1000 * 1000).tolist()  # the networks' times have milliseconds
        rows = zip(bodies, written, received.tolist(), posts.bluesky.tolist(), posts.kind.tolist(), lost.tolist(), strict=True)
        for body, created_at, received_at, bluesky, kind, is_lost in rows:
            if is_lost:
                continue
            network = NETWORKS[bluesky]
            outcome = "repost" if kind == REPOST else "post"
            if received_at < day_end:
                batches[network].add(body, received_at, created_at)
                self.ledger.count(network, outcome)
            else:
                self._later(network, body, received_at, created_at, outcome)
            if kind == POST and len(samples[network]) < 64:
                samples[network].append(body)
        self._deliver_twice(rng, batches)
        edits = self._edit(rng, posts, sent, lost, batches["x"], day_end)
        self._delete(rng, posts, sent, lost)
        self._beside_posts(rng, day, posts, sent, batches)
        for network, batch in batches.items():
            for body, received_at, created_at, outcome, detail in self._pending.pop((network, day), []):
                batch.add(body, received_at, created_at)
                self.ledger.count(network, outcome, detail)
        broken = [self._broken(day, network, len(batches[network].bodies), samples[network]) for network in NETWORKS]
        self._before = sent
        self._count(posts, lost)
        reasons = self._composer.complaint_reasons(posts)
        truth = posts_truth(posts, self._truth_ids(posts, sent), self.authors, self.trends, ~lost, received, reasons)
        truth = with_edits(truth, *edits)
        return [batch for batch in [*map(_in_order_of_receipt, batches.values()), *broken] if batch.bodies], truth

    def _send(self, day: int, posts: DayOfPosts, texts: list[str]) -> _Sent:
        rng = stream(self.parameters, "identifiers", day)
        count = len(posts)
        x = np.flatnonzero(~posts.bluesky)
        sky = np.flatnonzero(posts.bluesky)
        ids = np.empty(count, object)
        ids[x] = snowflakes(posts.time[x], rng.integers(0, 1000, len(x))).astype(str)
        ids[sky] = tids(posts.time[sky], rng.integers(0, 1024, len(sky)))
        cids = np.full(count, "", object)
        cids[sky] = ["bafyrei" + cid for cid in random_base32(rng, len(sky), 52)]
        created = (np.datetime_as_string(posts.time.astype("datetime64[us]"), unit="ms").astype(object) + "Z").tolist()
        return _Sent(ids.tolist(), texts, cids.tolist(), posts.author.tolist(), posts.french.tolist(), created)

    def _receipt(self, rng: np.random.Generator, posts: DayOfPosts) -> tuple[np.ndarray, np.ndarray]:
        """Times of receipt, and which posts were never received because of the outage."""
        count = len(posts)
        received = posts.time + np.exp(rng.normal(np.log(1.6e6), 0.5, count)).astype(np.int64)
        delay = (np.exp(rng.normal(np.log(4.0), 0.6, count)).clip(0.5, 30) * MICROSECONDS_PER_HOUR).astype(np.int64)
        late = (rng.random(count) < self.parameters.late_share) & (received + delay < self._end)
        received = np.where(late, received + delay, np.minimum(received, self._end - 1))
        first, last = self.parameters.outage
        x = ~posts.bluesky
        lost = x & (posts.time >= first) & (posts.time < last)
        held_back = x & ~lost & (received >= first) & (received < last)
        return np.where(held_back, last + rng.integers(0, 60_000_000, count), received), lost

    def _bodies(self, day: int, posts: DayOfPosts, sent: _Sent) -> Iterator[bytes]:
        """The wire record of each post in turn."""
        rng = stream(self.parameters, "records", day)
        metrics = metrics_at_capture(rng, self.authors.followers[posts.author])
        located = (rng.random(len(posts)) < 0.15).tolist()
        revisions = tids(posts.time + 40_000, rng.integers(0, 1024, len(posts)))
        offset = len(self._before.ids)
        rows = zip(posts.bluesky.tolist(), posts.kind.tolist(), posts.target.tolist(), posts.time.tolist(), strict=True)
        for index, (bluesky, kind, target, time) in enumerate(rows):
            author, french, created = sent.authors[index], sent.french[index], sent.created[index]
            place, place_index = (self._before, target) if target < offset else (sent, target - offset)
            if bluesky:
                record = Record(author, sent.ids[index], sent.cids[index])
                other = Record(place.authors[place_index], place.ids[place_index], place.cids[place_index]) if target >= 0 else None
                if kind == REPOST and other is not None:
                    yield self._bluesky.repost(record, other, created, time + 310_000, revisions[index])
                else:
                    yield self._bluesky.post(
                        record, sent.texts[index], french, created, time + 310_000, revisions[index],
                        other if kind == REPLY else None, other if kind == QUOTE else None,
                    )  # fmt: skip
                continue
            reference = None
            if target >= 0:
                referred = Referred(
                    place.ids[place_index],
                    place.authors[place_index],
                    place.texts[place_index],
                    place.french[place_index],
                    place.created[place_index],
                )
                reference = (_REFERENCE_KINDS[kind], referred)
                if kind == REPLY:
                    sent.texts[index] = self._x.full_text(sent.texts[index], referred)
                elif kind == REPOST:
                    sent.texts[index] = self._x.repost_text(referred)
            yield self._x.post(sent.ids[index], author, sent.texts[index], french, created, metrics[index], located[index], reference)

    def _deliver_twice(self, rng: np.random.Generator, batches: dict[str, Batch]) -> None:
        for network, batch in batches.items():
            again = np.flatnonzero(rng.random(len(batch.bodies)) < self.parameters.duplicate_share).tolist()
            waits = rng.integers(2_000_000, 600_000_000, len(again)).tolist()
            for index, wait in zip(again, waits, strict=True):
                batch.add(batch.bodies[index], min(batch.received_at[index] + wait, self._end - 1), batch.created_at[index])
            self.ledger.count(network, "duplicate", "", len(again))

    def _edit(
        self, rng: np.random.Generator, posts: DayOfPosts, sent: _Sent, lost: np.ndarray, batch: Batch, day_end: int
    ) -> tuple[np.ndarray, list[str], np.ndarray]:
        """Some authors on X correct a post within half an hour: a new post id, and both ids in the history.

        Returns for each edit the number of the post in the day, the new id and the time.
        """
        can = (posts.kind == POST) & ~posts.bluesky & ~lost
        chosen = np.flatnonzero(can & (rng.random(len(posts)) < self.parameters.edit_share))
        times = posts.time[chosen] + rng.integers(60, 1700, len(chosen)) * 1_000_000
        order = np.argsort(times, kind="stable")
        order = order[(times[order] < day_end - 20_000_000) & ~self._in_outage(times[order])]
        chosen, times = chosen[order], times[order]
        ids = snowflakes(times, np.full(len(times), _EDIT_WORKER)).astype(str).tolist()
        created = (np.datetime_as_string(times.astype("datetime64[us]"), unit="ms").astype(object) + "Z").tolist()
        metrics = metrics_at_capture(rng, self.authors.followers[posts.author[chosen]])
        for index, post_id, moment, time, counts in zip(chosen.tolist(), ids, created, times.tolist(), metrics, strict=True):
            text = sent.texts[index] + (" (edit: typo)" if index % 2 else " ✏️")
            history = f'["{sent.ids[index]}","{post_id}"]'
            batch.add(
                self._x.post(post_id, sent.authors[index], text, sent.french[index], moment, counts, False, None, history),
                time + 1_500_000,
                time,
            )
            self.ledger.count("x", "post")
        return chosen, ids, times

    def _delete(self, rng: np.random.Generator, posts: DayOfPosts, sent: _Sent, lost: np.ndarray) -> None:
        """Some posts are deleted within three days; a third of a bot wave's within a day."""
        copied = np.array([trend.kind == "bots" for trend in self.trends] + [False])[posts.trend]
        chance = np.where(copied, 0.33, self.parameters.deletion_share)
        chosen = np.flatnonzero((posts.kind != REPOST) & ~lost & (rng.random(len(posts)) < chance))
        moments = (
            posts.time[chosen] + np.exp(rng.normal(np.log(6.0), 1.2, len(chosen))).clip(0.2, 70).astype(np.float64) * MICROSECONDS_PER_HOUR
        )
        for index, time in zip(chosen.tolist(), moments.astype(np.int64).tolist(), strict=True):
            if time >= self._end - 10_000_000 or (not posts.bluesky[index] and self._in_outage(np.array([time]))[0]):
                continue
            author = sent.authors[index]
            if posts.bluesky[index]:
                revision = tids(np.array([time]), np.array([7]))[0]
                body = self._bluesky.deletion(Record(author, sent.ids[index], ""), time, revision)
            else:
                body = self._x.deletion(sent.ids[index], author, _moment(time))
            self._later(NETWORKS[int(posts.bluesky[index])], body, time + 900_000, time, "deletion", "post")

    def _beside_posts(self, rng: np.random.Generator, day: int, posts: DayOfPosts, sent: _Sent, batches: dict[str, Batch]) -> None:
        """Likes and identity events of Bluesky, and the error that X sends when the outage begins."""
        sky = np.flatnonzero(posts.bluesky & (posts.kind != REPOST))
        liked = sky[rng.random(len(sky)) < self.parameters.like_share / max(self.parameters.bluesky_share, 1e-9)]
        times = np.minimum(posts.time[liked] + rng.integers(5, 3000, len(liked)) * 1_000_000, self._end - 1_000_000)
        fans = rng.permutation(np.flatnonzero(self.authors.bluesky))
        keys, cids = tids(times, rng.integers(0, 1024, len(liked))), random_base32(rng, len(liked), 52)
        for number, (index, time, key, cid) in enumerate(zip(liked.tolist(), times.tolist(), keys, cids, strict=True)):
            original = Record(sent.authors[index], sent.ids[index], sent.cids[index])
            like = Record(int(fans[number % len(fans)]), key, "bafyrei" + cid)
            batches["bluesky"].add(self._bluesky.like(like, original, _moment(time), time, key), time, time)
        self.ledger.count("bluesky", "ignored", "app.bsky.feed.like", len(liked))
        if len(fans):
            time = self.parameters.start_microseconds + day * MICROSECONDS_PER_DAY + int(rng.integers(0, MICROSECONDS_PER_DAY))
            batches["bluesky"].add(self._bluesky.identity(int(fans[0]), time, _moment(time)), time, time)
            self.ledger.count("bluesky", "ignored", "identity")
        first, last = self.parameters.outage
        if last > first and (first - self.parameters.start_microseconds) // MICROSECONDS_PER_DAY == day:
            batches["x"].add(disconnection(), first - 1, first - 1)
            self.ledger.count("x", "ignored", "error")

    def _broken(self, day: int, network: str, received: int, samples: list[bytes]) -> Batch:
        """Broken records, made from copies of good ones so that no post is lost by them."""
        rng = stream(self.parameters, "dirt", network, day)
        batch = Batch(network, broken=True)
        reasons = BLUESKY_DIRT if network == "bluesky" else X_DIRT
        start = self.parameters.start_microseconds + day * MICROSECONDS_PER_DAY
        count = int(rng.poisson(received * self.parameters.dirt_share)) if samples else 0
        for _ in range(count):
            reason = reasons[int(rng.integers(0, len(reasons)))]
            body = spoil(samples[int(rng.integers(0, len(samples)))], reason, network == "bluesky")
            time = start + int(rng.integers(0, MICROSECONDS_PER_DAY))
            if network == "x" and self._in_outage(np.array([time]))[0]:
                time = self.parameters.outage[1] + 1_000_000
            batch.add(body, time, 0)
            self.ledger.count(network, "quarantined", reason)
        return batch

    def _announce_suspensions(self) -> None:
        """The networks suspend half of a wave's bots the day after."""
        for trend in self.trends:
            if trend.kind != "bots":
                continue
            time = self.parameters.start_microseconds + int((trend.ends + 1.0) * MICROSECONDS_PER_DAY)
            for number, author in enumerate(self.authors.pools[trend.trend_id].tolist()[::2]):
                moment = time + number * 61_000_000
                if moment >= self._end:
                    continue
                if self.authors.bluesky[author]:
                    self._later(
                        "bluesky", self._bluesky.account_gone(author, moment, _moment(moment)), moment, moment, "deletion", "account"
                    )
                elif not self._in_outage(np.array([moment]))[0]:
                    self._later("x", self._x.suspension(author, _moment(moment)), moment, moment, "deletion", "account")

    def _later(self, network: str, body: bytes, received_at: int, created_at: int, outcome: str, detail: str = "") -> None:
        day = (received_at - self.parameters.start_microseconds) // MICROSECONDS_PER_DAY
        self._pending.setdefault((network, day), []).append((body, received_at, created_at, outcome, detail))

    def _in_outage(self, times: np.ndarray) -> np.ndarray:
        first, last = self.parameters.outage
        return (times >= first) & (times < last)

    def _count(self, posts: DayOfPosts, lost: np.ndarray) -> None:
        self.posts += int((~lost).sum())
        self.lost_posts += int(lost.sum())
        numbers, counts = np.unique(posts.trend[(posts.trend >= 0) & ~lost], return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            self.posts_by_trend[self.trends[number].trend_id] += count

    def _truth_ids(self, posts: DayOfPosts, sent: _Sent) -> list[str]:
        accounts = self.authors.account_id
        return [
            post_id if not bluesky else f"{accounts[author]}/repost/{post_id}" if kind == REPOST else f"{accounts[author]}/{post_id}"
            for post_id, bluesky, author, kind in zip(sent.ids, posts.bluesky.tolist(), sent.authors, posts.kind.tolist(), strict=True)
        ]


def _in_order_of_receipt(batch: Batch) -> Batch:
    order = np.argsort(np.array(batch.received_at, np.int64), kind="stable").tolist()
    return Batch(
        batch.network,
        batch.broken,
        [batch.bodies[index] for index in order],
        [batch.received_at[index] for index in order],
        [batch.created_at[index] for index in order],
    )


def _moment(time: int) -> str:
    return f"{np.datetime64(time, 'us').astype('datetime64[ms]')}Z"
