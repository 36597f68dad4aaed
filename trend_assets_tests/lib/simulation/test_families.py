"""Both families of planted trends can be generated: what a trend names exists in the town."""

from __future__ import annotations

import pytest

from trend_assets.lib.simulation.authors import REGIONS
from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.planted import Family, planted_trends
from trend_assets.lib.simulation.rhythm import COMMUNITIES
from trend_assets.lib.simulation.town import TownParameters


@pytest.mark.parametrize("family", ["development", "evaluation"])
def test_every_planted_trend_is_of_a_community_of_the_town(family: Family) -> None:
    trends = [trend for seed in range(1, 6) for trend in planted_trends(family, 30, seed, "full")]
    assert {trend.community for trend in trends} <= set(COMMUNITIES)


@pytest.mark.parametrize("family", ["development", "evaluation"])
def test_posts_of_a_regional_trend_come_from_its_regions(family: Family) -> None:
    parameters = next(
        parameters
        for parameters in (TownParameters(days=10, posts=5_000, family=family, seed=seed) for seed in range(1, 40))
        if family == "development" or any(trend.regions for trend in parameters.trends if trend.starts < 5)
    )
    town = Town(parameters)
    home, elsewhere = 0, 0
    for day in range(10):
        _, truth = town.deliver(day)
        regions = [authors_region(town, author) for author in truth["author_id"].to_pylist()]
        for trend_id, region in zip(truth["trend_id"].to_pylist(), regions, strict=True):
            trend = next((trend for trend in town.trends if trend.trend_id == trend_id), None)
            if trend is not None and trend.regions:
                home += region in trend.regions
                elsewhere += region not in trend.regions
    assert (home == elsewhere == 0) if family == "development" else home > 2 * elsewhere


def authors_region(town: Town, author_id: str) -> str | None:
    """The region that the account gives, None where it gives none."""
    region = int(town.authors.region[town.authors.account_id.index(author_id)])
    return REGIONS[region][0] if region >= 0 else None
