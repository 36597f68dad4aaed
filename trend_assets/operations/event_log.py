"""Dagster's SQLite event log, with batches written as batches.

What belongs here: one storage class that ``dagster.yaml`` names, and reporting many materializations at once. What doesn't:
any change of what is stored.

Dagster hands the events of a range of partitions over in batches (``DAGSTER_EVENT_BATCH_SIZE``), but its SQLite storage
stores them one by one, each with connections and statements of its own: about 11 ms an event, 200 s for the 8,640 planned
and 8,640 stored partitions of thirty days. Here a batch takes one transaction in the run's file and one in the index.

A planned check has a row for each partition, with the same event in each; Dagster writes that event out for each row and puts all
rows in one statement, which takes longer to compile than to execute: a second a check for thirty days. Here it is written out once.

Dagster also makes an engine for each connection, so each statement is compiled again, and SQLite empties its write-ahead log into
the file whenever the last connection closes. Here engines are kept, and beside each a connection that does nothing but stay open.
"""

from __future__ import annotations

import atexit
import sqlite3
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_EVENTS, DagsterEvent, DagsterEventBatchMetadata, StepMaterializationData, generate_event_batch_id
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData, serialize_value
from sqlalchemy import Connection, Engine, create_engine, func, select
from sqlalchemy.pool import NullPool

KEPT_FILES = 8
"""Files of which engines are kept: the index, and the runs that were looked at last."""


@dataclass(frozen=True)
class _Open:
    """An engine of a file, and the connection that keeps the file's write-ahead log from being emptied all the time."""

    engine: Engine
    idle: sqlite3.Connection

    def close(self) -> None:
        self.idle.close()
        self.engine.dispose()


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """``SqliteEventLogStorage`` whose batches of asset events are written in two transactions."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> BatchedSqliteEventLogStorage:
        """Made from ``dagster.yaml``; the files are in a folder of their own, every ``.db`` of which is a run's."""
        return cls(base_dir=str(Path(config_value["base_dir"]) / "events"), inst_data=inst_data)

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._open: OrderedDict[str, _Open] = OrderedDict()
        super().__init__(base_dir, inst_data)
        atexit.register(_close_files, weakref.ref(self))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """A transaction in a run's file or the index, as Dagster's own but for what is kept open."""
        with self._db_lock, self._opened(shard).engine.connect() as connection, connection.begin():
            yield connection

    def _opened(self, shard: str) -> _Open:
        found = self._open.get(shard)
        path = Path(self.path_for_shard(shard))
        if found is not None and path.exists():  # housekeeping removes files of old runs
            self._open.move_to_end(shard)
            return found
        if found is not None:
            self._open.pop(shard).close()
            self._initialized_dbs.discard(shard)
        options = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        engine = create_engine(self.conn_string_for_shard(shard), poolclass=NullPool, connect_args=options)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        idle = sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS, check_same_thread=False)
        idle.execute("select count(*) from sqlite_master").fetchall()  # only a connection that has read holds the log
        self._open[shard] = _Open(engine, idle)
        while len(self._open) > KEPT_FILES:
            self._open.popitem(last=False)[1].close()
        return self._open[shard]

    def dispose(self) -> None:
        """Close the files."""
        self.close_files()
        super().dispose()

    def close_files(self) -> None:
        """Close what is kept open; it is opened again where it is needed."""
        with self._db_lock:
            while self._open:
                self._open.popitem()[1].close()

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
            connection.execute(insert, rows)
            # SQLite tells the id of one inserted row only. Nobody else writes during this transaction: ours are the last, in order.
            last_id = int(connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar_one())
            event_ids = list(range(last_id - len(rows) + 1, last_id + 1))
            self._store_asset_event_tags(connection, events, event_ids)
            # The table of assets keeps the last event of each kind only: earlier ones of the batch would be overwritten.
            last = {(event.get_dagster_event().asset_key, event.dagster_event_type): number for number, event in enumerate(events)}
            for number in sorted(last.values()):
                self._store_asset_event(connection, events[number], event_ids[number])

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        planned = event.get_dagster_event().asset_check_planned_data
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),
            "evaluation_event_storage_id": event_id,
        }
        keys: list[str | None] = [*planned.partitions_subset.get_partition_keys()] if planned.partitions_subset else [None]
        with self.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.insert(), [row | {"partition": key} for key in keys])


def _close_files(storage: weakref.ref[BatchedSqliteEventLogStorage]) -> None:
    """At the end of the process: a file left open keeps its write-ahead log beside it, which is only untidy."""
    found = storage()
    if found is not None:
        found.close_files()


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
