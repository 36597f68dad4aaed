"""Dagster's SQLite event log, with batches written as batches.

What belongs here: one storage class that ``dagster.yaml`` names, and reporting many materializations at once. What doesn't:
any change of what is stored.

Dagster hands the events of a range of partitions over in batches (``DAGSTER_EVENT_BATCH_SIZE``), but its SQLite storage
stores them one by one, each with connections and statements of its own: about 11 ms an event, 200 s for the 8,640 planned
and 8,640 stored partitions of thirty days. Here a batch takes one transaction in the run's file and one in the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_EVENTS, DagsterEvent, DagsterEventBatchMetadata, StepMaterializationData, generate_event_batch_id
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """``SqliteEventLogStorage`` whose batches of asset events are written in two transactions."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> BatchedSqliteEventLogStorage:
        """Made from ``dagster.yaml``; the files are in a folder of their own, every ``.db`` of which is a run's."""
        return cls(base_dir=str(Path(config_value["base_dir"]) / "events"), inst_data=inst_data)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store asset events as batches, in order; others first, one by one.

        As in Dagster's own class, run file and index are two transactions; Dagster stores a batch again where one fails.
        """
        asset_events = [event for event in events if event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS]
        for event in events:
            if not (event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS):
                self.store_event(event)
        for run_id in dict.fromkeys(event.run_id for event in asset_events):
            self._store_asset_events(run_id, [event for event in asset_events if event.run_id == run_id])

    def _store_asset_events(self, run_id: str, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        insert = SqlEventLogStorageTable.insert()
        with self.run_connection(run_id) as connection:
            connection.execute(insert, rows)
        with self.index_transaction() as connection:
            # one statement a row: SQLite tells the id of one inserted row only
            event_ids = [int((connection.execute(insert, row).inserted_primary_key or (0,))[0]) for row in rows]
            self._store_asset_event_tags(connection, events, event_ids)
            # The table of assets keeps the last event of each kind only: earlier ones of the batch would be overwritten.
            last = {(event.get_dagster_event().asset_key, event.dagster_event_type): number for number, event in enumerate(events)}
            for number in sorted(last.values()):
                self._store_asset_event(connection, events[number], event_ids[number])


def report_materializations(instance: dg.DagsterInstance, materializations: Sequence[dg.AssetMaterialization]) -> None:
    """Tell Dagster of partitions materialized outside a run, as one batch (``report_runless_asset_event`` is one by one)."""
    batch = generate_event_batch_id()
    for number, materialization in enumerate(materializations, start=1):
        event = DagsterEvent(
            event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            event_specific_data=StepMaterializationData(materialization),
            job_name=RUNLESS_JOB_NAME,
        )
        instance.report_dagster_event(
            event, run_id=RUNLESS_RUN_ID, batch_metadata=DagsterEventBatchMetadata(batch, number == len(materializations))
        )
