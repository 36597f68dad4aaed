"""Opens a retailer's mapping and what it names, files or database tables, and hands their rows to ``lib/retail``.

What belongs here: finding and reading files. What doesn't: what a mapping means (``lib/retail/mapping.py``), what becomes
of the rows (``lib/retail/read.py``), reading a database (``retail/extracts.py``, loaded only for a mapping that names one).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from trend_assets.lib.retail.decode import SourceFile, decode_file, unreadable_file
from trend_assets.lib.retail.fit import inline_file, missing_in_file
from trend_assets.lib.retail.mapping import SNAPSHOT_TABLES, FileFormat, RetailMapping, parse_mapping
from trend_assets.lib.retail.read import days_of_rows, days_told, read_records
from trend_assets.lib.retail.reshape import reshaped
from trend_assets.lib.retail.shape import MappingError
from trend_assets.lib.retail.steps import Join
from trend_assets.retail.seen import SchemaStopError, SeenSources, SeenTable

if TYPE_CHECKING:
    from trend_assets.retail.extracts import DatabaseSource

MAPPINGS = Path(__file__).parent.parent / "mappings"
"""Mapping files that come with the project: the simulated town's, worked examples and a template."""

_UNFINISHED = re.compile(r"^[.~]|\.(part|partial|tmp|temp|crdownload|filepart|writing)$", re.IGNORECASE)
"""Names that programs give to files while they write them."""
_READS = 3
_DAY = re.compile(r"\{day(?::([^{}]+))?\}")


@dataclass(frozen=True)
class FoundFile:
    """A file that a pattern matches: where it is, what it is called in messages, and the day in its name."""

    path: Path
    name: str
    day: date | None
    pattern: str = field(default="", compare=False)


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
        found = _found(mapping, table_name, root, files or {})
        record = None if table_name in (files or {}) else seen  # a file given by hand says nothing of the source
        try:
            chosen[table_name] = shaped(mapping, table_name, _chosen(mapping, table_name, found, days, record), root, days, record)
        except SchemaStopError as error:  # what stops the other tables is told at once
            stopped.append(str(error))
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
        found = _found(mapping, table_name, root, files or {})
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
            columns[table_name] = inline_file(table).data.column_names
            continue
        if _in_database(mapping, table_name, files):
            from trend_assets.retail.extracts import check_table, source_of_settings

            try:
                columns[table_name] = check_table(mapping, table_name, database or source_of_settings())
            except MappingError as error:
                problems.append(str(error))
            continue
        try:
            found = _found(mapping, table_name, root, files or {})
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


def found_files(mapping: RetailMapping, table_name: str, root: Path) -> list[FoundFile]:
    """Files of a table in order of day and name. Raises ``MappingError`` where an undated pattern matches nothing."""
    return _found(mapping, table_name, root, {})


def _found(mapping: RetailMapping, table_name: str, root: Path, files: Mapping[str, Path]) -> list[FoundFile]:
    """Files of a table in order of day and name. Raises ``MappingError`` where an undated pattern matches nothing."""
    table = mapping.tables[table_name]
    if table.rows:
        return []
    if table_name in files:
        path = files[table_name]
        if not path.is_file():
            raise MappingError(f"{table_name}: file {path} does not exist")
        return [FoundFile(path, path.name, None)]
    found = []
    for pattern in table.files:
        matches = [replace(match, pattern=pattern) for match in _matches(root, pattern) if not _UNFINISHED.search(match.path.name)]
        if not matches and "{day" not in pattern:
            there = sorted(entry.name for entry in root.iterdir())[:20] if root.is_dir() else []
            raise MappingError(f"{table_name}: no file matches {pattern!r} in {root}. There: {', '.join(there) or 'nothing'}")
        found += matches
    return sorted(set(found), key=lambda file: (file.day or date.min, file.name))


def _matches(root: Path, pattern: str) -> list[FoundFile]:
    if "*" not in pattern and "{day" not in pattern:
        path = root / pattern
        return [FoundFile(path, path.name if Path(pattern).is_absolute() else pattern, None)] if path.is_file() else []
    # what comes before the first wildcard is a plain path: glob would refuse `..`, which a mapping beside its data may need
    leading = list(takewhile(lambda part: "*" not in part and "{day" not in part, Path(pattern).parts[:-1]))
    folder = root.joinpath(*leading)
    prefix = "" if Path(pattern).is_absolute() else "".join(f"{part}/" for part in leading)
    pattern = Path(*Path(pattern).parts[len(leading) :]).as_posix()
    shape = re.compile(
        _DAY.sub("(?P<day>.+?)", re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}").replace(r"\*", "[^/]*"), count=1)
    )
    day_format = _DAY.search(pattern)
    found = []
    for path in sorted(folder.glob(_DAY.sub("*", pattern).replace("[", "[[]"))):
        name = path.relative_to(folder).as_posix()
        match = shape.fullmatch(name)
        if not path.is_file() or match is None:
            continue
        day = None
        if day_format is not None:
            day = _day_in_name(match["day"], day_format[1])
            if day is None:
                continue  # another file that happens to lie there, such as a README
        found.append(FoundFile(path, prefix + name, day))
    return found


