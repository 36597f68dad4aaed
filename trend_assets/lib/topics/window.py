"""The rolling window: posts of its hours encoded once, near-duplicate groups, and the sample of them that is clustered.

What belongs here: from clean posts to arrays, and from posts to the documents that are clustered. What doesn't: clustering
(``clustering.py``) and what becomes of clusters (``registry.py``, ``assign.py``).

An hour's arrays are kept while the window rolls over it; term numbers in them are only a cache (see ``vectors.py``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.topics.vectors import Vocabulary, encode_terms, hash_text

COLUMNS = (
    "post_id",
    "network",
    "author",
    "created_at",
    "kind",
    "clean_text",
    "language",
    "tokens",
    "lemmas",
    "hashtags",
    "mentions",
    "near_duplicate_key",
    "reposted_post",
)
_HOUR = 3_600_000_000  # microseconds
_SPARE_TERMS = 100_000  # the vocabulary is compacted when it has this many more terms than the window uses


@dataclass(frozen=True)
class EncodedHour:
    """Posts of an hour in canonical order (time, network, id) and their arrays, one entry a post; terms in compressed rows."""

    hour: datetime
    posts: pa.Table
    starts: np.ndarray
    terms: np.ndarray
    group: np.ndarray
    published: np.ndarray
    reference: np.ndarray
    reposted: np.ndarray
    is_repost: np.ndarray
    author: np.ndarray
    language: np.ndarray
    _words: dict[int, tuple[str, dict[str, str]]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def keys(self) -> list[str]:
        """``network:post_id`` of each post: many are shown hour after hour."""
        networks, identifiers = self.posts.column("network").to_pylist(), self.posts.column("post_id").to_pylist()
        return [f"{network}:{identifier}" for network, identifier in zip(networks, identifiers, strict=True)]

    def words(self, row: int) -> tuple[str, dict[str, str]]:
        """Clean text of a post of the hour and the lemma of each of its tokens, read once."""
        known = self._words.get(row)
        if known is None:
            text, tokens, lemmas = (self.posts.column(name)[row].as_py() for name in ("clean_text", "tokens", "lemmas"))
            known = self._words[row] = (text, dict(zip(tokens, lemmas, strict=False)))
        return known


def encode_hour(hour: datetime, clean_posts: pa.Table, vocabulary: Vocabulary) -> EncodedHour:
    """Encode an hour's clean posts. Raises ``KeyError`` when a column of ``COLUMNS`` is missing."""
    posts = clean_posts.select(list(COLUMNS)).sort_by([("created_at", "ascending"), ("network", "ascending"), ("post_id", "ascending")])
    posts = posts.combine_chunks()

    def column(name: str) -> pa.Array:
        chunked = posts.column(name)
        return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()

    starts, terms = encode_terms((column("lemmas"), column("hashtags"), column("mentions")), vocabulary)
    reposted = column("reposted_post")
    target = hash_text(pc.binary_join_element_wise(column("network"), reposted.fill_null(""), "\x1f"))
    return EncodedHour(
        hour=hour,
        posts=posts,
        starts=starts,
        terms=terms,
        group=column("near_duplicate_key").to_numpy(zero_copy_only=False).astype(np.int64),
        published=pc.cast(pc.cast(column("created_at"), pa.timestamp("us")), pa.int64()).to_numpy(zero_copy_only=False) / _HOUR,
        reference=hash_text(pc.binary_join_element_wise(column("network"), column("post_id"), "\x1f")),
        reposted=np.where(reposted.is_valid().to_numpy(zero_copy_only=False), target, np.uint64(0)),
        is_repost=pc.equal(column("kind"), "repost").to_numpy(zero_copy_only=False),
        author=hash_text(column("author")),
        language=hash_text(column("language")),
    )


class RollingWindow:
    """The encoded hours of the last ``hours`` hours, in order."""

    def __init__(self, hours: float) -> None:
        self._length = timedelta(hours=hours)
        self._hours: deque[EncodedHour] = deque()
        self.vocabulary = Vocabulary()

    def add(self, hour: datetime, clean_posts: pa.Table) -> None:
        """Append an hour and forget those that left the window. Raises ``ValueError`` when hours don't come in time order."""
        if self._hours and hour <= self._hours[-1].hour:
            raise ValueError(f"hours must come in time order, each once: {hour} after {self._hours[-1].hour}")
        self._hours.append(encode_hour(hour, clean_posts, self.vocabulary))
        while self._hours[0].hour <= hour - self._length:
            self._hours.popleft()
        if len(self.vocabulary) > _SPARE_TERMS:
            self._compact()

    def _compact(self) -> None:
        used = np.unique(np.concatenate([encoded.terms for encoded in self._hours]))
        if len(self.vocabulary) < len(used) + _SPARE_TERMS:
            return
        fresh = Vocabulary()
        number_of = np.full(len(self.vocabulary), -1, np.int32)
        number_of[used] = fresh.numbers(pa.array([self.vocabulary.terms[number] for number in used.tolist()], pa.string()), "")
        self._hours = deque(replace(encoded, terms=number_of[encoded.terms]) for encoded in self._hours)
        self.vocabulary = fresh

    @property
    def hours(self) -> tuple[EncodedHour, ...]:
        """The hours that the window holds, oldest first."""
        return tuple(self._hours)

    def snapshot(self, window_groups: int) -> WindowPosts:
        """The window as it stands, with at most ``window_groups`` documents."""
        return _snapshot(tuple(self._hours), window_groups)


