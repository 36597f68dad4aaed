"""Rows of flat tables as records: Parquet and CSV, read in batches, each row as one JSON object.

What belongs here: from a table's bytes to rows as JSON. What doesn't: what a row means (``table``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from trend_assets.lib.sources.containers import DAMAGE, InputFile, RefusedFileError, seekable
from trend_assets.lib.sources.edge import EdgeRecord
from trend_assets.lib.sources.table import BROKEN_ROW, TableMapping, created_at_of

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
_BATCH_ROWS = 10_000
_MOST_ROWS_PER_BYTE = 50  # real tables hold well under one row per byte; run-length bombs hold thousands
_encode = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def columns_of(file: InputFile, mapping: TableMapping | None) -> list[str] | None:
    """Names of the columns; None for a format whose rows name their own. Raises ``RefusedFileError`` when unreadable."""
    if file.format == ".parquet":
        return list(_parquet(file).schema_arrow.names)
    if file.format in (".csv", ".tsv"):
        return next(_csv_rows(file, mapping), ([], b""))[0]
    return None


def records_of_table(file: InputFile, mapping: TableMapping) -> Iterator[EdgeRecord]:
    """The rows of a table, with the mapping as the include that each needs."""
    includes = _encode(mapping)
    if file.format == ".parquet":
        rows: Iterator[tuple[bytes, Any]] = ((_encode(row), row) for row in _parquet_rows(file))
    elif file.format in (".csv", ".tsv"):
        rows = _csv_objects(file, mapping)
    else:
        rows = _json_objects(file)
    for body, row in rows:
        yield EdgeRecord("row", body, includes, None if row is None else created_at_of(row, mapping))


def _parquet(file: InputFile) -> Any:
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(seekable(file))
    except DAMAGE as error:
        raise RefusedFileError(f"{file.shown}: not a readable Parquet file ({error})") from error
    if parquet.metadata.num_rows > _MOST_ROWS_PER_BYTE * max(file.size, 1 << 20):
        raise RefusedFileError(f"{file.shown}: claims {parquet.metadata.num_rows} rows in {file.size} bytes, as a decompression bomb does")
    return parquet


def _parquet_rows(file: InputFile) -> Iterator[dict[str, Any]]:
    for batch in _parquet(file).iter_batches(batch_size=_BATCH_ROWS):
        # Nanoseconds would come as pandas objects; microseconds are what we keep.
        columns = [
            column.cast(pa.timestamp("us", column.type.tz), safe=False) if pa.types.is_timestamp(column.type) else column
            for column in batch.columns
        ]
        yield from pa.RecordBatch.from_arrays(columns, names=batch.schema.names).to_pylist()


def _json_objects(file: InputFile) -> Iterator[tuple[bytes, Any]]:
    for text, damage in file.lines():
        try:
            yield text, None if damage else _decode_object(text)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            yield text, None


def _csv_objects(file: InputFile, mapping: TableMapping) -> Iterator[tuple[bytes, Any]]:
    rows = _csv_rows(file, mapping)
    header, _ = next(rows, ([], b""))
    for cells, text in rows:
        if len(cells) == len(header):
            row = dict(zip(header, cells, strict=True))
            try:
                yield _encode(row), row
            except (UnicodeEncodeError, msgspec.MsgspecError):
                yield text, None  # not in the declared encoding: the bytes as they were
        else:
            problem = f"{len(cells)} cells, the header has {len(header)}"
            yield _encode({BROKEN_ROW: problem, "line": text.decode("utf-8", "replace")}), None


def _csv_rows(file: InputFile, mapping: TableMapping | None) -> Iterator[tuple[list[str], bytes]]:
    """Rows of cells, each with the bytes it was read from; an unreadable row has no cells."""
    encoding = mapping.encoding if mapping is not None else "utf-8"
    delimiter = "\t" if file.format == ".tsv" else mapping.delimiter if mapping is not None else ","
    consumed: list[bytes] = []

    def texts() -> Iterator[str]:
        for line, damage in file.lines():
            consumed.append(line)
            if damage:
                return
            yield line.decode(encoding, "surrogateescape") + "\n"

    reader = csv.reader(texts(), delimiter=delimiter)
    while True:
        consumed.clear()
        try:
            cells = next(reader)
        except StopIteration:
            if consumed:  # the stream ended in damage
                yield [], b"\n".join(consumed)
            return
        except csv.Error:  # a quote that never closes: the reader starts anew at the next line
            yield [], b"\n".join(consumed)
            continue
        yield cells, b"\n".join(consumed)


def parse_mapping(text: str, shown: str) -> TableMapping:
    """The mapping in a YAML text. Raises ``MappingError`` saying what is wrong."""
    import yaml

    from trend_assets.lib.sources.table import MappingError

    try:
        mapping = msgspec.convert(yaml.safe_load(io.StringIO(text)), TableMapping)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise MappingError(f"{shown}: {error}") from error
    mapping.check()
    return mapping
