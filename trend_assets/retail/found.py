"""Finds the files that a mapping's patterns name, and opens them: whole, and not while somebody writes them.

What belongs here: patterns, days in names, reading bytes. What doesn't: which files a load needs (``files.py``), what steps make of
them (``shaped.py``), decoding (``lib/retail/decode.py``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path

from trend_assets.lib.retail.decode import SourceFile, decode_file, unreadable_file
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.rules import FileFormat
from trend_assets.lib.retail.shape import MappingError

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


def found_files(mapping: RetailMapping, table_name: str, root: Path, files: Mapping[str, Path] | None = None) -> list[FoundFile]:
    """Files of a table in order of day and name; ``files``: one for each table to take instead of the mapping's patterns.

    Raises ``MappingError`` where an undated pattern matches nothing.
    """
    table = mapping.tables[table_name]
    if table.rows:
        return []
    if files and table_name in files:
        path = files[table_name]
        if not path.is_file():
            raise MappingError(f"{table_name}: file {path} does not exist")
        return [FoundFile(path, path.name, None)]
    found = []
    for pattern in table.files:
        matches = _matches(root, pattern)
        if not matches and "{day" not in pattern:
            there = sorted(entry.name for entry in root.iterdir())[:20] if root.is_dir() else []
            raise MappingError(f"{table_name}: no file matches {pattern!r} in {root}. There: {', '.join(there) or 'nothing'}")
        found += matches
    return sorted(set(found), key=lambda file: (file.day or date.min, file.name))


def source_files(mapping: RetailMapping, name: str, root: Path) -> list[FoundFile]:
    """Files of a source that steps look things up in, in order of name. Raises ``MappingError`` where there is none."""
    patterns = mapping.sources[name].files
    found = [match for pattern in patterns for match in _matches(root, pattern)]
    if patterns and not found:
        raise MappingError(f"sources.{name}: no file matches {', '.join(patterns)} in {root}")
    return found


def written_at(file: FoundFile) -> float:
    """Seconds since 1970; of a file that is gone since it was found long ago, so that it is read and that says so."""
    try:
        return file.path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _matches(root: Path, pattern: str) -> list[FoundFile]:
    """The files of a pattern, without those that are being written."""
    return [replace(match, pattern=pattern) for match in _named(root, pattern) if not _UNFINISHED.search(match.path.name)]


def _named(root: Path, pattern: str) -> list[FoundFile]:
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
    return decoded_as(file, mapping.format_of(table_name))


def decoded_as(file: FoundFile, file_format: FileFormat) -> SourceFile:
    """A file's rows in that format; one that cannot be opened says why."""
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
