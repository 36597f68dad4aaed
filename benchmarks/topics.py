"""How good and how fast topic clustering is, ours beside a simple peer.

    python -m benchmarks.topics --posts FILE --truth COLUMN --by COLUMN   labelled posts: quality and speed per group
    python -m benchmarks.topics --windows 7000 20000 100000               speed of a re-clustering by window size, and of an hour

What belongs here: measuring. What doesn't: the method (``trend_assets/lib/topics``) and what tests assert.
The file has columns post_id or tweet_id, created_at, text, and optionally hashtags and user_mentions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.text.clean import clean_posts
from trend_assets.lib.topics.assign import assign_hours
from trend_assets.lib.topics.clustering import cluster
from trend_assets.tables import TABLES

TUNED_ON = 4  # groups at the beginning that parameters may be chosen on; the rest is only reported


def _entities(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.array([[]] * table.num_rows, pa.list_(pa.string()))
    rows = [[value.lower().lstrip("#@") for value in values or []] for values in table.column(name).to_pylist()]
    return pa.array(rows, pa.list_(pa.string()))


def read_posts(path: Path, truth: str, by: str) -> pa.Table:
    """Posts of a file cleaned by the production path, in time order, with ``truth`` and ``by`` beside."""
    table = pq.read_table(path)
    identifier = "post_id" if "post_id" in table.column_names else "tweet_id"
    table = table.sort_by([(by, "ascending"), ("created_at", "ascending"), (identifier, "ascending")])
    created_at = table.column("created_at").cast(pa.timestamp("us"), safe=False).cast(pa.timestamp("us", tz="UTC"))
    given = {
        "post_id": pc.cast(table.column(identifier), pa.string()),
        "created_at": created_at,
        "captured_at": created_at,
        "text": table.column("text").cast(pa.string()),
        "hashtags": _entities(table, "hashtags"),
        "mentions": _entities(table, "user_mentions"),
    }
    constant = {"network": "x", "source": "table", "author": "unknown", "kind": "post", "landing_file": "benchmark", "landing_line": 0,
                "request_id": "benchmark", "licence_class": "x"}  # fmt: skip
    columns = {}
    for field in TABLES["social/raw_posts"].schema:
        if field.name in given:
            columns[field.name] = given[field.name]
        elif field.name in constant:
            columns[field.name] = pa.array([constant[field.name]] * table.num_rows, field.type)
        else:
            fill = [[] if pa.types.is_list(field.type) else None] * table.num_rows
            columns[field.name] = pa.array(fill, field.type)
    cleaned = clean_posts(pa.table(columns))
    return cleaned.append_column("truth", table.column(truth)).append_column("by", table.column(by))


def terms_of(posts: pa.Table) -> pa.Array:
    """The terms the sealed lane uses: lemmas, #hashtags and @mentions."""
    columns = zip(*(posts.column(name).to_pylist() for name in ("lemmas", "hashtags", "mentions")), strict=True)
    rows = [[*words, *(f"#{tag}" for tag in tags), *(f"@{name}" for name in names)] for words, tags, names in columns]
    return pa.array(rows, pa.list_(pa.string()))


def ours(posts: pa.Table, terms: pa.Array) -> np.ndarray:
    """Our clusters of one group."""
    return cluster(terms, np.arange(posts.num_rows), near_duplicate_keys=posts.column("near_duplicate_key").to_numpy()).topic


def minibatch_kmeans(posts: pa.Table, terms: pa.Array) -> np.ndarray:
    """The simple peer: TF-IDF and MiniBatchKMeans, told the true number of clusters."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    matrix = TfidfVectorizer(analyzer=lambda document: document, min_df=2).fit_transform(terms.to_pylist())
    count = len(posts.column("truth").unique())
    return MiniBatchKMeans(count, random_state=0, n_init=3, batch_size=1024).fit_predict(matrix)


def quality(posts: pa.Table, method: Callable[[pa.Table, pa.Array], np.ndarray]) -> list[tuple[str, int, float, float, float, float]]:
    """Per group: name, posts, AMI, ARI, NMI, posts per core-second of clustering."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

    result = []
    for group in posts.column("by").unique().to_pylist():
        part = posts.filter(pc.equal(posts.column("by"), group))
        terms = terms_of(part)
        begun = time.process_time()
        found = method(part, terms)
        seconds = time.process_time() - begun
        truth = part.column("truth").to_numpy()
        scores = [measure(truth, found) for measure in (adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score)]
        result.append((str(group), part.num_rows, *scores, part.num_rows / seconds))
    return result


def print_quality(path: Path, truth: str, by: str) -> None:
    """The table of quality and speed, ours and the peer, with means over the first groups and the rest."""
    begun = time.process_time()
    posts = read_posts(path, truth, by)
    print(f"{posts.num_rows} posts cleaned at {posts.num_rows / (time.process_time() - begun):,.0f} posts/core-s")
    for name, method in (("ours", ours), ("MiniBatchKMeans, true number of clusters given", minibatch_kmeans)):
        method(posts.slice(0, 50), terms_of(posts.slice(0, 50)))  # compile, import
        rows = quality(posts, method)
        print(f"\n{name}\n{by:>12} {'posts':>8} {'AMI':>6} {'ARI':>6} {'NMI':>6} {'posts/core-s':>13}")
        for group, count, *scores, speed in rows:
            print(f"{group:>12} {count:>8} {' '.join(f'{score:6.3f}' for score in scores)} {speed:>13,.0f}")
        for title, part in ((f"first {TUNED_ON}", rows[:TUNED_ON]), (f"last {len(rows) - TUNED_ON}", rows[TUNED_ON:])):
            if part:
                means = np.mean([row[2:] for row in part], axis=0)
                print(f"{title:>12} {sum(row[1] for row in part):>8} {' '.join(f'{mean:6.3f}' for mean in means[:3])} {means[3]:>13,.0f}")


