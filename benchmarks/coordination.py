"""Coordination and stress test: planted groups found, crowds left alone, cost per post.

    python -m benchmarks.coordination                      groups of four kinds and three sizes inside organic crowds, five seeds
    python -m benchmarks.coordination --posts 10000 100000 1000000   cost per post of both together over two days, memory

What belongs here: a synthetic lake with planted groups and crowds, accounts found and missed, time. What doesn't: the methods
(``lib/coordination``, ``lib/trends/stress``) and the town's planted waves (its own truth).

The lake: accounts of Zipf activity write words of Zipf frequency, repost recent posts (popular ones more), share links, use
hashtags. Crowds: three viral posts that 800 different accounts repost within ten minutes each, a headline that 200 people write
almost alike, a live event whose three hashtags 500 people use for an hour. Groups act on 6 to 10 occasions within a minute of one
another and post as much everyday talk beside it; script groups post three near-copies each and nothing else. *Careful* groups hide:
each account takes part in six of ten occasions only and posts four times as much everyday talk, script accounts as much as their
script. Everything is judged at the 24th hour. Precision and recall are of accounts. The peer joins accounts that coincided twice,
without a null model, as co-posting tools do by default.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination import coordination_by_hour
from trend_assets.lib.coordination.acts import COLUMNS, encode_hour
from trend_assets.lib.coordination.coincidences import coincidences
from trend_assets.lib.trends.stress import coordination_and_stress

START = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 24
KINDS = ("reposts", "links", "hashtag sequences", "scripts")
SIZES = (6, 15, 40)
Lake = dict[str, np.ndarray]
Part = tuple[datetime, pa.Table, pa.Table]


class Maker:
    """Makes posts as columns; account numbers below ``accounts`` are people, those above are planted."""

    def __init__(self, accounts: int, seed: int, words: int = 20_000) -> None:
        self.random = np.random.default_rng(seed)
        self.accounts, self.words = accounts, words
        self.activity = np.cumsum(1.0 / np.arange(1, accounts + 1) ** 0.7)
        self.frequency = np.cumsum(1.0 / np.arange(1, words + 1))
        self.parts: list[Lake] = []

    def people(self, count: int) -> np.ndarray:
        """Accounts drawn by their activity."""
        return np.searchsorted(self.activity, self.random.random(count) * self.activity[-1])

    def text(self, count: int, length: int = 12) -> np.ndarray:
        """Word numbers (count, length) of everyday texts."""
        return np.searchsorted(self.frequency, self.random.random((count, length)) * self.frequency[-1])

    def add(self, account: np.ndarray, second: np.ndarray, text: np.ndarray | None = None, **things: np.ndarray | int) -> None:
        """Posts; ``link``, ``tags`` and ``reposted`` are numbers of things, -1 for none."""
        count = len(account)
        given = {name: np.broadcast_to(np.asarray(things.get(name, -1), np.int64), count) for name in ("link", "tags", "reposted", "topic")}
        self.parts.append({"account": account, "second": second, "text": self.text(count) if text is None else text, **given})

    def everyday(self, posts: int, hours: int = HOURS) -> None:
        """The organic lake: two thirds written posts, a third reposts."""
        second = self.random.random(posts) * hours * 3600
        reposted = np.where(self.random.random(posts) < 0.33, (second // 1800).astype(np.int64) * 100_000 + self._popular(posts, 400), -1)
        link = np.where((self.random.random(posts) < 0.15) & (reposted < 0), self._popular(posts, posts // 4), -1)
        tags = np.where((self.random.random(posts) < 0.08) & (reposted < 0), self._popular(posts, posts // 4), -1)
        topic = np.where(self.random.random(posts) < 0.3, self._popular(posts, 300), -1)
        self.add(self.people(posts), second, link=link, tags=tags, reposted=reposted, topic=topic)

    def _popular(self, count: int, things: int) -> np.ndarray:
        return np.minimum((max(things, 2) ** self.random.random(count)).astype(np.int64), max(things, 2))

    def crowds(self) -> None:
        """Real moments: viral posts, a headline, a live event."""
        for number in range(3):
            account = self.random.permutation(self.accounts)[:800]
            self.add(account, (17 + 3 * number) * 3600 + self.random.random(800) * 600, reposted=10**9 + number)
        headline = np.repeat(self.text(1), 200, axis=0)
        headline[:, 11] = self.text(200, 1)[:, 0]
        self.add(self.random.permutation(self.accounts)[:200], 23 * 3600 + self.random.random(200) * 900, headline)
        self.add(self.random.permutation(self.accounts)[:500], 22.5 * 3600 + self.random.random(500) * 3600, tags=10**9)

    def group(self, kind: str, size: int, first: int, *, careful: bool) -> None:
        """A planted group; its accounts are ``first``, ``first`` + 1, ..."""
        members = np.arange(first, first + size)
        beside = (3 if careful else 0) if kind == "scripts" else (32 if careful else 8)
        self.add(np.repeat(members, beside), self.random.random(size * beside) * HOURS * 3600)
        if kind == "scripts":
            for script in range(3):
                taking_part = members[self.random.random(size) < (0.6 if careful else 1.0)]
                text = np.repeat(self.text(1, 14), len(taking_part), axis=0)
                text[:, self.random.integers(0, 14)] = self.text(len(taking_part), 1)[:, 0]
                at = (20 + script) * 3600 + self.random.random() * 3000
                self.add(taking_part, at + self.random.random(len(taking_part)) * 240, text)
            return
        thing = {"reposts": "reposted", "links": "link", "hashtag sequences": "tags"}[kind]
        occasions = int(self.random.integers(6, 11))
        for occasion in range(occasions):
            at = (23 - occasion * 2) * 3600 + self.random.random() * 3300
            taking_part = members[self.random.random(size) < (0.6 if careful else 1.0)]
            self.add(taking_part, at + self.random.random(len(taking_part)) * 50, **{thing: 2 * 10**9 + first * 100 + occasion})

    def hours(self, first: int, last: int) -> list[Part]:
        """Hours ``first`` to ``last`` (included) as clean posts and assignments."""
        joined = {name: self._joined(name) for name in self.parts[0]}
        order = np.argsort(joined["second"], kind="stable")
        joined = {name: values[order] for name, values in joined.items()}
        edges = np.searchsorted(joined["second"], np.arange(first, last + 2) * 3600.0)
        return [
            (START + timedelta(hours=number), *self._tables({name: values[low:high] for name, values in joined.items()}, low))
            for number, low, high in zip(range(first, last + 1), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]

    def _joined(self, name: str) -> np.ndarray:
        if name != "text":
            return np.concatenate([part[name] for part in self.parts])
        width = max(part["text"].shape[1] for part in self.parts)
        return np.concatenate(
            [np.pad(part["text"], ((0, 0), (0, width - part["text"].shape[1])), constant_values=-1) for part in self.parts]
        )

    def _tables(self, lake: Lake, first: int) -> tuple[pa.Table, pa.Table]:
        count = len(lake["account"])
        words = lake["text"]
        kept = words >= 0
        offsets = pa.array(np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32))
        flat = pc.binary_join_element_wise("w", pc.cast(pa.array(words[kept]), pa.string()), "")
        tokens = pa.ListArray.from_arrays(offsets, flat)
        mixed = (words.astype(np.uint64) + np.uint64(1)) * (
            np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, words.shape[1] + 1, dtype=np.uint64)
        )
        is_repost = lake["reposted"] >= 0
        ids = pc.cast(pa.array(np.arange(first, first + count)), pa.string())
        time_of = pa.array((START.timestamp() * 1e6 + lake["second"] * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC"))
        network = pa.array(["x"]).take(pa.array(np.zeros(count, np.int64)))
        posts = {
            "post_id": ids,
            "network": network,
            "author": pc.binary_join_element_wise("a", pc.cast(pa.array(lake["account"]), pa.string()), ""),
            "created_at": time_of,
            "kind": pa.array(["post", "repost"]).take(pa.array(is_repost.astype(np.int64))),
            "clean_text": pc.binary_join(tokens, " "),
            "language": pa.array(["en"]).take(pa.array(np.zeros(count, np.int64))),
            "tokens": tokens,
            "hashtags": _lists(lake["tags"], ("t", "u", "v")),
            "urls": _lists(lake["link"], ("https://example.org/",)),
            "near_duplicate_key": pa.array(mixed.sum(axis=1, dtype=np.uint64).view(np.int64)),
            "reposted_post": pc.if_else(pa.array(is_repost), pc.cast(pa.array(lake["reposted"]), pa.string()), None),
        }
        has_topic = pa.array(lake["topic"] >= 0)
        topic = pc.binary_join_element_wise("topic", pc.cast(pa.array(lake["topic"]), pa.string()), "")
        assignments = pa.table({"network": network, "post_id": ids, "created_at": time_of, "topic_id": topic}).filter(has_topic)
        return pa.table(posts).select(list(COLUMNS)), assignments


def _lists(numbers: np.ndarray, prefixes: tuple[str, ...]) -> pa.ListArray:
    """A list a post: each prefix with the number; empty for -1."""
    has = numbers >= 0
    names = pc.cast(pa.array(np.repeat(numbers[has], len(prefixes))), pa.string())
    values = pc.binary_join_element_wise(pa.array(list(prefixes) * int(has.sum()), pa.string()), names, "")
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(has * len(prefixes))]).astype(np.int32)), values)


def planted(seed: int, posts: int, accounts: int, *, careful: bool) -> tuple[list[Part], dict[int, tuple[str, int]]]:
    """A lake of 25 hours with groups and crowds, and the kind and size of the group of each planted account."""
    maker, truth, first = Maker(accounts, seed), {}, accounts
    maker.everyday(posts)
    maker.crowds()
    for kind in KINDS:
        for size in SIZES:
            maker.group(kind, size, first, careful=careful)
            truth |= dict.fromkeys(range(first, first + size), (kind, size))
            first += size
    return maker.hours(-1, HOURS - 1), truth


def peer(parts: list[Part], least: int = 2) -> set[int]:
    """Accounts in components of five and more that coincided at least twice, in any of our kinds of acts: no null model."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    found, names, before = [], {}, None
    for part in parts:
        encoded = encode_hour(*part)
        found.append(coincidences(encoded, before))
        names |= dict(zip(encoded.account.tolist(), encoded.author.to_pylist(), strict=True))
        before = encoded
    keys, place = np.unique(np.concatenate([hour.pair_key for hour in found]), return_inverse=True)
    occasions = np.bincount(place, np.concatenate([hour.occasions for hour in found]), len(keys))
    often = occasions[place] >= least
    left, right = (np.concatenate([getattr(hour, name) for hour in found])[often] for name in ("left", "right"))
    accounts = np.unique(np.concatenate([left, right]))
    ends = (np.searchsorted(accounts, left), np.searchsorted(accounts, right))
    _, component = connected_components(coo_matrix((np.ones(len(left)), ends), shape=(len(accounts),) * 2), directed=False)
    large = np.bincount(component)[component] >= 5
    return {int(names[account][1:]) for account in accounts[large].tolist()}


