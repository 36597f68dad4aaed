"""Checks of the live lane: marked as provisional, in time, complete; and a warning when sealing contradicts it. That the lane has
not stopped is a freshness policy (``operations/automation.py``): a check of its own runs could not tell.

What belongs here: checks of this group's assets. What doesn't: the measures (``lib/live/health.py``). The declared checks of
the live tables are made with those of their groups; the audit runs before each publication.
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import asset_key, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.live import health
from trend_assets.lib.quality.signals import Signal
from trend_assets.live.report import P95
from trend_assets.resources import LakeResource
from trend_assets.tables import TABLES

COMPARED_HOURS = 24

LIVE_CHECKS = {
    "provisional": ("topics/live_trends", "Every live row says that it is provisional."),
    "lag": ("topics/live_trends", f"Posts are published within {health.BUDGET_SECONDS:.0f} seconds of their receipt."),
    "usual_volume": ("social/live_posts", "The full open hours have about as many posts as the same sealed hours of the days before."),
}


@dg.multi_asset_check(
    name="live_checks",
    specs=[dg.AssetCheckSpec(name, asset=asset_key(path), description=text) for name, (path, text) in LIVE_CHECKS.items()],
    can_subset=True,
)
def live_checks(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """All checks of the live lane in one step."""
    store = lake.get()
    signals = {
        "provisional": lambda: health.all_provisional(store.read(TABLES["topics/live_trends"], ["all"], columns=["provisional"])),
        "lag": lambda: health.within_budget(slowest(context.instance)),
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


def slowest(instance: dg.DagsterInstance) -> float | None:
    """What the newest live run measured, None where it took in nothing."""
    event = instance.get_latest_materialization_event(asset_key("topics/live_trends"))
    told = event.asset_materialization.metadata.get(P95) if event is not None and event.asset_materialization else None
    return float(told.value) if told is not None else None  # type: ignore[arg-type] # recorded as a float


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
