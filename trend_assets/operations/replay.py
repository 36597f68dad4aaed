"""`trend-assets replay`: hours made again from landing in a scratch lake, and compared with the committed ones.

What belongs here: which tables can be replayed, running their assets beside the lake, comparing, restoring. What doesn't:
what the assets do (``defs/``), reading and publishing partitions (``lake/lake.py``), options and printing (``commands/replay.py``).

The same assets run as in production, with two resources changed: the lake they read shows the replayed partitions from a
temporary folder and everything else (the window and registry before the first hour, for instance) from the committed lake; what
they return is published into the temporary folder. Dagster's records are of the process only and forgotten. So a replay
proves what the design promises: the same landing files give the same tables, byte for byte.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from trend_assets.lake.comparison import Comparison, Outcome, compare
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
from trend_assets.lake.overlay import OverlayStorage
from trend_assets.lake.reader import folder_of_key
from trend_assets.lake.storage import ConflictError, LocalStorage, Storage, open_storage
from trend_assets.landing.files import DamagedLandingFileError, read_lines
from trend_assets.landing.raw_hours import RAW_TABLES
from trend_assets.lib.quality.audit import AuditError
from trend_assets.operations.collected import GAPS
from trend_assets.operations.runs import Range, RunFailedError
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

STAGES: tuple[tuple[str, ...], ...] = (
    RAW_TABLES,
    ("social/clean_posts",),
    ("topics/topics", "topics/topic_assignments", "topics/topic_events"),
    ("topics/topic_hours",),
    ("influencers/interactions",),
    ("influencers/coordinated_groups", "topics/stress_tests", "influencers/influencer_rankings"),
    ("topics/trends",),
    ("influencers/early_posts",),
    ("influencers/early_authors",),
)
"""Tables that are functions of landing files, in the order of the flow; those of one stage are made together."""
REPLAYABLE = tuple(path for stage in STAGES for path in stage)
SEALED_LOOK_BACK = {
    "topics/topics": 7,
    "topics/topic_assignments": 7,
    "topics/topic_events": 7,
    "topics/topic_hours": 7,
    "influencers/coordinated_groups": 7,
    "topics/stress_tests": 7,
    "topics/trends": 28,
    "influencers/interactions": 7,
    "influencers/early_posts": 7,
    "influencers/early_authors": 9,
    "influencers/influencer_rankings": 9,
}
"""Days that a table made at sealing looks back at most: late posts in them explain a difference. Raw and clean posts do not."""
TOLD_OF_GAPS = "topics/trends"
"""The table that is made with an eye on what was not collected."""
LOSES_POSTS = "social/clean_posts"
"""The table that posts which are gone are taken out of, and whose manifest says which files told so."""
_MODULES = dict.fromkeys(STAGES[5], "trend_assets.defs.influencers.coordination")
"""Modules of the assets that are not in ``assets.py`` of their group."""
_KEY = re.compile(r"\d{4}-\d\d-\d\d-\d\d:\d\d")


class ReplayError(ValueError):
    """The replay cannot be made as asked; the message says why and what to do."""


@dataclass(frozen=True)
class Replay:
    """What a replay found: comparisons by table and hour, and landing files that were read once and are gone or damaged."""

    comparisons: list[Comparison]
    lost_landing: dict[str, list[str]]

    @property
    def is_good(self) -> bool:
        """Whether every partition is what a replay gives."""
        return all(one.is_good for one in self.comparisons) and not self.lost_landing


def parse_hour(text: str, *, last: bool = False) -> datetime:
    """Start of the hour (aware, UTC) of ``2026-09-02-14:00``, ``2026-09-02T14`` or a day: its first hour, or its last.

    Raises ``ReplayError`` for anything else.
    """
    try:
        if _KEY.fullmatch(text):
            moment = datetime.strptime(text, "%Y-%m-%d-%H:%M")
        elif len(text) == 10:
            moment = datetime.combine(date.fromisoformat(text), time(23 if last else 0))
        else:
            moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ReplayError(f"{text!r} is no hour: write 2026-09-02-14:00, 2026-09-02T14:00 or a day, 2026-09-02") from error
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(minute=0, second=0, microsecond=0)


def tables_to_replay(names: Sequence[str]) -> list[str]:
    """Paths of the tables asked for and those made together with them, in the order of the flow; all without names.

    Raises ``ReplayError`` for a table that is no function of landing files.
    """
    unknown = sorted(set(names) - set(REPLAYABLE))
    if unknown:
        raise ReplayError(f"{', '.join(unknown)} cannot be replayed from landing files; these can: {', '.join(REPLAYABLE)}")
    return [path for stage in STAGES if not names or set(stage) & set(names) for path in stage]


def replay(settings: Settings, first: datetime, last: datetime, tables: Sequence[str], scratch: Path, *, restore: bool = False) -> Replay:
    """Make the hours ``first`` to ``last`` (starts, both included) of the tables again in ``scratch`` and compare.

    tables: as ``tables_to_replay`` returns them. restore: publish the partitions again that are damaged or missing.

    Raises ``ReplayError`` for hours outside the lake, ``RunFailedError`` where an asset fails.
    """
    from trend_assets.partitions import hour_key, hours_between

    _check_hours(settings, first, last)
    keys = [hour_key(hour) for hour in hours_between(first, last + timedelta(hours=1))]
    committed = _committed_lake(settings)
    lost = _lost_landing(committed, open_storage(settings.landing_root), keys) if set(RAW_TABLES) & set(tables) else {}
    folders = {folder_of_key(TABLES[path], key) for path in tables for key in keys}
    overlay = Lake(OverlayStorage(committed.storage, LocalStorage(scratch), folders), code_version=committed.code_version)
    _materialize(overlay, tables, Range(keys[0], keys[-1]))
    compared = [compare(committed, overlay, TABLES[path], key) for path in tables for key in keys]
    compared = _told_otherwise(committed, overlay, _explained(committed, compared, first))
    if restore:
        compared = [_restored(committed, overlay, one, lost) for one in compared]
    return Replay(compared, lost)


def _explained(committed: Lake, compared: list[Comparison], first: datetime) -> list[Comparison]:
    """Differences that late posts explain, marked so: what was sealed before they came stays as it was sealed."""
    from trend_assets.partitions import end_of_hour, hour_key, hours_between

    if not any(one.outcome is Outcome.DIFFERENT and one.table in SEALED_LOOK_BACK for one in compared):
        return compared
    end = max(end_of_hour(one.key) for one in compared)
    back = timedelta(days=max(SEALED_LOOK_BACK.values()))
    late = hours_with_late_posts(committed, [hour_key(hour) for hour in hours_between(first - back, end)])
    explained = []
    for one in compared:
        if one.outcome is Outcome.DIFFERENT and one.table in SEALED_LOOK_BACK:
            since = hour_key(first - timedelta(days=SEALED_LOOK_BACK[one.table]))
            seen = [key for key in late if since <= key <= one.key]
            if seen:
                detail = f"posts came to {seen[-1]} after it was sealed; made again with them: {one.detail}"
                one = replace(one, outcome=Outcome.LATE, detail=detail)
        explained.append(one)
    return explained


def _told_otherwise(committed: Lake, replayed: Lake, compared: list[Comparison]) -> list[Comparison]:
    """Partitions that differ by what was known after they were sealed, marked so.

    Trends by gaps in what was collected that were recorded, or filled, since; clean posts by notices that posts are gone.
    """
    explained = []
    for one in compared:
        if one.outcome is Outcome.DIFFERENT and one.table == TOLD_OF_GAPS:
            before, now = (lake.manifest(TABLES[one.table], one.key) for lake in (committed, replayed))
            if before is not None and now is not None and before.inputs.get(GAPS) != now.inputs.get(GAPS):
                detail = f"the gap ledger changed after the hour was sealed; made again with it: {one.detail}"
                one = replace(one, outcome=Outcome.LATE, detail=detail)
        elif one.outcome is Outcome.DIFFERENT and one.table == LOSES_POSTS:
            before, now = (lake.manifest(TABLES[one.table], one.key) for lake in (committed, replayed))
            if before is not None and now is not None and set(before.inputs) > set(now.inputs):
                detail = f"posts were deleted or edited after the hour was sealed; made again with them: {one.detail}"
                one = replace(one, outcome=Outcome.LATE, detail=detail)
        explained.append(one)
    return explained


def hours_with_late_posts(lake: Lake, keys: Sequence[str]) -> list[str]:
    """Those of the hours whose posts come from more landing files than they were sealed from, in order.

    What an hour was sealed from is in the manifest of its registry; where that does not say, a registry that was never replaced
    beside assignments that were tells that late posts were taken in.
    """
    late = []
    counts, registries, assignments = (
        lake.manifests(TABLES[path], keys) for path in ("social/landing_counts", "topics/topics", "topics/topic_assignments")
    )
    for key in keys:
        counted, registry, assigned = counts[key], registries[key], assignments[key]
        if counted is None or assigned is None:
            continue
        sealed_from = registry.inputs if registry is not None and registry.inputs else assigned.inputs
        came_later = bool(sealed_from) and bool(set(counted.inputs) - set(sealed_from))
        taken_in = assigned.previous is not None and (registry is None or registry.previous is None)
        if came_later or taken_in:
            late.append(key)
    return late


def _committed_lake(settings: Settings) -> Lake:
    from trend_assets import __version__

    return Lake(settings.lake_root, code_version=__version__)


def _check_hours(settings: Settings, first: datetime, last: datetime) -> None:
    start, end = settings.lake_start, settings.lake_end or datetime.now(UTC)
    if last < first:
        raise ReplayError(f"the last hour ({last:%Y-%m-%d %H:00}) is before the first ({first:%Y-%m-%d %H:00})")
    if first < start or last >= end:
        raise ReplayError(f"the lake covers {start:%Y-%m-%d %H:00} to {end:%Y-%m-%d %H:00}: choose hours inside it, or set LAKE_START")


def _lost_landing(committed: Lake, landing: Storage, keys: Sequence[str]) -> dict[str, list[str]]:
    """By hour, the landing files that the committed tables were made from and that are gone or damaged."""
    lost: dict[str, list[str]] = {}
    for key in keys:
        try:
            manifest = committed.manifest(TABLES["social/landing_counts"], key)
        except (CorruptionError, UnsupportedFormatError):
            continue  # what it was made from is unknown; the comparison names the damage
        for path in sorted(manifest.inputs if manifest else {}):
            try:
                read_lines(path, landing.read(path))
            except FileNotFoundError:
                lost.setdefault(key, []).append(f"{path} is gone")
            except DamagedLandingFileError as error:
                lost.setdefault(key, []).append(f"{path} is damaged ({error})")
    return lost


@dataclass(frozen=True)
class _LakeHolder:
    """Stands in for ``LakeResource``."""

    lake: Lake

    def get(self) -> Lake:
        return self.lake


def _materialize(lake: Lake, tables: Sequence[str], partitions: Range) -> None:
    """Run the assets of the tables on ``lake``, recorded nowhere. Raises ``RunFailedError``."""
    import dagster as dg

    from trend_assets.resources import Published, publish_parts

    class ScratchIOManager(dg.IOManager):
        """Publishes what an asset returns into the scratch lake."""

        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            published = obj if isinstance(obj, Published) else Published(obj)
            table = TABLES["/".join(context.asset_key.path)]
            publish_parts(lake, table, published.data, list(context.asset_partition_keys), published.inputs)

        def load_input(self, context: dg.InputContext) -> pa.Table:
            table = TABLES["/".join(context.asset_key.path)]
            return lake.read(table, list(context.asset_partition_keys))

    keys = [dg.AssetKey(path.split("/")) for path in tables]
    with warnings.catch_warnings(), dg.DagsterInstance.ephemeral() as instance:
        warnings.simplefilter("ignore")  # Dagster tells of its beta parameters; production's runs show them
        # Only these modules are loaded, not the whole code location: dbt alone takes seconds.
        names = sorted({_MODULES.get(path, f"trend_assets.defs.{path.split('/')[0]}.assets") for path in tables})
        modules = [import_module(name) for name in names]
        result = dg.materialize(
            [one for one in dg.load_assets_from_modules(modules) if isinstance(one, dg.AssetsDefinition) and set(one.keys) & set(keys)],
            selection=keys,
            instance=instance,
            tags=partitions.tags,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            resources={
                "lake": dg.ResourceDefinition.hardcoded_resource(_LakeHolder(lake)),
                "io_manager": dg.IOManagerDefinition.hardcoded_io_manager(ScratchIOManager()),
            },
        )
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            raise RunFailedError(f"{event.step_key}: {cause.message.strip() if cause else 'unknown error'}")
    if not result.success:
        raise RunFailedError("the replay did not end: its hours are no single range of the lake's partitions")


def _restored(committed: Lake, replayed: Lake, one: Comparison, lost: dict[str, list[str]]) -> Comparison:
    """The comparison with what became of restoring its partition; only damaged and missing ones are touched."""
    if one.outcome not in (Outcome.DAMAGED, Outcome.MISSING):
        return one
    return replace(one, restored=_restore(committed, replayed, one, lost))


def _restore(committed: Lake, replayed: Lake, one: Comparison, lost: dict[str, list[str]]) -> str:
    """Publish the replayed partition where it is what was there; says what was done, or why nothing was."""
    table = TABLES[one.table]
    if lost:
        hour = min(lost)
        return f"refused: made without landing files that were read before ({hour}: {lost[hour][0]}); put them back first"
    if one.outcome is Outcome.DAMAGED and one.committed_rows is not None and not one.exact:
        return (
            f"refused: made again it is not what was published ({one.replayed_rows} rows for {one.committed_rows}): landing files, "
            "settings or code changed since; materialise the hour instead"
        )
    made = replayed.manifest(table, one.key)
    inputs = dict(made.inputs) if made else {}
    try:
        before = committed.manifest(table, one.key)
        inputs = dict(before.inputs) if before else inputs
    except (CorruptionError, UnsupportedFormatError):
        pass  # replaced whole: what the replay read is what the new one is made from
    try:
        committed.publish(table, {one.key: replayed.read(table, [one.key])}, inputs=inputs)
    except (AuditError, ConflictError) as error:
        return f"refused: {error}"
    return "restored"


@contextmanager
def scratch_folder(keep: Path | None) -> Iterator[Path]:
    """A temporary folder, removed afterwards; or ``keep``, which stays and must be new or empty."""
    import tempfile

    if keep is None:
        with tempfile.TemporaryDirectory(prefix="trend-assets-replay-") as folder:
            yield Path(folder)
        return
    if keep.exists() and any(keep.iterdir()):
        raise ReplayError(f"{keep} is not empty: name a new folder to keep the replayed tables in")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep
