"""Scoring of alerts: the protocol by hand, and one small stream from end to end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lib.evaluation.alerts import Raised, evaluate_alerts, fifth_posts, majority, score
from trend_assets_tests.lib.topics.posts import START, clean_posts
from trend_assets_tests.lib.trends.test_alerts import STRIKE, event, talk

MINUTE = 60_000_000
ZERO = int(START.timestamp()) * 1_000_000


def labelled(rows: list[dict[str, Any]], truth: list[str | None]) -> pa.Table:
    posts = clean_posts(rows).append_column("truth", pa.array(truth, pa.string()))
    return posts.sort_by("created_at")


def at(minutes: list[float], truth: str | None, name: str) -> tuple[list[dict[str, Any]], list[str | None]]:
    rows = [{"post_id": f"{name}{n}", "created_at": START + timedelta(minutes=m), "words": ["w"]} for n, m in enumerate(minutes)]
    return rows, [truth] * len(rows)


def test_an_event_counts_from_its_fifth_post_within_an_hour() -> None:
    dense, sparse, none = at([0, 100, 110, 120, 130, 140], "dense", "d"), at([0, 20, 40, 61, 80], "sparse", "s"), at([1], None, "n")
    posts = labelled(dense[0] + sparse[0] + none[0], dense[1] + sparse[1] + none[1])
    assert fifth_posts(posts) == {"dense": ZERO + 140 * MINUTE}


def test_precision_recall_delay_and_repeats_by_hand() -> None:
    one, other = at([0, 1, 2, 3, 4], "one", "a"), at([10, 11, 12, 13, 14], "other", "b")
    posts = labelled(one[0] + other[0], one[1] + other[1])
    raised = [Raised(ZERO + minute * MINUTE, label) for minute, label in ((3, "one"), (8, None), (20, "one"), (24, "small"))]
    assert score(posts, raised) == {
        "alerts": 4, "events": 2, "precision": 0.75, "recall": 0.5, "median_delay_minutes": -1.0, "repeat_share": 0.25,
    }  # fmt: skip


def test_chatter_wins_a_tie_and_labels_are_taken_in_order() -> None:
    assert majority(["b", "a", None]) is None
    assert majority(["b", "a", "a", None]) == "a"
    assert majority(["b", "a", "b", "a", None]) == "a"
    assert majority([]) is None


def test_a_stream_with_one_event_is_found_and_scored() -> None:
    posts = labelled(talk(6) + event(STRIKE, 310, 12), [None] * len(talk(6)) + ["strike"] * 12)
    found = evaluate_alerts(posts, step=timedelta(minutes=10))
    assert (found["alerts"], found["precision"], found["recall"], found["repeat_share"]) == (1, 1.0, 1.0, 0.0)
    assert found["median_delay_minutes"] <= 10


def test_nothing_gives_no_figures_and_unfit_input_is_refused() -> None:
    nothing = labelled([], [])
    assert evaluate_alerts(nothing) == {
        "alerts": 0, "events": 0, "precision": None, "recall": None, "median_delay_minutes": None, "repeat_share": None,
    }  # fmt: skip
    posts = labelled(*at([0, 5], "a", "a"))
    with pytest.raises(ValueError, match="time order"):
        evaluate_alerts(posts.take([1, 0]))
    with pytest.raises(ValueError, match="step"):
        evaluate_alerts(posts, step=timedelta(0))
