"""Planted trends: their course, and families that share nothing."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.simulation.catalogue import products
from trend_assets.lib.simulation.planted import PlantedTrend, planted_trends


def test_the_development_family_has_what_the_design_asks_for() -> None:
    kinds = [trend.kind for trend in planted_trends("development", 30)]
    expected = {"organic": 14, "lifestyle": 4, "fad": 3, "seasonal": 2, "giveaway": 3, "bots": 2, "resale": 1, "collision": 2}
    assert {kind: kinds.count(kind) for kind in expected} == expected


def test_organic_trends_lift_sales_two_to_ten_days_later() -> None:
    items = {product.item for product in products()}
    for family in ("development", "evaluation"):
        for trend in planted_trends(family, 30):
            assert set(trend.items) <= items
            if trend.kind == "organic":
                assert 2 <= trend.lag_days <= 10
                assert trend.uplift > 2
                days = np.arange(30)
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

    development, evaluation = planted_trends("development", 99), planted_trends("evaluation", 99)
    assert not words(development) & words(evaluation)
    assert not templates(development) & templates(evaluation)


def test_a_course_rises_to_its_peak_and_ends() -> None:
    trend = PlantedTrend("T", "organic", "", 2.0, 4.0, 8.0, 1.0, ("thing",))
    assert trend.course(np.array([1.9, 3.0, 4.0, 6.0, 8.1])).round(2).tolist() == [0.0, 0.22, 1.0, 0.22, 0.0]


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match="development or evaluation"):
        planted_trends("other", 30)  # type: ignore[arg-type]
