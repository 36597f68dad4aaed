"""How much the posts of a topic have in common: its heaviest words in each, whether one word is in most, how exemplars agree.

What belongs here: these measures, the first two over the day up to an hour, from counts that add up. What doesn't: what follows from it
(``lanes``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import matches
from trend_assets.lib.topics.background import word_frequencies
from trend_assets.lib.trends.history import encode, hour_numbers
from trend_assets.tables.declaration import timestamp

HEAVIEST = 5
_WORD = re.compile(r"[^\W\d_]{3,}")
_UNTOLD = re.compile(r"https?://\S+|@\w+")
_LAST_LETTER = 0x052F  # of Cyrillic
_LONG = 5
_RAREST = 1e-8
"""Frequency of a word that no list has."""
WINDOW_HOURS = 24
EVERYDAY = 1e-4
"""Share of running words from which on a word is an everyday one: the few hundred commonest of a language."""
WORDS_SCHEMA = pa.schema([("hour", timestamp), ("topic_id", pa.string()), ("term", pa.string()), ("posts", pa.int64())])


class Shared(NamedTuple):
    """Mean number of a topic's five heaviest terms in its posts, and the share of posts with the most frequent that is no everyday word."""

    words: float
    telling: float


def topic_words(clean_posts: pa.Table, assignments: pa.Table, topics: pa.Array | None = None) -> pa.Table:
    """In how many posts of each topic and hour each term stands: ``hour``, ``topic_id``, ``term``, ``posts``. Rows of several hours add up.

    ``clean_posts``: columns network, post_id, created_at, kind, lemmas, hashtags; reposts are left out. Terms are lemmas and #hashtags.
    ``topics``: only these. Complexity: O(words · log words).
    """
    written = clean_posts.select(["network", "post_id", "created_at", "kind", "lemmas", "hashtags"])
    written = written.filter(pc.not_equal(written["kind"], "repost")).combine_chunks()
    topic = pc.take(pc.cast(assignments["topic_id"], pa.string()).combine_chunks(), matches(written, assignments, ("network", "post_id")))
    kept = pc.is_valid(topic) if topics is None else pc.is_in(topic, value_set=topics.drop_null())
    posts, of_post = written.filter(kept).combine_chunks(), topic.filter(kept)
    if not posts.num_rows:
        return WORDS_SCHEMA.empty_table()
    hours, (topic_code, names) = hour_numbers(posts["created_at"]), encode(of_post)
    parents, words = [], []
    for name, prefix in (("lemmas", ""), ("hashtags", "#")):
        lists = posts[name].combine_chunks()
        parents.append(np.asarray(pc.list_parent_indices(lists), dtype=np.int64))
        words.append(pc.binary_join_element_wise(prefix, pc.cast(lists.flatten(), pa.string()), ""))
    encoded = pa.concat_arrays(words).dictionary_encode()
    width = max(len(encoded.dictionary), 1)
    held = np.unique(np.concatenate(parents) * width + np.asarray(encoded.indices, dtype=np.int64))  # a post holds a word once
    post, term = np.divmod(held, width)
    cell = (hours[post] - hours.min()) * len(names) + topic_code[post]
    keys, counts = np.unique(cell * width + term, return_counts=True)
    cell, term = np.divmod(keys, width)
    hour, of_topic = np.divmod(cell, len(names))
    return pa.table(
        [
            pa.array((hour + hours.min()) * 3_600_000_000).cast(timestamp),
            pa.array(names, pa.string()).take(pa.array(of_topic)),
            encoded.dictionary.take(pa.array(term)),
            pa.array(counts.astype(np.int64)),
        ],
        schema=WORDS_SCHEMA,
    )


