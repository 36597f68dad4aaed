"""Tables about the data themselves: what each day was like, kept longer than the rows it was counted from.

What belongs here: their declarations. What doesn't: what is counted (``lib/quality/drift_summaries.py``) and of which tables
(``operations/daily_summaries.py``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table

SUMMARY_KINDS = ("rows", "share", "member", "volume", "number", "word", "words", "gap", "schema", "model")

DAILY_SUMMARIES = Table(
    group="quality",
    name="daily_summaries",
    description=(
        "What each day of a table was like, as counts that can be added up over hours, days and months; no row of the table is kept. Drift "
        "is told from these, so a day can be compared when its rows are long gone."
    ),
    columns=(
        Column("day", pa.date32(), "UTC day that was summarised; decides the partition", "day"),
        Column("table_name", pa.string(), "Table that was summarised: group/name"),
        Column(
            "kind",
            pa.string(),
            "What is counted: rows (all); share (rows by value), member (rows by member of a list), volume (rows by value and hour of the "
            "day), number (rows by bin: +n is 2^(n/4) to 2^((n+1)/4), of probabilities tenths), word (uses of a word of five or more "
            "people), words (uses by bucket), gap (minutes nobody collected), schema (rows by fingerprint of the declaration), model (rows "
            "by version)",
            allowed=SUMMARY_KINDS,
        ),
        Column("column", pa.string(), "Column that is counted; empty where none is"),
        Column("category", pa.string(), "Value, bin, hour or word that is counted; empty where none is"),
        Column("count", pa.int64(), "How many; of gaps minutes", "count", minimum=0),
        Column(
            "buckets",
            pa.list_(pa.int64()),
            "Of kind words: each used bucket of 65,536 (CRC-32 of a word) times 2^32, plus its uses; else null",
            nullable=True,
        ),
    ),
    key=("table_name", "kind", "column", "category"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=800,
    licence_class="aggregate",
)

TABLES = (DAILY_SUMMARIES,)
"""Five people or more behind every word that is named (``drift.LEAST_AUTHORS``); the rest are counts of the whole day."""
