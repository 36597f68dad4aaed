"""Labels that people gave: adding them, which of them hold, their version, their agreement.

What belongs here: rows of ``<task>/hand_labels``. What doesn't: files that people fill in (``label_files.py``), the board's page
(``board/sections/labels.py``), which posts to label (``queue.py``).

An answer is never changed and never goes: a person who thinks again gives another one, and of each person's answers about a post the
latest holds. Each batch goes to the lake as a micro-batch, retried where another writer was faster. The version of the labels is a
hash of the answers there are; as answers are only added, each later than those there are whatever a clock says, the answers of an
earlier version can be had again by it.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import ConflictError
from trend_assets.lib.learning.agreement import Agreement, by_language
from trend_assets.lib.learning.labels import Labels
from trend_assets.tables import TABLES
from trend_assets.tables.monitoring import LABEL_SOURCES

ATTEMPTS = 10
"""How often the lake's own attempts to append are begun again; together they outlast a dozen people clicking at once."""
MOST_NAME_CHARACTERS = 40
ON = ("network", "post_id")
ALREADY, OTHERWISE = "already labelled so by the same person", "labelled otherwise by the same person before: to correct it say so"


class UnknownVersionError(LookupError):
    """No state of the labels has this version."""


@dataclass(frozen=True)
class Answer:
    """A label for a post: what a person said. ``post`` has network, post_id, created_at, language and, from the queue, reason and
    sampling_probability."""

    post: Mapping[str, Any]
    label: str


def clean_name(labeller: str) -> str:
    """The name as it is kept. Raises ``ValueError`` for none: agreement needs to know who said what."""
    name = " ".join(labeller.split())[:MOST_NAME_CHARACTERS]
    if not name:
        raise ValueError("who labels? Give a name or initials: agreement between people is measured by them")
    return name


def add(
    lake: Lake, task: str, answers: Sequence[Answer], labeller: str, source: str, now: datetime, *, correct: bool = False
) -> list[str | None]:
    """Add answers; for each the reason why it was not taken, or ``None`` where it was.

    Of one post the first answer of the batch counts. An answer equal to the person's present one is not taken again; a different one
    only where ``correct``. Raises ``ValueError`` for no name, ``AuditError`` or ``ConflictError`` from the lake: then nothing was added.
    """
    name = clean_name(labeller)
    if source not in LABEL_SOURCES:
        raise ValueError(f"{source!r} is no source of labels; there are {', '.join(LABEL_SOURCES)}")
    present = {(row["network"], row["post_id"]): row["label"] for row in holding(read(lake, task)).to_pylist() if row["labeller"] == name}
    taken: list[Answer] = []
    refused: list[str | None] = []
    for answer in answers:
        key = (answer.post["network"], answer.post["post_id"])
        before = present.get(key)
        if before is not None and (before == answer.label or not correct):
            refused.append(ALREADY if before == answer.label else OTHERWISE)
            continue
        present[key] = answer.label
        refused.append(None)
        taken.append(answer)
    if taken:
        _append(lake, task, taken, name, source, now.astimezone(UTC))
    return refused


def _row(answer: Answer, labeller: str, source: str, moment: datetime) -> dict[str, Any]:
    post = answer.post
    parts = [post["network"], post["post_id"], answer.label, labeller, moment.isoformat()]
    return {
        **{name: post[name] for name in (*ON, "created_at", "language")},
        "day": moment.date(),
        "label_id": hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16],
        "label": answer.label,
        "labeller": labeller,
        "labelled_at": moment,
        "source": source,
        "reason": post.get("reason"),
        "sampling_probability": post.get("sampling_probability"),
    }


def _append(lake: Lake, task: str, answers: Sequence[Answer], labeller: str, source: str, now: datetime) -> None:
    table = TABLES[f"{task}/hand_labels"]
    for attempt in range(ATTEMPTS):
        newest = pc.max(lake.read(table, columns=["labelled_at"])["labelled_at"]).as_py()
        moment = max(now, newest + timedelta(microseconds=1)) if newest is not None else now
        try:
            lake.append(table, moment.date().isoformat(), table.from_rows([_row(one, labeller, source, moment) for one in answers]))
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 4)))
        else:
            return


def read(lake: Lake, task: str, version: str | None = None) -> pa.Table:
    """Every answer, oldest first; with ``version`` those that there were when the labels had it.

    Raises ``UnknownVersionError`` for a version that no state had. O(answers) hashes.
    """
    rows = lake.read(TABLES[f"{task}/hand_labels"]).sort_by([("labelled_at", "ascending"), ("label_id", "ascending")])
    if version is None:
        return rows
    state = hashlib.sha256()
    for number, label_id in enumerate(rows["label_id"].to_pylist()):
        if _digest(state) == version:
            return rows.slice(0, number)
        state.update(label_id.encode())
    if _digest(state) == version:
        return rows
    raise UnknownVersionError(f"the labels of {task} never had version {version}; now they have {version_of(rows)}")


