"""How many authors of a topic used a word in the 24 hours before a moment.

What belongs here: counting distinct authors by topic, word and hour. What doesn't: what is done about words of too few (``kept.py``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

WINDOW_HOURS = 24
POST_COLUMNS = ("network", "post_id", "author", "created_at", "kind", "tokens", "lemmas", "hashtags")
ASSIGNED_COLUMNS = ("network", "post_id", "topic_id")
ANY_WORD = ""
"""In place of a word: any post of the topic."""
_HOUR_US = 3_600_000_000
_Integers = npt.NDArray[np.int64]


def plain(word: str) -> str:
    """A word as it is compared: in lower case, without the sign of a hashtag or a share."""
    return word.lower().lstrip("#$")


@dataclass(frozen=True)
class Voices:
    """Distinct authors by topic, word and hour. Arrays (n,) sorted by pair and hour: from that hour on, so many until the next row."""

    pairs: dict[tuple[str, str], int]
    position: _Integers
    authors: _Integers
    first_hour: int
    hours: int

    @cached_property
    def _position(self) -> memoryview:
        """For one look at a time: ten times as fast as numpy's search."""
        return self.position.data

    def of(self, topic_id: str, word: str, hour: int) -> int:
        """Authors of the topic's own posts of the 24 hours that end with ``hour`` (since 1970) that use the word."""
        pair = self.pairs.get((topic_id, plain(word)))
        if pair is None or not self.first_hour <= hour < self.first_hour + self.hours:
            return 0
        place = bisect_right(self._position, pair * self.hours + hour - self.first_hour) - 1
        return int(self.authors[place]) if place >= 0 and self._position[place] >= pair * self.hours else 0


def count_voices(chunks: Iterable[tuple[pa.Table, pa.Table]], topics: Collection[str], words: Collection[str]) -> Voices:
    """Count the authors of each of ``topics`` by each of ``words`` and by any word, for every hour.

    chunks: clean posts (``POST_COLUMNS``) and topic assignments (``ASSIGNED_COLUMNS``) of the same hours, in any number of pieces. A
    repost is its author's word for somebody else's: it counts for no word. Distinct: an author counts once, however often.
    O(n log n) in the words of the topics' posts that are among ``words``; memory in these.
    """
    wanted = pa.array(sorted({plain(word) for word in words} - {ANY_WORD}), pa.string())
    chosen = pa.array(sorted(set(topics)), pa.string())
    parts = [_uses(posts, assigned, chosen, wanted) for posts, assigned in chunks]
    uses = pa.concat_tables(parts) if parts else _NO_USES
    if not uses.num_rows:
        return Voices({}, np.empty(0, np.int64), np.empty(0, np.int64), 0, 1)
    uses = uses.group_by(["topic", "word", "author", "hour"], use_threads=False).aggregate([])
    pair_column = pc.binary_join_element_wise(uses["topic"], uses["word"], "\x1f").combine_chunks().dictionary_encode()
    author = uses["author"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    pair = pair_column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    hour = uses["hour"].to_numpy()
    names = [tuple(name.split("\x1f", 1)) for name in pair_column.dictionary.to_pylist()]
    first, span = int(hour.min()), int(hour.max() - hour.min()) + WINDOW_HOURS + 1
    position, authors = _sweep(pair, author, hour - first, span)
    return Voices({(topic, word): number for number, (topic, word) in enumerate(names)}, position, authors, first, span)


_NO_USES = pa.table({
    "topic": pa.array([], pa.string()), "word": pa.array([], pa.string()),
    "author": pa.array([], pa.string()), "hour": pa.array([], pa.int64()),
})  # fmt: skip


def _uses(posts: pa.Table, assigned: pa.Table, topics: pa.Array, words: pa.Array) -> pa.Table:
    """Topic, word, author and hour of each use of a word, and of each post under ``ANY_WORD``."""
    assigned = assigned.filter(pc.is_in(assigned["topic_id"], value_set=topics))
    posts = posts.filter(pc.not_equal(posts["kind"], "repost"))
    if not assigned.num_rows or not posts.num_rows:
        return _NO_USES
    key, of = (pc.binary_join_element_wise(rows["network"], rows["post_id"], "\x1f") for rows in (posts, assigned))
    found = pc.index_in(key, value_set=of.combine_chunks())
    there = pc.is_valid(found)
    posts, found = posts.filter(there), found.filter(there)
    topic = assigned["topic_id"].take(found).combine_chunks().cast(pa.string())
    author = pc.binary_join_element_wise(posts["network"], posts["author"], "\x1f").combine_chunks()
    hour = pa.array(posts["created_at"].cast(pa.int64()).to_numpy() // _HOUR_US)
    parts = [pa.table({"topic": topic, "word": pa.array([ANY_WORD] * posts.num_rows, pa.string()), "author": author, "hour": hour})]
    for column in ("tokens", "lemmas", "hashtags"):
        lists = posts[column].combine_chunks()
        if not len(lists) or not len(flat := pc.list_flatten(lists)):
            continue
        said = pc.utf8_ltrim(pc.utf8_lower(flat), characters="#$")
        chosen = pc.is_in(said, value_set=words)
        places = pc.list_parent_indices(lists).filter(chosen)
        parts.append(
            pa.table({"topic": topic.take(places), "word": said.filter(chosen), "author": author.take(places), "hour": hour.take(places)})
        )
    return pa.concat_tables(parts)


def _sweep(pair: _Integers, author: _Integers, hour: _Integers, span: int) -> tuple[_Integers, _Integers]:
    """Where (pair × span + hour) the number of distinct authors of the last hours changes, and to what.

    A use counts for its hour and the 23 after it, or until its author's next use of the same: so no author counts twice.
    """
    order = np.lexsort((hour, author, pair))
    pair, author, hour = pair[order], author[order], hour[order]
    again = np.r_[(pair[1:] == pair[:-1]) & (author[1:] == author[:-1]), False]
    following = np.r_[hour[1:], 0]
    end = np.where(again, np.minimum(hour + WINDOW_HOURS, following), hour + WINDOW_HOURS)
    places = np.concatenate([pair * span + hour, pair * span + end])
    steps = np.concatenate([np.ones(len(hour), np.int64), -np.ones(len(hour), np.int64)])
    unique, inverse = np.unique(places, return_inverse=True)
    change = np.zeros(len(unique), np.int64)
    np.add.at(change, inverse, steps)
    return unique, np.cumsum(change)
