"""Bytes of a data file to an Arrow table: Parquet, CSV (any delimiter) and JSON lines, whatever columns they have.

What belongs here: decoding of labelled files. What doesn't: opening them (``commands/evaluate.py``), what the columns mean (``posts.py``),
feeds of posts or retail tables, which go through landing and mappings (``lib/sources``, ``lib/retail``).
"""

from __future__ import annotations

import io
from pathlib import PurePath

import pyarrow as pa

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
_TEXT = ("post_id", "tweet_id", "author_id", "user_id", "text", "hashtags", "user_mentions", "source", "target")
"""Columns of a CSV that are text whatever they look like: an id of digits must keep them all."""


def decode_file(name: str, content: bytes) -> pa.Table:
    """The table in the bytes of the file ``name``, whose suffix says what it is; ``.gz`` or ``.zst`` may follow the suffix.

    Raises ``ValueError`` with one sentence where the suffix is unknown, or the content is empty or not what the suffix says.
    """
    path = PurePath(name)
    packing = _COMPRESSED.get(path.suffix.lower())
    suffix = (path.with_suffix("") if packing else path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name}: expected a file named {', '.join(SUFFIXES)} (.gz or .zst may follow)")
    if not content.strip():
        raise ValueError(f"{path.name} is empty")
    try:
        if packing:
            content = pa.input_stream(io.BytesIO(content), compression=packing).read()
        return _plain(_read(suffix, path.name, content))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        problem = str(error).partition("\n")[0]
        raise ValueError(f"{path.name} can't be read as {suffix[1:]}: {problem}") from error


def _read(suffix: str, name: str, content: bytes) -> pa.Table:
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(io.BytesIO(content))
    if suffix in (".csv", ".tsv"):
        return _read_delimited(name, content)
    from pyarrow import json

    # a block holds whole lines: as long as the file, no line is too long
    return json.read_json(io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")), json.ReadOptions(block_size=len(content) + 1))


def _plain(table: pa.Table) -> pa.Table:
    """The table with dictionaries (categories of pandas) decoded: nobody else need know of them."""
    for number, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(field.type.value_type))
    return table


def _read_delimited(name: str, content: bytes) -> pa.Table:
    from pyarrow import csv

    from trend_assets.lib.retail.sniff import SAMPLE_BYTES, sniff_text

    encoding, delimiter, _ = sniff_text(content[:SAMPLE_BYTES], name)
    if encoding != "utf-8":
        content = content.decode(encoding).encode()
    if not content.strip():
        raise pa.ArrowInvalid("there is not even a header")
    return csv.read_csv(
        io.BytesIO(content + b"\n"),  # a header without a line's end would be no header
        csv.ReadOptions(block_size=len(content) + 2),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(column_types=dict.fromkeys(_TEXT, pa.string()), null_values=[""], strings_can_be_null=True),
    )
