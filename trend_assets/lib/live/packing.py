"""Dataclasses of tables and arrays as bytes, and back.

What belongs here: the format of the kept history's file. What doesn't: what is kept (``history``), where (``live/history.py``).

Fields may be Arrow tables and arrays, numpy arrays, times, numbers, strings, None, tuples of one kind, and dataclasses of these. Nothing
is executed when a file is read (no pickles); types come from the class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa

T = TypeVar("T")


def pack(value: Any) -> bytes:
    """A dataclass as one Arrow stream of compressed ones. Raises ``TypeError`` for a field of another type."""
    said: dict[str, Any] = {}
    tables: dict[str, pa.Table] = {}
    _take_apart("", value, said, tables)
    data = [json.dumps(said).encode(), *(_serialised(table, "lz4") for table in tables.values())]
    return _serialised(pa.table({"name": ["said", *tables], "data": pa.array(data, pa.large_binary())}), None)


def unpack(kind: type[T], data: bytes) -> T:
    """Inverse of ``pack``. Raises ``pa.ArrowInvalid``, ``KeyError``, ``TypeError`` or ``ValueError`` for bytes that are no such value."""
    whole = pa.ipc.open_stream(data).read_all()
    parts = dict(zip(whole["name"].to_pylist(), whole["data"], strict=True))
    said = json.loads(parts.pop("said").as_py())
    tables = {name: pa.ipc.open_stream(part.as_buffer()).read_all() for name, part in parts.items()}
    built: T = _put_together("", kind, said, tables)
    return built


def _take_apart(name: str, value: Any, said: dict[str, Any], tables: dict[str, pa.Table]) -> None:
    if is_dataclass(value):
        for field in fields(value):
            _take_apart(f"{name}/{field.name}", getattr(value, field.name), said, tables)
    elif isinstance(value, tuple):
        said[name] = len(value)
        for number, one in enumerate(value):
            _take_apart(f"{name}/{number}", one, said, tables)
    elif isinstance(value, pa.Table):
        tables[name] = value
    elif isinstance(value, pa.Array):
        tables[name] = pa.table({"values": value})
    elif isinstance(value, np.ndarray):
        said[name] = list(value.shape)
        tables[name] = pa.table({"values": pa.array(value.ravel())})
    elif isinstance(value, datetime):
        said[name] = value.isoformat()
    elif value is None or isinstance(value, int | float | str):
        said[name] = value
    else:
        raise TypeError(f"{name}: {type(value).__name__} cannot be packed")


def _put_together(name: str, kind: Any, said: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> Any:
    options = [one for one in get_args(kind) if one is not NoneType] if NoneType in get_args(kind) else []
    if options:
        return None if name in said and said[name] is None else _put_together(name, options[0], said, tables)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        values = {field.name: _put_together(f"{name}/{field.name}", hints[field.name], said, tables) for field in fields(kind)}
        return kind(**values)  # type: ignore[operator]
    if get_origin(kind) is tuple:
        return tuple(_put_together(f"{name}/{number}", get_args(kind)[0], said, tables) for number in range(said[name]))
    if kind is pa.Table:
        return tables[name]
    if kind is pa.Array:
        return tables[name]["values"].combine_chunks()
    if get_origin(kind) is np.ndarray:
        return tables[name]["values"].to_numpy().reshape(said[name])
    return datetime.fromisoformat(said[name]) if kind is datetime else said[name]


def _serialised(table: pa.Table, compression: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    result: bytes = sink.getvalue().to_pybytes()
    return result
