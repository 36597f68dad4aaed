"""Other ways to raise alerts, on the same posts and with the same fields: what ours are compared with.

What belongs here: peers of ``evaluate trends``. What doesn't: peers of clustering (``peers``), which lend their representation.

- First-story detection (Petrović, Osborne & Lavrenko, NAACL 2010; Mazoyer et al., LREC 2020): a post joins its nearest of the last day.
  A cluster is raised at the post with which three distinct texts by three authors are in it within an hour: what ours asks too.
- Bursts of words: hourly counts of each word against the 24 hours before, z = (count - mean) / sqrt(variance + 1) ≥ 4 and five authors;
  words of an hour that share half of their posts are one alert, and a word is silent for a day. It is raised when the hour is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from trend_assets.lib.evaluation.minutes import Stretch
from trend_assets.lib.evaluation.peers import FirstStoryDetection
from trend_assets.lib.evaluation.topics import terms_of
from trend_assets.lib.trends.history import Integers

LEAST_POSTS = 3
LEAST_AUTHORS_OF_A_WORD = 5
LEAST_Z = 4.0
PAST_HOURS = 24
_SAME_POSTS = 0.5
_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYWORDS, _EXEMPLARS, _EXEMPLAR_LENGTH = 8, 5, 400

Entry = dict[str, Any]


def first_stories(stretch: Stretch) -> Iterator[Entry]:
    """Clusters of first-story detection, each when it first has enough texts and authors within an hour."""
    cluster = FirstStoryDetection()(stretch.posts)
    copies = np.asarray(stretch.posts["near_duplicate_key"].combine_chunks(), dtype=np.int64)
    words = _Words(stretch)
    order = np.argsort(cluster, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1):
        raised = _enough(rows, stretch, copies) if rows.size >= LEAST_POSTS else None
        if raised is not None:
            why = "its third text by a third author within an hour; each post is nearest to an earlier one"
            yield _entry(stretch, raised, int(stretch.times[raised[-1]]), words.of(raised), float(raised.size), why)


def _enough(rows: Integers, stretch: Stretch, copies: Integers) -> Integers | None:
    """Those of a cluster's posts (time order) that were within the hour when it first had enough; None where it never had."""
    times = stretch.times[rows]
    for end in range(LEAST_POSTS, rows.size + 1):
        part = rows[int(np.searchsorted(times, times[end - 1] - _HOUR, "right")) : end]
        if np.unique(copies[part]).size >= LEAST_POSTS and stretch.count_authors(part) >= LEAST_POSTS:
            return part
    return None


def word_bursts(stretch: Stretch) -> Iterator[Entry]:
    """Words that an hour has more often than the day before it, by a z-score."""
    words = _Words(stretch)
    hour = stretch.times // _HOUR
    first = int(hour[0]) if hour.size else 0
    silent_until: dict[int, int] = {}
    bounds = np.flatnonzero(np.diff(hour, prepend=first - 1, append=first - 1))
    past: list[tuple[int, Integers, Integers]] = []  # hour, words, counts
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        now = int(hour[begin])
        row, word = words.said(begin, end)
        said, counts = np.unique(word, return_counts=True)
        past = [one for one in past if one[0] >= now - PAST_HOURS]
        if now - first >= PAST_HOURS:
            z = _z_scores(said, counts, past, len(words.names))
            taken: list[Integers] = []
            for place in np.lexsort((said, -z)).tolist():
                if z[place] < LEAST_Z:
                    break
                rows = row[word == said[place]]
                loud = silent_until.get(int(said[place]), -1) <= now and stretch.count_authors(rows) >= LEAST_AUTHORS_OF_A_WORD
                if not loud or any(np.intersect1d(rows, one).size >= _SAME_POSTS * rows.size for one in taken):
                    continue
                taken.append(rows)
                silent_until[int(said[place])] = now + PAST_HOURS
                why = f"{rows.size} posts in the hour have '{words.names[int(said[place])]}' (z {z[place]:.1f})"
                yield _entry(stretch, rows, (now + 1) * _HOUR, words.of(rows), float(z[place]), why)
        past.append((now, said, counts))


def _z_scores(said: Integers, counts: Integers, past: list[tuple[int, Integers, Integers]], width: int) -> Any:
    total, squares = np.zeros(width), np.zeros(width)
    for _, words, often in past:
        total[words] += often
        squares[words] += often.astype(float) ** 2
    mean = total[said] / PAST_HOURS
    variance = np.maximum(squares[said] / PAST_HOURS - mean**2, 0.0)
    return (counts - mean) / np.sqrt(variance + 1.0)


class _Words:
    """The terms of each post as numbers, no mentions."""

    def __init__(self, stretch: Stretch) -> None:
        lists = terms_of(stretch.posts)
        self._starts = np.concatenate([[0], np.cumsum(np.asarray(lists.value_lengths().fill_null(0), dtype=np.int64))])
        encoded = lists.flatten().dictionary_encode()
        self.names: list[str] = encoded.dictionary.to_pylist()
        self._terms = np.asarray(encoded.indices, dtype=np.int64)
        self._in_posts = np.bincount(self._terms, minlength=len(self.names))

    def said(self, begin: int, end: int) -> tuple[Integers, Integers]:
        """Row and word of each distinct word that the posts ``begin`` to ``end`` say."""
        terms = self._terms[self._starts[begin] : self._starts[end]]
        row = np.repeat(np.arange(begin, end), np.diff(self._starts[begin : end + 1]))
        readable = np.array([not self.names[term].startswith("@") for term in terms.tolist()], dtype=np.bool_)
        pairs = np.unique(np.column_stack([row[readable], terms[readable]]), axis=0) if readable.any() else np.zeros((0, 2), np.int64)
        return pairs[:, 0], pairs[:, 1]

    def of(self, rows: Integers) -> list[str]:
        """The words that most of the posts share and others don't."""
        counts: dict[int, int] = {}
        for row in rows.tolist():
            for term in set(self._terms[self._starts[row] : self._starts[row + 1]].tolist()):
                counts[term] = counts.get(term, 0) + 1
        worth = {term: count * count / self._in_posts[term] for term, count in counts.items() if not self.names[term].startswith("@")}
        best = sorted(worth, key=lambda term: (-worth[term], -counts[term], self.names[term]))
        return [self.names[term] for term in best[:_KEYWORDS]]


def _entry(stretch: Stretch, rows: Integers, at: int, keywords: list[str], score: float, reason: str) -> Entry:
    texts = stretch.texts(rows[:_EXEMPLARS])
    return {
        "at": (_EPOCH + timedelta(microseconds=at)).isoformat(),
        "label": ", ".join(keywords[:3]) or "unnamed",
        "keywords": keywords,
        "posts": int(rows.size),
        "authors": stretch.count_authors(rows),
        "raised": True,
        "lane": None,
        "score": score,
        "grade": None,
        "reason": reason,
        "exemplars": [text[:_EXEMPLAR_LENGTH] for text in texts],
    }


TREND_PEERS: dict[str, Callable[[Stretch], Iterator[Entry]]] = {
    "first-story detection": first_stories,
    "bursts of words": word_bursts,
}
"""Peers by name."""
