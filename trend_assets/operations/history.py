"""Ledgers as the published file holds them, for SQL (``warehouse/history.py``).

What belongs here: reading ledgers and unpacking marts for publication. What doesn't: recording them (``operations/ledger.py``,
``operations/mart_ledger.py``), functions of SQL.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.operations.mart_ledger import KEPT_MARTS
from trend_assets.tables.ledgers import LEDGERS, MART_LEDGER
from trend_assets.warehouse.history import History, Kept

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader


def history(lake: LakeReader, days: pa.Table) -> History:
    """Every version of the tables and marts that are kept, but for those too large.

    days: of marts, which the publication is the first to show (``mart_ledger.unrecorded_days``).
    """
    kept = [
        Kept(
            ledger.source.path.replace("/", "."),
            lake.read(ledger.table).combine_chunks(),
            ledger.key,
            f"What {ledger.source.path} said and from when on that was known.",
        )
        for ledger in LEDGERS.values()
    ]
    versions = pa.concat_tables([lake.read(MART_LEDGER), days])
    for mart in sorted(
        mart for mart in pc.unique(versions["mart"]).to_pylist() if mart in KEPT_MARTS and KEPT_MARTS[mart].versions_in_file
    ):
        found = _unpacked(versions.filter(pc.equal(versions["mart"], mart)))
        if found is not None:
            kept.append(Kept(f"warehouse.{mart}", found, description=f"Days of {mart} as they were published."))
    return History(kept, versions.drop_columns(["content"]).replace_schema_metadata())


def _unpacked(versions: pa.Table) -> pa.Table | None:
    """Rows of all versions of a mart, each with its day and from when on it was known; None where no version has rows."""
    parts = []
    for row in versions.filter(pc.greater(versions["rows"], 0)).select(["knowledge_time", "day", "content"]).to_pylist():
        rows = pq.read_table(io.BytesIO(row["content"]))
        moments = pa.array([row["knowledge_time"]], pa.timestamp("us", tz="UTC")).take(pa.array([0] * rows.num_rows, pa.int64()))
        days = pa.array([row["day"]], pa.date32()).take(pa.array([0] * rows.num_rows, pa.int64()))
        parts.append(rows.append_column("known_day", days).append_column("knowledge_time", moments))
    return pa.concat_tables(parts, promote_options="permissive") if parts else None
