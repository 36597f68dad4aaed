"""Planted trends: their course, and families that share nothing."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.simulation.catalogue import products
from trend_assets.lib.simulation.planted import PlantedTrend, planted_trends
from trend_assets.lib.simulation.planted_evaluation import COUNTS
from trend_assets.lib.simulation.town import SIZES, Size


def test_the_development_family_has_what_the_design_asks_for() -> None:
    kinds = [trend.kind for trend in planted_trends("development", 30)]
    expected = {"organic": 14, "lifestyle": 4, "fad": 3, "seasonal": 2, "giveaway": 3, "bots": 2, "resale": 1, "collision": 2}
    assert {kind: kinds.count(kind) for kind in expected} == expected


@pytest.mark.parametrize("size", ["small", "full"])
def test_the_evaluation_family_is_another_problem_for_every_seed(size: Size) -> None:
    families = [planted_trends("evaluation", 30, seed, size) for seed in range(1, 13)]
    for trends in families:
        kinds = [trend.kind for trend in trends]
        assert {kind: kinds.count(kind) for kind in COUNTS[size]} == COUNTS[size]
        assert len({trend.trend_id for trend in trends}) == len(trends)
        items = [item for trend in trends for item in trend.items]
        assert len(set(items)) == len(items)
    organic = [[trend for trend in trends if trend.kind == "organic"] for trends in families]
    assert len({tuple(trend.items for trend in trends) for trends in organic}) == len(families)
    assert len({tuple(trend.starts for trend in trends) for trends in organic}) == len(families)
    assert {trend.lag_days for trends in organic for trend in trends} == set(range(2, 11))
    lifted = [trend.uplift for trends in organic for trend in trends]
    assert max(lifted) - min(lifted) > 1.2
    everywhere = [not (trend.countries or trend.regions) for trends in organic for trend in trends]
    assert 0.5 < sum(everywhere) / len(everywhere) < 0.9
    assert families[0] == planted_trends("evaluation", 30, 1, size)


def test_a_longer_evaluation_town_has_more_trends_and_a_shorter_one_fewer() -> None:
    long, usual, short = (len(planted_trends("evaluation", days, 3)) for days in (60, 30, 10))
    assert short < usual < long
    assert long > 1.7 * usual


def test_organic_trends_lift_sales_two_to_ten_days_later() -> None:
    items = {product.item for product in products()}
    for family in ("development", "evaluation"):
        for trend in planted_trends(family, 30, seed=8):
            assert set(trend.items) <= items
            if trend.kind == "organic":
                assert 2 <= trend.lag_days <= 10
                assert trend.uplift > 2
                days = np.arange(60)
                lift = trend.demand_factor(days)
                assert lift[: int(trend.starts)].max() == pytest.approx(1.0)
                assert abs(int(np.argmax(lift)) - trend.peaks - trend.lag_days) <= 1


def test_families_share_no_name_item_context_or_template() -> None:
    def words(trends: tuple[PlantedTrend, ...]) -> set[str]:
        return {
            word
            for trend in trends
            if trend.kind != "resale"
            for word in (*trend.names_en, *trend.names_fr, *trend.contexts_en, *trend.items)
        }

    def templates(trends: tuple[PlantedTrend, ...]) -> set[str]:
        return {template for trend in trends for template in trend.templates_en + trend.templates_fr}

    development = planted_trends("development", 99)
    for seed in range(1, 7):
        for size in SIZES:
            evaluation = planted_trends("evaluation", 60, seed, size)
            assert not words(development) & words(evaluation)
            assert not templates(development) & templates(evaluation)


def test_a_course_rises_to_its_peak_and_ends() -> None:
    trend = PlantedTrend("T", "organic", "", 2.0, 4.0, 8.0, 1.0, ("thing",))
    assert trend.course(np.array([1.9, 3.0, 4.0, 6.0, 8.1])).round(2).tolist() == [0.0, 0.22, 1.0, 0.22, 0.0]


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match="development or evaluation"):
        planted_trends("other", 30)  # type: ignore[arg-type]
