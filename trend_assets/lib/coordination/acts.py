"""An hour of clean posts as acts: which account did what with which thing, and when.

What belongs here: what counts as an act, and encoding an hour's posts as arrays. What doesn't: who coincides with whom
(``coincidences``).

Four kinds of acts. *text*: a post that is a near-copy of others (``near_copies``; found when hours are put together). *link*: a post
with a URL, without its tracking parameters. *repost*: a repost of a post. *hashtags*: a post with three hashtags or more, in the same
order. Reposts carry the words of another, so they are an act of the kind *repost* only. Listings of a marketplace are written by its
app for thousands of sellers who know nothing of one another: they count as resale in the stress test, not as a shared script here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.coordination.commerce import RESALE, commercial_kinds
from trend_assets.lib.coordination.near_copies import LEAST_WORDS, Hashes, Integers, Texts
from trend_assets.lib.tables import matches

KINDS = ("near-copies", "links", "reposts", "hashtag sequences")
TEXT, LINK, REPOST, HASHTAGS = range(4)
WINDOW_SECONDS = np.array([300, 300, 60, 300], np.int64)
"""Within how many seconds two acts of a kind coincide. A repost takes one touch, so a minute, as Keller et al. (2020)."""
LEAST_HASHTAGS = 3

COLUMNS = (
    "post_id", "network", "author", "created_at", "kind", "clean_text", "language", "tokens", "hashtags", "urls", "near_duplicate_key",
    "reposted_post",
)  # fmt: skip
"""Columns of ``social/clean_posts`` that are read."""
_TELLING = ("clean_text", "hashtags", "language")
"""Those of them that tell what is commercial."""

POSTS_TOGETHER = 20_000
"""Hours are looked at together for what is commercial until they hold so many posts."""

_TRACKING = r"([?&])(?:utm_[a-z]+|fbclid|gclid|igshid|igsh|ref_src|ref|s|t|si|feature|smid|cmpid)=[^&#]*"


@dataclass(frozen=True)
class EncodedHour:
    """Posts of an hour as arrays.

    Per post: account (hash), second (since 1970), written (no repost), commerce (see ``commerce``), text_key (near-duplicate key where
    the post may be a near-copy, see ``has_text``), topic (index into ``topics``, -1 for none). Per act that is no text: act_kind,
    act_thing (hash), act_post (row of its post). texts: the distinct texts. network and author: the posts' columns, to name accounts.
    """

    hour: datetime
    account: Hashes
    second: Integers
    written: npt.NDArray[np.bool_]
    commerce: npt.NDArray[np.int8]
    text_key: Integers
    has_text: npt.NDArray[np.bool_]
    topic: Integers
    topics: pa.Array
    act_kind: Integers
    act_thing: Hashes
    act_post: Integers
    texts: Texts
    network: pa.Array
    author: pa.Array

    def last_minutes(self) -> EncodedHour:
        """What the hour after it looks at: posts and acts of its last ``WINDOW_SECONDS``."""
        recent = self.second >= int(self.hour.timestamp()) + 3600 - WINDOW_SECONDS.max()
        place, few = np.cumsum(recent) - 1, pa.array(np.flatnonzero(recent))
        acts = recent[self.act_post]
        return replace(
            self,
            **{name: getattr(self, name)[recent] for name in ("account", "second", "written", "commerce", "text_key", "has_text", "topic")},
            **{name: getattr(self, name)[acts] for name in ("act_kind", "act_thing")},
            act_post=place[self.act_post[acts]],
            texts=self.texts.take(np.searchsorted(self.texts.key, np.unique(self.text_key[self.has_text & recent]))),
            network=self.network.take(few),
            author=self.author.take(few),
        )


def encode_hours(hours: Iterable[tuple[datetime, pa.Table, pa.Table]]) -> Iterator[EncodedHour]:
    """Encode hours one after the other, each as ``encode_hour``; a few are taken ahead, up to ``POSTS_TOGETHER`` posts.

    What is commercial is found for them together: compiling those expressions takes longer than looking through an hour's texts.
    """
    waiting: list[tuple[datetime, pa.Table, pa.Table]] = []
    for hour in hours:
        waiting.append(hour)
        if sum(posts.num_rows for _, posts, _ in waiting) >= POSTS_TOGETHER:
            yield from _encoded_together(waiting)
            waiting = []
    yield from _encoded_together(waiting)


def _encoded_together(hours: list[tuple[datetime, pa.Table, pa.Table]]) -> Iterator[EncodedHour]:
    if not hours:
        return
    told = [pa.chunked_array([chunk for _, posts, _ in hours for chunk in posts[name].chunks], hours[0][1][name].type) for name in _TELLING]
    ends = np.cumsum([posts.num_rows for _, posts, _ in hours])
    for hour, commerce in zip(hours, np.split(commercial_kinds(*told), ends[:-1]), strict=True):
        yield encode_hour(*hour, commerce=commerce)


def encode_hour(
    hour: datetime, clean_posts: pa.Table, assignments: pa.Table, *, commerce: npt.NDArray[np.int8] | None = None
) -> EncodedHour:
    """Encode an hour of ``social/clean_posts`` with its ``topics/topic_assignments``. Linear in posts and words.

    ``commerce``: ``commercial_kinds`` of the posts, where known. Raises ``KeyError`` when a column of ``COLUMNS`` is missing.
    """
    posts = clean_posts.select(list(COLUMNS))
    network, author = (_strings(posts[name]) for name in ("network", "author"))
    kind = _strings(posts["kind"])
    written = ~np.asarray(pc.equal(kind, "repost").to_numpy(zero_copy_only=False), dtype=bool)
    hashtags = _whole(posts["hashtags"])
    if commerce is None:
        commerce = commercial_kinds(*(posts[name] for name in _TELLING))
    tokens = _whole(posts["tokens"])
    lengths = pc.fill_null(pc.list_value_length(tokens), 0).to_numpy(zero_copy_only=False)
    has_text = written & (lengths >= LEAST_WORDS) & (commerce != RESALE)
    key = _whole(posts["near_duplicate_key"]).to_numpy(zero_copy_only=False).astype(np.int64)
    topic, topics = _topics(posts, assignments)
    acts = [
        _links(_whole(posts["urls"]), written),
        _reposts(network, _strings(posts["reposted_post"]), written),
        _hashtag_sequences(hashtags, written),
    ]
    return EncodedHour(
        hour=hour,
        account=account_hashes(network, author),
        second=_whole(posts["created_at"]).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy(zero_copy_only=False) // 1_000_000,
        written=written,
        commerce=commerce,
        text_key=key,
        has_text=has_text,
        topic=topic,
        topics=topics,
        act_kind=np.concatenate([np.full(len(post), number, np.int64) for number, (_, post) in enumerate(acts, LINK)]),
        act_thing=np.concatenate([thing for thing, _ in acts]),
        act_post=np.concatenate([post for _, post in acts]),
        texts=_texts(tokens, key, np.flatnonzero(has_text)),
        network=network,
        author=author,
    )


def account_hashes(network: pa.Array, author: pa.Array) -> Hashes:
    """Hash (uint64) of each account, the same everywhere."""
    return _hash_pair(network, author)


def _texts(tokens: pa.Array, key: Integers, rows: Integers) -> Texts:
    """The distinct texts among the posts ``rows``."""
    chosen = tokens.take(pa.array(rows))
    offsets = chosen.offsets.to_numpy().astype(np.int64)
    return Texts.of(key[rows], offsets[:-1] - offsets[0], offsets[1:] - offsets[0], _hash(chosen.flatten()))


def _links(urls: pa.Array, written: npt.NDArray[np.bool_]) -> tuple[Hashes, Integers]:
    """Hash of each distinct link of a written post, and the post."""
    post = np.asarray(pc.list_parent_indices(urls), dtype=np.int64)
    own = written[post]
    values = pc.list_flatten(urls).cast(pa.string()).filter(pa.array(own))
    for pattern, replacement in ((r"^(?i:https?://)?(?i:www\.|m\.)?", ""), (r"#.*$", ""), (_TRACKING, r"\1"), (r"[?&/]+$", "")):
        values = pc.replace_substring_regex(values, pattern, replacement)
    return _distinct(_hash(values) ^ np.uint64(LINK), post[own])


def _reposts(network: pa.Array, reposted: pa.Array, written: npt.NDArray[np.bool_]) -> tuple[Hashes, Integers]:
    """Hash of the post that each repost reposts, and the repost."""
    known = ~written & reposted.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(known)
    few = pa.array(rows)
    return _hash_pair(network.take(few), reposted.take(few)) ^ np.uint64(REPOST), rows


def _hashtag_sequences(hashtags: pa.Array, written: npt.NDArray[np.bool_]) -> tuple[Hashes, Integers]:
    """Hash of the hashtags in their order of each written post with enough of them, and the post."""
    from trend_assets.lib.coordination.kernels import sequence_hashes

    lengths = pc.fill_null(pc.list_value_length(hashtags), 0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(written & (lengths >= LEAST_HASHTAGS))
    chosen = hashtags.take(pa.array(rows))
    offsets = chosen.offsets.to_numpy().astype(np.int64)
    return sequence_hashes(offsets - offsets[0], _hash(chosen.flatten().cast(pa.string()))) ^ np.uint64(HASHTAGS), rows


def _distinct(things: Hashes, posts: Integers) -> tuple[Hashes, Integers]:
    order = np.lexsort((things, posts))
    things, posts = things[order], posts[order]
    first = np.ones(len(order), bool)
    first[1:] = (things[1:] != things[:-1]) | (posts[1:] != posts[:-1])
    return things[first], posts[first]


def _topics(posts: pa.Table, assignments: pa.Table) -> tuple[Integers, pa.Array]:
    """Index of each post's topic among the topics, ascending; -1 for posts without one."""
    if not assignments.num_rows or not posts.num_rows:
        return np.full(posts.num_rows, -1, np.int64), pa.array([], pa.string())
    topic = pc.take(_strings(assignments["topic_id"]), matches(posts, assignments, ("network", "post_id")))
    names = pc.unique(topic.drop_null())
    names = names.take(pc.sort_indices(names))
    return pc.fill_null(pc.index_in(topic, value_set=names), -1).to_numpy(zero_copy_only=False).astype(np.int64), names


def _hash(values: pa.Array) -> Hashes:
    from trend_assets.lib.topics.vectors import hash_text

    return hash_text(values)


def _hash_pair(first: pa.Array, second: pa.Array) -> Hashes:
    """One hash (uint64) of each pair of strings."""
    return _hash(first) * np.uint64(0x9E3779B97F4A7C15) ^ _hash(second)


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _strings(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return _whole(column).cast(pa.string())
