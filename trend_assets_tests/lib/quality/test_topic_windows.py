"""Checks of topics: quiet on ordinary days, loud when one topic swallows the others, posts stay without topics, or ids churn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.topic_windows import churn_columns, size_columns, swallowed, unassigned_columns

END = datetime(2026, 9, 29, tzinfo=UTC)
DAYS = 15
HOURS = [END - timedelta(hours=DAYS * 24 - number) for number in range(DAYS * 24)]
NUMBERS = [int(hour.timestamp()) // 3600 for hour in HOURS]
SCHEMA = pa.schema([("hour", pa.timestamp("us", tz="UTC")), ("topic_id", pa.string()), ("posts", pa.int64())])


def topic_hours(seed: int, largest_share: float | None = None) -> pa.Table:
    """Twenty topics an hour, few posts each; on the newest day one of them holds so much of the posts."""
    dice, rows = np.random.default_rng(seed), []
    for number, hour in enumerate(HOURS):
        posts = dice.poisson(dice.gamma(4.0, 1.5, 20)) + 1
        if largest_share is not None and number >= len(HOURS) - 24:
            posts[0] = round(posts[1:].sum() * largest_share / (1 - largest_share))
        rows += [{"hour": hour, "topic_id": f"t{topic}", "posts": int(count)} for topic, count in enumerate(posts)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def test_ordinary_days_pass_and_one_topic_that_grows_over_the_others_is_named() -> None:
    passed = [drift.judge(size_columns(topic_hours(seed), END, DAYS)).passed for seed in range(30)]
    assert sum(passed) >= 28
    verdict = drift.judge(size_columns(topic_hours(1, 0.4), END, DAYS))
    assert not verdict.passed
    assert "largest of their hour" in verdict.message or "evenness" in verdict.message


def test_half_of_the_posts_in_one_topic_needs_no_past() -> None:
    alarm = swallowed(topic_hours(1, 0.6), END)
    assert alarm is not None
    assert not alarm.passed
    assert "one topic of 20 holds 60%" in alarm.message
    assert swallowed(topic_hours(1, 0.4), END) is None
    assert swallowed(topic_hours(1, 0.6).slice(0, 3), END) is None
    assert swallowed(SCHEMA.empty_table(), END) is None


def _rows(seed: int, newest: float = 0.0, only_hour: int | None = None) -> tuple[dict[int, int], dict[int, int]]:
    """Clean and assigned posts by hour: at night half of the posts are in no topic, by day a tenth; the newest day has ``newest`` more."""
    dice = np.random.default_rng(seed)
    clean, assigned = {}, {}
    for place, number in enumerate(NUMBERS):
        share = 0.5 if number % 24 < 6 else 0.1
        if place >= len(NUMBERS) - 24 and only_hour in (None, number % 24):
            share += newest
        clean[number] = int(dice.poisson(200))
        assigned[number] = clean[number] - int(dice.binomial(clean[number], share))
    return clean, assigned


def test_posts_without_a_topic_are_compared_with_the_same_hours_of_past_days() -> None:
    passed = [drift.judge(unassigned_columns(*_rows(seed), END, DAYS)).passed for seed in range(30)]
    assert sum(passed) >= 28
    verdict = drift.judge(unassigned_columns(*_rows(1, 0.1), END, DAYS))
    assert not verdict.passed
    assert "posts without a topic" in verdict.message
    one = drift.judge(unassigned_columns(*_rows(1, 0.4, only_hour=14), END, DAYS))
    assert one.figures["category"] == "14:00"


def _events(seed: int, births: float) -> pa.Table:
    dice, rows = np.random.default_rng(seed), []
    for number, hour in enumerate(HOURS):
        rate = births if number >= len(HOURS) - 24 else 0.02
        counts = {"birth": dice.binomial(300, rate), "death": dice.binomial(300, 0.02), "merge": dice.binomial(300, 0.005), "rename": 3}
        rows += [{"hour": hour, "event": kind} for kind, count in counts.items() for _ in range(int(count))]
    return pa.Table.from_pylist(rows, schema=pa.schema([("hour", SCHEMA.field("hour").type), ("event", pa.string())]))


def test_a_registry_whose_ids_come_and_go_is_named_and_renames_do_not_count() -> None:
    alive = dict.fromkeys(NUMBERS, 300)
    passed = [drift.judge(churn_columns(_events(seed, 0.02), alive, END, DAYS)).passed for seed in range(30)]
    assert sum(passed) >= 28
    verdict = drift.judge(churn_columns(_events(1, 0.05), alive, END, DAYS))
    assert not verdict.passed
    assert verdict.message.startswith("changed: births by topic alive")
    assert "rename" not in verdict.message


def test_little_or_nothing_published_says_so() -> None:
    nothing = pa.schema([("hour", SCHEMA.field("hour").type), ("event", pa.string())]).empty_table()
    for days in (0, 1, 3):
        columns = [
            *size_columns(SCHEMA.empty_table(), END, days),
            *unassigned_columns({}, {}, END, days),
            *churn_columns(nothing, {}, END, days),
        ]
        verdict = drift.judge(columns)
        assert verdict.passed
        assert "too few past days" in verdict.message
