"""The label queue: what comes first, how it is spread, and that the random share is an unbiased sample."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.learning.label_queue import choose, entropy, margin, random_share


def posts(count: int, seed: int = 0, **columns: list[object]) -> pa.Table:
    random = np.random.default_rng(seed)
    given: dict[str, object] = {
        "network": ["x"] * count,
        "post_id": [str(number) for number in range(count)],
        "author": [f"a{number}" for number in range(count)],
        "language": random.choice(["en", "fr"], size=count).tolist(),
        "topic_id": random.choice(["t1", "t2", "t3"], size=count).tolist(),
        "near_duplicate_key": list(range(count)),
        "day": [20_000] * count,
        "margin": random.uniform(size=count).tolist(),
        "other_differs": [False] * count,
        "labellers": [0] * count,
        "differ": [False] * count,
        "sampling_probability": [0.0] * count,
    }
    return pa.table({**given, **columns})


def test_margin_and_entropy_are_those_of_the_definitions() -> None:
    rows = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    assert margin(rows) == pytest.approx([0.25, 1.0, 0.0])
    assert entropy(rows) == pytest.approx([1.5, 0.0, np.log2(3)])


def test_uncertain_posts_come_with_the_least_margin_spread_over_strata() -> None:
    margins = [0.01 * number for number in range(100)]
    strata = {"language": ["en"] * 90 + ["fr"] * 10, "topic_id": ["t1"] * 100}
    found = choose(posts(100, margin=margins, **strata), 10)
    assert set(found["reason"].to_pylist()) == {"uncertain"}
    assert found["language"].to_pylist().count("fr") >= 4
    assert found["post_id"].to_pylist()[0] == "0"
    assert found["rank"].to_pylist() == list(range(1, 11))


def test_one_post_of_each_author_and_of_near_duplicates() -> None:
    found = choose(
        posts(60, author=[f"a{number // 3}" for number in range(60)], near_duplicate_key=[number // 6 for number in range(60)]), 50
    )
    assert len(set(found["author"].to_pylist())) == found.num_rows == 10
    assert len(set(found["near_duplicate_key"].to_pylist())) == 10


def test_disputed_and_disagreed_come_before_uncertain_and_random_ones_last() -> None:
    labellers, differ = [2] * 5 + [0] * 95, [True] * 5 + [False] * 95
    drawn = [0.0] * 80 + [0.1] * 20
    differs = [number % 3 == 0 for number in range(100)]
    table = posts(100, labellers=labellers, differ=differ, other_differs=differs, sampling_probability=drawn)
    found = choose(table, 40)
    order = list(dict.fromkeys(found["reason"].to_pylist()))
    assert order == ["disputed", "disagreed", "uncertain", "random"]
    of = {row["post_id"]: row["reason"] for row in found.to_pylist()}
    assert all((of[post] == "random") == (int(post) >= 80) for post in of)
    assert all(int(post) % 3 == 0 for post, reason in of.items() if reason == "disagreed")


def test_who_has_been_labelled_once_is_asked_again_for_a_few_only() -> None:
    found = choose(posts(100, labellers=[1] * 50 + [0] * 50), 30)
    assert found["reason"].to_pylist().count("second_opinion") == 3
    assert not any(int(row["post_id"]) < 50 for row in found.to_pylist() if row["reason"] != "second_opinion")


def test_without_any_model_the_queue_is_random_posts() -> None:
    table = posts(50, margin=[None] * 50, sampling_probability=[0.5] * 25 + [0.0] * 25)
    assert set(choose(table, 40)["reason"].to_pylist()) == {"random"}
    assert choose(table, 40).num_rows == 25
    assert choose(table.slice(0, 0), 40).num_rows == 0


def test_weights_of_the_random_share_make_the_mean_unbiased() -> None:
    """Authors who write much, and copies, are drawn less often than their posts count: the plain mean is off, the weighted one is not."""
    random = np.random.default_rng(5)
    authors = np.concatenate([np.arange(200), np.repeat(np.arange(200, 210), 40)])
    copies = np.concatenate([np.arange(500), np.repeat(np.arange(500, 505), 20)])
    wrong = (authors >= 200).astype(float)
    names, days = ["x"] * 600, np.zeros(600, dtype=np.int64)
    totals, plain = [], []
    for number in range(600):
        ids = [f"{number}-{post}" for post in random.permutation(600).tolist()]
        found = random_share(days, authors.astype(str), copies, names, ids, "task", per_day=30)
        drawn = found > 0
        assert drawn.sum() == 30
        totals.append((wrong[drawn] / found[drawn]).sum() / 600)
        plain.append(wrong[drawn].mean())
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - wrong.mean()) < 3 * error
    assert abs(np.mean(plain) - wrong.mean()) > 0.3


def test_a_days_sample_is_the_same_whatever_else_is_asked_for() -> None:
    days = np.repeat([1, 2], 100)
    authors, copies, ids = np.arange(200).astype(str), np.arange(200), [str(number) for number in range(200)]
    whole = random_share(days, authors, copies, ["x"] * 200, ids, "task")
    half = random_share(days[:100], authors[:100], copies[:100], ["x"] * 100, ids[:100], "task")
    assert (whole[:100] == half).all()
    assert (whole > 0).sum() == 20
    assert set(whole[whole > 0]) == {0.1}
