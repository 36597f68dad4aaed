"""The ML Test Score: 28 items, evidence that exists, points for what passed only, the page as generated."""

from __future__ import annotations

from collections import Counter

import pytest

from trend_assets.declared import asset_key
from trend_assets.lib.learning.test_score import ITEMS, SECTIONS, TESTS, existing_tests, points, score, section_scores
from trend_assets.settings import PROJECT_ROOT
from trend_assets_tests.score_of_run import lacking, name_of, passed

CLAIMED = {"data": 7.0, "model": 7.0, "infrastructure": 7.0, "monitoring": 7.0}
"""What must not be lost; more is welcome."""
EXISTING = existing_tests(PROJECT_ROOT / TESTS)


def test_there_are_seven_items_of_each_section() -> None:
    assert Counter(item.section for item in ITEMS) == dict.fromkeys(SECTIONS, 7)
    assert len({item.text for item in ITEMS}) == 28


def test_the_score_claimed_is_reached_by_tests_that_exist_and_checks_that_are_defined() -> None:
    import dagster as dg

    from trend_assets.definitions import definitions

    graph = dg.Definitions.resolve_asset_graph(definitions())
    defined = {f"{'/'.join(key.asset_key.path)}:{key.name}" for key in graph.asset_check_keys}
    missing = [check for item in ITEMS for check in item.checks if check not in defined]
    assert missing == []
    assert asset_key("quality/daily_summaries") in graph.get_all_asset_keys()
    found = section_scores(EXISTING, defined)
    assert {name: found[name] for name in SECTIONS if found[name] < CLAIMED[name]} == {}


def test_procedures_by_hand_are_pages() -> None:
    assert [item.procedure for item in ITEMS if item.procedure and not (PROJECT_ROOT / item.procedure).exists()] == []


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_test_that_was_skipped_or_failed_earns_nothing(outcome: str) -> None:
    item = next(item for item in ITEMS if len(item.tests) > 1 and item.checks)
    outcomes = {test: {"passed"} for test in item.tests}
    assert points(item, passed(outcomes), item.checks) == 1.0
    assert points(item, passed(outcomes), ()) == 0.0
    assert points(item, passed(outcomes | {item.tests[0]: {"passed", outcome}}), item.checks) == 0.0
    assert points(item, passed({item.tests[0]: {"passed"}}), item.checks) == 0.0


def test_the_score_is_the_lowest_section_and_a_part_of_the_tests_has_none() -> None:
    everything = {test for item in ITEMS for test in item.tests}
    assert section_scores(everything) == {"data": 7.0, "model": 7.0, "infrastructure": 7.0, "monitoring": 7.0}
    assert score({"data": 7.0, "model": 6.5, "infrastructure": 7.0, "monitoring": 3.0}) == 3.0
    assert lacking([])
    assert not lacking(everything)
    assert name_of(f"{TESTS}/a/test_b.py::test_c[x-1]") == "a/test_b.py::test_c"
