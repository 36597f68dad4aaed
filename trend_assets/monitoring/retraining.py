"""Facts about a task's champion that decide whether it is trained again.

What belongs here: asking Dagster's record, the lake and the tracking store. What doesn't: the rule (``lib/learning/retraining.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.outcomes import CLASSIFIER, FORECASTER, Score, decayed
from trend_assets.lib.learning.retraining import Facts
from trend_assets.lib.quality.drift_judged import DRIFT
from trend_assets.models.bundles import Bundles
from trend_assets.models.tracking import Tracking
from trend_assets.monitoring.labels import read, since
from trend_assets.monitoring.versions import champion_of
from trend_assets.operations.daily_summaries import PLANS, POSTS, check_of
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import dagster as dg

REASON = "trend_assets/retraining"
"""Run tag: why a model is trained again; drift, decay, new_labels or age."""
WHY = "trend_assets/retraining_why"
"""Run tag: the same as a sentence with figures."""
DAILY_SUMMARIES = "quality/daily_summaries"
DEMAND, DEMAND_MODEL = "demand", "demand_model"
"""The forecaster's name in ``models/outcomes``, and that of its options in the registry."""


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
    """How the version is worse by its main metric, beyond both intervals, in its newest judged week than in its first; else empty."""
    by = FORECASTER if name == DEMAND else CLASSIFIER
    rows = lake.read(TABLES["models/outcomes"])
    mine = rows.filter(pc.and_(pc.equal(rows["task"], name), pc.equal(rows["model_version"], version))).to_pylist()
    weeks = sorted(
        (row for row in mine if (row["slice"], row["metric"], row["basis"]) == ("all", by.metric, by.basis)), key=lambda one: one["week"]
    )
    if len(weeks) < 2:
        return ""
    first, newest = (Score(*(row[key] for key in ("value", "low", "high", "examples"))) for row in (weeks[0], weeks[-1]))
    if not decayed(first, newest, higher_is_better=by.higher_is_better):
        return ""
    return f"{by.metric} {newest.value:.2f} in the week of {weeks[-1]['week']}, {first.value:.2f} in that of {weeks[0]['week']}"


def decays(names: Iterable[str], lake: Lake, settings: Settings) -> dict[str, str | None]:
    """``decay`` of each task's champion, of ``demand`` of the options in force; ``None`` for a task without a champion.

    The version that is in use by its pointer, not the newest: after a rollback that is an older one.
    """
    bundles, found = Bundles(settings), dict[str, str | None]()
    for name in names:
        pointer = bundles.pointer(DEMAND_MODEL if name == DEMAND else name)
        version = pointer.version if pointer is not None else 0 if name == DEMAND else None
        found[name] = None if version is None else decay(name, version, lake)
    return found


def facts_of_forecaster(instance: dg.DagsterInstance, lake: Lake, settings: Settings) -> Facts:
    """What is known of the demand forecaster's options now.

    They do not grow old by staying champion: it is since they were last compared with others that the age counts. No labels are given
    for forecasts, and no drift check is of orders alone.
    """
    pointer, asked = Bundles(settings).pointer(DEMAND_MODEL), last_training(DEMAND_MODEL, instance)
    if pointer is None:
        return Facts(None, asked, 0, (), "", grows=settings.lake_end is None)
    since_then = max(datetime.fromisoformat(pointer.since), *([asked] if asked else []), datetime.min.replace(tzinfo=UTC))
    return Facts(since_then, asked, 0, (), decays([DEMAND], lake, settings)[DEMAND] or "", grows=settings.lake_end is None)
