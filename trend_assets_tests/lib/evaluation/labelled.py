"""Invented labelled posts for the tests of this folder, as a user's file might hold them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
EVENTS = {
    "storm": "storm coast warning wind ferry cancelled harbour flood waves gale",
    "match": "final goal penalty keeper stadium referee cup trophy striker whistle",
    "robe": "robe lin collection boutique rupture taille vert retouche ourlet vitrine",
}


def labelled_rows(per_event: int = 30, days: int = 2, seed: int = 1) -> list[dict[str, Any]]:
    """Posts on three events of which each day has its own words too; every tenth has no label and says something else."""
    dice, rows = random.Random(seed), []
    for day in range(days):
        for event, words in EVENTS.items():
            named = [*words.split(), *(f"{event}{day}{letter}" for letter in "abcd")]
            for number in range(per_event):
                other = number % 10 == 9
                chosen = [f"alone{day}{event}{number}{letter}" for letter in "abc"] if other else dice.sample(named, 6)
                rows.append(
                    {
                        "tweet_id": f"{day}{number:04d}{event}",
                        "created_at": START + timedelta(days=day, minutes=dice.randrange(600)),
                        "text": " ".join([*chosen, f"word{day}{event}{number}"]),
                        "user_id": f"u{dice.randrange(40)}",
                        "event_id": None if other else f"{event}{day}",
                        "day": f"day {day}",
                    }
                )
    return rows


def labelled_table(**options: Any) -> pa.Table:
    return pa.Table.from_pylist(labelled_rows(**options))
