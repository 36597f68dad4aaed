"""Lake rows as Parquet bytes and back: the same rows give the same bytes, and any part reads as the declared schema.

What belongs here: conforming, ordering, encoding, decoding. What doesn't: where the bytes are kept (``lake/lake.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.quality.audit import neighbours
from trend_assets.tables import Table

_Result = TypeVar("_Result")

COMPRESSION, COMPRESSION_LEVEL = "zstd", 1
COMPRESSION_OF_SMALL_PARTS, SMALL_PART_VALUES = "lz4", 4096
"""zstd takes longer to start than to compress a few kilobytes: for parts of so few values (rows times columns), LZ4 halves the
time of writing and of reading; such a part is some 10 KB rather than 6."""
REMEMBERED_TABLES = 256


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def per_table(function: Callable[[Table], _Result]) -> Callable[[Table], _Result]:
    """Remember results by declaration *object*: hashing a declaration of thirty columns costs more than using the result."""
    results: dict[int, tuple[Table, _Result]] = {}

    @wraps(function)
    def remembered(table: Table) -> _Result:
        found = results.get(id(table))
        if found is None:
            if len(results) >= REMEMBERED_TABLES:
                results.clear()
            found = results[id(table)] = (table, function(table))  # holding the table keeps its id from being used again
        return found[1]

    return remembered


def declared_schema(table: Table, columns: tuple[str, ...] | None = None) -> pa.Schema:
    """The declared schema, or the part of it that is named. Raises ``KeyError`` for an unknown column."""
    return table.schema if columns is None else pa.schema([table.column(name).field for name in columns])


@per_table
def _stored_schema(table: Table) -> pa.Schema:
    """As declared, without descriptions: changing a word must not change the content's hash."""
    return pa.schema([field.remove_metadata() for field in table.schema])


@per_table
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
    return conformed_range(table, [data])


def conformed_range(table: Table, pieces: Sequence[pa.Table]) -> pa.Table:
    """``conformed`` of each piece, one after the other in one table, for little more than the price of one.

    Raises ``ValueError`` as ``conformed`` does, without saying in which piece, and ``pa.ArrowException`` when the pieces are
    not of one schema.
    """
    data = pieces[0] if len(pieces) == 1 else pa.concat_tables(pieces)
    given = set(data.column_names)
    missing = [column.name for column in table.columns if column.name not in given]
    if missing:
        raise ValueError(f"{table.path}: columns missing: {', '.join(missing)}")
    typed = _typed(data, _stored_schema(table)).combine_chunks()
    for column, values in zip(table.columns, typed.columns, strict=True):
        if values.null_count and not column.nullable:
            raise ValueError(f"{table.path}: {column.name} is null in {values.null_count} rows")
    if typed.num_rows < 2 or not table.key:
        return typed
    keyed = typed.select(list(table.key))
    if len(pieces) > 1:
        positions = np.repeat(np.arange(len(pieces)), [piece.num_rows for piece in pieces])
        keyed = pa.table([pa.array(positions), *keyed.columns], names=["piece", *table.key])
    if neighbours(keyed)[0]:
        return typed
    return typed.take(pc.sort_indices(keyed, [(name, "ascending") for name in keyed.column_names]))


def encode_part(table: Table, data: pa.Table) -> bytes:
    """Conformed rows as one Parquet file; the same rows give the same bytes (with the same version of pyarrow).

    The footer is read back: it states these rows, of this schema, or ``RuntimeError`` is raised. Values are not decoded again.
    """
    if not data.num_rows:
        return _empty_part(table)
    return _encoded(table, data)


@per_table
def _empty_part(table: Table) -> bytes:
    return _encoded(table, _stored_schema(table).empty_table())


def _encoded(table: Table, data: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    small = data.num_rows * data.num_columns <= SMALL_PART_VALUES
    pq.write_table(
        data,
        sink,
        compression=COMPRESSION_OF_SMALL_PARTS if small else COMPRESSION,
        compression_level=None if small else COMPRESSION_LEVEL,
        use_dictionary=False,  # zstd alone gave smaller files faster, from 300 to 50,000 rows (benchmarks/lake.py)
        write_statistics=_columns_with_statistics(table),
    )
    encoded = sink.getvalue()
    with pq.ParquetFile(encoded) as file:
        if file.metadata.num_rows != data.num_rows or not file.schema_arrow.equals(_stored_schema(table)):
            raise RuntimeError(f"{table.path}: the Parquet writer lost rows or columns of {data.num_rows} rows; nothing was published")
    return encoded.to_pybytes()


def read_part(table: Table, source: pa.NativeFile | pa.Buffer, columns: tuple[str, ...] | None = None) -> pa.Table:
    """Those of the declared (or named) columns that a part has, as stored: for ``declared``."""
    with pq.ParquetFile(source) as file:
        stored = file.schema_arrow.names
        wanted = [name for name in (table.schema.names if columns is None else dict.fromkeys(columns)) if name in stored]
        if wanted == stored:
            return file.read(use_threads=False)
        data = file.read(columns=wanted, use_threads=False)
        # of no columns pyarrow reads no rows: keep their number
        return data if wanted else pa.table({"": pa.nulls(file.metadata.num_rows)})


def declared(table: Table, data: pa.Table, columns: tuple[str, ...] | None = None) -> pa.Table:
    """The declared columns (or those named, in that order) of what ``read_part`` gave.

    A nullable column that was declared after the part was written reads as null. Raises ``ValueError`` when another column is
    missing or does not cast to its declared type: the partition must be published again.
    """
    schema = declared_schema(table, columns)
    stored = data.column_names
    missing = [field for field in schema if field.name not in stored]
    required = [field.name for field in missing if not field.nullable]
    if required:
        raise ValueError(f"{table.path}: a part was written before the columns {required} were declared; publish its partition again")
    for field in missing:
        data = data.append_column(field, pa.nulls(data.num_rows, field.type))
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
