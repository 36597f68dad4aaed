"""Trends: which topics get more attention than their past and the hour explain.

What belongs here: histories and their sums, cycles, burst statistics, false-discovery control, stages, forecasts, lanes, ranking,
alerts on a stream.
What doesn't: how topics are found (``lib/topics``), who is amplified (``lib/influence``).

Reading order: ``history`` (exact sums), ``cycles`` (the hour's usual volume), ``expectations`` (what a topic should get),
``bursts`` (how surprising what it got is),
``terms`` (are its words new), ``discovery`` (across many topics), ``stages`` and ``seasons``, ``forecast``, ``lanes``, ``rank``. Apart:
``series`` (one series of counts), ``alerts`` (topics of a stream, by the minute).
"""

from __future__ import annotations

from trend_assets.lib.trends.lanes import hour_volumes
from trend_assets.lib.trends.rank import rank_trends
from trend_assets.lib.trends.series import burst_scores

__all__ = ["burst_scores", "hour_volumes", "rank_trends"]
