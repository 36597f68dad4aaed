"""Alerts on Event2012 under unrelated chatter: precision, recall, delay and repeats.

    python -m benchmarks.alerts --blocks 2 3 4 5 --ratio 3                 the days that rules were chosen on
    python -m benchmarks.alerts --blocks 6 7 8 9 10 --ratio 3              the days that are only reported
    python -m benchmarks.alerts --blocks 8 9 10 --ratio 10                 the smallest days in a row that the chatter covers

What belongs here: mixing a stream from the shared files, printing. What doesn't: the protocol (``trend_assets/lib/evaluation/alerts.py``)
and the detector (``trend_assets/lib/trends/alerts.py``).

Days run into each other as they did, so an event of yesterday is no news today. To every day are added ``--ratio`` chatter posts (each
used once, drawn by ``--seed``) for each of its posts, at random times under a daily rhythm with its peak in the American evening.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.evaluation.alerts import evaluate_alerts
from trend_assets.lib.evaluation.posts import read_evaluation_posts

_DAY_MINUTES = 1440
_PEAK_HOUR_UTC = 2


def mixed_stream(events: pa.Table, chatter: list[str], ratio: int, seed: int) -> pa.Table:
    """Clean posts of the events' days with chatter among them; ``truth`` is the event, null for chatter.

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
    return read_evaluation_posts(pa.concat_tables([pa.table(ours), pa.table(others)]), truth="event")


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
    options = parser.parse_args()
    events = pq.read_table(options.posts)
    events = events.filter(pc.is_in(events["block"], value_set=pa.array(options.blocks, events.schema.field("block").type)))
    posts = mixed_stream(events, pq.read_table(options.chatter)["text"].to_pylist(), options.ratio, options.seed)
    begun = time.process_time()
    found = evaluate_alerts(posts, step=timedelta(minutes=options.step))
    seconds = time.process_time() - begun
    span = (pc.max(posts["created_at"]).as_py() - pc.min(posts["created_at"]).as_py()) / timedelta(minutes=options.step)
    print(f"days {options.blocks}, chatter {options.ratio}:1, {posts.num_rows} posts, {found['events']} events with five posts in an hour")
    print(
        f"alerts {found['alerts']}  precision {found['precision']:.3f}  recall {found['recall']:.3f}  "
        f"median delay {found['median_delay_minutes']:.1f} min  repeats {found['repeat_share']:.3f}  "
        f"{1000 * seconds / max(span, 1):.0f} ms a judgement"
    )


if __name__ == "__main__":
    main()
