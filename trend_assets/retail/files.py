"""Opens a retailer's mapping and what it names, files or database tables, and hands their rows to ``lib/retail``.

What belongs here: which files and tables are read for which days. What doesn't: what a mapping means (``lib/retail/mapping.py``),
finding and opening files (``found.py``), what becomes of the rows (``shaped.py``, ``lib/retail/read.py``), reading a database
(``extracts.py``, loaded only for a mapping that names one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from trend_assets.lib.retail.days_told import days_of_rows, days_told
from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.fit import inline_file, missing_in_file
from trend_assets.lib.retail.mapping import SNAPSHOT_TABLES, TABLE_NAMES, RetailMapping, parse_mapping
from trend_assets.lib.retail.read import read_records
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.found import FoundFile, decoded, found_files, stamp_of, written_at
from trend_assets.retail.seen import SchemaStopError, SeenSources, SeenTable
from trend_assets.retail.shaped import shaped

if TYPE_CHECKING:
    from trend_assets.retail.extracts import DatabaseSource

MAPPINGS = Path(__file__).parent.parent / "mappings"
"""Mapping files that come with the project: the simulated town's, worked examples and a template."""


def load_mapping(path: Path) -> RetailMapping:
    """Read and validate a mapping file. Raises ``MappingError`` with every problem and its place in the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise MappingError(f"mapping file {path} cannot be read: {error}") from error
    return parse_mapping(text, str(path))


def read_retail(
    mapping: RetailMapping | Path,
    days: Sequence[date],
    root: Path | None = None,
    files: Mapping[str, Path] | None = None,
    database: DatabaseSource | None = None,
    seen: SeenSources | None = None,
) -> dict[str, pa.Table]:
    """The retail tables and ``retail/quarantined_records`` of the days, by ``group/name``, conforming to their declarations.

    Parameters: ``mapping``, a mapping or the path of its file; ``root``, the folder its patterns are relative to
    (default: the mapping file's folder); ``files``, one file per table name to read instead of the mapping's patterns;
    ``database``, where tables that come from a database are (default: as the settings say); ``seen``, the record of what files
    looked like: with it, columns that changed are classed, files without rows of the days are passed over, and files that are
    still being written are left for later.

    Raises ``MappingError`` where an undated file is absent or lacks a mapped column, or a database cannot be read; see
    ``read_records`` for the rest.
    """
    mapping, root = _resolve(mapping, root)
    chosen: dict[str, list[SourceFile]] = {}
    stopped: list[str] = []
    for table_name in mapping.tables:
        if _in_database(mapping, table_name, files):
            from trend_assets.retail.extracts import landed_rows, source_of_settings

            chosen[table_name] = landed_rows(mapping, table_name, days, database or source_of_settings())
            continue
        found = found_files(mapping, table_name, root, files)
        record = None if table_name in (files or {}) else seen  # a file given by hand says nothing of the source
        try:
            chosen[table_name] = shaped(mapping, table_name, _chosen(mapping, table_name, found, days, record), root, days, record)
        except SchemaStopError as error:  # what stops the other tables is told at once
            stopped.append(str(error))
    if seen is not None:
        for table_name in TABLE_NAMES:
            if table_name not in mapping.tables or mapping.tables[table_name].rows:
                seen.not_read(table_name)
    if stopped:
        raise SchemaStopError("\n".join(stopped))
    return read_records(mapping, chosen, days)


def retail_days(
    mapping: RetailMapping | Path,
    root: Path | None = None,
    files: Mapping[str, Path] | None = None,
    database: DatabaseSource | None = None,
) -> list[date]:
    """Days with orders, stock, deliveries or promotions: from dated names, else from the rows of undated orders and stock."""
    mapping, root = _resolve(mapping, root)
    days: set[date] = set()
    for table_name in mapping.tables:
        if table_name in SNAPSHOT_TABLES:
            continue
        if _in_database(mapping, table_name, files):
            from trend_assets.retail.extracts import days_in_database, source_of_settings

            days |= set(days_in_database(mapping, table_name, database or source_of_settings()))
            continue
        found = found_files(mapping, table_name, root, files)
        days |= {file.day for file in found if file.day is not None}
        undated = [file for file in found if file.day is None]
        if undated and table_name in ("orders", "inventory"):
            # "every day" cannot be asked of a file; its rows tell which there are
            days |= days_of_rows(
                mapping, table_name, shaped(mapping, table_name, [decoded(mapping, table_name, file) for file in undated], root)
            )
    return sorted(days)


def check_mapping(
    mapping: RetailMapping | Path,
    root: Path | None = None,
    files: Mapping[str, Path] | None = None,
    database: DatabaseSource | None = None,
) -> dict[str, list[str]]:
    """Open one file per table (the newest), or ask the database, and check that the mapping fits. Returns the columns per table.

    Raises ``MappingError`` with every misfit: no file, an unreadable one, or columns that are not there.
    """
    mapping, root = _resolve(mapping, root)
    columns: dict[str, list[str]] = {}
    problems: list[str] = []
    for table_name, table in mapping.tables.items():
        if table.rows:
            columns[table_name] = inline_file(table, mapping.format_of(table_name)).data.column_names
            continue
        if _in_database(mapping, table_name, files):
            from trend_assets.retail.extracts import check_table, source_of_settings

            try:
                columns[table_name] = check_table(mapping, table_name, database or source_of_settings())
            except MappingError as error:
                problems.append(str(error))
            continue
        try:
            found = found_files(mapping, table_name, root, files)
        except MappingError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(f"{table_name}: no file matches {', '.join(table.files)} in {root}")
            continue
        newest = max(found, key=lambda file: (file.day or date.min, file.name))
        source = decoded(mapping, table_name, newest)
        error_text = source.error or missing_in_file(mapping, table_name, source.data.column_names)
        try:
            shaped(mapping, table_name, [] if error_text else [source], root)
        except MappingError as error:
            error_text = str(error)
        if error_text:
            problems.append(f"{table_name}: {newest.name} {error_text}")
        columns[table_name] = source.data.column_names
    if problems:
        raise MappingError("\n".join(problems))
    return columns


def _resolve(mapping: RetailMapping | Path, root: Path | None) -> tuple[RetailMapping, Path]:
    if isinstance(mapping, Path):
        return load_mapping(mapping), root or mapping.parent
    return mapping, root or Path()


def _in_database(mapping: RetailMapping, table_name: str, files: Mapping[str, Path] | None) -> bool:
    return mapping.tables[table_name].database is not None and table_name not in (files or {})


def _chosen(
    mapping: RetailMapping, table_name: str, found: list[FoundFile], days: Sequence[date], seen: SeenSources | None
) -> list[SourceFile]:
    """The decoded files that may say something of the days; see ``read_retail`` for what the record of earlier loads does."""
    choose = _snapshots if table_name in SNAPSHOT_TABLES else files_of_days
    if seen is None or mapping.tables[table_name].rows:
        return choose(mapping, table_name, found, days)
    record = seen.table(mapping, table_name)
    settled = _settled(mapping, table_name, found, record)
    wanted = set(days)

    def may_say_something(file: FoundFile) -> bool:
        try:
            told = record.known_days(stamp_of(file)) if file.day is None else None
        except FileNotFoundError:
            told = None  # gone since it was found: reading it says so
        return told is None or not wanted.isdisjoint(told)

    asked = [file for file in settled if may_say_something(file)]
    as_before = {file.name for file in settled if file not in asked}
    record.load.passed_over = len(as_before)
    sources = choose(mapping, table_name, asked, days)
    return record.examined(sources, lambda source: days_told(mapping, table_name, source), {file.name for file in found}, as_before)


def _settled(mapping: RetailMapping, table_name: str, found: list[FoundFile], record: SeenTable) -> list[FoundFile]:
    """The files that nobody is writing. Raises ``MappingError`` where the only file of an undated pattern is being written."""
    seconds = mapping.tables[table_name].settle_seconds
    now = record.sources.now().timestamp()
    settled = [file for file in found if not seconds or now - written_at(file) >= seconds]
    later = [file for file in found if file not in settled]
    record.load.left_for_later = [file.name for file in later]
    for file in later:
        if "{day" not in file.pattern and not any(other.pattern == file.pattern for other in settled):
            raise MappingError(
                f"{table_name}: {file.name} was written to within the last {seconds} seconds (settle_seconds): it is read by the next "
                "load. Nothing was written"
            )
    return settled


def files_of_days(mapping: RetailMapping, table_name: str, found: Sequence[FoundFile], days: Sequence[date]) -> list[SourceFile]:
    """The decoded files that hold rows of the days, as their names tell, and those whose names tell no day."""
    wanted = set(days)
    return [decoded(mapping, table_name, file) for file in found if file.day is None or file.day in wanted]


def _snapshots(mapping: RetailMapping, table_name: str, found: Sequence[FoundFile], days: Sequence[date]) -> list[SourceFile]:
    """Files that hold for the days: per day the newest dated one that can be read (and those that could not), and undated ones."""
    read: dict[FoundFile, SourceFile] = {}
    for day in sorted(set(days)):
        for file in reversed([file for file in found if file.day is not None and file.day <= day]):
            if file not in read:
                read[file] = decoded(mapping, table_name, file)
            source = read[file]
            if source.error is None and missing_in_file(mapping, table_name, source.data.column_names) is None:
                break
    for file in found:
        if file.day is None:
            read[file] = decoded(mapping, table_name, file)
    return list(read.values())
