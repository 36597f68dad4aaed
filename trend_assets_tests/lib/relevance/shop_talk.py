"""Posts about an invented brand and about what merely has its name, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from trend_assets.lib.text.clean import clean_posts
from trend_assets.tables import TABLES

HOUR = datetime(2026, 9, 1, 10, tzinfo=UTC)
BRAND = "marlo"

OF_THE_BRAND = [
    "queue around the block at Marlo for the new velvet coat",
    "bought two velvet dresses at Marlo today",
    "Marlo prices went up again, same velvet jacket as last year",
    "the Marlo store on the corner sells velvet",
    "whole velvet outfit is Marlo",
]
OF_A_SINGER = [
    "Marlo Vance tonight at the arena!",
    "cannot believe Marlo Vance sang that one",
    "so Marlo Vance cancelled the second night",
    "listening to Marlo Vance on repeat",
    "crying, Marlo Vance waved at us",
]
OF_A_WORD = ["ve marlo ka nan", "marlo nan tu ka", "ka marlo ka marlo", "nan marlo ve", "ve ve marlo"]
OF_A_STATION = [f"MARLO 1{n}:20 Wind 1{n} mph 3{n} deg Baro 10{n} Rain 0.{n} Temp 1{n}.{n}" for n in range(5)]
OF_RESALE = [f"Check out this listing I just added: Marlo skirt size {n} https://t.co/{n}{n}x{n}" for n in range(5)]
OF_SOMETHING_ELSE = [f"who else saw the lights over the bridge number{n}" for n in range(5)]


def posts(texts: Sequence[str], *, at: datetime = HOUR, first: int = 0, kind: str = "post", language: str = "en") -> pa.Table:
    """Clean posts made by the production path; ids count from ``first``."""
    rows = [
        {
            "post_id": str(first + number), "network": "x", "source": "table", "author": f"a{number}",
            "created_at": at + timedelta(seconds=number), "kind": kind, "text": text, "language_hint": language,
            "hashtags": [], "mentions": [], "urls": [], "media": [],
            "matching_rules": [], "captured_at": at, "landing_file": "f", "landing_line": number, "request_id": "r", "licence_class": "own",
        }
        for number, text in enumerate(texts)
    ]  # fmt: skip
    return clean_posts(TABLES["social/raw_posts"].from_rows(rows))


def assigned(clean: pa.Table, topic: str) -> pa.Table:
    """Assignments of all posts to one topic."""
    return pa.table({"post_id": clean["post_id"], "network": clean["network"], "topic_id": [topic] * clean.num_rows})


def topics(
    names: Sequence[str], exemplars: Sequence[Sequence[str]] | None = None, hour: datetime = HOUR, centre_terms: Sequence[str] = ()
) -> pa.Table:
    """Registry rows with what relevance reads."""
    return pa.table(
        {
            "hour": pa.array([hour] * len(names), pa.timestamp("us", "UTC")),
            "topic_id": pa.array(list(names), pa.string()),
            "centre_terms": pa.array([list(centre_terms)] * len(names), pa.list_(pa.string())),
            "exemplar_posts": pa.array([list(keys) for keys in exemplars or [[]] * len(names)], pa.list_(pa.string())),
        }
    )