def _day_in_name(text: str, pattern: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if pattern is None else datetime.strptime(text, pattern).date()
    except ValueError:
        return None


def decoded(mapping: RetailMapping, table_name: str, file: FoundFile) -> SourceFile:
    """A file's rows, written as its table's format says; one that cannot be opened says why."""
    return _decoded(file, mapping.format_of(table_name))


def _decoded(file: FoundFile, file_format: FileFormat) -> SourceFile:
    try:
        stamp, content = _whole_content(file)
    except OSError as error:
        return unreadable_file(file.name, file.day, f"cannot be opened: {error.strerror or error}")
    if stamp is None:
        return unreadable_file(file.name, file.day, "was being written while it was read: it is read again with the next load")
    source = decode_file(file.name, file.day, content, file_format)
    return replace(source, digest=hashlib.sha256(content).hexdigest()[:32], stamp=stamp, pattern=file.pattern)


def _whole_content(file: FoundFile) -> tuple[str | None, bytes]:
    """The content, and the stamp that it had before and after it was read; ``None`` where somebody keeps writing it."""
    content = b""
    for _ in range(_READS):
        stamp = stamp_of(file)
        content = file.path.read_bytes()
        if stamp_of(file) == stamp:
            return stamp, content
    return None, content


def stamp_of(file: FoundFile) -> str:
    """Name, size and time of last write. Raises ``OSError``."""
    status = file.path.stat()
    return f"{file.name} {status.st_size} {status.st_mtime_ns}"


def shaped(
    mapping: RetailMapping,
    table_name: str,
    files: Sequence[SourceFile],
    root: Path,
    days: Sequence[date] | None = None,
    seen: SeenSources | None = None,
) -> list[SourceFile]:
    """The files after the steps of their table; those without a day are taken together where there are steps.

    Raises ``MappingError`` where a file of a log cannot be read, a column is missing, or a key to look up is there twice.
    """
    table = mapping.tables[table_name]
    if not table.steps:
        return list(files)
    others = _other_sources(mapping, root) if any(isinstance(step, Join) for step in table.steps) else {}
    result = []
    for file in files if table.dated else _together([*files], ", ".join(table.files)):
        problem = file.error or missing_in_file(mapping, table_name, file.data.column_names, file.gone)
        if problem is not None and file.day is None:
            raise MappingError(f"{table_name}: {file.name} {problem}")
        if problem is not None:
            result.append(unreadable_file(file.name, file.day, problem))
            continue
        made, account = reshaped(file, table.steps, others, mapping.format_of(table_name), table.personal, days)
        result.append(made)
        if seen is not None:
            seen.loads[table_name].steps.append(account)
    return result


def _other_sources(mapping: RetailMapping, root: Path) -> dict[str, SourceFile]:
    """The sources that steps look things up in, each after its own steps. Raises ``MappingError`` where one cannot be read."""
    others: dict[str, SourceFile] = {}
    for name, source in mapping.sources.items():
        file_format = mapping.format_of_source(name)
        if source.rows:
            file = inline_file(source)
        else:
            found = [match for pattern in source.files for match in _matches(root, pattern) if not _UNFINISHED.search(match.path.name)]
            if not found:
                raise MappingError(f"sources.{name}: no file matches {', '.join(source.files)} in {root}")
            file = _together([_decoded(one, file_format) for one in found], f"sources.{name}")[0]
        if file.error is not None:
            raise MappingError(f"sources.{name}: {file.name} {file.error}")
        others[name], _ = reshaped(file, source.steps, others, file_format)
    return others


def _together(files: list[SourceFile], name: str) -> list[SourceFile]:
    """All rows of files as one, in the order of their names; the first that cannot be read instead, if one cannot."""
    unreadable = [file for file in files if file.error is not None]
    if len(files) < 2 or unreadable:
        return unreadable[:1] or files
    tables = [file.data for file in files]
    if len({str(table.schema) for table in tables}) > 1:  # written by other programs: as texts they can stand together
        tables = [
            pa.table({field: column.cast(pa.string()) for field, column in zip(one.column_names, one.columns, strict=True)})
            for one in tables
        ]
    numbers, malformed, start = [], [], 0
    for file in files:
        numbers.append(file.row_numbers + start)
        malformed += [replace(bad, row=bad.row + start) for bad in file.malformed]
        start += file.data.num_rows + len(file.malformed)
    gone = frozenset.union(*(file.gone for file in files))
    return [SourceFile(name, None, pa.concat_tables(tables, promote_options="default"), np.concatenate(numbers), malformed, gone=gone)]


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
        told = record.known_days(stamp_of(file)) if file.day is None else None
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
    settled = [file for file in found if not seconds or now - file.path.stat().st_mtime >= seconds]
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
