"""Ledgers: aggregates with event time and knowledge time, what of them may be kept, and what was known at a moment.

What belongs here: pure functions over ledger rows. What doesn't: reading and publishing ledgers (``operations/ledger.py``), their
declarations (``tables/ledgers.py``).
"""
