"""Does the steps of a table on its files, with what other sources say: the rows that its columns are mapped from.

What belongs here: which files are taken together, reading the sources that are joined. What doesn't: what a step does
(``lib/retail/reshape.py``), finding and opening files (``found.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from trend_assets.lib.retail.columns import source_array, written
from trend_assets.lib.retail.decode import SourceFile, unreadable_file
from trend_assets.lib.retail.fit import inline_file, missing_in_file
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.reshape import Account, Lookup, reshaped
from trend_assets.lib.retail.rules import FileFormat
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.found import decoded_as, source_files, written_at
from trend_assets.retail.seen import SeenSources


def shaped(
    mapping: RetailMapping,
    table_name: str,
    files: Sequence[SourceFile],
    root: Path,
    days: Sequence[date] | None = None,
    seen: SeenSources | None = None,
) -> list[SourceFile]:
    """The files after the steps of their table; those without a day are taken together where there are steps.

    ``seen``: see ``read_retail``. Raises ``MappingError`` where a file of a log cannot be read, a column is missing, a key to look up is
    there twice, or a file of a joined source is being written.
    """
    table = mapping.tables[table_name]
    if not table.steps:
        return list(files)
    if seen is not None:
        _require_settled(mapping, table_name, root, seen)
    lookups = _lookups(mapping, mapping.looked_up_by(table_name), root)
    result: list[SourceFile] = []
    accounts: list[Account] = []
    for file in files if table.dated else _together([*files], ", ".join(table.files), mapping.format_of(table_name)):
        problem = file.error or missing_in_file(mapping, table_name, file.data.column_names, file.gone)
        if problem is not None and file.day is None:
            raise MappingError(f"{table_name}: {file.name} {problem}")
        if problem is not None:
            result.append(unreadable_file(file.name, file.day, problem))
            continue
        made, account = reshaped(file, table.steps, lookups, mapping.format_of(table_name), table.personal, days)
        result.append(replace(made, lookups=tuple(lookup.file for lookup in lookups.values())))
        accounts.append(account)
    if seen is not None:
        load = seen.loads[table_name]
        load.steps, load.looked_up = accounts, [lookup.account for lookup in lookups.values()]
    return result


def _require_settled(mapping: RetailMapping, table_name: str, root: Path, seen: SeenSources) -> None:
    """Without a part of what is looked up rows would go on without values, so no file of it may be left for later as a table's own is."""
    seconds, now = mapping.tables[table_name].settle_seconds, seen.now().timestamp()
    for name in mapping.looked_up_by(table_name) if seconds else ():
        for file in source_files(mapping, name, root):
            if now - written_at(file) < seconds:
                raise MappingError(
                    f"{table_name}: {file.name}, which it joins (sources.{name}), was written to within the last {seconds} seconds "
                    "(settle_seconds): it is read by the next load. Nothing was written"
                )


def _lookups(mapping: RetailMapping, names: Sequence[str], root: Path) -> dict[str, Lookup]:
    """Sources, each after its own steps. Raises ``MappingError`` where one cannot be read."""
    lookups: dict[str, Lookup] = {}
    for name in names:
        source, file_format = mapping.sources[name], mapping.format_of_source(name)
        told = f"sources.{name} ({', '.join(source.files) or 'mapping'})"
        found = source_files(mapping, name, root)
        files = [inline_file(source, file_format)] if source.rows else [decoded_as(file, file_format) for file in found]
        file = _together(files, told, file_format)[0]
        if file.error is not None:
            raise MappingError(f"sources.{name}: {file.name} {file.error}")
        made, account = reshaped(replace(file, name=told), source.steps, lookups, file_format)
        lookups[name] = Lookup(made, file_format, account)
    return lookups


def _together(files: list[SourceFile], name: str, file_format: FileFormat) -> list[SourceFile]:
    """All rows of files as one, in the order of their names; the first that cannot be read instead, if one cannot."""
    unreadable = [file for file in files if file.error is not None]
    if len(files) < 2 or unreadable:
        return unreadable[:1] or files
    tables = [file.data for file in files]
    if len({str(table.schema) for table in tables}) > 1:  # written by other programs: as texts they can stand together
        tables = [
            pa.table({field: written(source_array(one, field, file_format), file_format) for field in one.column_names}) for one in tables
        ]
    numbers, malformed, start = [], [], 0
    for file in files:
        numbers.append(file.row_numbers + start)
        malformed += [replace(bad, row=bad.row + start) for bad in file.malformed]
        start += file.data.num_rows + len(file.malformed)
    gone = frozenset.union(*(file.gone for file in files))
    return [SourceFile(name, None, pa.concat_tables(tables, promote_options="default"), np.concatenate(numbers), malformed, gone=gone)]
