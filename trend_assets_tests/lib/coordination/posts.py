"""Clean posts for the tests of coordination and of the stress test, from few words, and a lake of everyday talk around them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination import Coordination, coordination_by_hour
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
VOCABULARY = [
    f"{first}{second}" for first in ("ba", "do", "fi", "gu", "le", "mo", "ni", "pa", "ro", "su") for second in "abcdefghijklmnopqrst"
]


def hour_at(number: int) -> datetime:
    return START + timedelta(hours=number)


def near_duplicate_key(text: str) -> int:
    letters = "".join(character for character in text.lower() if character.isalpha())
    return int.from_bytes(hashlib.blake2b(letters.encode(), digest_size=8).digest(), "little", signed=True)


def post(author: str, seconds: float, text: str = "", **columns: Any) -> dict[str, Any]:
    """A post ``seconds`` after ``START``; ``topic`` among the columns is its topic."""
    return {"author": author, "created_at": START + timedelta(seconds=seconds), "clean_text": text, **columns}


def tables(rows: Sequence[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """Clean posts and topic assignments of the rows."""
    constant = {
        "network": "x", "kind": "post", "language": "en", "language_confidence": 1.0, "hashtags": [], "mentions": [], "urls": [],
        "cashtags": [], "emoji": [], "weighted_length": 1, "matching_rules": [], "captured_at": START, "licence_class": "own",
    }  # fmt: skip
    posts, assignments = [], []
    for number, row in enumerate(rows):
        words = row["clean_text"].lower().split()
        whole = constant | {"post_id": str(number), "tokens": words, "lemmas": words} | row
        whole["near_duplicate_key"] = near_duplicate_key(row["clean_text"])
        topic = whole.pop("topic", None)
        posts.append(whole)
        if topic is not None:
            of_post = {name: whole[name] for name in ("post_id", "network", "created_at")}
            assignments.append(of_post | {"topic_id": topic, "assigned_by": "cluster", "similarity": 1.0})
    return TABLES["social/clean_posts"].from_rows(posts), TABLES["topics/topic_assignments"].from_rows(assignments)


def talk(accounts: int, posts: int, hours: int, seed: int = 0, topic: str | None = None) -> list[dict[str, Any]]:
    """Everyday posts of words drawn at random by accounts of unequal activity, at any time of the hours."""
    dice = random.Random(seed)
    return [
        post(
            f"talker {int(accounts * dice.random() ** 1.5)}",
            dice.random() * hours * 3600,
            " ".join(dice.choices(VOCABULARY, k=dice.randrange(6, 16))),
            topic=topic,
        )
        for _ in range(posts)
    ]


def by_hour(rows: Sequence[dict[str, Any]], first: int, last: int) -> Iterator[tuple[datetime, pa.Table, pa.Table]]:
    """Hours ``first`` to ``last`` (included) with their posts and assignments."""
    clean, assignments = tables(rows)
    for number in range(first, last + 1):
        start, end = (pa.scalar(hour_at(hour), pa.timestamp("us", "UTC")) for hour in (number, number + 1))

        def inside(table: pa.Table, start: pa.Scalar = start, end: pa.Scalar = end) -> pa.Table:
            return table.filter(pc.and_(pc.greater_equal(table["created_at"], start), pc.less(table["created_at"], end)))

        yield hour_at(number), inside(clean), inside(assignments)


def judged(rows: Sequence[dict[str, Any]], hour: int) -> Coordination:
    """The coordination after one hour."""
    return list(coordination_by_hour(by_hour(rows, hour - 24, hour), first=hour_at(hour)))[-1]


def verdicts(coordination: Coordination) -> list[tuple[str, int]]:
    return [(row["verdict"], row["accounts"]) for row in coordination.groups.to_pylist()]
