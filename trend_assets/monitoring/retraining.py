"""Facts about a task's champion that decide whether it is trained again.

What belongs here: asking Dagster's record, the lake and the tracking store. What doesn't: the rule (``lib/learning/retraining.py``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.outcomes import Score, decayed
from trend_assets.lib.learning.retraining import Facts
from trend_assets.lib.quality.drift_judged import DRIFT
from trend_assets.models.tracking import Tracking
from trend_assets.monitoring.labels import read, since
from trend_assets.monitoring.versions import champion_of
from trend_assets.operations.daily_summaries import PLANS, POSTS, check_of
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import dagster as dg

DAILY_SUMMARIES = "quality/daily_summaries"


def drift_checks(name: str) -> tuple[str, ...]:
    """Checks of ``quality/daily_summaries`` of what the task's model reads and of what it says."""
    return tuple(check_of(path) for path in (POSTS, f"{name}/predictions") if path in PLANS)


def facts_of(name: str, instance: dg.DagsterInstance, lake: Lake, tracking: Tracking, *, grows: bool) -> Facts:
    """What is known of the task's champion now."""
    champion = champion_of(name, tracking)
    if champion is None:
        return Facts(None, None, 0, (), "", grows)
    trained = datetime.fromtimestamp(champion.created_ms / 1000, UTC)
    labels = since(read(lake, name), trained).num_rows if f"{name}/hand_labels" in TABLES else 0
    return Facts(
        trained, last_training(name, instance), labels, drifted(name, instance, trained), decay(name, champion.number, lake), grows
    )


def last_training(name: str, instance: dg.DagsterInstance) -> datetime | None:
    """When a training of the task was last asked for, whatever came of it."""
    import dagster as dg

    found = instance.get_run_records(dg.RunsFilter(job_name=f"{name}_training"), limit=1)
    return found[0].create_timestamp.astimezone(UTC) if found else None


def drifted(name: str, instance: dg.DagsterInstance, after: datetime) -> tuple[str, ...]:
    """Checks of the task's drift whose newest result, later than ``after``, is drift.

    A collection gap, another declaration, other rules or another model fail them too: those are no reason to train, and the last would
    make each promotion ask for the next training.
    """
    import dagster as dg

    keys = [dg.AssetCheckKey(dg.AssetKey(DAILY_SUMMARIES.split("/")), check) for check in drift_checks(name)]
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    found = []
    for key, record in records.items():
        event = record.event.dagster_event if record.event is not None else None
        if event is None or event.event_type_value != "ASSET_CHECK_EVALUATION" or record.create_timestamp <= after.timestamp():
            continue
        evaluation = event.asset_check_evaluation_data
        cause = evaluation.metadata.get("cause")
        if not evaluation.passed and (cause is None or cause.value == DRIFT):
            found.append(f"{key.asset_key.to_user_string()}: {key.name}")
    return tuple(sorted(found))


def decay(name: str, version: int, lake: Lake) -> str:
    """How the version is worse, beyond both intervals, in its newest labelled week than in its first; empty where it is not."""
    rows = lake.read(TABLES["models/outcomes"])
    mine = rows.filter(pc.and_(pc.equal(rows["task"], name), pc.equal(rows["model_version"], version))).to_pylist()
    weeks = sorted(
        (row for row in mine if (row["slice"], row["metric"], row["basis"]) == ("all", "accuracy", "random")), key=lambda one: one["week"]
    )
    if len(weeks) < 2:
        return ""
    first, newest = (Score(*(row[key] for key in ("value", "low", "high", "examples"))) for row in (weeks[0], weeks[-1]))
    if not decayed(first, newest):
        return ""
    return f"accuracy {newest.value:.2f} in the week of {weeks[-1]['week']}, {first.value:.2f} in that of {weeks[0]['week']}"
