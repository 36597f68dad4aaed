"""What a person sees of topics in Dagster's web UI: the largest with their activity, the distribution of sizes, the churn of ids.

What belongs here: pictures made from tables of the topics group. What doesn't: what every table shows (``presentation.py``, which also
states what may enter the event log), drawing (``small_plots.py``), checks (``defs/topics/checks.py``).

A label or a keyword is told only of a topic with ``LEAST_AUTHORS`` authors or more in its window: the event log outlives deletions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets import small_plots
from trend_assets.lib.quality.drift import LEAST_AUTHORS
from trend_assets.lib.quality.topic_windows import CHURN

TOPICS_SHOWN, KEYWORDS_SHOWN = 8, 4
ACTIVITY_HOURS, CHURN_HOURS = 24, 48
_CHARACTERS = 40
_HOUR = timedelta(hours=1)


class ReadHours(Protocol):
    """Rows of a table in the hours up to the newest one described, itself included."""

    def __call__(self, path: str, hours: int, columns: Sequence[str]) -> pa.Table:
        """Columns of ``group/name`` in so many hours; hours that were not published have no rows."""


def registry_pictures(topics: pa.Table, read: ReadHours) -> dict[str, Any]:
    """Of the registry: topics by size, and the largest in words. ``topics``: ``topics/topics`` of one hour."""
    del read
    if not topics.num_rows:
        return {}
    return {"sizes": dg.MetadataValue.md(_size_plot(topics["window_posts"].to_pylist())), "largest topics": _largest(topics)}


def activity_pictures(topic_hours: pa.Table, read: ReadHours) -> dict[str, Any]:
    """Of the hourly counts: posts in topics by hour, and the day's most active topics with their day as a sparkline."""
    if not topic_hours.num_rows:
        return {}
    hour = pc.max(topic_hours["hour"]).as_py()
    counted = read("topics/topic_hours", CHURN_HOURS, ["hour", "topic_id", "posts"])
    posts = _by_hour(counted, hour, CHURN_HOURS, "posts")
    names = read("topics/topics", 1, ["topic_id", "label", "window_authors"])
    return {
        "activity": dg.MetadataValue.md(_plot(posts, f"posts in topics, {CHURN_HOURS} hours to {hour:%Y-%m-%d %H}:00 UTC")),
        "top topics": _most_active(counted, names, hour),
    }


def churn_pictures(events: pa.Table, read: ReadHours) -> dict[str, Any]:
    """Of the registry's events: births, deaths, merges and splits by topic alive, hour by hour."""
    if not events.num_rows:
        return {}
    hour = pc.max(events["hour"]).as_py()
    recent = read("topics/topic_events", CHURN_HOURS, ["hour", "event"])
    alive = _by_hour(read("topics/topics", CHURN_HOURS, ["hour"]), hour, CHURN_HOURS)
    changes = recent.filter(pc.is_in(recent["event"], value_set=pa.array(list(CHURN))))
    churn = np.divide(_by_hour(changes, hour, CHURN_HOURS), alive, out=np.zeros(CHURN_HOURS), where=alive > 0)
    last = changes.filter(pc.greater(changes["hour"], pa.scalar(hour - timedelta(days=1), changes["hour"].type)))
    counts = {row["values"]: row["counts"] for row in pc.value_counts(last["event"]).to_pylist()}
    told = ", ".join(f"{counts.get(kind, 0):,} {name}" for kind, name in CHURN.items())
    title = f"changes of ids by topic alive, {CHURN_HOURS} hours to {hour:%Y-%m-%d %H}:00 UTC"
    return {"churn": dg.MetadataValue.md(_plot(churn, title, f"last day: {told}"))}


PICTURES: Mapping[str, Callable[[pa.Table, ReadHours], dict[str, Any]]] = {
    "topics/topics": registry_pictures,
    "topics/topic_hours": activity_pictures,
    "topics/topic_events": churn_pictures,
}
"""What is shown of the newest partition of a run, by table."""


