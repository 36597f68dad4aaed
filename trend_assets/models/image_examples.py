"""Examples of image tasks: the owner's labelled image files.

What belongs here: finding and describing them, and their bytes. What doesn't: reading of pixels and what makes an image unfit
(``lib/learning/vision``), the split (``training_set.py``).

``labels/<task>/images.csv`` in the data folder has columns file (path beside it), label, licence_class and, optionally, author (what
must not be on both sides: a product, a photographer) and split (train, evaluation).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from trend_assets.lake.storage import open_storage
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.labels import rows_of
from trend_assets.settings import Settings

NETWORK = "image"
"""In the column ``network`` of a training set: the example is an image file; ``post_id`` is its SHA-256."""


def labelled_images(task: Task, name: str, settings: Settings) -> tuple[pa.Table, dict[str, str], dict[str, int]]:
    """Rows as ``training_set.py`` splits them, hashes of what was read, and how many rows were left aside, by reason.

    Raises ``NotReadyError`` where there is no list of images or it cannot be read.
    """
    from trend_assets.models.training_set import NotReadyError

    storage, listed = open_storage(settings.data), f"labels/{name}/images.csv"
    there = set(storage.list(f"labels/{name}/"))
    if listed not in there:
        raise NotReadyError(f"{settings.data}/{listed} is missing: a CSV with columns file, label, licence_class (docs/models.md)")
    content, aside = storage.read(listed), Counter[str]()
    try:
        found = list(rows_of(content, ".csv", aside, ("file", "label", "licence_class"), ("author", "split")))
    except ValueError as error:
        raise NotReadyError(f"{listed}: {error}") from error
    chosen: dict[str, dict[str, Any]] = {}
    for row in found:
        path = f"labels/{name}/{PurePosixPath(str(row['file'] or ''))}"
        if path not in there:
            aside["no such file"] += 1
        elif row["label"] not in task.labels:
            aside["unknown label"] += 1
        elif row["licence_class"] not in task.licence_classes:
            aside["licence class may not train this model"] += 1
        else:
            digest = hashlib.sha256(storage.read(path)).hexdigest()
            if digest in chosen:
                aside["the same image again"] += 1
                continue
            chosen[digest] = {
                "network": NETWORK, "post_id": digest, "author": row.get("author") or digest, "language": "und", "label": row["label"],
                "licence_class": row["licence_class"], "near_duplicate_key": int(digest[:15], 16), "given_split": row.get("split") or None,
            }  # fmt: skip
    text = ("network", "post_id", "author", "language", "label", "licence_class", "given_split")
    schema = pa.schema([*((column, pa.string()) for column in text), ("near_duplicate_key", pa.int64())])
    rows = pa.Table.from_pylist([chosen[digest] for digest in sorted(chosen)], schema=schema)
    for column in ("created_at", "labelled_at"):
        rows = rows.append_column(column, pa.nulls(rows.num_rows, pa.timestamp("us", tz="UTC")))
    digests = hashlib.sha256("".join(sorted(chosen)).encode()).hexdigest()
    return rows, {listed: hashlib.sha256(content).hexdigest(), f"labels/{name}/": digests}, dict(aside)


def with_images(rows: pa.Table, name: str, settings: Settings) -> pa.Table:
    """The rows whose image is still there, with the columns ``author``, ``near_duplicate_key`` and ``image`` (the file's bytes)."""
    from trend_assets.models.training_set import NotReadyError

    storage, wanted = open_storage(settings.data), set(rows["post_id"].to_pylist())
    images: dict[str, bytes] = {}
    for path in storage.list(f"labels/{name}/"):
        if not path.endswith(".csv"):
            content = storage.read(path)
            digest = hashlib.sha256(content).hexdigest()
            if digest in wanted:
                images[digest] = content
    if wanted and not images:
        raise NotReadyError(f"no image of {name}'s training set is in {settings.data}/labels/{name} any more: run the job {name}_training")
    rows = rows.filter(pa.array([digest in images for digest in rows["post_id"].to_pylist()], pa.bool_()))
    digests = rows["post_id"].to_pylist()
    rows = rows.append_column("author", pa.array(digests, pa.string()))
    rows = rows.append_column("near_duplicate_key", pa.array([int(digest[:15], 16) for digest in digests], pa.int64()))
    return rows.append_column("image", pa.array([images[digest] for digest in digests], pa.binary()))
