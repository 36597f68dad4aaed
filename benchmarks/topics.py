"""Topics: quality × speed × memory of ours and of peers on labelled posts, and how speed scales with the window. One command prints it all.

    python -m benchmarks.topics --posts FILE --truth COLUMN --by COLUMN     the whole table, then the scaling curve
    python -m benchmarks.topics --windows 10000 100000 1000000 --plot FILE  the curve alone, drawn
    python -m benchmarks.topics --lane 7000 100000                          hours of the sealed lane, milliseconds each

What belongs here: running methods in processes of their own, printing, invented windows. What doesn't: protocol, measures and peers
(``trend_assets/lib/evaluation``, also behind ``trend-assets evaluate``), the method (``trend_assets/lib/topics``).

The posts' columns are those of ``trend-assets evaluate`` (docs/evaluate.md). Each method runs alone in a fresh process, so that its
peak of memory is its own; "peak MiB" is the process's, libraries and posts included, and the row "posts alone" says what those take.
Means are given over the first ``--tuned-on`` groups, which parameters may be chosen on, and over the rest, which is only reported.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.files import decode_file
from trend_assets.lib.evaluation.peers import TOPIC_PEERS
from trend_assets.lib.evaluation.posts import read_evaluation_posts
from trend_assets.lib.evaluation.stream import evaluate_stream
from trend_assets.lib.evaluation.topics import MEASURES, Method, NotInstalledError, OurTopics, in_groups, means, measure
from trend_assets.lib.text.clean import STAGES, clean_posts
from trend_assets.lib.topics.assign import assign_hours
from trend_assets.tables import TABLES

METHODS = {"ours": OurTopics, **TOPIC_PEERS}
WINDOWS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
SECONDS_ENOUGH = 30.0
"""A method that took longer for a window isn't asked for a larger one."""


def in_a_process(function: Any, *arguments: Any) -> Any:
    """The result of a function in a fresh process, so that memory and compiled code are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def peak_mebibytes() -> float:
    """Most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def labelled_posts(path: Path, truth: str, by: str) -> pa.Table:
    """Clean posts of the file."""
    return read_evaluation_posts(decode_file(path.name, path.read_bytes()), truth=truth, by=by)


def quality(name: str, path: Path, truth: str, by: str) -> tuple[dict[str, Any], float]:
    """Figures of a method by group, and the peak of memory; of no method, what the posts alone take."""
    groups = list(in_groups(labelled_posts(path, truth, by)))
    return (measure(name, METHODS[name], groups) if name else {}), peak_mebibytes()


def cleaning(path: Path, truth: str, by: str) -> tuple[int, dict[str, float]]:
    """Posts, and processor seconds of each stage of cleaning them; the second pass counts, dictionaries are filled by the first."""
    raw = _raw(path, truth, by)
    seconds: dict[str, float] = {}
    for _ in range(2):
        seconds = dict.fromkeys(STAGES, 0.0)
        last = [time.process_time()]

        def lap(stage: str, seconds: dict[str, float] = seconds, last: list[float] = last) -> None:
            now = time.process_time()
            seconds[stage] += now - last[0]
            last[0] = now

        clean_posts(raw, lap=lap)
    return raw.num_rows, seconds


def _raw(path: Path, truth: str, by: str) -> pa.Table:
    """The file's posts as raw posts: clean ones with their text as it was, which is all that cleaning looks at."""
    clean = labelled_posts(path, truth, by)
    table = decode_file(path.name, path.read_bytes())
    identifier = "post_id" if "post_id" in table.column_names else "tweet_id"
    rows = pc.index_in(clean["post_id"].combine_chunks(), value_set=table[identifier].cast(pa.string()).combine_chunks())
    columns = {name: clean[name] for name in clean.column_names if name in TABLES["social/raw_posts"].schema.names}
    columns["text"] = table["text"].take(rows)
    count = clean.num_rows
    for field in TABLES["social/raw_posts"].schema:
        if field.name not in columns:
            constant = {"source": "table", "landing_file": "", "landing_line": 0, "request_id": ""}.get(field.name)
            columns[field.name] = pa.array([[] if pa.types.is_list(field.type) else constant] * count, field.type)
    return pa.table(columns)


