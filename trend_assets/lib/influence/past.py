"""How much of the past influence is judged by: sealed and live rows would differ if they read differently.

What belongs here: spans of time. What doesn't: the methods.
"""

from __future__ import annotations

from datetime import timedelta

LOOKBACK_HOURS = 168
"""An act counts for a week."""
LEARNING_HOURS = 48
"""How the next hours are foreseen is learned from periods that ended in so many hours."""
EARLY_HOURS = 24
"""A topic is young for so many hours after its birth."""
GROWTH_HOURS = 24
"""Growth is what comes in so many hours after an early post's hour."""
JUDGED_HOURS = 168
"""Early posts of so many hours are judged: those whose hours of growth have passed."""

RANKING_PAST = timedelta(hours=LOOKBACK_HOURS + LEARNING_HOURS)
"""Interactions before the first hour ranked; what both lanes read is ``lib/trends/past.INTERACTION_PAST``."""
EARLY_PAST = timedelta(hours=EARLY_HOURS)
"""Posts before the first hour in which early posts are looked for."""
JUDGED_PAST = timedelta(hours=JUDGED_HOURS + GROWTH_HOURS)
"""Early posts before the first hour after which authors are judged."""
COUNTED_PAST = JUDGED_PAST + EARLY_PAST
"""Topic hours before the first hour after which authors are judged."""