@dataclass(frozen=True)
class WindowPosts:
    """All posts of the window as arrays in canonical order, and the documents that stand for them.

    Per post: its terms (compressed rows), is_repost, author and language (hashes), document (number of the document it belongs
    to; -1 if it has no terms or its group isn't in the sample) and representative (row of the post that represents its group,
    sampled or not; -1 without terms). Per document: rows (the post that represents it), members (its near-duplicate key),
    published (hours since 1970).
    first_row is the row at which each hour begins, kept_share the share of groups that are documents.
    """

    hours: tuple[EncodedHour, ...]
    first_row: np.ndarray
    starts: np.ndarray
    terms: np.ndarray
    is_repost: np.ndarray
    author: np.ndarray
    language: np.ndarray
    document: np.ndarray
    representative: np.ndarray
    rows: np.ndarray
    members: np.ndarray
    published: np.ndarray
    kept_share: float

    @property
    def hour(self) -> datetime:
        """The newest hour."""
        return self.hours[-1].hour

    def value(self, column: str, row: int) -> Any:
        """One post's value of a column of its clean post."""
        number = bisect_right(self.bounds, row) - 1
        return self.hours[number].posts.column(column)[row - self.bounds[number]].as_py()

    def post_key(self, row: int) -> str:
        """``network:post_id`` of one post."""
        number = bisect_right(self.bounds, row) - 1
        return self.hours[number].keys[row - self.bounds[number]]

    def words(self, row: int) -> tuple[str, dict[str, str]]:
        """Clean text of one post and the lemma of each of its tokens."""
        number = bisect_right(self.bounds, row) - 1
        return self.hours[number].words(row - self.bounds[number])

    @cached_property
    def bounds(self) -> list[int]:
        """``first_row`` as plain integers: looked up once a post that is shown."""
        return self.first_row.tolist()

    @property
    def newest(self) -> slice:
        """Rows of the newest hour."""
        return slice(int(self.first_row[-1]), len(self.starts) - 1)


def _mixed(keys: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser: sampling must not depend on how keys were hashed."""
    value = keys.astype(np.uint64)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _snapshot(hours: tuple[EncodedHour, ...], window_groups: int) -> WindowPosts:
    counts = np.array([len(encoded.group) for encoded in hours], np.int64)
    first_row = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    lengths = np.concatenate([np.diff(encoded.starts) for encoded in hours])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    reference = np.concatenate([encoded.reference for encoded in hours])
    reposted = np.concatenate([encoded.reposted for encoded in hours])
    is_repost = np.concatenate([encoded.is_repost for encoded in hours]).astype(np.bool_)
    group = np.concatenate([encoded.group for encoded in hours])
    rows = np.arange(len(group))

    # A repost is in the group of its original where the window has it; else its own text decides.
    original = rows.copy()
    linked = np.flatnonzero(reposted != 0)
    if len(linked):
        order = np.argsort(reference, kind="stable")
        place = np.minimum(np.searchsorted(reference[order], reposted[linked]), len(order) - 1)
        found = reference[order[place]] == reposted[linked]
        original[linked[found]] = order[place[found]]
    key = group[original]
    has_terms = lengths > 0
    usable = np.flatnonzero(has_terms[original])

    # The earliest post that is no repost represents its group; a group of reposts only, its earliest repost.
    document = np.full(len(group), -1, np.int64)
    representative = np.full(len(group), -1, np.int64)
    own = usable[original[usable] == usable]
    by_key = own[np.lexsort((own, is_repost[own], key[own]))]
    first = np.ones(len(by_key), np.bool_)
    first[1:] = key[by_key[1:]] != key[by_key[:-1]]
    heads = by_key[first]
    keys = key[heads]
    kept = np.arange(len(heads))
    if len(heads) > window_groups:
        kept = np.sort(np.lexsort((keys, _mixed(keys)))[:window_groups])
    documents = kept[np.argsort(heads[kept], kind="stable")]
    number_of = np.full(len(heads), -1, np.int64)
    number_of[documents] = np.arange(len(documents))
    if len(heads):
        group_of = np.minimum(np.searchsorted(keys, key[usable]), len(keys) - 1)
        # A chain of reposts may lead to a key no original has; such posts belong to no document.
        found = keys[group_of] == key[usable]
        document[usable[found]] = number_of[group_of[found]]
        representative[usable[found]] = heads[group_of[found]]
    return WindowPosts(
        hours=hours,
        first_row=first_row,
        starts=starts,
        terms=np.concatenate([encoded.terms for encoded in hours]),
        is_repost=is_repost,
        author=np.concatenate([encoded.author for encoded in hours]),
        language=np.concatenate([encoded.language for encoded in hours]),
        document=document,
        representative=representative,
        rows=heads[documents],
        members=keys[documents],
        published=np.concatenate([encoded.published for encoded in hours])[heads[documents]],
        kept_share=len(kept) / len(heads) if len(heads) else 1.0,
    )
