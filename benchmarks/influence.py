"""Influence: speed of scoring and of rankings, and how well rankings say who is amplified next, ours beside its peers.

What belongs here: made-up streams, real ones, printing. What doesn't: the protocol and the peers (``lib/evaluation/influence.py``), the
rankings (``lib/influence``).

Run: ``python -m benchmarks.influence [--posts FILE] [--town FOLDER] [--interactions FILE] [--part tuning|reported] [--peers]``.

Data: (1) made-up streams of reposts: cascades whose delays fall as a power law or exponentially, with and without an event in the
middle, authors whose attraction drifts, and authors who never change; (2) mentions and replies in real posts, a table with author_id,
created_at and text (such an archive holds no reposts, so the gain counts every act); (3) the interactions of a simulated town's lake;
(4) ``--interactions``: columns source, target, kind, at. ``--part tuning`` makes the streams of the seeds the method was shaped on, and
takes the first third of real streams; ``reported``, the default, other seeds and the rest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.evaluation.influence import evaluate_influence, read_stream, rolling_origins, scoring_speed
from trend_assets.lib.influence import influencer_rankings
from trend_assets.lib.influence.outlook import HORIZONS
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = 3600.0
SEEDS = {"tuning": (1, 2, 3), "reported": (11,)}
TUNING_SHARE = 1 / 3


def rhythm(at: np.ndarray) -> np.ndarray:
    """How lively the moment (seconds) is within its day, at most 1."""
    return (1 + 0.6 * np.sin(2 * np.pi * at / 86400)) / 1.6


def cascades(
    seed: int,
    *,
    tail: float | None,
    half_life: float = HOUR,
    event: bool = False,
    edges: int = 150_000,
    authors: int = 20_000,
    posts_share: float = 0.15,
) -> pa.Table:
    """A week of posts whose reposts bring reposts (a Hawkes process by branching, thinned by the time of day).

    ``tail``: delays are Pareto from five minutes with this exponent; None: exponential with ``half_life`` seconds. ``event``: half of
    the posts come in a wave from the middle of the week on. Authors differ in how much they post and how much they are reposted.
    """
    random, span = np.random.default_rng(seed), 7 * 24 * HOUR
    activity = random.pareto(1.2, authors) + 0.05
    activity /= activity.sum()
    influence = random.pareto(1.2, authors) + 0.02
    posts = int(edges * posts_share)
    at = random.random(posts) * span
    if event:
        at[: posts // 2] = np.minimum(0.45 * span + random.exponential(12 * HOUR, posts // 2), span - 1)
    who = random.choice(authors, posts, p=activity)
    expected = influence[who] * random.lognormal(0, 1, posts)
    expected *= edges * 0.4 / expected.sum()

    def delays(count: int) -> np.ndarray:
        if tail is None:
            return random.exponential(half_life / np.log(2), count)
        return 300 * (random.random(count) ** (-1 / tail) - 1)

    brought = random.poisson(np.minimum(expected, edges * 0.03))
    generation = np.repeat(at, brought) + delays(brought.sum()), np.repeat(who, brought)
    moments, targets = [], []
    while generation[0].size:
        inside = generation[0] < span
        moment, target = generation[0][inside], generation[1][inside]
        moments.append(moment)
        targets.append(target)
        brought = random.poisson(0.6, moment.size)
        generation = np.repeat(moment, brought) + delays(brought.sum()), np.repeat(target, brought)
    moment, target = np.concatenate(moments), np.concatenate(targets)
    lively = random.random(moment.size) < rhythm(moment)
    moment, target = moment[lively], target[lively]
    fans = (target * 7919 + random.integers(0, 200, target.size)) % authors
    anyone = random.choice(authors, target.size, p=activity)
    return stream(moment, np.where(random.random(target.size) < 0.5, fans, anyone), target)


def drifting(seed: int, *, edges: int = 150_000, hours: int = 168, authors: int = 20_000) -> pa.Table:
    """Log attraction is a random walk with a half-life of two days; viral hours decay over eight."""
    random = np.random.default_rng(seed)
    base, drift, viral = random.pareto(1.3, authors) + 0.01, random.normal(0, 1, authors), np.zeros(authors)
    keep = 0.5 ** (1 / 48)
    share = rhythm(np.arange(hours) * HOUR)
    per_hour = random.multinomial(edges, share / share.sum())
    columns = []
    for hour, count in enumerate(per_hour.tolist()):
        drift = keep * drift + np.sqrt(1 - keep * keep) * random.normal(0, 1, authors)
        viral *= 0.5 ** (1 / 8)
        viral[random.integers(0, authors, 3)] += random.exponential(4, 3)
        attraction = np.cumsum(base * np.exp(drift) + base.mean() * 20 * viral)
        target = np.searchsorted(attraction, random.random(count) * attraction[-1])
        columns.append(((hour + random.random(count)) * HOUR, random.integers(0, authors, count), target))
    return stream(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))


def unchanging(seed: int, *, edges: int = 100_000, authors: int = 20_000) -> pa.Table:
    """Every author is amplified at a rate that never changes."""
    random = np.random.default_rng(seed)
    attraction = np.cumsum(random.pareto(1.3, authors) + 0.01)
    target = np.searchsorted(attraction, random.random(edges) * attraction[-1])
    return stream(random.random(edges) * 7 * 24 * HOUR, random.integers(0, authors, edges), target)


def stream(at: np.ndarray, source: np.ndarray, target: np.ndarray) -> pa.Table:
    """Columns source, target, kind, at of reposts at so many seconds from the start."""
    moment = pa.array((START.timestamp() * 1e6 + at * 1e6).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
    names = pa.array([f"{number:016x}" for number in range(int(max(source.max(), target.max())) + 1)])
    kind = pa.array(["repost"]).take(pa.array(np.zeros(at.size, dtype=np.int64)))
    return pa.table({"source": names.take(pa.array(source)), "target": names.take(pa.array(target)), "kind": kind, "at": moment})


STREAMS: dict[str, Callable[[int], pa.Table]] = {
    "cascades, tail 0.24": lambda seed: cascades(seed, tail=0.24),
    "cascades, tail 0.5": lambda seed: cascades(seed, tail=0.5),
    "cascades, tail 0.8": lambda seed: cascades(seed, tail=0.8),
    "cascades, tail 0.8, an event": lambda seed: cascades(seed, tail=0.8, event=True),
    "cascades, tail 1.2, an event, few posts": lambda seed: cascades(seed, tail=1.2, event=True, posts_share=0.05),
    "cascades, half-life 1 h": lambda seed: cascades(seed, tail=None),
    "cascades, half-life 6 h": lambda seed: cascades(seed, tail=None, half_life=6 * HOUR),
    "cascades, half-life 15 min, few posts": lambda seed: cascades(seed, tail=None, half_life=HOUR / 4, posts_share=0.03),
    "drifting": drifting,
    "unchanging": unchanging,
}


def mentions(path: Path) -> pa.Table:
    """Who mentions or answers whom in real posts; accounts are only compared, never printed."""
    posts = pq.read_table(path, columns=["author_id", "created_at", "text"]).sort_by("created_at")
    found = pc.split_pattern_regex(posts["text"], r"[^@\w]+").combine_chunks()
    words, row = pc.utf8_lower(pc.list_flatten(found)), pc.list_parent_indices(found)
    named = pc.match_substring_regex(words, r"^@\w{2,15}$")
    posts = posts.take(row.filter(named))
    kind = pa.array(["mention"]).take(pa.array(np.zeros(posts.num_rows, dtype=np.int64)))
    return pa.table(
        {"source": pc.cast(posts["author_id"], pa.string()), "target": words.filter(named), "kind": kind, "at": posts["created_at"]}
    )


def of_town(lake: Path) -> pa.Table:
    """The interactions of a lake's folder, whichever parts its manifests name."""
    from trend_assets.lake.lake import Lake

    rows = Lake(str(lake)).read(TABLES["influencers/interactions"])
    return pa.table({"source": rows["source_author"], "target": rows["target_author"], "kind": rows["kind"], "at": rows["created_at"]})


