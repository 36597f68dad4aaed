"""How much of the past trends and rankings are judged against: both lanes read the same, or their rows would differ.

What belongs here: spans of time and columns that are read. What doesn't: the methods.
"""

from __future__ import annotations

from datetime import timedelta

TREND_PAST = timedelta(days=28)
"""Hours before the first one judged whose counts, posts' words and verdicts are read."""
INTERACTION_PAST = timedelta(days=9)
"""Hours before the first one ranked whose acts of attention are read: the week that counts and the two days that are learned from
(``lib/influence/past.py``)."""
COUNTS_PAST = timedelta(days=14)
"""Hours before the first one judged in which counts of terms landed: two weeks, and the week that comes with a term's first request."""
TERM_COLUMNS = ["created_at", "kind", "lemmas", "hashtags"]
"""Columns of posts that say which words were in use."""
