"""Influence: who passes attention to whom, and who receives most of it now.

What belongs here: interactions from posts, rankings from interactions. What doesn't: trends (``lib/trends``), and any
judgement of a person: rankings count attention received, nothing else.
"""

from __future__ import annotations

from trend_assets.lib.influence.interactions import interactions
from trend_assets.lib.influence.rankings import influencer_rankings

__all__ = ["influencer_rankings", "interactions"]
