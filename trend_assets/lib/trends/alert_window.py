"""The posts of a day as the minute alerts hold them: arrays in time order, terms as numbers.

What belongs here: taking posts in, forgetting them, sampling a busy hour, and the tables that a stream goes on from. What doesn't: what
groups of posts tell (``alert_groups``), what is raised (``alerts``).

Nothing depends on the numbers of terms: a post's terms are in the order of their hashes, so a window that was restored from its table, or
whose vocabulary was made anew, gives the same sums to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import Integers
from trend_assets.tables.declaration import strings, timestamp

if TYPE_CHECKING:
    from trend_assets.lib.topics.vectors import Vocabulary

POST_COLUMNS = ("network", "post_id", "created_at", "kind", "author", "lemmas", "hashtags", "mentions", "near_duplicate_key")
"""Columns of ``social/clean_posts`` that are read."""

WINDOW_SCHEMA = pa.schema(
    [
        ("post", pa.string()),
        ("created_at", timestamp),
        ("copy", pa.int64()),
        ("author", pa.int64()),
        ("alert", pa.int64()),
        ("terms", strings),
    ]
)
"""A window's posts: network:id, key of the text, hash of the author, number of the alert it belongs to (-1: none)."""

SPARE_TERMS = 100_000


@dataclass
class Window:
    """Posts of the last day in time order; ``owner``: number of the alert that a post belongs to, -1 for none."""

    times: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    copies: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    authors: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    owner: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    starts: Integers = field(default_factory=lambda: np.zeros(1, np.int64))
    terms: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    keys: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, object))

    def take(self, rows: Integers) -> Window:
        """The given rows, in the order given."""
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        place = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Window(
            times=self.times[rows],
            copies=self.copies[rows],
            authors=self.authors[rows],
            owner=self.owner[rows],
            starts=starts,
            terms=self.terms[place],
            keys=self.keys[rows],
        )

    def joined(self, other: Window) -> Window:
        """Both, in order of time and key, each key once."""
        both = Window(
            times=np.concatenate([self.times, other.times]),
            copies=np.concatenate([self.copies, other.copies]),
            authors=np.concatenate([self.authors, other.authors]),
            owner=np.concatenate([self.owner, other.owner]),
            starts=np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
            terms=np.concatenate([self.terms, other.terms]),
            keys=np.concatenate([self.keys, other.keys]),
        )
        names = both.keys.astype(str)
        order = np.lexsort((names, both.times))
        first = np.zeros(order.size, dtype=bool)
        first[np.unique(names[order], return_index=True)[1]] = True
        return both.take(order[first])

    def after(self, moment: int) -> Window:
        """What was published after ``moment`` (microseconds since 1970); itself where that is everything."""
        if not self.times.size or self.times[0] > moment:
            return self
        return self.take(np.flatnonzero(self.times > moment))

    def to_table(self, vocabulary: Vocabulary) -> pa.Table:
        """Its posts as ``WINDOW_SCHEMA``."""
        words = pa.array(vocabulary.terms, pa.string()).take(pa.array(self.terms))
        columns = {
            "post": pa.array(self.keys.tolist(), pa.string()),
            "created_at": pa.array(self.times).cast(timestamp),
            "copy": pa.array(self.copies),
            "author": pa.array(self.authors),
            "alert": pa.array(self.owner),
            "terms": pa.ListArray.from_arrays(pa.array(self.starts.astype(np.int32)), words),
        }
        return pa.table(columns, schema=WINDOW_SCHEMA)


def window_of_posts(posts: pa.Table, vocabulary: Vocabulary) -> Window:
    """Clean posts (``POST_COLUMNS``), reposts left out, in the order given; their terms join the vocabulary."""
    from trend_assets.lib.topics.vectors import encode_terms, hash_text

    written = posts.select(list(POST_COLUMNS)).filter(pc.not_equal(posts["kind"], "repost")).combine_chunks()
    if not written.num_rows:
        return Window()
    lists = tuple(pc.cast(_whole(written[name]), strings) for name in ("lemmas", "hashtags", "mentions"))
    starts, terms = encode_terms((lists[0], lists[1], lists[2]), vocabulary)
    keys = pc.binary_join_element_wise(pc.cast(written["network"], pa.string()), pc.cast(written["post_id"], pa.string()), ":")
    window = Window(
        times=np.asarray(pc.cast(pc.cast(written["created_at"], timestamp), pa.int64()), dtype=np.int64),
        copies=_whole(written["near_duplicate_key"]).to_numpy(zero_copy_only=False).astype(np.int64),
        authors=hash_text(written["author"]).view(np.int64),
        owner=np.full(written.num_rows, -1, dtype=np.int64),
        starts=starts.astype(np.int64),
        terms=terms.astype(np.int64),
        keys=np.array(keys.to_pylist(), dtype=object),
    )
    return _canonical(window, vocabulary)


def window_of_table(table: pa.Table, vocabulary: Vocabulary) -> Window:
    """The window that :meth:`Window.to_table` was made of; its terms join the vocabulary. Raises ``KeyError`` for a missing column."""
    from trend_assets.lib.topics.vectors import encode_terms

    if not table.num_rows:
        return Window()
    table = table.select(WINDOW_SCHEMA.names).cast(WINDOW_SCHEMA).combine_chunks()
    none = pa.nulls(table.num_rows, strings)
    starts, terms = encode_terms((_whole(table["terms"]), none, none), vocabulary)
    numbers = {
        name: np.asarray(_whole(table[column]).cast(pa.int64()), dtype=np.int64)
        for name, column in {"times": "created_at", "copies": "copy", "authors": "author", "owner": "alert"}.items()
    }
    keys = np.array(table["post"].to_pylist(), dtype=object)
    return _canonical(Window(**numbers, starts=starts.astype(np.int64), terms=terms.astype(np.int64), keys=keys), vocabulary)


def _canonical(window: Window, vocabulary: Vocabulary) -> Window:
    """The same window, each post's terms in the order of their hashes."""
    post = np.repeat(np.arange(window.times.size), np.diff(window.starts))
    return replace(window, terms=window.terms[np.lexsort((vocabulary.hashes[window.terms], post))])


def compacted(window: Window, vocabulary: Vocabulary) -> tuple[Window, Vocabulary]:
    """The window with a vocabulary of its own terms, once ``SPARE_TERMS`` of the given one are no longer used; else both as they are."""
    from trend_assets.lib.topics.vectors import Vocabulary

    if len(vocabulary) <= SPARE_TERMS:
        return window, vocabulary
    used = np.unique(window.terms)
    if len(vocabulary) < used.size + SPARE_TERMS:
        return window, vocabulary
    fresh = Vocabulary()
    number_of = np.full(len(vocabulary), -1, dtype=np.int64)
    number_of[used] = fresh.numbers(pa.array([vocabulary.terms[number] for number in used.tolist()], pa.string()), "")
    return replace(window, terms=number_of[window.terms]), fresh


def sample(window: Window, first: int, seen: int, most: int) -> Integers | None:
    """Rows to look at where the last hour has more than ``most`` posts: the day before it, and of it the copies with the lowest hash."""
    if seen - first <= most:
        return None
    mixed = window.copies[first:seen].view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.concatenate([np.arange(first), first + np.flatnonzero(mixed <= np.partition(mixed, most - 1)[most - 1])])


def distinct_values(group: Integers, values: Integers, count: int) -> Integers:
    """How many different values each group has, (count,)."""
    order = np.lexsort((values, group))
    group, values = group[order], values[order]
    new = np.ones(group.size, dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (values[1:] != values[:-1])
    return np.bincount(group[new], minlength=count)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