def quality(posts: int, accounts: int, seeds: int, *, careful: bool) -> None:
    """Precision and recall of accounts over seeds, ours and the peer; recall by kind and size; groups called coordinated."""
    totals = {"ours": np.zeros(3, np.int64), "peer (twice, no null model)": np.zeros(3, np.int64)}
    by_group: dict[tuple[str, int], list[float]] = {}
    verdicts: dict[str, int] = {}
    for seed in range(seeds):
        parts, truth = planted(seed, posts, accounts, careful=careful)
        [result] = list(coordination_by_hour(parts, first=parts[-1][0]))
        ours = {int(author[1:]) for author in result.weights["author"].to_pylist()}
        for name, found in (("ours", ours), ("peer (twice, no null model)", peer(parts))):
            totals[name] += [len(found & set(truth)), len(found), len(truth)]
        for kind in KINDS:
            for size in SIZES:
                members = {account for account, group in truth.items() if group == (kind, size)}
                by_group.setdefault((kind, size), []).append(len(members & ours) / len(members))
        for verdict in result.groups["verdict"].to_pylist():
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
    manner = "careful" if careful else "plain"
    groups = f"{len(truth)} {manner} accounts in {len(KINDS) * len(SIZES)} groups"
    print(f"\n{posts:,} everyday posts of {accounts:,} accounts; {groups}; {seeds} seeds")
    for name, (hit, found, wanted) in totals.items():
        print(f"{name:>28}: precision {hit / max(found, 1):.3f}, recall {hit / wanted:.3f} of accounts")
    print("recall by kind and size: " + "; ".join(f"{kind} {size}: {np.mean(values):.2f}" for (kind, size), values in by_group.items()))
    print(f"verdicts: {verdicts} (planted: {len(KINDS) * len(SIZES) * seeds} groups; crowds: {5 * seeds})")


