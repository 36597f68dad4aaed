"""The warehouse behind one small interface: DuckDB on one machine, BigQuery in staging and production.

What belongs here: the interface, which engine an environment has, and what a dbt command needs to know. What doesn't: the
engines (``warehouse/duckdb_engine.py``, ``warehouse/bigquery_engine.py``), SQL of the models (``dbt_project/``).

Callers name ``group.table`` and call nothing of an engine. SQL given to ``query`` should be what both understand: no
``filter (where …)``, no casts with ``::``, ``group by`` and ``order by`` with names; ``dialect`` says which engine it is where
that cannot be had. The functions ``read_working`` and ``publish`` and the class ``Warehouse`` are DuckDB's own, for callers that
have files.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from trend_assets.lake.storage import MissingExtraError, StepHook, ignore_step
from trend_assets.warehouse.common import (
    MODEL_SCHEMA,
    PUBLISH_STEPS,
    PUBLISHED_MODELS,
    PUBLISHED_TABLES,
    NotPublishableError,
    Publication,
    WarehouseBusyError,
    WarehouseMissingError,
    column_comment,
    dbt_variables,
)
from trend_assets.warehouse.duckdb_engine import DuckDBWarehouse, Warehouse, publish, read_working

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader
    from trend_assets.settings import Settings
    from trend_assets.warehouse.history import History

__all__ = [
    "MODEL_SCHEMA",
    "PUBLISHED_MODELS",
    "PUBLISHED_TABLES",
    "PUBLISH_STEPS",
    "NotPublishableError",
    "Publication",
    "Warehouse",
    "WarehouseBusyError",
    "WarehouseEngine",
    "WarehouseMissingError",
    "column_comment",
    "dbt_environment",
    "dbt_environment_of",
    "dbt_variables",
    "open_warehouse",
    "publish",
    "read_working",
]


class WarehouseEngine(Protocol):
    """What the project asks of a warehouse. Every call sees one publication, the newest when it started."""

    dialect: str
    """``duckdb`` or ``bigquery``."""

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """Result of one SELECT on the published tables as an Arrow table; ``?`` in the statement stands for a parameter.

        Raises:
            ValueError: the statement is wrong, or is no SELECT; the message is the engine's.
            WarehouseMissingError: nothing has been published yet.
        """

    def tables(self) -> dict[str, str]:
        """Every published table as ``schema.table`` with its description, sorted by name."""

    def exists(self) -> bool:
        """Whether anything has been published."""

    def identity(self) -> str:
        """A text that changes when, and only when, a new publication is visible; empty where there is none."""

    def load_sources(self, lake: LakeReader, first_day: date | None = None, last_day: date | None = None) -> dict[str, int]:
        """Bring dbt's sources to the lake's committed state for the days (and those models look back to); call it before dbt.

        Returns rows of each table that were loaded anew.
        """

    def read_working(
        self,
        relation: str,
        first_day: date | None = None,
        last_day: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows of a table that dbt built, published or not, in an order that depends on nothing but the rows.

        relation: ``model`` or ``schema.table``. first_day, last_day: days of the column ``day``, both included; None leaves that
        side open. columns: default all.

        Raises:
            ValueError: a name that is none, or a table or column that does not exist.
            WarehouseMissingError: dbt has not run yet.
            WarehouseBusyError: dbt is running (DuckDB).
        """

    def working_days(self, relation: str, first_day: date, last_day: date) -> list[date]:
        """Days, both included, of which a table that dbt built has rows, in order; none where it is not built yet.

        relation: ``model`` or ``schema.table``, with a column ``day``. Raises ``ValueError`` for a name that is none, and
        ``WarehouseBusyError`` as ``read_working``.
        """

    def publish(self, on_step: StepHook = ignore_step, history: History | None = None) -> Publication:
        """Make what dbt built visible to readers, all of it at once; call it after dbt's marts run.

        history: what was known when (``warehouse/history.py``); BigQuery does not publish it yet.

        Raises:
            NotPublishableError: a test failed, a model was skipped, or the last dbt run saw only some days of the lake.
            WarehouseMissingError, WarehouseBusyError: as ``read_working``.
        """


def open_warehouse(settings: Settings | None = None) -> WarehouseEngine:
    """The environment's warehouse: DuckDB in dev, BigQuery in staging and production. Opens no connection.

    Raises:
        MissingExtraError: BigQuery's client is not installed.
    """
    from trend_assets.settings import Environment, load_settings

    chosen = settings or load_settings()
    if chosen.environment is Environment.DEV:
        return DuckDBWarehouse(chosen.working_warehouse_file, chosen.warehouse_file)
    try:
        from trend_assets.warehouse.bigquery_engine import BigQueryWarehouse
    except ImportError as error:
        raise MissingExtraError(
            f"the warehouse of {chosen.environment} needs Google's client ({error}): install the extra, pip install 'trend-assets[gcp]'"
        ) from error
    return BigQueryWarehouse(
        project=chosen.bigquery_project,
        prefix=chosen.bigquery_dataset_prefix,
        location=chosen.bigquery_location,
        endpoint=chosen.bigquery_endpoint or None,
    )


def dbt_environment(working: Path, lake_root: str, environment: str = "dev") -> dict[str, str]:
    """Environment variables that a dbt command needs on DuckDB."""
    return {
        "TREND_ASSETS_WAREHOUSE": str(working.resolve()),
        "TREND_ASSETS_LAKE": lake_root if "://" in lake_root else str(Path(lake_root).resolve()),
        "TREND_ASSETS_MIRROR": str(working.resolve().parent / "mirror"),
        "TREND_ASSETS_ENVIRONMENT": environment,
        "TREND_ASSETS_DATASETS": "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def dbt_environment_of(settings: Settings) -> dict[str, str]:
    """Environment variables that a dbt command needs in the environment that the settings describe."""
    from trend_assets.settings import Environment

    variables = dbt_environment(settings.working_warehouse_file, settings.lake_root, settings.environment.value)
    if settings.environment is Environment.DEV:
        return variables
    endpoint = settings.bigquery_endpoint
    emulator = endpoint.startswith("http://")
    return variables | {
        "TREND_ASSETS_DATASETS": f"{settings.bigquery_dataset_prefix}working_",
        "TREND_ASSETS_BIGQUERY_PROJECT": settings.bigquery_project,
        "TREND_ASSETS_BIGQUERY_LOCATION": settings.bigquery_location,
        "TREND_ASSETS_BIGQUERY_ENDPOINT": endpoint,
        # An emulator knows no credentials; dbt wants some, so it gets a word that means nothing.
        "TREND_ASSETS_BIGQUERY_METHOD": "oauth-secrets" if emulator else "oauth",
        "TREND_ASSETS_BIGQUERY_TOKEN": "emulator" if emulator else "none",
    }
