"""Labels by topic: over a day, over everybody, and silent where fewer than five wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from trend_assets.lib.learning.by_topic import ALL_TOPICS, labels_by_topic

NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)
TIME = pa.timestamp("us", tz="UTC")


def _tables(rows: list[tuple[int, str, str | None, str]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Rows of (hours before noon, author, topic, label)."""
    ids = [str(number) for number in range(len(rows))]
    network = ["x"] * len(rows)
    times = pa.array([NOON - timedelta(hours=row[0]) for row in rows], TIME)
    keys = {"network": pa.array(network, pa.string()), "post_id": pa.array(ids, pa.string())}
    predictions = pa.table({**keys, "created_at": times, "label": pa.array([row[3] for row in rows], pa.string())})
    posts = pa.table({**keys, "author": pa.array([row[1] for row in rows], pa.string())})
    assigned = [number for number, row in enumerate(rows) if row[2]]
    topics = pa.table(
        {
            "network": ["x"] * len(assigned),
            "post_id": [ids[number] for number in assigned],
            "topic_id": [rows[number][2] or "" for number in assigned],
        },
        schema=pa.schema([("network", pa.string()), ("post_id", pa.string()), ("topic_id", pa.string())]),
    )
    return predictions, posts, topics


LABELS = ("negative", "neutral", "positive")


def _given(rows: list[tuple[int, str, str | None, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    found = labels_by_topic([NOON], *_tables(rows), labels=LABELS).to_pylist()
    assert {row["hour"] for row in found} <= {NOON}
    for topic in {row["topic_id"] for row in found}:
        assert sum(row["share"] for row in found if row["topic_id"] == topic) == pytest.approx(1.0)
    return {(row["topic_id"], row["label"]): (row["posts"], row["authors"]) for row in found}


def test_a_day_is_counted_by_label_and_small_groups_are_silent() -> None:
    rows = [(number, f"a{number}", "t", "positive" if number < 6 else "negative") for number in range(12)]
    rows += [(1, "a1", "small", "negative"), (30, "old", "t", "negative"), (2, "z", None, "negative")]
    assert _given(rows) == {
        (ALL_TOPICS, "negative"): (8, 13),
        (ALL_TOPICS, "positive"): (6, 13),
        ("t", "negative"): (6, 12),
        ("t", "positive"): (6, 12),
    }


def _written(label: str, authors: int, posts: int = 1) -> list[tuple[int, str, str | None, str]]:
    return [(1, f"{label}{author}", "t", label) for author in range(authors) for _ in range(posts)]


def test_labels_of_fewer_than_five_people_are_withheld_together() -> None:
    given = _given(_written("negative", 3) + _written("neutral", 2, posts=4) + _written("positive", 9))
    assert given["t", "withheld"] == (11, 14)
    assert given["t", "positive"] == (9, 14)
    assert len([topic for topic, _ in given if topic == "t"]) == 2


def test_one_persons_label_takes_the_next_smallest_with_it_so_that_the_rest_does_not_tell() -> None:
    given = _given(_written("negative", 1, posts=7) + _written("neutral", 6) + _written("positive", 9))
    assert {label: found for (topic, label), found in given.items() if topic == "t"} == {"withheld": (13, 16), "positive": (9, 16)}
    assert _given(_written("negative", 1) + _written("positive", 6)).keys() == {("t", "withheld"), (ALL_TOPICS, "withheld")}


def test_hours_are_the_same_together_and_one_by_one() -> None:
    rows = [(number % 20, f"a{number}", "t", "positive") for number in range(40)]
    hours = [NOON - timedelta(hours=number) for number in range(5)]
    tables = _tables(rows)
    together = labels_by_topic(sorted(hours), *tables, labels=("positive",))
    alone = pa.concat_tables([labels_by_topic([hour], *tables, labels=("positive",)) for hour in sorted(hours)])
    assert together.to_pylist() == alone.to_pylist()


def test_nothing_gives_nothing() -> None:
    assert labels_by_topic([NOON], *_tables([]), labels=("positive",)).num_rows == 0


def test_posts_that_the_model_abstained_from_count_as_such_and_posts_still_add_up() -> None:
    rows = [(1, f"a{number}", "t", "positive" if number < 12 else "negative") for number in range(24)]
    predictions, posts, topics = _tables(rows)
    unsure = predictions.append_column("abstained", pa.array([number < 6 for number in range(24)]))
    found = labels_by_topic([NOON], unsure, posts, topics, labels=LABELS).to_pylist()
    counts = {row["label"]: row["posts"] for row in found if row["topic_id"] == "t"}
    assert counts == {"abstained": 6, "positive": 6, "negative": 12}
