"""Examples of image tasks: the owner's labelled image files.

What belongs here: finding them, leaving out what cannot be used, describing them, and their bytes. What doesn't: what makes an image
unfit and which layouts there are (``lib/learning/vision``), the split (``training_set.py``).

``labels/<task>/`` in the data folder holds folders named after labels, zip archives of such folders, or both. Where ``images.csv`` is
there it decides instead: columns file (path beside it), label, licence_class and, optionally, author (what must not be on both sides of
the split: a product, a photographer) and split (train, evaluation). Images without it are the owner's, class ``own``.

One file is held in memory at a time. Examples name copies of the files in the temporary folder of the system, each under its hash: what
training reads is what was split, though somebody sorts pictures meanwhile. They go when the process ends.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa

from trend_assets.lake.storage import Storage, open_storage
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.labels import rows_of
from trend_assets.lib.learning.vision.duplicates import near_duplicate_groups, signature
from trend_assets.lib.learning.vision.images import MOST_BYTES, SUFFIXES, ImageRefusedError, decode
from trend_assets.lib.learning.vision.labelled_images import UnreadableCollectionError, labelled, read_zip
from trend_assets.settings import Settings

NETWORK = "image"
"""In the column ``network`` of a training set: the example is an image file; ``post_id`` is its SHA-256."""
_LIST = "images.csv"
_SAID = ("post_id", "label", "licence_class", "author", "given_split")


@dataclass(frozen=True)
class _Example:
    path: str
    label: str
    data: bytes
    licence_class: str = "own"
    author: str = ""
    split: str | None = None


def labelled_images(task: Task, name: str, settings: Settings) -> tuple[pa.Table, dict[str, str], dict[str, int]]:
    """Rows as ``training_set.py`` splits them, hashes of what was read, and how many images were left aside, by reason.

    Images that cannot be decoded are left aside. Near-duplicates share a key and an author, so that they stay on one side. Raises
    ``NotReadyError`` where there are no images, or an archive or the list cannot be read.
    """
    chosen: dict[str, dict[str, Any]] = {}
    signatures, aside = [], Counter[str]()
    for one in _found(name, settings, aside):
        digest = hashlib.sha256(one.data).hexdigest()
        if one.label not in task.labels:
            aside[f"unknown label {one.label[:40]!r}"] += 1
        elif one.licence_class not in task.licence_classes:
            aside["licence class may not train this model"] += 1
        elif digest in chosen:
            aside["the same image again"] += 1
        else:
            try:
                signatures.append(signature(decode(one.data, one.path)))
            except ImageRefusedError as refused:
                aside[f"image refused: {refused.reason}"] += 1
                continue
            chosen[digest] = {
                "network": NETWORK, "post_id": digest, "author": one.author, "language": "und", "label": one.label,
                "licence_class": one.licence_class, "given_split": one.split,
            }  # fmt: skip
    rows = _rows(list(chosen.values()), signatures)
    return rows, _inputs(name, settings, chosen), dict(aside)


def _inputs(name: str, settings: Settings, chosen: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Hash of what the images are and what is said of them, whatever they are called; and of the list, where there is one."""
    told = json.dumps(sorted([row[column] or "" for column in _SAID] for row in chosen.values()))
    found = {f"labels/{name}/": hashlib.sha256(told.encode()).hexdigest()}
    storage, path = open_storage(settings.data), f"labels/{name}/{_LIST}"
    if path in storage.list(path):
        found[path] = hashlib.sha256(storage.read(path)).hexdigest()
    return found


def _rows(chosen: list[dict[str, Any]], signatures: list[Any]) -> pa.Table:
    groups = near_duplicate_groups(np.stack(signatures)) if signatures else np.zeros(0, dtype=np.int64)
    first: dict[int, str] = {}
    for group, row in zip(groups.tolist(), chosen, strict=True):
        first[group] = min(first.get(group, row["post_id"]), row["post_id"])
    for group, row in zip(groups.tolist(), chosen, strict=True):
        row["author"] = row["author"] or first[group]
        row["near_duplicate_key"] = _key(first[group])
    text = ("network", "post_id", "author", "language", "label", "licence_class", "given_split")
    schema = pa.schema([*((column, pa.string()) for column in text), ("near_duplicate_key", pa.int64())])
    rows = pa.Table.from_pylist(sorted(chosen, key=lambda row: row["post_id"]), schema=schema)
    for column in ("created_at", "labelled_at"):
        rows = rows.append_column(column, pa.nulls(rows.num_rows, pa.timestamp("us", tz="UTC")))
    return rows


