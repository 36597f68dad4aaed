"""Checks of the influencers group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from trend_assets.declared import declared_checks
from trend_assets.tables import TABLES

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "influencers"]
