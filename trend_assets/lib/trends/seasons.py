"""Did a trend of the same words rise in these days of last year?

What belongs here: matching of words against last year's trends. What doesn't: recurrence by weekday within a topic (``stages``).

A topic rarely lives for a year, its words come back: what recurs is matched by keywords, in any language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import hour_numbers, hour_start

YEAR = timedelta(days=364)
"""Fifty-two weeks: the same weekday."""
NEAR = timedelta(days=7)
SEASON_COLUMNS = ["hour", "topic_id", "label", "keywords", "suppressed"]
"""Columns of ``topics/trends`` that are read of last year."""

_YEAR_HOURS, _NEAR_HOURS = YEAR // timedelta(hours=1), NEAR // timedelta(hours=1)
_LEAST_WORDS = 2


@dataclass(frozen=True)
class _Season:
    first: int
    last: int
    label: str
    words: frozenset[str]


class LastYear:
    """Trends of last year by their words."""

    def __init__(self, trends: pa.Table | None) -> None:
        """``trends``: rows of ``topics/trends`` (``SEASON_COLUMNS``) of 364 days before the hours judged, give or take a week."""
        self._of_word: dict[str, list[str]] = {}
        self._seasons: dict[str, list[_Season]] = {}
        if trends is None or not trends.num_rows:
            return
        raised = trends.filter(pc.invert(trends["suppressed"])).sort_by([("topic_id", "ascending"), ("hour", "ascending")])
        hours = hour_numbers(raised["hour"]).tolist()
        rows = zip(hours, *(raised[name].to_pylist() for name in ("topic_id", "label", "keywords")), strict=True)
        for hour, topic, label, keywords in rows:
            words = frozenset(word.lower() for word in keywords or [])
            known = self._seasons.setdefault(topic, [])
            if known and known[-1].words == words:
                known[-1] = _Season(known[-1].first, hour, label, words)
            else:
                known.append(_Season(hour, hour, label, words))
        for topic, seasons in self._seasons.items():
            for word in sorted(set().union(*(season.words for season in seasons))):
                self._of_word.setdefault(word, []).append(topic)

    def matches(self, hour: int, keywords: Sequence[Sequence[str]]) -> list[str | None]:
        """For each topic's keywords the label and day of last year's trend that shares at least half of them, None where none does."""
        return [self._match(hour, frozenset(word.lower() for word in words)) for words in keywords]

    def _match(self, hour: int, words: frozenset[str]) -> str | None:
        shared = Counter(topic for word in words for topic in self._of_word.get(word, ()))
        then = hour - _YEAR_HOURS
        for topic, _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
            for season in self._seasons[topic]:
                common = len(season.words & words)
                enough = common >= max(_LEAST_WORDS, 0.5 * min(len(season.words), len(words)))
                if enough and season.first <= then + _NEAR_HOURS and season.last >= then - _NEAR_HOURS:
                    return f"'{season.label}' rose on {hour_start(season.first):%Y-%m-%d}"
        return None