def _key(digest: str) -> int:
    return int(digest[:15], 16)


def with_images(rows: pa.Table, name: str, settings: Settings) -> pa.Table:
    """The rows whose image is still there, with the columns ``author``, ``near_duplicate_key`` and ``image`` (path of a local copy)."""
    from trend_assets.models.training_set import NotReadyError

    wanted = set(rows["post_id"].to_pylist())
    authors, signatures_of = dict[str, str](), dict[str, Any]()
    for one in _found(name, settings, Counter()):
        digest = hashlib.sha256(one.data).hexdigest()
        if digest in wanted and digest not in authors:
            authors[digest], signatures_of[digest] = one.author, signature(decode(one.data))
            if not (copy := _copies() / digest).exists():
                copy.write_bytes(one.data)
    if wanted and not authors:
        raise NotReadyError(f"no image of {name}'s training set is in {settings.data}/labels/{name} any more: run the job {name}_training")
    rows = rows.filter(pa.array([digest in authors for digest in rows["post_id"].to_pylist()], pa.bool_()))
    digests = rows["post_id"].to_pylist()
    signatures = [signatures_of[digest] for digest in digests]
    groups = near_duplicate_groups(np.stack(signatures)) if signatures else np.zeros(0, dtype=np.int64)
    leading = [digests[group] for group in groups.tolist()]
    named = [authors[digest] or first for digest, first in zip(digests, leading, strict=True)]
    rows = rows.append_column("author", pa.array(named, pa.string()))
    rows = rows.append_column("near_duplicate_key", pa.array([_key(digest) for digest in leading], pa.int64()))
    return rows.append_column("image", pa.array([str(_copies() / digest) for digest in digests], pa.string()))


@cache
def _copies() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="trend-assets-images-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _found(name: str, settings: Settings, aside: Counter[str]) -> Iterator[_Example]:
    """Every labelled image that there is, in order of path. Raises ``NotReadyError``."""
    from trend_assets.models.training_set import NotReadyError

    storage, folder = open_storage(settings.data), f"labels/{name}/"
    there = sorted(path.removeprefix(folder) for path in storage.list(folder))
    archives = [path for path in there if path.lower().endswith(".zip")]
    if _LIST in there:
        yield from _listed(storage, folder, set(there), aside)
        return
    if not archives and not any(PurePosixPath(path).suffix.lower() in SUFFIXES for path in there):
        raise NotReadyError(
            f"there are no labelled images in {settings.data}/{folder}: put folders named after categories there, or zip archives of such "
            "folders (docs/images.md); the other models need none"
        )
    try:
        plain = [path for path in there if path not in archives]
        for image in labelled(plain, lambda path, limit: _head(storage, folder + path, limit)):
            yield _Example(image.path, image.label, image.data)
        for archive in archives:
            with storage.open_input(folder + archive) as file:
                for image in read_zip(cast("BinaryIO", file)):
                    yield _Example(image.path, image.label, image.data)
    except UnreadableCollectionError as error:
        raise NotReadyError(f"the images in {settings.data}/{folder} cannot be read: {error}") from error


def _head(storage: Storage, path: str, limit: int = MOST_BYTES + 1) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    with storage.open_input(path) as file:
        return bytes(file.read(limit))


def _listed(storage: Storage, folder: str, there: set[str], aside: Counter[str]) -> Iterator[_Example]:
    from trend_assets.models.training_set import NotReadyError

    try:
        rows = list(rows_of(storage.read(folder + _LIST), ".csv", aside, ("file", "label", "licence_class"), ("author", "split")))
    except ValueError as error:
        raise NotReadyError(f"{folder}{_LIST}: {error}") from error
    for row in rows:
        path = str(PurePosixPath(str(row["file"] or "")))
        if path not in there:
            aside["no such file"] += 1
            continue
        author, split = str(row.get("author") or ""), str(row.get("split") or "") or None
        yield _Example(path, str(row["label"] or ""), _head(storage, folder + path), str(row["licence_class"] or ""), author, split)
