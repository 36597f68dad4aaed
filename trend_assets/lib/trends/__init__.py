"""Trends: which topics get more attention than their past and the hour explain.

What belongs here: histories and their sums, cycles, burst statistics, false-discovery control, stages, lanes, ranking.
What doesn't: how topics are found (``lib/topics``), who is amplified (``lib/influence``).

Reading order: ``history`` (exact sums), ``cycles`` (the hour's usual volume), ``expectations`` (what a topic should get),
``bursts`` (how surprising what it got is), ``discovery`` (across many topics), ``stages``, ``lanes``, ``rank``.
"""
