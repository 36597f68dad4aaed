"""Whether a mapping fits what is there: the columns of a file or table, the rows written in the mapping itself.

What belongs here: fitting before any value is read. What doesn't: values (``columns.py``), tables (``read.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from trend_assets.lib.retail.columns import written_scalar
from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.mapping import OtherSource, RetailMapping, TableMapping
from trend_assets.lib.retail.mistakes import close_to
from trend_assets.lib.retail.rules import FileFormat


def missing_in_file(mapping: RetailMapping, table_name: str, found: Sequence[str], gone: Collection[str] = ()) -> str | None:
    """What to say when a file lacks columns that its steps or, unless steps make them, its mapped columns need."""
    table = mapping.tables[table_name]
    for theirs in table.needed_columns:
        if theirs not in found:
            known = f"{close_to(theirs, found)} Columns found: {', '.join(found)}."
            return f"has no column {theirs!r}, which the mapping of {table_name} needs.{known}"
    return missing_columns(mapping, table_name, [*found, *table.made_columns], gone)


def inline_file(table: TableMapping | OtherSource, file_format: FileFormat) -> SourceFile:
    """Rows written in the mapping itself, as if they were a file of that format."""
    decimal = file_format.decimal
    names = list(dict.fromkeys(name for row in table.rows for name in row))
    data = pa.table(
        {
            name: pa.array(
                [None if (value := row.get(name)) is None else written_scalar(value, decimal) for row in table.rows], pa.string()
            )
            for name in names
        }
    )
    return SourceFile("(mapping)", None, data, np.arange(len(table.rows), dtype=np.int64))


def missing_columns(mapping: RetailMapping, table_name: str, found: Sequence[str], gone: Collection[str] = ()) -> str | None:
    """What to say when a file lacks columns that the mapping names; ``None`` when it lacks none but those ``gone``."""
    table = mapping.tables[table_name]
    if table.rows:
        return None
    for ours, rule in mapping.rules_of(table_name).items():
        for theirs in [*rule.source_columns, *rule.tested_columns]:
            if theirs not in found and theirs not in gone:
                return (
                    f"has no column {theirs!r}, which the mapping uses for {ours}.{close_to(theirs, found)} "
                    f"Columns found: {', '.join(found)}. Change tables.{table_name}.columns.{ours}."
                )
    return None
