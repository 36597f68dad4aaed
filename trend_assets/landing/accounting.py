"""`trend-assets ingest`: land files, publish the raw tables of the hours they touch, account for every record.

What belongs here: the order of steps and the printed account. What doesn't: reading files (``landing/ingest.py``), decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Grid

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import landing_hour
from trend_assets.landing.ingest import Receipt, describe_quarantine, ingest_files, reconcile
from trend_assets.landing.raw_hours import RAW_TABLES, RECORD_FILES, decode_landing_hours
from trend_assets.operations.event_log import report_materializations
from trend_assets.partitions import hour_key
from trend_assets.presentation import partition_metadata
from trend_assets.resources import publish_parts
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

HOURS_AT_ONCE = 2_000


def publish_hours(lake: Lake, hours: Sequence[datetime]) -> None:
    """Publish the raw tables of any hours, contiguous or not, and tell Dagster which partitions were materialized.

    An archive of years touches few of its hours; a Dagster run takes contiguous ranges only.
    """
    import dagster as dg

    settings, instance = load_settings(), dg.DagsterInstance.get()
    for start in range(0, len(hours), HOURS_AT_ONCE):
        chunk = sorted(hours)[start : start + HOURS_AT_ONCE]
        decoded, inputs = decode_landing_hours(chunk, settings)
        keys = [hour_key(hour) for hour in chunk]
        materialized = []
        for path in RAW_TABLES:
            consumed = inputs if path in RECORD_FILES else {}
            manifests = publish_parts(lake, TABLES[path], getattr(decoded, TABLES[path].name), keys, consumed)
            materialized += [
                dg.AssetMaterialization(path.split("/"), partition=key, metadata=numbers | {"by": "trend-assets ingest"})
                for key, numbers in partition_metadata(TABLES[path], manifests).items()
            ]
        report_materializations(instance, materialized)


def unread_hours(lake: Lake, receipts: Sequence[Receipt]) -> set[datetime]:
    """Hours of files passed over because they were landed before, whose raw tables do not rest on them yet.

    A run that landed a file may have died, or been refused by the audit, before it published the hour.
    """
    files: dict[datetime, set[str]] = {}
    for path in (path for receipt in receipts for path in receipt.landed_before):
        files.setdefault(landing_hour(path), set()).add(path)
    manifests = lake.manifests(TABLES["social/landing_counts"], [hour_key(hour) for hour in files])
    return {
        hour for (hour, paths), found in zip(files.items(), manifests.values(), strict=True) if found is None or paths - set(found.inputs)
    }


def ingest_and_account(files: Sequence[Path], source: str, mapping: Path | None, *, again: bool, console: Console) -> bool:
    """Land, publish, print the account; True where the counting identity holds exactly for every file."""
    settings = load_settings()
    storage, lake = open_storage(settings.landing_root), Lake(settings.lake_root)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("landing", total=None)
        receipts = ingest_files(
            files,
            source,
            storage,
            mapping=mapping,
            again=again,
            received_at=datetime.now(UTC),
            lake_start=settings.lake_start,
            lake_end=settings.lake_end,
            on_progress=lambda text: progress.update(task, description=text),
        )
        unread = unread_hours(lake, receipts)
        hours = sorted({hour for receipt in receipts for hour in receipt.hours} | unread)
        progress.update(task, description=f"decoding {len(hours)} hours")
        publish_hours(lake, hours)
    exact = print_account(lake, receipts, hours, console)
    if unread:
        console.print(
            f"  {len(unread)} hours of files landed before are published now: an earlier run stopped, or was refused, before that"
        )
    return exact


def print_account(lake: Lake, receipts: Sequence[Receipt], hours: Sequence[datetime], console: Console) -> bool:
    """Print records in against what became of them, per file, and what quarantined records lack."""
    keys = [hour_key(hour) for hour in hours]
    rows = reconcile(receipts, lake.read(TABLES["social/landing_counts"], keys))
    grid = Grid(title="Every record accounted for")
    names = ("file", "records", "posts", "reposts", "duplicates", "deletions", "quarantined", "ignored", "difference")
    for name in names:
        grid.add_column(name, justify="left" if name == "file" else "right", overflow="fold")
    for row in [row for row in rows if not row["note"]]:
        grid.add_row(*(str(row[name]) for name in names), style="red" if row["difference"] else None)
    console.print(grid)
    for row in rows:
        if row["ignored_by_kind"]:
            console.print(f"  {row['file']} ignored: {row['ignored_by_kind']}")
    for row in rows:
        if row["note"]:
            console.print(f"  {row['file']} passed over: {row['note']}")
    quarantined = lake.read(TABLES["social/quarantined_posts"], keys)
    _print_quarantine(quarantined, receipts, console)
    return all(row["difference"] == 0 for row in rows)


def _print_quarantine(quarantined: pa.Table, receipts: Sequence[Receipt], console: Console) -> None:
    rows = describe_quarantine(quarantined, receipts)
    if not rows:
        return
    grid = Grid(title="Quarantined records: what each lacks (original bytes are in social/quarantined_posts)")
    for name in ("file", "reason", "detail", "records"):
        grid.add_column(name, justify="right" if name == "records" else "left", overflow="fold")
    for row in rows:
        grid.add_row(str(row["file"]), str(row["reason"]), str(row["detail"]), str(row["records"]))
    console.print(grid)
