"""The benchmark of checks in short: every class of defect once, every check seen to fire on a defect of its own and on nothing clean."""

from __future__ import annotations

import pytest

from benchmarks.checks import DEFECTS, POST_DEFECTS, Score, posts, retail
from benchmarks.clean_regimes import REGIMES
from trend_assets.lib.quality.post_facts import CHANGED, DAMAGE
from trend_assets.lib.quality.retail_checks import CHECKS


@pytest.fixture(scope="module")
def of_files() -> Score:
    score = Score()
    retail(3, score, DEFECTS, days=17)
    return score


@pytest.fixture(scope="module")
def of_posts() -> Score:
    score = Score()
    posts(2, score, POST_DEFECTS)
    return score


def test_there_are_sixty_classes_and_more_and_a_check_that_names_it_catches_nearly_each(of_files, of_posts):
    tried = len(of_files.tried) + len(of_posts.tried)
    caught = sum(of_files.caught.values()) + sum(of_posts.caught.values())
    assert tried >= 150
    assert caught >= 0.98 * tried, {**of_files.misnamed, **of_posts.misnamed}


def test_no_clean_day_alarms_a_new_users_first_days_included(of_files, of_posts):
    assert of_files.false_alarms == []
    assert of_posts.false_alarms == []


def test_events_of_clean_days_stop_nothing(of_files):
    assert len(of_files.events) == len(REGIMES)
    assert {name: dict(checks) for name, checks in of_files.stopped_events.items() if checks} == {}
    assert set(of_files.warned_events["new season"]) == {"products.rows_kept"}


def test_what_a_check_of_posts_stops_is_nobodys_doing(of_posts):
    """Counts that turn zero, another unit, other licences stop the feed; waves, outages and languages warn."""
    warned = {name for (_, name, _), count in of_posts.warned.items() if count}
    assert warned.isdisjoint({"engagement reset", "engagement in another unit", "source relabelled", "category renamed"})
    assert {"one author floods", "a network is missing", "volume drops"} <= warned


def test_every_check_fires_on_a_defect_that_names_it(of_files, of_posts):
    fired = {name.partition(".")[2] for name in of_files.by}
    assert fired >= {check for checks in CHECKS.values() for check in checks} - NOT_PLANTED
    assert {name.partition(".")[2] for name in of_posts.by if name.startswith("posts.")} >= {*DAMAGE, *CHANGED} - NOT_PLANTED


NOT_PLANTED = {"stock_levels", "lead_times", "text_lengths", "reserved_within_stock", "references"}
"""Of no class are they the surest name; rows without a reference are refused before, where the mapping asks for it."""
