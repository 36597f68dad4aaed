"""Label files: what people said about posts, in a file of theirs.

What belongs here: reading and judging of rows. What doesn't: where the file is (``trend_assets/models/training_set.py``), joining with
posts.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from trend_assets.lib.privacy.pseudonyms import Pseudonyms

SUFFIXES = (".jsonl", ".csv", ".parquet")
REQUIRED = ("network", "post_id", "label")
_SCHEMA = pa.schema(
    [
        pa.field("network", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("labelled_at", pa.timestamp("us", tz="UTC")),
    ]
)


NO_LABELS = _SCHEMA.empty_table()


@dataclass(frozen=True)
class Labels:
    """Rows as read, one per post, and why others were refused, by reason."""

    rows: pa.Table
    refused: dict[str, int]


def read_labels(data: bytes, suffix: str, allowed: Sequence[str], pseudonyms: Pseudonyms) -> Labels:
    """The labels of a file: columns ``network``, ``post_id``, ``label`` and, optionally, ``labelled_at`` (ISO 8601).

    Where a post is labelled more than once the latest ``labelled_at`` counts, then the later row. Raises ``ValueError``
    for a file that cannot be read or lacks a column; a row that cannot be used is counted under its reason instead.
    """
    refused: Counter[str] = Counter()
    chosen: dict[tuple[str, str], tuple[datetime, str]] = {}
    for row in rows_of(data, suffix, refused, REQUIRED, ("labelled_at",)):
        network, post_id, label = (str(row.get(name) or "").strip() for name in REQUIRED)
        moment = moment_of(row.get("labelled_at"))
        if not network or not post_id:
            refused["no network or post_id"] += 1
        elif label not in allowed:
            refused[f"unknown label {label[:40]!r}" if label else "no label"] += 1
        elif moment is None:
            refused["unreadable labelled_at"] += 1
        else:
            key = (network, lake_post_id(network, post_id, pseudonyms))
            if key in chosen:
                refused["labelled again"] += 1
            if key not in chosen or moment >= chosen[key][0]:
                chosen[key] = (moment, label)
    records = [
        {"network": network, "post_id": post_id, "label": label, "labelled_at": moment if moment.year > 1 else None}
        for (network, post_id), (moment, label) in sorted(chosen.items())
    ]
    return Labels(pa.Table.from_pylist(records, schema=_SCHEMA), dict(sorted(refused.items())))


def lake_post_id(network: str, post_id: str, pseudonyms: Pseudonyms) -> str:
    """The lake's name of a post: on Bluesky, ``did/rkey`` and ``at://did/collection/rkey`` become ``pseudonym/rkey``."""
    if network != "bluesky":
        return post_id
    authority, _, rest = post_id.removeprefix("at://").partition("/")
    if not authority.startswith("did:"):
        return post_id
    return f"{pseudonyms.account_id(network, authority)}/{rest.removeprefix('app.bsky.feed.post/')}"


def rows_of(data: bytes, suffix: str, refused: Counter[str], required: Sequence[str], optional: Sequence[str]) -> Iterable[dict[str, Any]]:
    """Rows of a file of labels. Raises ``ValueError`` for one that cannot be read or lacks a required column."""
    readers: dict[str, Callable[[bytes], pa.Table]] = {
        ".csv": lambda content: pa.csv.read_csv(
            io.BytesIO(content),
            convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys([*required, *optional], pa.string())),
            parse_options=pa.csv.ParseOptions(delimiter=_delimiter(content), newlines_in_values=True),
        ),
        ".parquet": lambda content: pq.read_table(io.BytesIO(content)),
    }
    if suffix == ".jsonl":
        return _objects(data, refused)
    if suffix not in readers:
        raise ValueError(f"labels are read from {', '.join(SUFFIXES)}, not {suffix!r}")
    if not data.strip():
        raise ValueError(f"the file is empty: it needs the columns {', '.join(required)}")
    try:
        table = readers[suffix](data)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"the labels cannot be read as {suffix}: {error}") from error
    missing = [name for name in required if name not in table.column_names]
    if missing:
        raise ValueError(f"the labels lack the column {', '.join(missing)}; there are {', '.join(table.column_names)}: rename them")
    rows: list[dict[str, Any]] = table.select([name for name in (*required, *optional) if name in table.column_names]).to_pylist()
    return rows


def _delimiter(content: bytes) -> str:
    """What separates the names in the heading: spreadsheets write semicolons or tabs in some countries."""
    heading = content.split(b"\n", 1)[0]
    return max((",", ";", "\t"), key=lambda one: heading.count(one.encode()))


def _objects(data: bytes, refused: Counter[str]) -> list[dict[str, Any]]:
    rows = []
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            refused["not a JSON object"] += 1
    return rows


def moment_of(value: object) -> datetime | None:
    """The time, aware; year 1 where none is given; ``None`` where it cannot be read."""
    if value in (None, ""):
        return datetime.min.replace(tzinfo=UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