def part_of(rows: pa.Table, part: str) -> pa.Table:
    """The first third of a real stream, which the method was shaped on, or the rest."""
    rows = rows.sort_by("at")
    third = int(rows.num_rows * TUNING_SHARE)
    return rows.slice(0, third) if part == "tuning" else rows.slice(third)


def as_interactions(rows: pa.Table) -> pa.Table:
    """The stream as rows of ``influencers/interactions``, on 200 topics."""
    count = rows.num_rows
    topic = np.asarray(pc.index_in(rows["target"], value_set=pc.unique(rows["target"])).combine_chunks()) % 200
    return TABLES["influencers/interactions"].conform(
        pa.table(
            {
                "created_at": rows["at"],
                "network": pa.array(["x"]).take(pa.array(np.zeros(count, dtype=np.int64))),
                "post_id": pc.cast(pa.array(np.arange(count)), pa.string()),
                "kind": rows["kind"],
                "source_author": rows["source"],
                "target_author": rows["target"],
                "topic_id": pa.array([f"t{number}" for number in range(200)]).take(pa.array(topic)),
            }
        )
    )


def print_speed() -> None:
    """Edges a core-second of scoring, without and with the encoding of names; and of all hourly rankings of a month."""
    for count in (100_000, 1_000_000):
        rows = drifting(0, edges=count, hours=720)
        alone, whole = scoring_speed(rows)
        print(f"{rows.num_rows:>9,} edges: scoring {alone:,.0f} edges per core-second, with encoding {whole:,.0f};", end=" ", flush=True)
        acts = as_interactions(rows)
        hours = [START + timedelta(hours=number) for number in range(0, 720, 10)]
        began = time.process_time()
        ranked = influencer_rankings(hours, interactions=acts).num_rows
        print(
            f"{len(hours)} of 720 hourly rankings, overall and 200 topics: {time.process_time() - began:.1f} core-seconds, {ranked:,} rows"
        )