def invented_hours(hours: int, posts: int, seed: int = 0, chatter: int = 10) -> Iterator[tuple[datetime, pa.Table]]:
    """Clean posts of invented words: a dozen topics alive under chatter of Zipf-distributed words, a fifth reposts."""
    dice = np.random.default_rng(seed)
    vocabulary = max(30_000, posts)
    chances = np.cumsum(1 / np.arange(1, vocabulary + 1) ** 1.05)
    words = pa.array([f"w{number}" for number in range(vocabulary)])
    alive: list[tuple[np.ndarray, int]] = []
    start = datetime(2026, 9, 1, tzinfo=UTC)
    for number in range(hours):
        alive = [topic for topic in alive if topic[1] > number]
        alive += [(dice.integers(2_000, vocabulary, 8), number + int(dice.integers(6, 48))) for _ in range(12 - len(alive))]
        lengths = np.maximum(dice.poisson(12, posts), 4)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.searchsorted(chances, dice.random(starts[-1]) * chances[-1])
        for post in np.flatnonzero(dice.random(posts) < 1 / (chatter + 1)).tolist():
            topic = alive[int(dice.random() ** 2 * len(alive))][0]
            flat[starts[post] : starts[post] + 4] = dice.choice(topic, 4, replace=False)
        original = np.arange(posts)
        copies = np.flatnonzero(dice.random(posts) < 0.2)
        copies = copies[copies > 0]
        original[copies] = dice.integers(0, copies)
        original = np.where(np.isin(original, copies) & (original != np.arange(posts)), 0, original)
        lists = pa.ListArray.from_arrays(starts.astype(np.int32), words.take(pa.array(flat)))
        lists = lists.take(pa.array(original))
        hour = start + timedelta(hours=number)
        names = pa.array([f"{number}-{post}" for post in range(posts)])
        none = pa.array([[]] * posts, pa.list_(pa.string()))
        repost = original != np.arange(posts)
        reposted = [f"{number}-{place}" if one else None for place, one in zip(original, repost, strict=True)]
        yield (
            hour,
            pa.table(
                {
                    "post_id": names,
                    "network": pa.array(["x"] * posts),
                    "author": pa.array([f"a{author}" for author in dice.integers(0, 20 * posts, posts)]),
                    "created_at": pa.array(
                        [hour + timedelta(microseconds=int(place)) for place in range(posts)], pa.timestamp("us", tz="UTC")
                    ),
                    "kind": pa.array(["repost" if one else "post" for one in repost]),
                    "clean_text": pc.binary_join(lists, " "),
                    "language": pa.array(["en" if one < 0.6 else "fr" for one in dice.random(posts)]),
                    "tokens": lists,
                    "lemmas": lists,
                    "hashtags": none,
                    "mentions": none,
                    "near_duplicate_key": pa.array(original + number * posts),
                    "reposted_post": pa.array(reposted, pa.string()),
                }
            ),
        )


def print_speed(windows: list[int]) -> None:
    """Core time of a re-clustering of windows of each size (terms given as text), and of the sealed lane's hours."""
    empty = TABLES["topics/topics"].empty()
    warm = list(invented_hours(3, 50))
    list(assign_hours(warm, window=[], registry=empty, window_groups=60))
    print(f"\n{'window':>9} {'groups':>8} {'cluster s':>10} {'posts/core-s':>13} {'ms an hour':>11}")
    for size in windows:
        hours = list(invented_hours(27, max(size // 24, 1)))
        posts = pa.concat_tables([table for _, table in hours[:24]])
        originals = posts.filter(pc.equal(posts.column("kind"), "post"))
        terms = originals.column("lemmas").combine_chunks()
        begun = time.process_time()
        cluster(terms, np.arange(originals.num_rows))
        seconds = time.process_time() - begun
        lane = assign_hours(hours[24:], window=hours[:24], registry=empty)
        next(lane)
        begun = time.process_time()
        rest = len(list(lane))
        each = (time.process_time() - begun) / rest * 1000
        print(f"{posts.num_rows:>9} {originals.num_rows:>8} {seconds:>10.2f} {originals.num_rows / seconds:>13,.0f} {each:>11.0f}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, help="Parquet file of labelled posts")
    parser.add_argument("--truth", default="event_id", help="column with the true cluster")
    parser.add_argument("--by", default="block", help="column to group by; each group is clustered on its own")
    parser.add_argument("--windows", type=int, nargs="*", default=[7_000, 20_000, 100_000], help="window sizes, posts")
    options = parser.parse_args()
    if options.posts:
        print_quality(options.posts, options.truth, options.by)
    if options.windows:
        print_speed(options.windows)


if __name__ == "__main__":
    main()
