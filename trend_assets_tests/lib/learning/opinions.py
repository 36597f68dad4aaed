"""Posts about the retailer with the sentiment they were written with, for tests of models.

What belongs here: making them with the town's own grammar. What doesn't: tests.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation import texts_en, texts_fr
from trend_assets.lib.simulation.grammar import Dice, Grammar
from trend_assets.lib.simulation.opinions import SENTIMENTS, opinion_rules
from trend_assets.lib.simulation.planted import Family
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)


def opinion_posts(count: int, seed: int = 1, family: Family = "development", authors: int = 4_000, days: int = 3) -> pa.Table:
    """Clean posts in order of time with one more column ``sentiment``; a third French; some authors write often."""
    rng = np.random.default_rng(seed)
    grammars = {
        code: Grammar(opinion_rules(family, code, words.SHARED, words.CHATTER["weather"]))
        for code, words in (("en", texts_en), ("fr", texts_fr))
    }
    empty: dict[str, object] = {column.name: [] for column in TABLES["social/clean_posts"].columns if pa.types.is_list(column.type)}
    rows, sentiments = [], []
    seconds = np.sort(rng.integers(0, days * 86_400, count)).tolist()
    writers = np.where(rng.random(count) < 0.2, rng.integers(0, 20, count), rng.integers(20, authors, count)).tolist()
    for number, (second, writer) in enumerate(zip(seconds, writers, strict=True)):
        language, sentiment = ("fr", "en", "en")[int(rng.integers(3))], SENTIMENTS[int(rng.integers(3))]
        text = grammars[language].expand(sentiment, Dice(int(rng.integers(2**62))))
        rows.append(
            empty
            | {
                "post_id": str(10_000 + number),
                "network": "x",
                "author": f"author-{writer}",
                "created_at": START + timedelta(seconds=second),
                "kind": "post",
                "clean_text": text,
                "language": language,
                "language_confidence": 1.0,
                "tokens": text.lower().split(),
                "lemmas": text.lower().split(),
                "near_duplicate_key": hash_of(text),
                "weighted_length": len(text),
                "captured_at": START + timedelta(seconds=second + 2),
                "licence_class": "simulated",
            }
        )
        sentiments.append(sentiment)
    return TABLES["social/clean_posts"].from_rows(rows).append_column("sentiment", pa.array(sentiments))


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    value = 0
    for character in text.lower():
        value = (value * 31 + ord(character)) % (2**61 - 1)
    return value
