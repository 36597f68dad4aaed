"""Labelled texts of the owner's own files: examples that are no posts of the lake.

What belongs here: reading and judging of rows, cleaning their text as posts' is cleaned. What doesn't: labels on posts of the lake
(``labels.py``), where the files are (``trend_assets/models/training_set.py``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from trend_assets.lib.learning.labels import moment_of, rows_of
from trend_assets.lib.learning.splits import EVALUATION, TRAIN
from trend_assets.lib.text import near_duplicates, normalise, words
from trend_assets.lib.text.clean import find_entities

NETWORK = "file"
"""In the column ``network`` of a training set: the example is from a file of the owner's."""
TEXT_COLUMNS = ("text", "language", "label", "licence_class")
"""Columns that a file must have; optional: author, created_at (ISO 8601), split (train, evaluation)."""
_SCHEMA = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("network", "post_id", "author", "language", "label", "licence_class", "clean_text", "given_split")
        ),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("near_duplicate_key", pa.int64()),
    ]
)


def read_texts(
    data: bytes, suffix: str, allowed: Sequence[str], licences: Sequence[str], public_handles: frozenset[str] = frozenset()
) -> tuple[pa.Table, dict[str, int]]:
    """Examples of a file, one per distinct text, and why other rows were refused, by reason.

    Columns: network (``file``), post_id (hash of the text), author (of its own where none is given), language, label, licence_class,
    clean_text, given_split, created_at (UTC or null), near_duplicate_key. Raises ``ValueError`` for a file that cannot be read or
    lacks a column. public_handles: as ``lib/text/clean.py`` wants them.
    """
    refused: Counter[str] = Counter()
    chosen: dict[str, dict[str, Any]] = {}
    for row in rows_of(data, suffix, refused, TEXT_COLUMNS, ("author", "created_at", "split")):
        text, language, label, licence = (str(row.get(name) or "").strip() for name in TEXT_COLUMNS)
        moment, side = moment_of(row.get("created_at")), str(row.get("split") or "").strip() or None
        if not text:
            refused["no text"] += 1
        elif label not in allowed:
            refused[f"unknown label {label[:40]!r}" if label else "no label"] += 1
        elif licence not in licences:
            refused[f"licence class {licence[:40]!r} may not train this model" if licence else "no licence_class"] += 1
        elif moment is None:
            refused["unreadable created_at"] += 1
        elif side not in (None, TRAIN, EVALUATION):
            refused[f"split is neither {TRAIN} nor {EVALUATION}"] += 1
        else:
            key = hashlib.sha256(text.encode()).hexdigest()[:32]
            if key in chosen:
                refused["the same text again"] += 1
                continue
            author = str(row.get("author") or "").strip() or f"of-{key}"
            dated: datetime | None = moment if moment.year > 1 else None
            chosen[key] = {
                "network": NETWORK, "post_id": key, "author": author, "language": language or "und", "label": label,
                "licence_class": licence, "clean_text": text, "given_split": side, "created_at": dated,
            }  # fmt: skip
    records = [chosen[key] | {"near_duplicate_key": 0} for key in sorted(chosen)]
    return _cleaned(pa.Table.from_pylist(records, schema=_SCHEMA), public_handles), dict(sorted(refused.items()))


def _cleaned(rows: pa.Table, public_handles: frozenset[str]) -> pa.Table:
    """With ``clean_text`` and ``near_duplicate_key`` as ``social/clean_posts`` has them."""
    tidy = normalise.tidy(normalise.unescape_and_compose(rows["clean_text"].combine_chunks()))
    keys = near_duplicates.keys_of_letters(words.letters(words.plain(find_entities(tidy).without_urls)))
    rows = rows.set_column(rows.schema.get_field_index("clean_text"), "clean_text", normalise.mask_handles(tidy, public_handles))
    return rows.set_column(rows.schema.get_field_index("near_duplicate_key"), "near_duplicate_key", pa.array(keys, pa.int64()))