def print_quality(path: Path, truth: str, by: str, tuned_on: int) -> None:
    """The table of quality, speed and memory, then ours group by group."""
    count, seconds = in_a_process(cleaning, path, truth, by)
    words = seconds["words"] + seconds["lemmas"]  # tokenising; entities, language and the rest serve other tables too
    told = ", ".join(f"{stage} {1e6 * part / count:.1f}" for stage, part in seconds.items())
    print(f"{count:,} posts. Cleaning, core-µs a post: {told}; all {1e6 * sum(seconds.values()) / count:.1f}")
    _, alone = in_a_process(quality, "", path, truth, by)
    scored = f"{'AMI':>6} {'ARI':>6} {'NMI':>6}"
    header = f"{'method':<24} {scored}  {scored} {'posts/core-s':>13} {'with tokens':>11} {'peak MiB':>9}"
    print(f"\n{'':<24} {f'first {tuned_on} groups':>20}  {'the rest':>20}\n{header}")
    groups: dict[str, Any] = {}
    for name in METHODS:
        figures, peak = in_a_process(quality, name, path, truth, by)
        if "note" in figures:
            print(f"{name:<24} {figures['note']}")
            continue
        rows = figures["groups"]
        groups = groups or rows
        parts = [means(dict(list(rows.items())[part]), MEASURES) for part in (slice(tuned_on), slice(tuned_on, None))]
        scores = "  ".join(" ".join(f"{_shown(part[measure]):>6}" for measure in MEASURES) for part in parts)
        speed = figures["posts_per_core_second"]
        print(f"{name:<24} {scores} {speed:>13,.0f} {1 / (1 / speed + words / count):>11,.0f} {peak:>9,.0f}", flush=True)
    print(
        f"{'posts alone':<24} {'':>77} {alone:>9,.0f}\n\nours\n{by:>12} {'posts':>8} {'AMI':>6} {'ARI':>6} {'NMI':>6} {'posts/core-s':>13}"
    )
    for group, row in groups.items():
        scores = " ".join(f"{_shown(row[measure]):>6}" for measure in MEASURES)
        print(f"{group:>12} {row['posts']:>8} {scores} {row['posts_per_core_second']:>13,.0f}")


def stream_quality(path: Path, truth: str, by: str, tuned_on: int) -> list[dict[str, Any]]:
    """Figures of the stream over the groups that parameters may be chosen on, put together, and over the rest."""
    posts = labelled_posts(path, truth, by)
    chosen = pa.array([name for name, _ in in_groups(posts)][:tuned_on], pa.string())
    first = pc.is_in(posts["by"], value_set=chosen)
    one_stream = posts.set_column(posts.schema.get_field_index("by"), "by", pa.nulls(posts.num_rows, pa.string()))
    return [evaluate_stream(one_stream.filter(rows), peers=True) for rows in (first, pc.invert(first))]


def print_stream(path: Path, truth: str, by: str, tuned_on: int) -> None:
    """The table of the stream protocol: posts one after the other, topics at first sight."""
    names = ("macro_f1", *MEASURES, "posts_per_core_second")
    print(f"\n{'stream':<28} {'groups':>10} {'macro F1':>8} {'AMI':>6} {'ARI':>6} {'NMI':>6} {'posts/core-s':>13}")
    for part, result in zip((f"first {tuned_on}", "the rest"), in_a_process(stream_quality, path, truth, by, tuned_on), strict=True):
        rows = {"ours, at first sight": result, "ours, after re-clustering": result.get("after_reclustering", {}), **result["peers"]}
        for method, row in rows.items():
            macro, ami, ari, nmi, speed = (row.get(name) for name in names)
            told = "" if speed is None else f"{speed:,.0f}"
            print(f"{method:<28} {part:>10} {_shown(macro):>8} {_shown(ami):>6} {_shown(ari):>6} {_shown(nmi):>6} {told:>13}", flush=True)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


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


def invented_window(groups: int) -> pa.Table:
    """A window of so many near-duplicate groups, each a post, without a truth."""
    hours = invented_hours(24, math.ceil(groups / 24 * 1.3))
    posts = pa.concat_tables([table.filter(pc.equal(table.column("kind"), "post")) for _, table in hours])
    posts = posts.slice(0, groups).combine_chunks()
    return posts.append_column("truth", pa.nulls(posts.num_rows, pa.string()))


def window_speed(name: str, groups: int) -> tuple[float, float] | None:
    """Processor seconds of a method for a window of so many groups, and the peak of memory; None where it isn't installed."""
    posts = invented_window(groups)
    try:
        method: Method = METHODS[name]()
        method(posts.slice(0, 500))
        begun = time.process_time()
        method(posts)
    except NotInstalledError:
        return None
    return time.process_time() - begun, peak_mebibytes()


