"""Data quality: the audit before publication and, later, drift.

What belongs here: pure judgements on Arrow tables. What doesn't: where tables are stored, how checks are reported to Dagster.
"""
