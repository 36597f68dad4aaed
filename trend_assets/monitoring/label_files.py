"""Label files that people fill in: the queue as CSV with the text to read, and the filled file back.

What belongs here: writing and reading of such files. What doesn't: keeping labels (``labels.py``), the files of labels that somebody
brings without the queue (``lib/learning/labels.py``).

The file says nothing of what the model thinks: who sees an answer tends to give it. It holds post text: it belongs on the analyst's
machine and is to be deleted when it has been read back.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.privacy.gone import still_there
from trend_assets.lib.tables import matches
from trend_assets.models.training_set import GONE_BY, ON, POSTS, batches_of_posts, deletions
from trend_assets.monitoring.labels import Answer, add
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES

COLUMNS = ("item", "language", "created_at", "text", "label", "allowed")
"""Columns of the file; only ``item`` (or network and post_id) and ``label`` are read back."""
LARGEST_FILE, MOST_ROWS = 50_000_000, 100_000
_FORMULA = re.compile(r"(^|[;\t])\s*(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet, whatever it takes for the separator of cells, would begin a formula; their full-width forms too."""


@dataclass(frozen=True)
class Refused:
    """A row of a file that was not taken: its line (the heading is 1), what it names, its label, and why."""

    line: int
    item: str
    label: str
    reason: str


@dataclass(frozen=True)
class TakenIn:
    """What became of a file: labels added, rows left empty, rows refused."""

    added: int
    empty: int
    refused: tuple[Refused, ...]


def queue_with_text(lake: Lake, task: str) -> list[dict[str, Any]]:
    """The queue in its order with ``text`` of each post; posts that are gone since, or not there any more, are left out."""
    queue = lake.read(TABLES[f"{task}/label_queue"]).sort_by([("rank", "ascending")])
    texts = texts_of(lake, queue)
    return [row | {"text": texts[row["network"], row["post_id"]]} for row in queue.to_pylist() if (row["network"], row["post_id"]) in texts]


def texts_of(lake: Lake, posts: pa.Table) -> dict[tuple[str, str], str]:
    """Text by network and post of those of ``posts`` (network, post_id, created_at) that may be shown; reads their hours only."""
    found: dict[tuple[str, str], str] = {}
    if not posts.num_rows:
        return found
    keys = sorted({hour_key(moment) for moment in pc.unique(pc.floor_temporal(posts["created_at"], unit="hour")).to_pylist()})
    notices = deletions(lake)
    for batch in batches_of_posts(lake, keys):
        read = lake.read(TABLES[POSTS], batch, columns=[*ON, "author", *GONE_BY, "clean_text"])
        read = still_there(read.filter(pc.is_valid(matches(read, posts, ON))), notices)
        found |= {(row["network"], row["post_id"]): row["clean_text"] for row in read.to_pylist()}
    return found


