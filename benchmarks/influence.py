"""Influence: speed of the rankings, and who is amplified next, ours beside raw counts and PageRank.

What belongs here: edges per second, and NDCG@50 of rankings against the interactions received in the following hour,
six hours and day. What doesn't: the ranking itself (``lib/influence``).

Run: ``python -m benchmarks.influence [--posts FILE] [--interactions FILE]``.
Data: (1) a synthetic stream whose authors' attraction drifts (a slow random walk, plus an occasional viral hour that
decays) and that holds a few bots; (2) mentions in real posts, given a table with author_id, created_at and text: replies and
mentions are all that such an archive holds, reposts are missing; (3) ``--interactions``: columns source, target, kind, at.
Every ranking sees only acts before the hour it predicts. NDCG's gain is the number of distinct sources that act towards
the author in the period, so it rewards finding who is amplified by many, not who is spammed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from trend_assets.lib.influence import influencer_rankings
from trend_assets.lib.influence.rankings import decayed_scores, distinct_acts
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
PERIODS = (1, 6, 24)


class Edges(NamedTuple):
    """Interactions as arrays (n,), sorted by hour: hour number from 0, source, target; and the number of authors."""

    hour: np.ndarray
    source: np.ndarray
    target: np.ndarray
    authors: int


def synthetic(count: int, *, hours: int = 720, authors: int = 20_000, seed: int = 0) -> Edges:
    """A drifting stream: log attraction is a random walk with a half-life of two days, viral hours decay over eight."""
    random = np.random.default_rng(seed)
    base = random.pareto(1.3, authors) + 0.01
    drift = random.normal(0, 1, authors)
    viral = np.zeros(authors)
    keep = 0.5 ** (1 / 48)
    rhythm = 1 + 0.6 * np.sin(2 * np.pi * np.arange(hours) / 24)
    per_hour = random.multinomial(count, rhythm / rhythm.sum())
    source_weight = np.cumsum(random.pareto(1.1, authors) + 0.01)
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for hour in range(hours):
        drift = keep * drift + np.sqrt(1 - keep * keep) * random.normal(0, 1, authors)
        viral *= 0.5 ** (1 / 8)
        viral[random.integers(0, authors, 3)] += random.exponential(4, 3)
        attraction = np.cumsum(base * np.exp(drift) + base.mean() * 20 * viral)
        target = np.searchsorted(attraction, random.random(per_hour[hour]) * attraction[-1])
        source = np.searchsorted(source_weight, random.random(per_hour[hour]) * source_weight[-1])
        # Ten bots in turn push one account each with fifty acts an hour.
        bots = np.repeat(np.arange(10), 50) if count >= 100_000 and hour % 24 < 2 else np.zeros(0, dtype=int)
        columns.append((np.full(target.size + bots.size, hour), np.append(source, bots), np.append(target, authors - 1 - bots)))
    hour_of, source, target = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return Edges(hour_of, source, target, authors)


def from_mentions(path: Path) -> Edges:
    """Who mentions or answers whom in real posts; accounts are only compared, never printed."""
    import pyarrow.compute as pc

    posts = pq.read_table(path, columns=["author_id", "created_at", "text"]).sort_by("created_at")
    found = pc.split_pattern_regex(posts["text"], r"[^@\w]+").combine_chunks()
    words, row = pc.utf8_lower(pc.list_flatten(found)), np.asarray(pc.list_parent_indices(found))
    mentions = np.asarray(pc.match_substring_regex(words, r"^@\w{2,15}$"))
    names = words.filter(pa.array(mentions)).dictionary_encode()
    authors = posts["author_id"].combine_chunks().dictionary_encode()
    at = np.asarray(pc.cast(posts["created_at"], pa.int64())) // 3_600_000_000
    rows = row[mentions]
    return Edges(at[rows] - at.min(), np.asarray(authors.indices)[rows], np.asarray(names.indices), len(names.dictionary))


def from_file(path: Path) -> Edges:
    """Edges of a table with columns source, target, at."""
    import pyarrow.compute as pc

    table = pq.read_table(path).sort_by("at")
    hour = np.asarray(pc.cast(pc.cast(table["at"], pa.timestamp("us", tz="UTC")), pa.int64())) // 3_600_000_000
    source, target = (pc.cast(table[name], pa.string()).combine_chunks().dictionary_encode() for name in ("source", "target"))
    return Edges(hour - hour.min(), np.asarray(source.indices), np.asarray(target.indices), len(target.dictionary))


def ndcg_at_50(score: np.ndarray, gain: np.ndarray) -> float:
    """Normalised discounted cumulative gain of the first 50 by score (ties by place); 1 is the best order there is."""
    discount = 1 / np.log2(np.arange(2, 52))
    first = np.lexsort((np.arange(score.size), -score))[:50]
    best = -np.sort(-gain)[:50]
    return float(np.sum(gain[first] * discount[: first.size]) / np.sum(best * discount[: best.size]))


def page_rank(source: np.ndarray, target: np.ndarray, size: int, damping: float = 0.85, rounds: int = 40) -> np.ndarray:
    """PageRank by power iteration over the multigraph of acts; nodes without acts give their weight to all."""
    matrix = sparse.csr_matrix((np.ones(source.size), (target, source)), shape=(size, size))
    out = np.asarray(matrix.sum(axis=0)).ravel()
    share = np.divide(1.0, out, out=np.zeros(size), where=out > 0)
    rank = np.full(size, 1 / size)
    for _ in range(rounds):
        rank = damping * (matrix @ (rank * share) + rank[out == 0].sum() / size) + (1 - damping) / size
    return rank


def next_hours(edges: Edges, every: int) -> dict[str, list[list[float]]]:
    """NDCG@50 of each ranking for each period, at every so many hours from the eighth day (or a third of the data) on."""
    nothing = np.zeros(edges.hour.size, dtype=np.int64)
    acts = distinct_acts(edges.hour, edges.target, edges.source, nothing)
    size = max(edges.authors, int(edges.source.max()) + 1)
    last = int(edges.hour.max())

    def within(start: int, stop: int) -> slice:
        return slice(*np.searchsorted(edges.hour, (start, stop)))

    def decayed(half_life: float) -> Callable[[int], np.ndarray]:
        return lambda hour: decayed_scores(acts, hour - 1, edges.authors, half_life)

    def counted(hours: int) -> Callable[[int], np.ndarray]:
        return lambda hour: np.bincount(edges.target[within(hour - hours, hour)], minlength=edges.authors).astype(float)

    def ranked(hours: int) -> Callable[[int], np.ndarray]:
        return lambda hour: page_rank(edges.source[within(hour - hours, hour)], edges.target[within(hour - hours, hour)], size)[
            : edges.authors
        ]

    rankings: dict[str, Callable[[int], np.ndarray]] = {
        "ours, half-life 24 h": decayed(24),
        "ours, half-life 6 h": decayed(6),
        "ours, half-life 1 h": decayed(1),
        "raw counts, all history": counted(last + 1),
        "raw counts, last hour": counted(1),
        "PageRank, all history": ranked(last + 1),
        "PageRank, last hour": ranked(1),
    }
    results: dict[str, list[list[float]]] = {name: [[] for _ in PERIODS] for name in rankings}
    for hour in range(min(192, last // 3), last - max(PERIODS), every):
        gains = []
        for period in PERIODS:
            pairs = np.unique(edges.target[within(hour, hour + period)].astype(np.int64) * size + edges.source[within(hour, hour + period)])
            gains.append(np.bincount(pairs // size, minlength=edges.authors).astype(float))
        for name, ranking in rankings.items():
            score = ranking(hour)
            for place, gain in enumerate(gains):
                if gain.any():
                    results[name][place].append(ndcg_at_50(score, gain))
    return results


def as_table(edges: Edges) -> pa.Table:
    """The edges as rows of ``influencers/interactions``."""
    count = edges.hour.size
    names = pa.array([f"{number:016x}" for number in range(max(edges.authors, int(edges.source.max()) + 1))])
    at = int(START.timestamp()) + edges.hour.astype(np.int64) * 3600
    return TABLES["influencers/interactions"].conform(
        pa.table(
            {
                "created_at": pa.array(at * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
                "network": pa.array(["x"]).take(pa.array(np.zeros(count, dtype=np.int64))),
                "post_id": pa.array(np.arange(count)).cast(pa.string()),
                "kind": pa.array(["repost"]).take(pa.array(np.zeros(count, dtype=np.int64))),
                "source_author": names.take(pa.array(edges.source)),
                "target_author": names.take(pa.array(edges.target)),
                "topic_id": pa.array([f"t{number}" for number in range(200)]).take(pa.array(edges.target % 200)),
            }
        )
    )


def main() -> None:
    """Print speed in core-seconds, then one NDCG table per data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--posts", type=Path, default=shared / "tweets_fashion_brands_2021.parquet")
    parser.add_argument("--interactions", type=Path)
    parser.add_argument("--every", type=int, default=12, help="hours between the moments that are judged")
    arguments = parser.parse_args()

    for count in (100_000, 1_000_000):
        edges = synthetic(count)
        began = time.process_time()
        acts = distinct_acts(edges.hour, edges.target, edges.source, np.zeros(edges.hour.size, dtype=np.int64))
        for hour in range(24, 720, 24):
            decayed_scores(acts, hour, edges.authors, 24.0)
        scored = edges.hour.size / (time.process_time() - began)
        table = as_table(edges)
        began = time.process_time()
        rows = influencer_rankings([START + timedelta(hours=hour) for hour in range(720)], interactions=table).num_rows
        ranked = time.process_time() - began
        print(f"{edges.hour.size:>9,} edges: scores after each of 30 days {scored:,.0f} edges per core-second;", end=" ")
        print(f"all 720 hourly rankings, overall and 200 topics: {ranked:.1f} core-seconds, {rows:,} rows")

    sets = {"synthetic, drifting, with bots": synthetic(300_000)}
    if arguments.posts.exists():
        sets["mentions in real posts (no reposts)"] = from_mentions(arguments.posts)
    if arguments.interactions:
        sets[str(arguments.interactions.name)] = from_file(arguments.interactions)
    for title, edges in sets.items():
        print(f"\n{title}: {edges.hour.size:,} edges, {edges.authors:,} targets, {int(edges.hour.max()) + 1} hours; NDCG@50 of the next")
        print(f"{'ranking':28}" + "".join(f"{f'{period} h':>8}" for period in PERIODS))
        for name, values in next_hours(edges, arguments.every if edges.hour.max() > 300 else 3).items():
            print(f"{name:28}" + "".join(f"{np.mean(column):8.3f}" for column in values))


if __name__ == "__main__":
    main()
