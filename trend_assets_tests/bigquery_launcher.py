"""Starts the BigQuery emulator ``local-bigquery`` in an environment of its own; run by ``bigquery_emulator.py``, not imported.

What belongs here: where the emulator differs from BigQuery in a way that we would notice. What doesn't: anything of this
project: that environment has only the emulator (Python 3.13 or later), DuckDB 1.5.5 and its extensions as wheels.
"""

from __future__ import annotations

import sys

import duckdb_extensions
from local_bigquery import cli
from local_bigquery.jobs import load, runner
from local_bigquery.models import TableReference

for name in ("icu", "httpfs", "spatial", "ducklake"):
    duckdb_extensions.import_extension(name)

run_query, hive_options = runner._query, load._hive


def _query_with_destination(job, session, running):
    """BigQuery names the table that `create table as` made as the job's destination, and dbt counts its rows; the emulator doesn't."""
    statistics = run_query(job, session, running)
    if statistics.query and statistics.query.statementType == "CREATE_TABLE_AS_SELECT" and statistics.query.ddlTargetTable:
        job.configuration.query.destinationTable = TableReference.model_validate(statistics.query.ddlTargetTable.dump())
    return statistics


def _no_columns_from_folders(config):
    """BigQuery makes columns from key=value folders only where it is asked to; the emulator's DuckDB always."""
    return hive_options(config) or {"hive_partitioning": "false"}


runner._query, load._hive = _query_with_destination, _no_columns_from_folders
cli.main(sys.argv[1:])
