"""Labelled pictures in folders and zip archives: which file shows which category.

What belongs here: layouts. What doesn't: decoding (``images.py``), the split (``lib/learning/splits.py``).

Layouts: ``<label>/file.jpg``, or ``<split>/<label>/file.jpg`` with a split of ``SPLIT_FOLDERS``; deeper folders belong to the label above
them. Where a ``manifest.csv`` (columns path and coarse_id) and ``classes.csv`` lie beside them, as in the Grocery Store dataset, the
coarse class is the label, and files that the manifest does not list (icons, descriptions) are no examples. An archive is never unpacked
to disk, so paths that lead out of it lead nowhere.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from trend_assets.lib.learning.vision.images import MOST_BYTES

SPLIT_FOLDERS = frozenset({"train", "training", "val", "validation", "test", "evaluation"})
MOST_FILES = 200_000
_MANIFEST, _CLASSES = "manifest.csv", "classes.csv"
_LARGEST_TABLE = 32 * 2**20
_PARTS = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True)
class LabelledImage:
    """One file. path: within its folder or archive. label: normalised. data: its bytes; more than ``MOST_BYTES`` are never read."""

    path: str
    label: str
    data: bytes


class UnreadableCollectionError(ValueError):
    """The folder or archive cannot be read as labelled pictures; the message says why."""


def label_of(folder: str) -> str:
    """A folder's or class's name as a label: ``Casual_Shoes`` and ``casual shoes`` are ``casual_shoes``."""
    return _PARTS.sub("_", folder.lower()).strip("_")


def read_collection(where: Path) -> Iterator[LabelledImage]:
    """Labelled pictures of a folder or a ``.zip``, in order of path. Raises ``UnreadableCollectionError``."""
    if where.is_dir():
        names = [path.relative_to(where).as_posix() for path in sorted(where.rglob("*")) if path.is_file() and not path.is_symlink()]
        yield from labelled(names, lambda name, limit: _head(where / name, limit))
        return
    yield from read_zip(where)


def read_zip(archive: Path | BinaryIO) -> Iterator[LabelledImage]:
    """Labelled pictures of a zip archive, in order of path. Raises ``UnreadableCollectionError``."""
    try:
        opened = zipfile.ZipFile(archive)  # reads the list of its files only
    except (zipfile.BadZipFile, OSError, ValueError) as error:  # ValueError: of Arrow, a position outside of the file
        raise UnreadableCollectionError(f"not a readable zip archive: {error}") from error
    with opened:
        names = sorted({entry.filename for entry in opened.infolist() if not entry.is_dir()})
        yield from labelled(names, lambda name, limit: _member(opened, name, limit))


def labelled(names: Sequence[str], read: Callable[[str, int], bytes]) -> Iterator[LabelledImage]:
    """Labelled pictures among named files, in their order. read: a file's bytes, at most so many. Raises ``UnreadableCollectionError``."""
    if len(names) > MOST_FILES:
        raise UnreadableCollectionError(f"{len(names):,} files, at most {MOST_FILES:,} are read")
    coarse = _coarse_labels(read) if _MANIFEST in names and _CLASSES in names else None
    for name in names:
        label = _label_by_folder(name) if coarse is None else coarse.get(name)
        if label:
            yield LabelledImage(name, label, read(name, MOST_BYTES + 1))


def _label_by_folder(name: str) -> str | None:
    path = PurePosixPath(name)
    folders = [part for part in path.parts[:-1] if part not in (".", "..", "/")]
    if folders and folders[0].lower() in SPLIT_FOLDERS:
        folders = folders[1:]
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    # a file of another kind is left to the decoder, which says what is wrong with it; what is plainly text is none of the examples
    if not folders or hidden or path.suffix.lower() in {".txt", ".csv", ".md", ".json", ".html"}:
        return None
    return label_of(folders[0])


def _coarse_labels(read: Callable[[str, int], bytes]) -> dict[str, str]:
    names = {}
    for row in _table(read(_CLASSES, _LARGEST_TABLE), _CLASSES, ("Coarse Class ID (int)", "Coarse Class Name (str)")):
        names[row["Coarse Class ID (int)"]] = label_of(row["Coarse Class Name (str)"])
    rows = _table(read(_MANIFEST, _LARGEST_TABLE), _MANIFEST, ("path", "coarse_id"))
    return {row["path"]: names[row["coarse_id"]] for row in rows if row["coarse_id"] in names}


def _table(data: bytes, name: str, wanted: tuple[str, ...]) -> Iterable[dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
        missing = [column for column in wanted if column not in (reader.fieldnames or ())]
        if missing:
            raise UnreadableCollectionError(f"{name} has no column {', '.join(missing)}")
        return [{column: row[column] or "" for column in wanted} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableCollectionError(f"{name} cannot be read: {error}") from error


def _head(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Bytes of a member, at most ``limit``: what an entry says of its size is not believed. Empty where it is damaged or encrypted."""
    try:
        with archive.open(name) as file:
            return file.read(limit)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
        return b""
