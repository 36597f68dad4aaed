"""One small town for every test of this folder.

What belongs here: fixtures. What doesn't: tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pytest

from trend_assets.lib.simulation.delivery import Batch, Town
from trend_assets.lib.simulation.town import TownParameters


@dataclass(frozen=True)
class Delivered:
    """A town whose days have all been delivered."""

    town: Town
    batches: list[Batch]
    truth: pa.Table


@pytest.fixture(scope="session")
def small_town() -> Delivered:
    """Twelve days and 12,000 posts: enough for most kinds of planted trends."""
    town = Town(TownParameters(days=12, posts=12_000, seed=5, dirt_share=0.01))
    days = [town.deliver(day) for day in range(12)]
    return Delivered(town, [batch for batches, _ in days for batch in batches], pa.concat_tables([truth for _, truth in days]))