def print_scaling(windows: Sequence[int], plot: Path | None) -> None:
    """Seconds, groups a core-second and memory by window size, of ours and of the peers that don't need the truth."""
    curves: dict[str, list[tuple[int, float]]] = {}
    print(f"\n{'method':<24} {'groups':>9} {'core-s':>8} {'groups/core-s':>14} {'peak MiB':>9}")
    for name in METHODS:
        if name.startswith("MiniBatch"):  # without a truth it can't be told the number of clusters
            continue
        for groups in windows:
            measured = in_a_process(window_speed, name, groups)
            if measured is None:
                print(f"{name:<24} not installed")
                break
            seconds, peak = measured
            curves.setdefault(name, []).append((groups, groups / seconds))
            print(f"{name:<24} {groups:>9,} {seconds:>8.2f} {groups / seconds:>14,.0f} {peak:>9,.0f}", flush=True)
            if seconds > SECONDS_ENOUGH:
                break
    if plot:
        plot.write_text(draw_curves(curves, windows), encoding="utf-8")
        print(f"drawn: {plot}")


_COLOURS = ("#2f6fde", "#d9822b", "#2e9e5b", "#a04fc0")
_LEFT, _TOP, _WIDTH, _HEIGHT = 78, 28, 500, 260


def draw_curves(curves: dict[str, list[tuple[int, float]]], windows: Sequence[int]) -> str:
    """Groups a core-second by groups in the window as SVG, both logarithmic: a dozen lines of it need no drawing library."""
    speeds = [speed for points in curves.values() for _, speed in points]
    low, high = math.floor(math.log10(min(speeds))), math.ceil(math.log10(max(speeds)))
    first, last = math.log10(min(windows)), math.log10(max(windows))

    def place(groups: float, speed: float) -> tuple[float, float]:
        x = _LEFT + (math.log10(groups) - first) / max(last - first, 1e-9) * _WIDTH
        return round(x, 1), round(_TOP + (high - math.log10(speed)) / (high - low) * _HEIGHT, 1)

    box = f'viewBox="0 0 {_LEFT + _WIDTH + 170} {_TOP + _HEIGHT + 52}" font-family="sans-serif" font-size="12"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {box}>']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for exponent in range(low, high + 1):
        _, y = place(min(windows), 10**exponent)
        parts.append(
            f'<path d="M{_LEFT} {y}h{_WIDTH}" stroke="#ddd"/><text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10**exponent:,}</text>'
        )
    for groups in windows:
        x, _ = place(groups, 10**low)
        parts.append(f'<text x="{x}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{groups:,}</text>')
    for colour, (name, points) in zip(_COLOURS, curves.items(), strict=False):
        line = " ".join(f"{x},{y}" for x, y in (place(*point) for point in points))
        x, y = place(*points[-1])
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px}" cy="{py}" r="3" fill="{colour}"/>' for px, py in (place(*point) for point in points)]
        parts.append(f'<text x="{x + 8}" y="{y + 4}" fill="{colour}">{name}</text>')
    parts.append(
        f'<text x="{_LEFT}" y="16">groups a core-second, by near-duplicate groups in the window (both axes logarithmic)</text></svg>'
    )
    return "\n".join(parts) + "\n"


def print_lane(windows: Sequence[int]) -> None:
    """Core time of an hour of the sealed lane, by posts in its window of a day."""
    empty = TABLES["topics/topics"].empty()
    warm = list(invented_hours(3, 50))
    list(assign_hours(warm, window=[], registry=empty, window_groups=60))
    print(f"\n{'window':>9} {'ms an hour':>11}")
    for size in windows:
        hours = list(invented_hours(27, max(size // 24, 1)))
        lane = assign_hours(hours[24:], window=hours[:24], registry=empty)
        next(lane)
        begun = time.process_time()
        rest = len(list(lane))
        print(f"{size:>9,} {(time.process_time() - begun) / rest * 1000:>11.0f}", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, help="file of labelled posts")
    parser.add_argument("--truth", default="event_id", help="column with the true cluster")
    parser.add_argument("--by", default="block", help="column to group by; each group is clustered on its own")
    parser.add_argument("--tuned-on", type=int, default=4, help="groups at the beginning that parameters were chosen on")
    parser.add_argument("--windows", type=int, nargs="*", default=WINDOWS, help="window sizes of the scaling curve, groups")
    parser.add_argument("--lane", type=int, nargs="*", default=[], help="window sizes of the sealed lane, posts")
    parser.add_argument("--plot", type=Path, help="SVG file to draw the curve into")
    options = parser.parse_args()
    if options.posts:
        print_quality(options.posts, options.truth, options.by, options.tuned_on)
        print_stream(options.posts, options.truth, options.by, options.tuned_on)
    if options.windows:
        print_scaling(options.windows, options.plot)
    if options.lane:
        print_lane(options.lane)


if __name__ == "__main__":
    main()
