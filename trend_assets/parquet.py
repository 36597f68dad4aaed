"""Lake rows as Parquet bytes and back: the same rows give the same bytes, and any part reads as the declared schema.

What belongs here: conforming, ordering, encoding, decoding. What doesn't: where the bytes are kept (``lake.py``).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.tables import Table

COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=256)
def declared_schema(table: Table, columns: tuple[str, ...] | None = None) -> pa.Schema:
    """The declared schema, or the part of it that is named. Raises ``KeyError`` for an unknown column."""
    return table.schema if columns is None else pa.schema([table.column(name).field for name in columns])


@lru_cache(maxsize=256)
def _stored_schema(table: Table) -> pa.Schema:
    """As declared, without descriptions: changing a word must not change the content's hash."""
    return pa.schema([field.remove_metadata() for field in table.schema])


@lru_cache(maxsize=256)
def _columns_with_statistics(table: Table) -> list[str]:
    """Numbers and times: engines skip by them. Extremes of texts would only repeat some of the texts in the footer."""
    return [
        column.name
        for column in table.columns
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_temporal(column.type)
    ]


def conformed(table: Table, data: pa.Table) -> pa.Table:
    """Declared columns in declared order and type, sorted by key, so that the order in which rows were made does not show.

    Raises ``ValueError`` when a column is missing, cannot be cast without loss, or holds nulls that it may not.
    """
    given = set(data.column_names)
    missing = [column.name for column in table.columns if column.name not in given]
    if missing:
        raise ValueError(f"{table.path}: columns missing: {', '.join(missing)}")
    typed = _typed(data, _stored_schema(table))
    for column, values in zip(table.columns, typed.columns, strict=True):
        if values.null_count and not column.nullable:
            raise ValueError(f"{table.path}: {column.name} is null in {values.null_count} rows")
    if typed.num_rows < 2 or not table.key:
        return typed
    return typed.take(pc.sort_indices(typed, [(name, "ascending") for name in table.key]))


def encode_part(table: Table, data: pa.Table) -> bytes:
    """Conformed rows as one Parquet file; the same rows give the same bytes (with the same version of pyarrow)."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        data,
        sink,
        compression=COMPRESSION,
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=False,  # zstd alone gave smaller files faster, from 300 to 50,000 rows (benchmarks/lake.py)
        write_statistics=_columns_with_statistics(table),
    )
    return sink.getvalue().to_pybytes()


def decode_part(table: Table, source: pa.NativeFile | pa.Buffer, columns: tuple[str, ...] | None = None) -> pa.Table:
    """The declared columns (or those named, in that order) of a part.

    A nullable column that was declared after the part was written reads as null. Raises ``ValueError`` when another column is
    missing or does not cast to its declared type: the partition must be published again.
    """
    schema = declared_schema(table, columns)
    with pq.ParquetFile(source) as file:
        stored = file.schema_arrow.names
        wanted = [name for name in schema.names if name in stored]
        data = file.read(columns=None if wanted == stored else wanted, use_threads=False)
        rows = file.metadata.num_rows
    missing = [field for field in schema if field.name not in stored]
    required = [field.name for field in missing if not field.nullable]
    if required:
        raise ValueError(f"{table.path}: a part was written before the columns {required} were declared; publish its partition again")
    for field in missing:
        data = data.append_column(field, pa.nulls(rows, field.type))
    return _typed(data, schema)


def _typed(data: pa.Table, schema: pa.Schema) -> pa.Table:
    """Columns selected, ordered and cast; a column of the right type is not touched."""
    if data.schema.equals(schema, check_metadata=True):
        return data
    positions = {name: position for position, name in enumerate(data.column_names)}
    columns = []
    for field in schema:
        column = data.column(positions[field.name])
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(f"column {field.name} is {column.type}, declared {field.type}: {error}") from error
    return pa.Table.from_arrays(columns, schema=schema)
