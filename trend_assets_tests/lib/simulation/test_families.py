"""Both families of planted trends can be generated: what a trend names exists in the town."""

from __future__ import annotations

import pytest

from trend_assets.lib.simulation.planted import Family, planted_trends
from trend_assets.lib.simulation.rhythm import COMMUNITIES


@pytest.mark.parametrize("family", ["development", "evaluation"])
def test_every_planted_trend_is_of_a_community_of_the_town(family: Family) -> None:
    assert {trend.community for trend in planted_trends(family, 30)} <= set(COMMUNITIES)
