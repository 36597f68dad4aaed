"""Alerts on Event2012 under unrelated chatter: precision, recall, delay and repeats.

    python -m benchmarks.alerts --blocks 2 3 4 5 --ratio 3                 the days that rules were chosen on
    python -m benchmarks.alerts --blocks 6 7 8 9 10 --ratio 3              the days that are only reported
    python -m benchmarks.alerts --blocks 8 9 10 --ratio 10                 the smallest days in a row that the chatter covers
    python -m benchmarks.alerts --blocks 2 3 4 5 --command                 what `trend-assets evaluate trends --peers` says of the same

What belongs here: mixing a stream from the shared files, printing. What doesn't: the protocol (``trend_assets/lib/evaluation/alerts.py``)
and the detector (``trend_assets/lib/trends/alerts.py``).

Days run into each other as they did, so an event of yesterday is no news today. To every day are added ``--ratio`` chatter posts (each
used once, drawn by ``--seed``) for each of its posts, at random times under a daily rhythm with its peak in the American evening.

With ``--command`` the stream is a user's file, judged every minute, and an alert is about what most of its exemplars' texts are labelled.
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.evaluation.alerts import Raised, evaluate_alerts, majority, score
from trend_assets.lib.evaluation.posts import read_evaluation_posts
from trend_assets.lib.evaluation.trends import evaluate_trends

_DAY_MINUTES = 1440
_PEAK_HOUR_UTC = 2
_SHOWN = 400
"""Characters of an exemplar that `evaluate trends` shows."""


def mixed_file(events: pa.Table, chatter: list[str], ratio: int, seed: int) -> pa.Table:
    """Posts of the events' days with chatter among them, as a user's file; column ``event``, null for chatter.

    Raises ``ValueError`` when there is too little chatter.
    """
    random = np.random.default_rng(seed)
    day = pc.floor_temporal(events["created_at"].cast(pa.timestamp("us"), safe=False), unit="day")
    days, counts = np.unique(day.to_numpy(), return_counts=True)
    if counts.sum() * ratio > len(chatter):
        raise ValueError(f"{counts.sum() * ratio} chatter posts are needed, there are {len(chatter)}")
    minutes = np.arange(_DAY_MINUTES)
    rhythm = 1 + 0.6 * np.cos((minutes / 60 - _PEAK_HOUR_UTC) / 24 * 2 * np.pi)
    moments = []
    for start, count in zip(days, (counts * ratio).tolist(), strict=True):
        minute = random.choice(minutes, count, p=rhythm / rhythm.sum()) + random.random(count)
        moments.append(start.astype("datetime64[us]") + (minute * 60e6).astype(np.int64).astype("timedelta64[us]"))
    at = np.concatenate(moments)
    texts = [chatter[place] for place in random.permutation(len(chatter))[: at.size].tolist()]
    lists = pa.list_(pa.string())
    ours = {
        "post_id": pc.cast(events["tweet_id"], pa.string()),
        "created_at": events["created_at"].cast(pa.timestamp("us"), safe=False),
        "text": events["text"].cast(pa.string()),
        "user_id": pc.cast(events["user_id"], pa.string()),
        "hashtags": events["hashtags"].cast(lists),
        "user_mentions": events["user_mentions"].cast(lists),
        "event": pc.cast(events["event_id"], pa.string()),
    }
    names = pa.array([f"chatter {number}" for number in range(at.size)])
    others = {
        "post_id": names,
        "created_at": pa.array(at),
        "text": pa.array(texts, pa.string()),
        "user_id": names,
        "hashtags": pa.nulls(at.size, lists),
        "user_mentions": pa.nulls(at.size, lists),
        "event": pa.nulls(at.size, pa.string()),
    }
    return pa.concat_tables([pa.table(ours), pa.table(others)])


def score_command(file: pa.Table, posts: pa.Table) -> dict[str, dict[str, Any]]:
    """The measures of ``lib.evaluation.alerts`` of what ``evaluate trends`` raises, and of its peers; ``posts``: the file, cleaned."""
    labels: dict[str, str | None] = {}
    for text, label in zip(posts["clean_text"].to_pylist(), posts["truth"].to_pylist(), strict=True):
        labels[text[:_SHOWN]] = labels.get(text[:_SHOWN]) or label
    result = evaluate_trends(file, peers=True)
    methods = {"ours": result["alerts"]} | {name: one["alerts"] for name, one in result["peers"].items()}
    scored = {}
    for name, alerts in methods.items():
        raised = [
            Raised(int(datetime.fromisoformat(one["at"]).timestamp() * 1e6), majority([labels.get(text) for text in one["exemplars"]]))
            for one in alerts
            if one["raised"]
        ]
        scored[name] = score(posts, sorted(raised, key=lambda alert: alert.at))
    return scored


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--posts", type=Path, default=shared / "tweets_events_2012.parquet")
    parser.add_argument("--chatter", type=Path, default=shared / "chatter_en.parquet")
    parser.add_argument("--blocks", type=int, nargs="+", default=[2, 3, 4, 5])
    parser.add_argument("--ratio", type=int, default=3, help="chatter posts for each post of an event")
    parser.add_argument("--step", type=float, default=1.0, help="minutes between judgements")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", action="store_true", help="judge what `trend-assets evaluate trends --peers` tells")
    options = parser.parse_args()
    events = pq.read_table(options.posts)
    events = events.filter(pc.is_in(events["block"], value_set=pa.array(options.blocks, events.schema.field("block").type)))
    file = mixed_file(events, pq.read_table(options.chatter)["text"].to_pylist(), options.ratio, options.seed)
    posts = read_evaluation_posts(file, truth="event")
    begun = time.process_time()
    step = timedelta(minutes=options.step)
    found = score_command(file, posts) if options.command else {"alerts": evaluate_alerts(posts, step=step)}
    seconds = time.process_time() - begun
    span = (pc.max(posts["created_at"]).as_py() - pc.min(posts["created_at"]).as_py()) / step
    events_found = next(iter(found.values()))["events"]
    print(f"days {options.blocks}, chatter {options.ratio}:1, {posts.num_rows} posts, {events_found} events with five posts in an hour")
    for name, one in found.items():
        figures = {"precision": "precision", "recall": "recall", "median_delay_minutes": "median delay, minutes", "repeat_share": "repeats"}
        shown = (f"{what} {'-' if one[figure] is None else format(one[figure], '.3f')}" for figure, what in figures.items())
        print(f"{name} {one['alerts']}", *shown, sep="  ")
    print(f"{seconds:.0f} core-s, {1000 * seconds / max(span, 1):.0f} ms a step")


if __name__ == "__main__":
    main()
