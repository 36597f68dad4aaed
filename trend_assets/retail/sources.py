"""What each day's retail tables are made from, in a few words: other words than when the day was made, and it must be made again.

What belongs here: words for files and landed extracts. What doesn't: which days are asked (``operations/retail_days.py``),
reading the tables (``retail/files.py``, ``retail/extracts.py``).

Asked at every tick, so it looks at names, sizes and times of files and at records of extracts. Only a file that was written since
is read, and what it holds is remembered. What only holds for the moment at which it is read, such as a
catalogue without a day, says nothing: the day was made with it as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from trend_assets.lib.retail.days_told import rows_by_day, word_of_rows
from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.extracts import last_closed_day
from trend_assets.lib.retail.mapping import SNAPSHOT_TABLES, RetailMapping
from trend_assets.retail.files import load_mapping, read_retail
from trend_assets.retail.found import FoundFile, decoded, found_files, source_files
from trend_assets.retail.shaped import shaped

if TYPE_CHECKING:
    from trend_assets.retail.extracts import DatabaseSource
    from trend_assets.retail.seen import SeenSources

Words = dict[str, str]
"""Of one day, by table."""
REMEMBERED_FILES = 512


def ended_day(mapping: RetailMapping, now: datetime) -> date:
    """The newest day that has ended in the time zone of each table."""
    return min(last_closed_day(now, mapping.timezone_of(name)) for name in mapping.tables)


def read_with_sources(
    path: Path, days: Sequence[date], since: date, now: datetime, database: DatabaseSource | None = None, seen: SeenSources | None = None
) -> tuple[dict[str, pa.Table], dict[date, Words]]:
    """The retail tables of the days, and what those from ``since`` on were made from; ``seen``: see ``read_retail``."""
    mapping = load_mapping(path)
    database = _database(mapping, database, now)
    if database is not None and seen is not None:
        database = replace(database, seen=seen)
    recent = [day for day in days if day >= since]
    said = _said_by_files(mapping, path.parent, recent, {})  # before they are read: what comes meanwhile is of another word
    tables = read_retail(mapping, days, path.parent, database=database, seen=seen)
    return tables, _joined(said, _said_by_extracts(mapping, recent, database))


def changed_days(path: Path, made_from: Mapping[date, Words], now: datetime, database: DatabaseSource | None = None) -> list[date]:
    """The days whose sources are not what they were made from, in order. Raises ``MappingError`` where they cannot be found."""
    mapping, days = load_mapping(path), sorted(made_from)
    said = _joined(
        _said_by_files(mapping, path.parent, days, made_from), _said_by_extracts(mapping, days, _database(mapping, database, now))
    )
    # a table that is new in the mapping is no change of what the day was made from
    return [day for day in days if any(not _same(was, said[day].get(name, was)) for name, was in made_from[day].items())]


def _same(was: str, now: str) -> bool:
    """Of a file, what it holds (after the bar) decides, not when it was written."""
    return was.rpartition("/")[2] == now.rpartition("/")[2]


def _database(mapping: RetailMapping, database: DatabaseSource | None, now: datetime) -> DatabaseSource | None:
    """The database with a clock that stands still, so that what is read and what is said of it agree."""
    if all(table.database is None for table in mapping.tables.values()):
        return None
    from trend_assets.retail.extracts import source_of_settings

    return replace(database or source_of_settings(), now=lambda: now)


def _said_by_extracts(mapping: RetailMapping, days: Sequence[date], database: DatabaseSource | None) -> dict[str, dict[date, str]]:
    if database is None or not days:
        return {}
    from trend_assets.retail.extracts import days_landed

    return {name: days_landed(mapping, name, days, database) for name, table in mapping.tables.items() if table.database is not None}


def _said_by_files(mapping: RetailMapping, root: Path, days: Sequence[date], known: Mapping[date, Words]) -> dict[str, dict[date, str]]:
    said: dict[str, dict[date, str]] = {}
    for name, table in mapping.tables.items():
        if not table.files or not days:
            continue
        files = found_files(mapping, name, root)
        dated, undated = [file for file in files if file.day is not None], [file for file in files if file.day is None]
        looked_up = [file for source in mapping.looked_up_by(name) for file in source_files(mapping, source, root)]
        was = {day: known.get(day, {}).get(name, "") for day in days}
        if table.dated and looked_up:
            said[name] = _said_by_shape(mapping, name, root, {day: _of_day(name, dated, day) for day in days}, looked_up, was)
        elif table.dated:
            said[name] = {day: _said_by_content(_of_day(name, dated, day), was[day]) for day in days}
        elif mapping.tells_day(name):
            said[name] = _said_by_rows(mapping, name, root, [*dated, *undated], looked_up, days, was)
    return said


def _of_day(table_name: str, dated: Sequence[FoundFile], day: date) -> list[FoundFile]:
    """The files that speak for a day: those of it, of a catalogue the newest until it."""
    speaking = max((file.day for file in dated if file.day is not None and file.day <= day), default=day)
    return [file for file in dated if file.day == (speaking if table_name in SNAPSHOT_TABLES else day)]


def _said_by_content(files: Sequence[FoundFile], known: str) -> str:
    stamp = _brief(_stamps(files))
    return known if known.startswith(f"{stamp}/") else f"{stamp}/{_brief(_content(file, _stamps([file])) for file in files)}"


def _said_by_shape(
    mapping: RetailMapping,
    table_name: str,
    root: Path,
    of_days: Mapping[date, Sequence[FoundFile]],
    looked_up: Sequence[FoundFile],
    known: Mapping[date, str],
) -> dict[date, str]:
    """Of files with a day that are joined with others: what the steps make of them, so that only days which used what changed change."""
    stamps = {day: _brief(_stamps([*files, *looked_up])) for day, files in of_days.items()}
    said = {day: known[day] for day, stamp in stamps.items() if known[day].startswith(f"{stamp}/")}
    asked = list(dict.fromkeys(file for day, files in of_days.items() if day not in said for file in files))
    now = _stamps([*asked, *looked_up])
    made = _words_of_shape(tuple(asked), now, mapping.model_dump_json(exclude_unset=True), table_name, root) if asked else ()
    words = dict(zip(asked, made, strict=True))
    return said | {day: f"{stamps[day]}/{_brief(words[file] for file in files)}" for day, files in of_days.items() if day not in said}


@lru_cache(maxsize=REMEMBERED_FILES)
def _words_of_shape(files: tuple[FoundFile, ...], _: tuple[str, ...], mapping_text: str, table_name: str, root: Path) -> tuple[str, ...]:
    """A word for each file after the steps; remembered until one of them, or a file that they are joined with, is written again."""
    mapping = RetailMapping.model_validate_json(mapping_text)
    return tuple(map(_word_of, shaped(mapping, table_name, [decoded(mapping, table_name, file) for file in files], root)))


def _word_of(made: SourceFile) -> str:
    return _brief([word_of_rows(made.data), str(made.error), *map(repr, made.malformed), *_refused_in_lookups(made)])


def _refused_in_lookups(made: SourceFile) -> list[str]:
    return [repr(bad) for lookup in made.lookups for bad in lookup.malformed]


@lru_cache(maxsize=REMEMBERED_FILES)
def _content(file: FoundFile, _: tuple[str, ...]) -> str:
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _said_by_rows(
    mapping: RetailMapping,
    table_name: str,
    root: Path,
    files: Sequence[FoundFile],
    looked_up: Sequence[FoundFile],
    days: Sequence[date],
    known: Mapping[date, str],
) -> dict[date, str]:
    stamps = _stamps([*files, *looked_up])
    stamp, text = _brief(stamps), mapping.model_dump_json(exclude_unset=True)
    if all(word.startswith(f"{stamp}/") for word in known.values()):
        return dict(known)
    if mapping.tables[table_name].steps:  # what they make of a day may rest on every file
        made = _rows_of_shape(tuple(files), stamps, text, table_name, root, min(days))
        return {day: f"{stamp}/{_brief(word for rows, refused in made if day in rows for word in (rows[day], *refused))}" for day in days}
    of_files = [_rows_of_file(file, _stamps([file]), text, table_name, min(days)) for file in files]
    return {day: f"{stamp}/{_brief(rows[day] for rows in of_files if day in rows)}" for day in days}


@lru_cache(maxsize=REMEMBERED_FILES)
def _rows_of_shape(
    files: tuple[FoundFile, ...], _: tuple[str, ...], mapping_text: str, table_name: str, root: Path, since: date
) -> list[tuple[dict[date, str], list[str]]]:
    """Of what the steps make a word for the rows of each day, and the refused rows of sources; remembered as ``_words_of_shape``."""
    mapping = RetailMapping.model_validate_json(mapping_text)
    made = shaped(mapping, table_name, [decoded(mapping, table_name, file) for file in files], root)
    return [(rows_by_day(mapping, table_name, file, since), _refused_in_lookups(file)) for file in made]


@lru_cache(maxsize=REMEMBERED_FILES)
def _rows_of_file(file: FoundFile, _: tuple[str, ...], mapping_text: str, table_name: str, since: date) -> dict[date, str]:
    """A word for the rows of each day; remembered until the file is written again."""
    mapping = RetailMapping.model_validate_json(mapping_text)
    return rows_by_day(mapping, table_name, decoded(mapping, table_name, file), since)


def _stamps(files: Iterable[FoundFile]) -> tuple[str, ...]:
    stamps = []
    for file in files:
        try:
            status = file.path.stat()
        except FileNotFoundError:  # it went between listing and looking
            continue
        stamps.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return tuple(stamps)


def _brief(words: Iterable[str]) -> str:
    listed = list(words)
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:12] if listed else "nothing"


def _joined(*said: Mapping[str, Mapping[date, str]]) -> dict[date, Words]:
    days: dict[date, Words] = {}
    for by_table in said:
        for name, of_days in by_table.items():
            for day, word in of_days.items():
                days.setdefault(day, {})[name] = word
    return days
