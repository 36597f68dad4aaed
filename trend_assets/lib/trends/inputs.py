"""What ranking an hour looks up: the registry's rows, and what was raised in earlier hours.

What belongs here: Arrow tables turned into arrays and dictionaries by hour and topic. What doesn't: the ranking (``rank``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from trend_assets.lib.trends.cycles import HISTORY_HOURS
from trend_assets.lib.trends.forecast import Cases
from trend_assets.lib.trends.history import Integers, TopicHistory, encode, hour_numbers, integers


class Registry:
    """The registry rows of all hours, sorted by hour and topic, with arrays of what the statistics need."""

    def __init__(self, topics: pa.Table, history: TopicHistory, terms: pa.Table | None = None) -> None:
        if terms is not None:
            novelty = terms.select(["term", "z", "p_value", "ratio"]).rename_columns(["term", "term_z", "term_p_value", "term_ratio"])
            topics = pa.table(
                {**{name: topics[name] for name in topics.column_names}, **{name: novelty[name] for name in novelty.column_names}}
            )
        self.table = topics.sort_by([("hour", "ascending"), ("topic_id", "ascending")]).combine_chunks()
        self.hours = hour_numbers(self.table["hour"])
        self.codes, self.names = encode(self.table["topic_id"])
        of_name = np.array([history.position.get(name, -1) for name in self.names], dtype=np.int64)
        self.position = of_name[self.codes] if self.names else self.codes
        self.born = hour_numbers(self.table["born_at"])
        self.window_posts = integers(self.table["window_posts"])
        self.window_authors = integers(self.table["window_authors"])
        self.term_z, self.term_p_value, self.term_ratio = (
            np.asarray(self.table[name], dtype=np.float64) if terms is not None else np.zeros(0)
            for name in ("term_z", "term_p_value", "term_ratio")
        )
        self.words: list[str | None] = self.table["term"].to_pylist() if terms is not None else []

    def rows_of(self, hour: int) -> Integers:
        """Row numbers of the registry after ``hour``."""
        return np.arange(np.searchsorted(self.hours, hour, "left"), np.searchsorted(self.hours, hour, "right"), dtype=np.int64)

    def names_of(self, rows: Integers) -> list[str]:
        """Topic ids of registry rows."""
        return [self.names[code] for code in self.codes[rows].tolist()]

    def words_of(self, rows: Integers) -> list[str | None]:
        """The most telling new word of registry rows, None where none is known."""
        return [self.words[row] for row in rows.tolist()] if self.words else [None] * rows.size

    def novelty_of(self, rows: Integers) -> list[float | None]:
        """Posts with that word over what its past share explains; None where words were not looked at."""
        values: list[float | None] = self.term_ratio[rows].tolist() if self.term_ratio.size else [None] * rows.size
        return values


@dataclass
class Memory:
    """When each topic was last an alert, and since when it has been known as one: carried from hour to hour."""

    last_alert: dict[str, int] = field(default_factory=dict)
    first_alert: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Topic to (first hour as an alert, last hour of a row that says so)."""
    cases: Cases = field(default_factory=Cases)
    """The alerts of earlier hours, for what forecasts of them would have been worth."""

    def recall(self, previous: pa.Table | None, before: int, history: TopicHistory) -> None:
        """Take in what ``previous``, rows of ``topics/trends``, say of the hours before ``before``."""
        if previous is None or not previous.num_rows:
            return
        table = previous.select(["hour", "topic_id", "suppressed", "first_raised_at"]).sort_by("hour")
        rows = zip(
            hour_numbers(table["hour"]).tolist(),
            table["topic_id"].to_pylist(),
            table["suppressed"].to_pylist(),
            hour_numbers(table["first_raised_at"]).tolist(),
            strict=True,
        )
        raised: dict[int, list[str]] = {}
        for hour, topic, suppressed, first in rows:
            if hour < before:
                self.note(topic, hour, first, alert=not suppressed)
                if not suppressed:
                    raised.setdefault(hour, []).append(topic)
        for hour, names in raised.items():
            self.cases.note(hour, np.array([history.position.get(name, -1) for name in names], dtype=np.int64))

    def note(self, topic: str, hour: int, first: int, *, alert: bool) -> None:
        """Remember a row."""
        if alert:
            self.last_alert[topic] = hour
        if alert or first < hour:
            self.first_alert[topic] = (first, hour)

    def first(self, topic: str, hour: int) -> int:
        """First hour in which the topic was an alert; ``hour`` where it was not in the last 28 days."""
        first, noted = self.first_alert.get(topic, (hour, hour))
        return first if hour - noted <= HISTORY_HOURS else hour
