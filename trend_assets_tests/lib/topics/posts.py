"""Clean posts for the tests of this folder, from words."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
SUBJECTS = {
    "storm": ["storm", "coast", "warning", "wind", "ferry", "cancelled", "harbour", "flood"],
    "match": ["final", "goal", "penalty", "keeper", "stadium", "referee", "extra-time", "cup"],
    "dress": ["linen", "dress", "summer", "drop", "restock", "colour", "sage", "sold"],
}


def hour_at(number: int) -> datetime:
    """Start of the n-th hour of the tests' calendar."""
    return START + timedelta(hours=number)


def near_duplicate_key(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "little", signed=True)


def clean_posts(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows need ``post_id``, ``created_at`` and ``words``; all else has a default."""
    constant = {
        "network": "x", "author": "a1", "kind": "post", "language": "en", "language_confidence": 1.0, "hashtags": [], "mentions": [],
        "urls": [], "cashtags": [], "emoji": [], "weighted_length": 1, "matching_rules": [], "captured_at": START, "licence_class": "own",
    }  # fmt: skip
    return TABLES["social/clean_posts"].from_rows(
        constant
        | {
            "clean_text": " ".join(row["words"]),
            "tokens": row["words"],
            "lemmas": row["words"],
            "near_duplicate_key": near_duplicate_key(row["words"]),
        }
        | {name: value for name, value in row.items() if name != "words"}
        for row in rows
    )


def about(subject: str, number: int, at: datetime, **columns: Any) -> dict[str, Any]:
    """A post on a subject: five of its words in an order of its own, and a word nobody else uses."""
    dice = random.Random(f"{subject} {number} {at}")
    words = [*dice.sample(SUBJECTS[subject], 5), f"{subject}{number}at{at:%d%H}"]
    post = {"post_id": f"{subject}-{number}-{at:%d%H}", "author": f"author {dice.randrange(1000)}", "words": words}
    return post | {"created_at": at + timedelta(seconds=dice.randrange(3600))} | columns


def subject_hour(number: int, counts: dict[str, int]) -> tuple[datetime, pa.Table]:
    """An hour with so many posts on each subject."""
    at = hour_at(number)
    return at, clean_posts([about(subject, post, at) for subject, posts in counts.items() for post in range(posts)])


def chatter_hour(number: int, posts: int, seed: int = 0) -> tuple[datetime, pa.Table]:
    """An hour of the three subjects under unrelated chatter of rare words at about 5:1, some of it reposted."""
    dice = random.Random(f"{number} {seed}")
    at = hour_at(number)
    rows: list[dict[str, Any]] = []
    for post in range(posts):
        if dice.random() < 1 / 6:
            rows.append(about(dice.choice(list(SUBJECTS)), post, at))
            continue
        words = [f"w{int(dice.paretovariate(0.7)) % 5000}" for _ in range(10)]
        row = {"post_id": f"chatter-{number}-{post}", "author": f"author {dice.randrange(1000)}", "words": words}
        rows.append(row | {"created_at": at + timedelta(seconds=dice.randrange(3600)), "language": dice.choice(["en", "fr"])})
    for post in range(posts // 8):
        original = dice.choice(rows[:posts])
        rows.append(original | {"post_id": f"repost-{number}-{post}", "author": f"author {dice.randrange(1000)}", "kind": "repost",
                                "reposted_post": original["post_id"], "created_at": at + timedelta(seconds=3599)})  # fmt: skip
    return at, clean_posts(rows)
