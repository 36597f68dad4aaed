"""Names of run tags that the live sensor sets and the live step reads.

What belongs here: tag names. What doesn't: anything else.
"""

NETWORKS_TAG = "trend-assets/networks"
"""Comma-separated networks whose landing folders are listed; without it all of landing is."""
