"""Checks of the live lane: marked as provisional, in time, complete; and a warning when sealing contradicts it.

What belongs here: checks of this group's assets. What doesn't: the measures (``lib/live/health.py``). The declared checks of
the live tables are made with those of their groups; the audit runs before each publication.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from trend_assets.declared import asset_key, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.live import health
from trend_assets.lib.quality.signals import Signal
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

COMPARED_HOURS = 24

LIVE_CHECKS = {
    "provisional": ("topics/live_trends", "Every live row says that it is provisional."),
    "lag": ("topics/live_trends", f"The newest post is on the board within {health.BUDGET_SECONDS:.0f} seconds of its receipt."),
    "fresh": ("topics/live_trends", f"The live rows are at most {health.STALE_SECONDS / 60:.0f} minutes old while posts land."),
    "usual_volume": ("social/live_posts", "The full open hours have about as many posts as the same sealed hours of the days before."),
}


@dg.multi_asset_check(
    name="live_checks",
    specs=[dg.AssetCheckSpec(name, asset=asset_key(path), description=text) for name, (path, text) in LIVE_CHECKS.items()],
    can_subset=True,
)
def live_checks(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """All checks of the live lane in one step."""
    store, now, ends = lake.get(), datetime.now(UTC), load_settings().lake_end
    trends = store.read(TABLES["topics/live_trends"], ["all"], columns=["as_of", "provisional", "hour", "lag_seconds"])
    over = ends is not None and now >= ends
    signals = {
        "provisional": lambda: health.all_provisional(trends),
        "lag": lambda: health.within_budget(trends),
        "fresh": lambda: health.fresh(trends, now, over=over),
        "usual_volume": lambda: health.volume(_rows(store, "social/live_posts"), _rows(store, "social/clean_posts")),
    }
    for name, (path, _) in LIVE_CHECKS.items():
        if dg.AssetCheckKey(asset_key(path), name) in context.selected_asset_check_keys:
            signal: Signal = signals[name]()
            yield dg.AssetCheckResult(
                check_name=name,
                asset_key=asset_key(path),
                passed=signal.passed,
                severity=dg.AssetCheckSeverity.WARN,
                description=signal.message,
                metadata=dict(signal.figures),
            )


def _rows(store: Lake, path: str) -> dict[str, int]:
    """Rows of the newest partitions, from their manifests alone."""
    table = TABLES[path]
    newest = store.partitions(table)[-health.VOLUME_DAYS * 24 :]
    return {key: manifest.rows for key, manifest in store.manifests(table, newest).items() if manifest is not None}


@warning_check("topics/sealing_changes", "confirmed", f"Sealing confirms what the live lane raised, over the last {COMPARED_HOURS} hours.")
def confirmed(lake: Lake) -> Signal:
    """How much sealing changed in the newest hours that have a comparison."""
    from trend_assets.lib.live.sealing import confirmation

    table = TABLES["topics/sealing_changes"]
    return confirmation(lake.read(table, lake.partitions(table)[-COMPARED_HOURS:]))
