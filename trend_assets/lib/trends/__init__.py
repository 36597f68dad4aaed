"""Trends: which topics get more attention than their past and the hour explain.

What belongs here: histories and their sums, cycles, burst statistics, false-discovery control, stages, lanes, ranking.
What doesn't: how topics are found (``lib/topics``), who is amplified (``lib/influence``).

Reading order: ``history`` (exact sums), ``cycles`` (the hour's usual volume), ``expectations`` (what a topic should get),
``bursts`` (how surprising what it got is),
``terms`` (are its words new), ``discovery`` (across many topics), ``stages``, ``lanes``, ``rank``.
"""

from __future__ import annotations

from trend_assets.lib.trends.bursts import burst_scores
from trend_assets.lib.trends.lanes import brand_counts, hour_volumes
from trend_assets.lib.trends.rank import rank_trends

__all__ = ["brand_counts", "burst_scores", "hour_volumes", "rank_trends"]