def speed(sizes: list[int]) -> None:
    """Core-microseconds a post of coordination and stress test together, over two days of which the second is judged."""
    print(f"{'posts':>10} {'µs a post':>10} {'seconds':>8} {'peak MiB':>9}   both together, 48 hours read, 24 judged")
    warm = planted(0, 2000, 1000, careful=False)[0]
    list(coordination_and_stress(warm, first=warm[-1][0]))
    for posts in sizes:
        maker = Maker(max(posts // 10, 100), 0)
        maker.everyday(posts, 48)
        parts = maker.hours(0, 47)
        begun = time.process_time()
        for _ in coordination_and_stress(parts, first=START + timedelta(hours=24)):
            pass
        seconds = time.process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{posts:>10,} {1e6 * seconds / posts:>10.2f} {seconds:>8.2f} {peak:>9,.0f}")


def main() -> None:
    """Print what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--posts", type=int, nargs="*", default=None, help="measure the cost at these numbers of posts instead")
    parser.add_argument("--everyday", type=int, nargs=2, default=[60_000, 8_000], metavar=("POSTS", "ACCOUNTS"))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    if options.posts is not None:
        speed(options.posts or [10_000, 100_000, 1_000_000])
    else:
        for careful in (False, True):
            quality(*options.everyday, options.seeds, careful=careful)


if __name__ == "__main__":
    main()