def print_quality(title: str, rows: pa.Table, peers: bool) -> None:
    """One table of NDCG@50 by horizon."""
    read = read_stream(rows)
    print(f"\n{title}: {read.at.size:,} acts, {read.names:,} accounts, {len(rolling_origins(read))} origins; gain: {read.counted}")
    found = evaluate_influence(rows, peers=peers)
    print(f"{'ranking':34}" + "".join(f"{f'{horizon} h':>8}" for horizon in HORIZONS) + f"{'edges/s':>14}")
    for name, one in {"ours": found, **found.get("peers", {})}.items():
        values = [one["ndcg_at_50"][f"{horizon}h"] for horizon in HORIZONS]
        told = "".join("       -" if value is None else f"{value:8.3f}" for value in values)
        print(f"{name:34}{told}" + (f"{one['edges_per_second']:>14,}" if one["edges_per_second"] else f"  {one['note']}"), flush=True)


def main() -> None:
    """Print speed in core-seconds, then one NDCG table per data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--posts", type=Path, default=shared / "tweets_fashion_brands_2021.parquet")
    parser.add_argument("--town", type=Path, help="folder of a town's lake")
    parser.add_argument("--interactions", type=Path)
    parser.add_argument("--part", choices=("tuning", "reported"), default="reported")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()

    print_speed()
    for title, make in STREAMS.items():
        for seed in SEEDS[arguments.part]:
            print_quality(f"{title} (seed {seed})", make(seed), arguments.peers)
    if arguments.posts.exists():
        print_quality("mentions in real posts", part_of(mentions(arguments.posts), arguments.part), arguments.peers)
    if arguments.town:
        print_quality("a simulated town", part_of(of_town(arguments.town), arguments.part), arguments.peers)
    if arguments.interactions:
        print_quality(arguments.interactions.name, pq.read_table(arguments.interactions), arguments.peers)


if __name__ == "__main__":
    main()