class SharedWords:
    """Tells what a topic's posts of the day share. The counts are asked for when the first topic is."""

    def __init__(self, words: Callable[[], pa.Table], counts: pa.Table) -> None:
        """``words``: gives ``topic_words``. ``counts``: columns ``hour``, ``topic_id``, ``posts`` (``signs.TopicSigns.counts``)."""
        self._words, self._counts = words, counts
        self._ready = False

    def __call__(self, hour: int, name: str, centre_terms: Sequence[str]) -> Shared:
        """What the posts of a topic share in the day up to an hour (number); zeros where there are none. O(words of the topic)."""
        if not self._ready:
            self._prepare()
        day = (hour - WINDOW_HOURS + 1, hour + 1)
        first, last = np.searchsorted(self._post_topic, self._place(name, (0, 1)))
        begin, end = first + np.searchsorted(self._post_hours[first:last], day)
        posts = int(self._posts[begin:end].sum())
        if not posts:
            return Shared(0.0, 0.0)
        first, last = np.searchsorted(self._word_topic, self._place(name, (0, 1)))
        begin, end = first + np.searchsorted(self._word_hours[first:last], day)
        terms = list(dict.fromkeys(centre_terms[:HEAVIEST]))
        place = np.asarray(pc.fill_null(pc.index_in(self._terms.slice(begin, end - begin), value_set=pa.array(terms, pa.string())), -1))
        held = np.bincount(place[place >= 0], self._word_posts[begin:end][place >= 0], len(terms))
        rare = [count for count, frequency in zip(held.tolist(), word_frequencies(terms), strict=True) if frequency.max() < EVERYDAY]
        return Shared(float(held.sum()) / posts, max(rare, default=0.0) / posts)

    def _place(self, name: str, beside: tuple[int, int]) -> list[int]:
        number = self._number.get(name, -2)
        return [number + step for step in beside]

    def _prepare(self) -> None:
        words = self._words()
        names = pc.unique(self._counts["topic_id"]).to_pylist()
        self._number = {name: number for number, name in enumerate(names)}

        def sorted_rows(table: pa.Table) -> tuple[np.ndarray, np.ndarray, pa.Table]:
            code = np.asarray(pc.index_in(table["topic_id"], value_set=pa.array(names, pa.string())), dtype=np.int64)
            hours = hour_numbers(table["hour"])
            order = np.lexsort((hours, code))
            return code[order], hours[order], table.take(pa.array(order))

        self._post_topic, self._post_hours, counts = sorted_rows(self._counts)
        self._posts = np.asarray(counts["posts"], dtype=np.int64)
        self._word_topic, self._word_hours, words = sorted_rows(words)
        self._word_posts, self._terms = np.asarray(words["posts"], dtype=np.int64), words["term"].combine_chunks()
        self._ready = True


def common_ground(texts: Sequence[str], own: Collection[str] = ()) -> float:
    """Mean cosine of pairs of texts, 0 to 1: words weigh the logarithm of their rarity in everyday language, once a text.

    Addresses, names of accounts, words of one or two letters and ``own`` words (the brand's, folded; long ones also within hashtags) are
    left out. 1 for fewer than two texts, and where one has letters that aren't Latin, Greek or Cyrillic: what is a word there, and how many
    letters tell something, is another matter.
    """
    if len(texts) < 2 or any(ord(letter) > _LAST_LETTER and letter.isalpha() for text in texts for letter in text):
        return 1.0
    long = [one for one in own if len(one) >= _LONG]
    found = [
        sorted({w for w in _WORD.findall(_UNTOLD.sub(" ", text.lower())) if w not in own and not any(one in w for one in long)})
        for text in texts
    ]
    words = sorted(set().union(*found))
    rarity = np.maximum(-2.0 - np.log10(np.maximum(word_frequencies(words).max(axis=1, initial=0.0), _RAREST)), 0.0)
    weight = dict(zip(words, (rarity**2).tolist(), strict=True))
    length = [math.sqrt(math.fsum(weight[word] for word in one)) for one in found]
    cosines = [
        math.fsum(weight[word] for word in sorted(set(found[one]) & set(found[other]))) / max(length[one] * length[other], 1e-9)
        for one, other in combinations(range(len(found)), 2)
    ]
    return math.fsum(cosines) / len(cosines)
