"""Lake rows as Parquet bytes and back: the same rows give the same bytes, and any part reads as the declared schema.

What belongs here: conforming, ordering, encoding, decoding. What doesn't: where the bytes are kept (``lake.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from trend_assets.tables import Table

COMPRESSION = "zstd"
COMPRESSION_LEVEL = 3


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def conformed(table: Table, data: pa.Table) -> pa.Table:
    """Declared columns in declared order and type; nulls stay where they are, for the audit to judge.

    Raises ``ValueError`` when a column is missing or cannot be cast without loss.
    """
    missing = [column.name for column in table.columns if column.name not in data.column_names]
    if missing:
        raise ValueError(f"{table.path}: columns missing: {', '.join(missing)}")
    return _typed(data, _nullable(table.schema))


def ordered(table: Table, data: pa.Table) -> pa.Table:
    """Rows sorted by key, so that the order in which they were made does not show."""
    if data.num_rows < 2 or not table.key:
        return data
    return data.sort_by([(name, "ascending") for name in table.key])


def encode_part(data: pa.Table) -> bytes:
    """One Parquet file. Descriptions and other metadata stay out: changing a word must not change the content's hash."""
    sink = pa.BufferOutputStream()
    bare = data.replace_schema_metadata(None).cast(pa.schema([field.remove_metadata() for field in data.schema]))
    pq.write_table(bare, sink, compression=COMPRESSION, compression_level=COMPRESSION_LEVEL, write_statistics=True)
    return sink.getvalue().to_pybytes()


def decode_part(table: Table, source: pa.NativeFile | pa.Buffer, columns: Sequence[str] | None = None) -> pa.Table:
    """The declared columns (or those named, in that order) of a part.

    A nullable column that was declared after the part was written reads as null. Raises ``ValueError`` when another column is
    missing or does not cast to its declared type: the partition must be published again.
    """
    schema = declared_schema(table, columns)
    with pq.ParquetFile(source) as file:
        stored = set(file.schema_arrow.names)
        data = file.read(columns=[name for name in schema.names if name in stored], use_threads=False)
        rows = file.metadata.num_rows
    missing = [field for field in schema if field.name not in stored]
    required = [field.name for field in missing if not field.nullable]
    if required:
        raise ValueError(f"{table.path}: a part was written before the columns {required} were declared; publish its partition again")
    for field in missing:
        data = data.append_column(field, pa.nulls(rows, field.type))
    return _typed(data, schema)


def declared_schema(table: Table, columns: Sequence[str] | None = None) -> pa.Schema:
    """The declared schema, or the part of it that is named. Raises ``KeyError`` for an unknown column."""
    return table.schema if columns is None else pa.schema([table.column(name).field for name in columns])


def _typed(data: pa.Table, schema: pa.Schema) -> pa.Table:
    """Columns selected, ordered and cast; a column of the right type is not touched."""
    columns = []
    for field in schema:
        column = data[field.name]
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(f"column {field.name} is {column.type}, declared {field.type}: {error}") from error
    return pa.Table.from_arrays(columns, schema=schema)


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema])
