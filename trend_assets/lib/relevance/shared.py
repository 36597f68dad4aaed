"""How much the posts of a topic have in common: how many of its heaviest words a post holds, and whether one word is in most.

What belongs here: these measures, over the day up to an hour. What doesn't: what follows from it (``lanes``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import matches
from trend_assets.lib.topics.background import word_frequencies
from trend_assets.lib.trends.history import hour_numbers

HEAVIEST = 5
WINDOW_HOURS = 24
EVERYDAY = 1e-4
"""Share of running words from which on a word is an everyday one: the few hundred commonest of a language."""


class Shared(NamedTuple):
    """Mean number of a topic's five heaviest terms in its posts, and the share of posts with the most frequent that is no everyday word."""

    words: float
    telling: float


def shared_words(topics: pa.Table, clean_posts: pa.Table, assignments: pa.Table) -> Callable[[int, str, Sequence[str]], Shared]:
    """A function of (hour number, topic, centre terms) that tells what the topic's posts of the day share; zeros where there are none.

    ``clean_posts``: columns network, post_id, created_at, kind, lemmas, hashtags; reposts are left out. Terms are lemmas and #hashtags.
    Complexity: O(words) to prepare, O(words of the topic's posts) a call.
    """
    written = clean_posts.select(["network", "post_id", "created_at", "kind", "lemmas", "hashtags"])
    written = written.filter(pc.not_equal(written["kind"], "repost")).combine_chunks()
    place = matches(written, assignments, ("network", "post_id"))
    names = pc.unique(pc.cast(topics["topic_id"], pa.string()))
    topic = pc.fill_null(pc.index_in(pc.take(pc.cast(assignments["topic_id"], pa.string()).combine_chunks(), place), value_set=names), -1)
    topic = np.asarray(topic, dtype=np.int64)
    rows = np.flatnonzero(topic >= 0)
    hours = hour_numbers(written["created_at"])
    rows = rows[np.lexsort((hours[rows], topic[rows]))]
    topic, hours, posts = topic[rows], hours[rows], written.select(["lemmas", "hashtags"]).take(pa.array(rows)).combine_chunks()
    parents, words = [], []
    for name, prefix in (("lemmas", ""), ("hashtags", "#")):
        lists = posts[name].combine_chunks()
        parents.append(np.asarray(pc.list_parent_indices(lists), dtype=np.int64))
        words.append(pc.binary_join_element_wise(prefix, pc.cast(lists.flatten(), pa.string()), ""))
    encoded = pa.concat_arrays(words).dictionary_encode()
    parent, code = np.concatenate(parents), np.asarray(encoded.indices, dtype=np.int64)
    order = np.argsort(parent, kind="stable")
    parent, code = parent[order], code[order]
    code_of = {word: number for number, word in enumerate(encoded.dictionary.to_pylist())}
    number_of = {name: number for number, name in enumerate(names.to_pylist())}

    def shared(hour: int, name: str, centre_terms: Sequence[str]) -> Shared:
        first, last = np.searchsorted(topic, [number_of[name], number_of[name] + 1])
        begin, end = first + np.searchsorted(hours[first:last], [hour - WINDOW_HOURS + 1, hour + 1])
        if begin == end:
            return Shared(0.0, 0.0)
        terms = [term for term in centre_terms[:HEAVIEST] if term in code_of]
        heaviest = [code_of[term] for term in terms]
        here = slice(*np.searchsorted(parent, [begin, end]))
        held = np.isin(code[here], heaviest)
        pairs = np.unique(parent[here][held] * len(code_of) + code[here][held])  # a post holds a word once
        rare = [code for code, frequency in zip(heaviest, word_frequencies(terms), strict=True) if frequency.max() < EVERYDAY]
        most = max((int((pairs % len(code_of) == code).sum()) for code in rare), default=0)
        return Shared(len(pairs) / float(end - begin), most / float(end - begin))

    return shared