def queue_csv(lake: Lake, name: str, task: Task) -> tuple[str, int]:
    """The queue as the text of a CSV file, and its rows. What a spreadsheet would run as a formula gets an apostrophe in front."""
    rows = queue_with_text(lake, name)
    output = io.StringIO()
    writer = csv.DictWriter(output, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        text = " ".join(row["text"].split())
        writer.writerow(
            {
                "item": row["item"],
                "language": row["language"],
                "created_at": row["created_at"].isoformat(timespec="minutes"),
                "text": _harmless(text),
                "label": "",
                "allowed": " | ".join(task.labels),
            }
        )
    return output.getvalue(), len(rows)


def take_in(lake: Lake, name: str, task: Task, content: bytes, labeller: str, now: datetime, *, correct: bool = False) -> TakenIn:
    """Add the labels of a filled file; what cannot be taken is returned with its reason, the other rows are kept.

    Raises ``ValueError`` for a file that is no such file: too large, not text, columns missing; nothing was added then.
    """
    rows = _rows(content)
    known = _posts(lake, name, rows)
    answers: list[tuple[int, str, Answer]] = []
    refused: list[Refused] = []
    empty = 0
    seen: set[tuple[str, str]] = set()
    allowed = {label.casefold(): label for label in task.labels}
    for line, row in enumerate(rows, start=2):
        named, given = _named(row), row.get("label", "").strip()
        label = allowed.get(given.casefold())
        post = known.get(named)
        if not given:
            empty += 1
        elif not any(named):
            refused.append(Refused(line, "", given[:40], "no item, and no network and post_id"))
        elif label is None:
            refused.append(Refused(line, _shown(named), given[:40], f"unknown label; there are {', '.join(task.labels)}"))
        elif post is None:
            refused.append(Refused(line, _shown(named), given[:40], "unknown post: not in the queue, nor in the lake; or it was deleted"))
        elif (post["network"], post["post_id"]) in seen:
            refused.append(Refused(line, _shown(named), given[:40], "twice in the file: the first row counts"))
        else:
            seen.add((post["network"], post["post_id"]))
            answers.append((line, _shown(named), Answer(post, label)))
    told = add(lake, name, [answer for _, _, answer in answers], labeller, "file", now, correct=correct)
    refused += [Refused(line, item, answer.label, why) for (line, item, answer), why in zip(answers, told, strict=True) if why is not None]
    return TakenIn(sum(why is None for why in told), empty, tuple(sorted(refused, key=lambda one: one.line)))


def refused_csv(refused: Sequence[Refused]) -> str:
    """The refused rows with their reasons as the text of a CSV file."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(("line", "item", "label", "reason"))
    for one in refused:
        writer.writerow((one.line, _harmless(one.item), _harmless(one.label), one.reason))
    return output.getvalue()


def _harmless(text: str) -> str:
    return _FORMULA.sub(lambda found: f"{found.group()}'", text)


def _rows(content: bytes) -> list[dict[str, str]]:
    if len(content) > LARGEST_FILE:
        raise ValueError(f"the file has {len(content):,} bytes, more than {LARGEST_FILE:,}: is it a label file?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8 text: save it as CSV UTF-8") from None
    if "\0" in text:
        raise ValueError("the file holds zero bytes: save it as CSV UTF-8, not as a workbook")
    head = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        names = {str(name).strip().casefold() for name in reader.fieldnames or ()}
        if "label" not in names or not ("item" in names or {"network", "post_id"} <= names):
            raise ValueError(
                f"the file needs the columns label and item (or network and post_id); it has {', '.join(sorted(names)) or 'none'}"
            )
        rows = [{str(key).strip().casefold(): str(value or "") for key, value in row.items() if key is not None} for row in reader]
    except csv.Error as error:
        raise ValueError(f"the file cannot be read as CSV: {error}") from error
    if len(rows) > MOST_ROWS:
        raise ValueError(f"the file has {len(rows):,} rows, more than {MOST_ROWS:,}: add it in parts")
    return rows


def _named(row: dict[str, str]) -> tuple[str, str]:
    """What a row names: ("", item), or network and post_id."""
    item = row.get("item", "").strip()
    return ("", item) if item else (row.get("network", "").strip(), row.get("post_id", "").strip())


def _shown(named: tuple[str, str]) -> str:
    return named[1][:60] if not named[0] else f"{named[0][:20]} {named[1][:60]}"


def _posts(lake: Lake, name: str, rows: Sequence[dict[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """What is kept with a label, by what rows name: of posts in the queue first, then of other posts of the lake that rows name.

    A file may be older than the queue there is: items are looked for among the labels that were given, too, and by their names.
    """
    queue = lake.read(TABLES[f"{name}/label_queue"])
    shown = texts_of(lake, queue)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in queue.to_pylist():
        if (row["network"], row["post_id"]) in shown:
            found["", row["item"]] = found[row["network"], row["post_id"]] = row
    missing = {named for named in map(_named, rows) if named[1] and named not in found}
    if missing:
        found |= _from_lake(lake, missing)
    return found


def _from_lake(lake: Lake, missing: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Posts of the lake by what names them: network and id, or their item. Every hour is read, few columns of few hours at a time."""
    from trend_assets.monitoring.queue import items_of

    found: dict[tuple[str, str], dict[str, Any]] = {}
    notices, items = deletions(lake), {named[1] for named in missing if not named[0]}
    for batch in batches_of_posts(lake, lake.partitions(TABLES[POSTS])):
        read = still_there(lake.read(TABLES[POSTS], batch, columns=[*ON, "author", *GONE_BY, "created_at", "language"]), notices)
        names = items_of(read["network"].to_pylist(), read["post_id"].to_pylist()) if items else [""] * read.num_rows
        pairs = zip(read["network"].to_pylist(), read["post_id"].to_pylist(), strict=True)
        rows = [number for number, (pair, item) in enumerate(zip(pairs, names, strict=True)) if pair in missing or item in items]
        for number, row in zip(rows, read.take(pa.array(rows, pa.int64())).to_pylist(), strict=True):
            found["", names[number]] = found[row["network"], row["post_id"]] = row
    return found