def _by_hour(rows: pa.Table, newest: datetime, hours: int, weight: str = "") -> np.ndarray:
    """Rows (or their sum of ``weight``) of each of the hours to ``newest``, oldest first."""
    back = np.array([(newest - hour) // _HOUR for hour in pc.unique(rows["hour"]).to_pylist()], np.int64)
    place = rows["hour"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    number = hours - 1 - back[place] if len(place) else np.empty(0, np.int64)
    inside = (number >= 0) & (number < hours)
    weights = np.asarray(rows[weight], dtype=float)[inside] if weight else None
    return np.bincount(number[inside], weights, minlength=hours).astype(float)


def _plot(values: np.ndarray, title: str, *lines: str) -> str:
    levels = {"lowest": values.min(), "highest": values.max(), "newest": values[-1]}
    told = ", ".join(f"{name} {small_plots.amount(float(value))}" for name, value in levels.items())
    return small_plots.image(small_plots.bars(values.tolist()), title, told, *lines)


def _size_plot(sizes: Sequence[int]) -> str:
    """Bars of how many topics have one, 2 to 3, 4 to 7, ... posts in the window."""
    doublings = np.floor(np.log2(np.maximum(np.asarray(sizes), 1))).astype(np.int64)
    counts = np.bincount(doublings)
    shown = [f"{2**n:,} to {2 ** (n + 1) - 1:,}: {count:,}".replace("1 to 1:", "one:") for n, count in enumerate(counts.tolist()) if count]
    share = max(sizes) / max(sum(sizes), 1)
    title = f"{len(sizes):,} topics by posts in the window, each bar twice the size of the one before"
    return small_plots.image(small_plots.bars(counts.tolist()), title, " · ".join(shown), f"the largest holds {share:.1%} of their posts")


def _largest(topics: pa.Table) -> dg.TableMetadataValue:
    """The largest topics of the registry by posts in the window."""
    columns = ["label", "keywords", "window_posts", "window_authors", "born_at"]
    known = topics.filter(pc.greater_equal(topics["window_authors"], LEAST_AUTHORS)).select(columns)
    rows = known.sort_by([("window_posts", "descending"), ("born_at", "ascending")]).slice(0, TOPICS_SHOWN).to_pylist()
    records = [
        {
            "label": _short(row["label"]),
            "keywords": _short(", ".join(row["keywords"][:KEYWORDS_SHOWN])),
            "posts": row["window_posts"],
            "authors": row["window_authors"],
            "born": f"{row['born_at']:%Y-%m-%d %H}:00",
        }
        for row in rows
    ]
    return _table(records, {"label": "string", "keywords": "string", "posts": "int", "authors": "int", "born": "string"})


def _most_active(counted: pa.Table, names: pa.Table, newest: datetime) -> dg.TableMetadataValue:
    """The topics with most posts in the last day, each with its day as a sparkline."""
    shared = names.filter(pc.greater_equal(names["window_authors"], LEAST_AUTHORS))
    label_of = dict(zip(shared["topic_id"].to_pylist(), shared["label"].to_pylist(), strict=True))
    day = counted.filter(pc.greater(counted["hour"], pa.scalar(newest - ACTIVITY_HOURS * _HOUR, counted["hour"].type)))
    day = day.filter(pc.is_in(day["topic_id"], value_set=pa.array(list(label_of), pa.string())))
    totals = day.group_by("topic_id", use_threads=False).aggregate([("posts", "sum")])
    totals = totals.sort_by([("posts_sum", "descending"), ("topic_id", "ascending")]).slice(0, TOPICS_SHOWN)
    records = []
    for row in totals.to_pylist():
        hours = _by_hour(day.filter(pc.equal(day["topic_id"], row["topic_id"])), newest, ACTIVITY_HOURS, "posts")
        records.append(
            {"topic": _short(label_of[row["topic_id"]]), "posts": row["posts_sum"], "day": small_plots.sparkline(hours.tolist())}
        )
    return _table(records, {"topic": "string", "posts": "int", "day": "string"})


def _table(records: Sequence[dict[str, Any]], columns: Mapping[str, str]) -> dg.TableMetadataValue:
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord(record) for record in records], schema)


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
