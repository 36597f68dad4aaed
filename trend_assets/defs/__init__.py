"""Dagster definitions, one folder per group of the flow; each holds the same few files.

What belongs here: assets, checks, jobs and schedules. What doesn't: thinking (``lib/``), columns (``tables/``).
"""
