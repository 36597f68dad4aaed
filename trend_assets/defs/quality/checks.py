"""Checks of the daily summaries: the blocking ones generated from the declaration, and drift of each table that is summarised.

What belongs here: one warning a table, with pictures. What doesn't: the verdict (``lib/quality/drift_judged.py``).
"""

import base64
from collections.abc import Iterator
from typing import Any

import dagster as dg

from trend_assets.declared import asset_key, declared_checks
from trend_assets.lib.quality.drift_judged import DRIFT, GAP, MODEL, RULES, SCHEMA
from trend_assets.operations.daily_summaries import PLANS, check_of
from trend_assets.resources import LakeResource

PATH = "quality/daily_summaries"
CHECKS = {check_of(path): path for path in PLANS}

audits = [declared_checks(PATH)]


@dg.multi_asset_check(
    name="daily_summaries_drift",
    specs=[
        dg.AssetCheckSpec(
            name,
            asset=asset_key(PATH),
            description=f"The newest day of {path} is as those before; where not: {', '.join((DRIFT, GAP, SCHEMA, RULES, MODEL))}.",
        )
        for name, path in CHECKS.items()
    ],
    can_subset=True,
)
def drift(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """One verdict a table at one alarm level: column, category, cause, and what it was like before and now as a picture."""
    from trend_assets.operations.daily_summaries import judged

    for name, path in CHECKS.items():
        if dg.AssetCheckKey(asset_key(PATH), name) not in context.selected_asset_check_keys:
            continue
        found = judged(lake.get(), path)
        metadata: dict[str, Any] = dict(found.signal.figures)
        if found.worst is not None:
            from trend_assets.lib.quality.drift_pictures import before_after_svg

            drawn = base64.b64encode(before_after_svg(found.columns, found.days, found.worst).encode()).decode()
            metadata["before and now"] = dg.MetadataValue.md(f"![{found.worst.column} before and now](data:image/svg+xml;base64,{drawn})")
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=asset_key(PATH),
            passed=found.signal.passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=found.signal.message,
            metadata=metadata,
        )
