"""Whether clusters burst together: same hours, not same rhythm."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from trend_assets.lib.topics.clustering import cluster
from trend_assets.lib.topics.moments import add_up, agreement, bursts, count_by_moment

STREAM = np.linspace(0.0, 24.0, 480)


def agree(*hours: np.ndarray) -> float:
    """Agreement of the first two groups of documents within an even stream."""
    group = np.concatenate([np.full(len(STREAM), -1), *(np.full(len(some), number) for number, some in enumerate(hours))])
    moments = count_by_moment(group, np.concatenate([STREAM, *hours]), len(hours))
    return float(agreement(bursts(moments), np.array([0]), np.array([1]))[0])


def test_bursts_of_the_same_hours_agree_and_others_do_not() -> None:
    noon, later, evening = np.linspace(12, 13, 30), np.linspace(12.5, 14, 30), np.linspace(20, 21, 30)
    assert agree(noon, later) > 0.8
    assert agree(noon, evening) < 0.1


def test_topics_that_only_follow_the_stream_agree_in_nothing() -> None:
    dice = np.random.default_rng(1)
    steady = [np.sort(dice.choice(STREAM, 60, replace=False)) for _ in range(40)]
    assert np.mean([agree(one, other) for one, other in pairwise(steady)]) < 0.1
    assert agree(STREAM[::8], np.linspace(12, 13, 30)) < 0.1


def test_groups_of_groups_add_up() -> None:
    hours = np.array([1.0, 1.1, 5.0, 5.1, 9.0])
    moments = count_by_moment(np.array([0, 0, 1, 1, -1]), hours, 2)
    whole = count_by_moment(np.array([0, 0, 0, 0, -1]), hours, 1)
    assert np.array_equal(add_up(moments, np.array([0, 0])).groups, whole.groups)


def test_one_moment_years_and_nothing_are_defined() -> None:
    assert agree(np.array([3.0]), np.array([3.0])) <= 1.0
    empty = count_by_moment(np.empty(0, np.int64), np.empty(0), 0)
    assert bursts(empty).shape == (0, 1)
    assert count_by_moment(np.zeros(2, np.int64), np.array([0.0, 1e6]), 1).groups.shape[1] <= 512
    assert np.isfinite(bursts(count_by_moment(np.zeros(3, np.int64), np.full(3, 5.0), 2))).all()
    with pytest.raises(ValueError, match="finite"):
        count_by_moment(np.zeros(1, np.int64), np.array([np.nan]), 1)


def test_a_goal_joins_its_match_but_not_another_days() -> None:
    """Few posts name both the match and who scored: words alone don't join them, the hour does."""
    match = [["rovers", "wanderers", f"m{number % 9}", "kickoff"] for number in range(60)]
    goal = [["smithson", f"g{number % 9}", "volley", *(["rovers"] if number % 2 else [])] for number in range(60)]
    chatter = [[f"c{number % 97}", f"d{number % 89}", f"e{number % 83}"] for number in range(400)]
    documents, keys = [*match, *goal, *chatter], np.arange(520)

    def topics(of_goal: np.ndarray) -> set[int]:
        hours = np.concatenate([np.linspace(15, 17, 60), of_goal, np.linspace(0, 24, 400)])
        found = cluster(documents, keys, hours=hours).topic
        return {int(np.bincount(found[:60]).argmax()), int(np.bincount(found[60:120]).argmax())}

    assert len(topics(np.linspace(15.5, 17, 60))) == 1
    assert len(topics(np.linspace(2, 3, 60))) == 2