def has_hand_labels(lake: Lake, task: str) -> bool:
    """Whether anybody has labelled posts of the task's queue."""
    table = TABLES.get(f"{task}/hand_labels")
    return table is not None and bool(lake.partitions(table))


def version_of(rows: pa.Table) -> str:
    """Version of labels: a hash of the answers, in order of time."""
    state = hashlib.sha256()
    for label_id in rows["label_id"].to_pylist():
        state.update(label_id.encode())
    return _digest(state)


def _digest(state: Any) -> str:
    return str(state.hexdigest()[:12])


def holding(rows: pa.Table) -> pa.Table:
    """Of each person's answers about a post the latest: columns of ``rows``, in order of time."""
    latest: dict[tuple[str, str, str], int] = {}
    for number, key in enumerate(zip(*(rows[name].to_pylist() for name in (*ON, "labeller")), strict=True)):
        latest[key] = number
    return rows.take(pa.array(sorted(latest.values()), pa.int64()))


@dataclass(frozen=True)
class Opinion:
    """What people said of one post: the label that most gave (``None``: as many gave another), how many, when the last one did."""

    label: str | None
    labellers: int
    differ: bool
    row: Mapping[str, Any]


def opinions(rows: pa.Table) -> dict[tuple[str, str], Opinion]:
    """What people said of each post, by network and post; of each person the latest answer."""
    said: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in holding(rows).to_pylist():
        said.setdefault((row["network"], row["post_id"]), []).append(row)
    found = {}
    for key, answers in said.items():
        counts = Counter(row["label"] for row in answers).most_common()
        tie = len(counts) > 1 and counts[0][1] == counts[1][1]
        sampled = next((row["sampling_probability"] for row in answers if row["sampling_probability"] is not None), None)
        newest = {**answers[-1], "sampling_probability": sampled}
        found[key] = Opinion(None if tie else counts[0][0], len(answers), len(counts) > 1, newest)
    return found


def with_hand_labels(labels: Labels, task: str, lake: Lake, allowed: Sequence[str]) -> tuple[Labels, dict[str, str]]:
    """A task's labels from its file together with the labels of people, and (name → hash) what was added, for the manifest.

    What people said of a post replaces the file's label. A post on which as many said one thing as another is left out, of the file
    too, until somebody settles it; a label that the task no longer has is refused. Both are counted in ``refused``.
    """
    if not has_hand_labels(lake, task):
        return labels, {}
    rows = read(lake, task)
    refused = Counter(labels.refused)
    chosen = {(row["network"], row["post_id"]): row for row in labels.rows.to_pylist()}
    for key, opinion in opinions(rows).items():
        if opinion.label is None:
            chosen.pop(key, None)
            refused["labellers differ, as many one way as the other"] += 1
        elif opinion.label not in allowed:
            refused[f"unknown label {opinion.label[:40]!r}"] += 1
        else:
            chosen[key] = {"network": key[0], "post_id": key[1], "label": opinion.label, "labelled_at": opinion.row["labelled_at"]}
    table = pa.Table.from_pylist([chosen[key] for key in sorted(chosen)], schema=labels.rows.schema)
    return Labels(table, dict(sorted(refused.items()))), {f"{task}/hand_labels": version_of(rows)}


def agreement_of(rows: pa.Table) -> dict[str, Agreement]:
    """Agreement of the people whose answers are ``rows``: of all posts, and by language."""
    held = holding(rows)
    items = np.asarray([f"{network}\x1f{post}" for network, post in zip(*(held[name].to_pylist() for name in ON), strict=True)], dtype=str)
    texts = {name: np.asarray(held[name].to_pylist(), dtype=str) for name in ("label", "language")}
    return by_language(items, texts["label"], texts["language"])


def counted(rows: pa.Table, by: Iterable[str]) -> list[dict[str, Any]]:
    """How many answers hold by the columns ``by``, most first."""
    names = list(by)
    found = holding(rows).group_by(names, use_threads=False).aggregate([([], "count_all")]).rename_columns([*names, "labels"])
    return list(found.sort_by([("labels", "descending"), *((name, "ascending") for name in names)]).to_pylist())


def since(rows: pa.Table, moment: datetime) -> pa.Table:
    """Answers given after a moment."""
    return rows.filter(pc.greater(rows["labelled_at"], pa.scalar(moment.astimezone(UTC), rows["labelled_at"].type)))
